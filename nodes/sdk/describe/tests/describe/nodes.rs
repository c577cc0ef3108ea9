//! Nodes: names, order, and the tags of interfaces.

use super::{node, pack, read};
use amdm::catalogue::{Size, StepOperator, role};
use amdm_describe::{describe, table, to_json};

#[test]
fn a_pack_of_somebody_else() {
    let nodes = read(
        "/// Softens an image,
         /// gently.
         ///
         /// Twice.
         /// @category Acme/filters
         interface box-blur {
            use amdm:node/wires@0.1.0.{image};
            record inputs { image: image }
            record outputs { /// Softer.
              image: image, spare: option<image> }
         }",
    )
    .unwrap();
    let node = &nodes[0];
    assert_eq!(node.r#type, "acme.blur.BoxBlur");
    assert_eq!((node.pack.as_str(), node.version.as_str()), ("acme:blur", "1.2.0"));
    assert_eq!(node.title, "Box Blur");
    assert_eq!(node.category, "Acme/filters");
    assert_eq!(node.description, "Softens an image, gently.\n\nTwice.");
    assert_eq!(node.outputs[0].tooltip, "Softer.");
    assert!(!node.outputs[0].optional && node.outputs[1].optional);
    assert!(node.deterministic && !node.output_node && !node.experimental);
}

#[test]
fn tags_of_a_node() {
    let tags = "/// @title Soft Thing\n/// @search blur haze\n/// @output-node\n\
                /// @nondeterministic\n/// @deprecated use BoxBlur\n/// @experimental\n";
    let node = node(tags, "x: bool").unwrap();
    assert_eq!(node.title, "Soft Thing");
    assert_eq!(node.category, "acme/blur");
    assert_eq!(node.search, ["blur", "haze"]);
    assert_eq!(node.deprecated.as_deref(), Some("use BoxBlur"));
    assert!(node.output_node && !node.deterministic && node.experimental);
}

#[test]
fn a_step_operator() {
    let nodes = read(
        "/// @step-operator predicted stepped
         /// @after AggregateStep
         /// @stateless
         interface ramp {
            use amdm:node/wires@0.1.0.{step-policy};
            record inputs { policy: option<step-policy> }
            record outputs { policy: step-policy }
         }",
    )
    .unwrap();
    let expected = StepOperator {
        phases: vec!["predicted".into(), "stepped".into()],
        after: Some("AggregateStep".into()),
        stateless: true,
        inherits_window: false,
    };
    assert_eq!(nodes[0].step_operator, Some(expected));
}

#[test]
fn what_plans_are_told() {
    let nodes = read(
        "/// @step-operator stepped
         interface ramp {
            use amdm:node/wires@0.1.0.{step-policy};
            enum how {
                /// @role one-lane
                alone,
            }
            record inputs {
                policy: option<step-policy>, how: how,
                /// @role window-start
                first-step: f64,
                /// @role window-end
                end: f64,
            }
            record outputs { policy: step-policy }
         }
         /// @step-operator stepped
         /// @inherits-window
         interface along {
            use amdm:node/wires@0.1.0.{step-policy};
            record inputs { policy: option<step-policy> }
            record outputs { policy: step-policy }
         }
         /// @output-node
         interface walk {
            use amdm:node/wires@0.1.0.{lanes, latent, image};
            record inputs {
                lanes: lanes, latent: latent, image: list<image>, scale-by: f64,
                /// @role steps
                many: u32,
                /// @role file-names
                name: string,
            }
            record outputs {
                /// @size like latent, batch many
                /// @role all-lanes
                latent: latent,
                /// @size sum image, times scale-by
                all: image,
            }
         }",
    )
    .unwrap();
    let [ramp, along, walk] = &nodes[..] else { panic!("{nodes:?}") };
    assert_eq!(ramp.inputs[1].choices[0].role.as_deref(), Some(role::ONE_LANE));
    assert_eq!(ramp.input_for(role::WINDOW_START).unwrap().name, "first_step");
    assert_eq!(ramp.input_for(role::WINDOW_END).unwrap().name, "end");
    assert!(along.step_operator.as_ref().unwrap().inherits_window);
    assert_eq!(walk.input_for(role::STEPS).unwrap().name, "many");
    assert_eq!(walk.input_for(role::FILE_NAMES).unwrap().name, "name");
    assert_eq!(walk.output_for(role::ALL_LANES), Some(0));
    let name = |name: &str| Some(name.to_owned());
    let latent = Size { like: name("latent"), batch: name("many"), ..Size::default() };
    let all = Size { sum: name("image"), times: name("scale_by"), ..Size::default() };
    assert_eq!([&walk.outputs[0].size, &walk.outputs[1].size], [&Some(latent), &Some(all)]);
}

#[test]
fn order_is_that_of_the_source() {
    let nodes = read(
        "interface zebra { use palette.{tone}; record inputs { tone: tone } }
         interface palette { enum tone { dark } }
         interface source { record outputs { value: s64 } }
         interface ant { record inputs { x: bool } }",
    )
    .unwrap();
    let types: Vec<&str> = nodes.iter().map(|node| node.r#type.as_str()).collect();
    assert_eq!(types, ["acme.blur.Zebra", "acme.blur.Source", "acme.blur.Ant"]);
    assert!(nodes[1].inputs.is_empty());
}

#[test]
fn files_stand_by_their_names_and_worlds_before_files() {
    let dir = pack("interface plum { record inputs { x: bool } }");
    let file = |name: &str, text: &str| {
        super::write(dir.path(), name, &format!("package acme:blur@1.2.0;\n{text}"));
    };
    file("a.wit", "interface zebra { record inputs { x: bool } }");
    file("z.wit", "interface ant { record inputs { x: bool } }");
    let order = || {
        let nodes = describe(dir.path()).unwrap();
        nodes.into_iter().map(|node| node.title).collect::<Vec<_>>()
    };
    assert_eq!(order(), ["Zebra", "Plum", "Ant"]);
    file("index.wit", "world all { import ant; import zebra; }");
    assert_eq!(order(), ["Ant", "Zebra", "Plum"]);
}

#[test]
fn json_reads_back() {
    let dir = pack("interface ant { record inputs { x: bool } }");
    let nodes = describe(dir.path()).unwrap();
    let text = to_json(&nodes);
    assert!(!text.contains('\n'));
    assert_eq!(serde_json::from_str::<Vec<_>>(&text).ok(), Some(nodes));
}

#[test]
fn a_table_has_a_row_a_node() {
    let nodes = read("/// This | that.\ninterface ant { record inputs { x: option<bool> } }");
    let text = table(&nodes.unwrap());
    assert_eq!(text.lines().nth(2), Some("| `acme.blur.Ant` | This \\| that. | `x?` BOOLEAN |  |"));
}
