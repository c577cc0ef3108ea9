//! What descriptors say to plans: nodes of any pack are planned by it, and by it alone.

use std::path::Path;

use amdm::catalogue::Catalogue;
use amdm::catalogue::wire::HEAVY;
use amdm::graph::set::fill_file_names;
use amdm::graph::{Document, Memory, Passes, Plan, Sampling, Shapes, plan, validate};
use serde_json::{Value, json};

use crate::cases::folder;

/// Every model has latents of 4 x 8 x 8, each eight pixels wide.
struct Eight;

impl Shapes for Eight {
    fn latent(&self, _name: &str) -> Option<(Vec<u64>, u64)> {
        Some((vec![4, 8, 8], 8))
    }
}

fn wire(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind, "socket_only": true})
}

fn number(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind})
}

fn with(mut thing: Value, key: &str, value: Value) -> Value {
    thing[key] = value;
    thing
}

fn node(name: &str, inputs: Value, outputs: Value) -> Value {
    json!({"type": format!("acme.paint.{name}"), "pack": "acme:paint", "version": "1.0.0",
           "title": name, "category": "Acme", "description": "",
           "inputs": inputs, "outputs": outputs})
}

/// The nodes of the cases, and these of another pack.
fn with_cases(nodes: &[Value]) -> Catalogue {
    let text = std::fs::read_to_string(folder().join("catalogue.json")).unwrap();
    let mut all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.extend_from_slice(nodes);
    Catalogue::from_json(&json!(all).to_string()).unwrap()
}

fn planned(nodes: &[Value], graph: &Value) -> Plan {
    let catalogue = with_cases(nodes);
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = validate(&document, &catalogue).unwrap_or_else(|errors| panic!("{errors:#?}"));
    plan(&checked, &Eight)
}

/// A canvas, a copy of it with `size`, and what is written of that.
fn copied(kind: &str, size: &Value) -> Plan {
    let canvas = json!({"width": "across", "height": "down", "batch": "count"});
    let nodes = [
        node(
            "Canvas",
            json!([number("across", "INT"), number("down", "INT"), number("count", "INT")]),
            json!([with(wire("canvas", "IMAGE"), "size", canvas)]),
        ),
        node(
            "Copy",
            json!([wire("of", "IMAGE"), number("by", "FLOAT"), number("many", "INT")]),
            json!([with(wire("copy", kind), "size", size.clone())]),
        ),
        with(
            node(
                "Keep",
                json!([
                    wire("what", kind),
                    with(number("name", "STRING"), "role", "file_names".into())
                ]),
                json!([]),
            ),
            "output_node",
            true.into(),
        ),
    ];
    let graph = json!({
        "canvas": {"class_type": "acme.paint.Canvas",
                   "inputs": {"across": 100, "down": 50, "count": 3}},
        "copy": {"class_type": "acme.paint.Copy",
                 "inputs": {"of": ["canvas", 0], "by": 0.5, "many": 2}},
        "keep": {"class_type": "acme.paint.Keep", "inputs": {"what": ["copy", 0], "name": "kept"}},
    });
    planned(&nodes, &graph)
}

#[test]
fn pictures_of_any_pack_have_the_size_that_their_node_says() {
    const CANVAS: u64 = 3 * 100 * 50 * 3 * 4;
    let known = |bytes: u64| Memory { bytes: CANVAS + bytes, at_least: false };
    let told = |kind: &str, size: Value| {
        let plan = copied(kind, &size);
        let keep = plan.nodes.iter().find(|node| node.node == "keep").unwrap();
        assert_eq!(keep.writes.as_deref(), Some("kept"), "{size}");
        (plan.memory, keep.pixels)
    };
    assert_eq!(told("IMAGE", json!({"like": "of"})), (known(CANVAS), Some((100, 50))));
    assert_eq!(told("MASK", json!({"like": "of"})), (known(CANVAS / 3), None));
    assert_eq!(told("IMAGE", json!({"about": "of"})), (known(CANVAS), None));
    assert_eq!(told("IMAGE", json!({"sum": "of"})), (known(CANVAS), None));
    let half = json!({"like": "of", "times": "by"});
    assert_eq!(told("IMAGE", half), (known(CANVAS / 4), Some((50, 25))));
    let two = json!({"like": "of", "batch": "many"});
    assert_eq!(told("IMAGE", two), (known(CANVAS / 3 * 2), Some((100, 50))));
    let unknown = Memory { bytes: CANVAS, at_least: true };
    for size in [
        Value::Null,
        json!({}),
        json!({"like": "of", "about": "of"}),
        json!({"like": "nothing"}),
        json!({"like": "by"}),
        json!({"like": "of", "batch": "by"}),
        json!({"like": "of", "width": "many"}),
        json!({"sum": "by"}),
        json!({"a_later_word": "of"}),
        json!({"like": "of", "a_later_word": "by"}),
    ] {
        assert_eq!(told("IMAGE", size), (unknown, None));
    }
}

/// Two lanes, sampled by another pack's sampler under another pack's operators.
fn two_lanes() -> Value {
    json!({
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "box": {"class_type": "BoundingBox", "inputs": {}},
        "told": {"class_type": "TinyLayout",
                 "inputs": {"model": ["model", 0], "boxes": ["box", 0]}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0], "batch_size": 4}},
        "a": {"class_type": "Lane", "inputs": {"model": ["model", 0], "positive": ["told", 0]}},
        "b": {"class_type": "Lane", "inputs": {"model": ["model", 0], "positive": ["told", 0],
                                               "lanes": ["a", 0]}},
        "first": {"class_type": "acme.paint.First",
                  "inputs": {"from": 0.0, "to": 0.5, "how": "all"}},
        "second": {"class_type": "acme.paint.Second", "inputs": {"policy": ["first", 0]}},
        "walk": {"class_type": "acme.paint.Walk", "inputs": {
            "people": ["b", 0], "from": ["start", 0], "policy": ["second", 0], "many": 10}},
        "seen": {"class_type": "DecodeLatent",
                 "inputs": {"model": ["model", 0], "latent": ["walk", 0]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["seen", 0]}},
    })
}

fn sampled(sampler: Value, operator: Value, inherits: bool) -> Plan {
    let mut second = node("Second", json!([wire("policy", "STEP_POLICY")]), json!([]));
    second["inputs"][0]["optional"] = true.into();
    second["outputs"] = json!([wire("policy", "STEP_POLICY")]);
    second["step_operator"] = json!({"phases": ["stepped"], "inherits_window": inherits});
    planned(&[sampler, operator, second], &two_lanes())
}

/// Two lanes without operators: what `change` makes of that graph, with these nodes besides.
fn altered(nodes: &[Value], change: impl FnOnce(&mut Value)) -> Plan {
    let mut graph = two_lanes();
    let all = graph.as_object_mut().unwrap();
    all.retain(|id, _| !["first", "second"].contains(&id.as_str()));
    all["walk"]["inputs"].as_object_mut().unwrap().remove("policy");
    change(&mut graph);
    planned(nodes, &graph)
}

fn sampling_of(plan: &Plan) -> &Sampling {
    let walk = plan.nodes.iter().find(|node| node.node == "walk").unwrap();
    walk.sampling.as_ref().unwrap()
}

fn sampler(steps: &str, all: &str) -> Value {
    let mut policy = wire("policy", "STEP_POLICY");
    policy["optional"] = true.into();
    let many = with(number("many", "INT"), "role", steps.into());
    let result = with(wire("end", "LATENT"), "size", json!({"like": "from"}));
    let inputs = json!([wire("people", "LANES"), wire("from", "LATENT"), policy, many]);
    node("Walk", inputs, json!([with(result, "role", all.into())]))
}

fn operator(roles: [&str; 3]) -> Value {
    let mut policy = wire("policy", "STEP_POLICY");
    policy["optional"] = true.into();
    let [from, to, how] = roles;
    let mut first = node(
        "First",
        json!([
            policy,
            with(number("from", "FLOAT"), "role", from.into()),
            with(number("to", "FLOAT"), "role", to.into()),
            {"name": "how", "type": "COMBO", "choices": [{"name": "all", "role": how}]},
        ]),
        json!([wire("policy", "STEP_POLICY")]),
    );
    first["step_operator"] = json!({"phases": ["stepped"]});
    first
}

#[test]
fn samplings_of_any_pack_are_counted_by_their_roles() {
    let window = || operator(["window_start", "window_end", "none"]);
    let plain = || sampler("steps", "none");
    let plan = sampled(plain(), window(), true);
    assert_eq!(plan.passes, Passes::Exactly(2 * 5 + 5));
    let sampling = sampling_of(&plan);
    assert_eq!((sampling.lanes, sampling.steps, sampling.batch), (2, Some(10), Some(4)));
    assert_eq!(plan.memory, Memory { bytes: LATENTS + PICTURES, at_least: false });
    assert_eq!(sampled(plain(), window(), false).passes, Passes::AtMost(20));
    let all = sampled(sampler("steps", "all_lanes"), window(), true);
    assert_eq!(all.passes, Passes::Exactly(20));
    assert_eq!(all.memory.bytes, 2 * (LATENTS + PICTURES));
    let one = operator(["window_start", "window_end", "one_lane"]);
    assert_eq!(sampled(plain(), one, true).passes, Passes::Exactly(10));
    let silent = operator(["none", "none", "one_lane"]);
    assert_eq!(sampled(plain(), silent, true).passes, Passes::AtMost(20));
}

/// Bytes of four latents, and of what they are decoded.
const LATENTS: u64 = 4 * 4 * 8 * 8 * 4;
const PICTURES: u64 = 4 * 64 * 64 * 3 * 4;

#[test]
fn samplers_that_do_not_say_their_steps_are_not_estimated() {
    let plan = sampled(sampler("none", "none"), operator(["none"; 3]), true);
    assert_eq!((plan.passes, sampling_of(&plan).passes), (Passes::Unknown, Passes::Unknown));
    assert!(plan.memory.at_least);
}

#[test]
fn a_schedule_runs_in_place_of_the_steps() {
    let times = with(wire("times", "SIGMAS"), "optional", true.into());
    let mut walk = sampler("steps", "none");
    walk["inputs"].as_array_mut().unwrap().push(with(times, "role", "schedule".into()));
    let clock = node("Clock", json!([]), json!([wire("times", "SIGMAS")]));
    let nodes = [walk, clock];
    assert_eq!(altered(&nodes, |_| ()).passes, Passes::Exactly(10));
    let outside = altered(&nodes, |graph| {
        graph["clock"] = json!({"class_type": "acme.paint.Clock", "inputs": {}});
        graph["walk"]["inputs"]["times"] = json!(["clock", 0]);
    });
    assert_eq!((outside.passes, sampling_of(&outside).steps), (Passes::Unknown, None));
}

#[test]
fn all_lanes_of_a_group_are_counted() {
    let mut walk = sampler("steps", "none");
    walk["inputs"][0]["group"] = true.into();
    let plan = altered(&[walk], |graph| {
        let inputs = graph["walk"]["inputs"].as_object_mut().unwrap();
        inputs.remove("people");
        inputs.insert("people_1".to_owned(), json!(["a", 0]));
        inputs.insert("people_2".to_owned(), json!(["b", 0]));
    });
    assert_eq!((sampling_of(&plan).lanes, plan.passes), (3, Passes::Exactly(10)));
    assert!(!plan.memory.at_least);
}

#[test]
fn a_sampling_starts_where_its_latents_say() {
    let picture = with(wire("guide", "IMAGE"), "optional", true.into());
    let mut walk = sampler("steps", "none");
    walk["inputs"].as_array_mut().unwrap().push(picture);
    let preview = with(wire("shown", "IMAGE"), "size", json!({"like": "guide"}));
    walk["outputs"].as_array_mut().unwrap().insert(0, preview);
    let many = |graph: &mut Value| {
        graph["start"]["inputs"]["batch_size"] = 64.into();
        graph["corner"] = json!({"class_type": "acme.paint.Canvas", "inputs": {}});
        graph["walk"]["inputs"]["guide"] = json!(["corner", 0]);
        graph["seen"] = json!({"class_type": "acme.paint.Keep", "inputs": {"what": ["walk", 1]}});
        graph.as_object_mut().unwrap().remove("save");
    };
    let side = with(number("side", "INT"), "default", 2.into());
    let canvas = with(wire("canvas", "IMAGE"), "size", json!({"width": "side", "height": "side"}));
    let canvas = node("Canvas", json!([side]), json!([canvas]));
    let keep = |kind: &str| {
        with(node("Keep", json!([wire("what", kind)]), json!([])), "output_node", true.into())
    };
    let plan = altered(&[walk.clone(), canvas.clone(), keep("LATENT")], many);
    // The start, ten times as much for each lane, and a picture of two by two.
    let bytes = 16 * LATENTS * (1 + 2 * 10) + 2 * 2 * 3 * 4;
    assert_eq!(plan.memory, Memory { bytes, at_least: false });
    assert_eq!(sampling_of(&plan).batch, Some(64));
    walk["outputs"][1]["type"] = "ACME_PAINT_RESULT".into();
    let plan = altered(&[walk, canvas, keep("ACME_PAINT_RESULT")], many);
    assert!(plan.memory.at_least);
    assert_eq!((plan.passes, sampling_of(&plan).batch), (Passes::Exactly(10), None));
}

#[test]
fn a_latent_that_says_nothing_is_not_one_of_its_nodes_model() {
    let model = with(number("model_name", "STRING"), "choices_from", "models".into());
    let begin = node("Begin", json!([model]), json!([wire("latent", "LATENT")]));
    let plan = altered(&[sampler("steps", "none"), begin], |graph| {
        let inputs = json!({"model_name": "tiny-layout"});
        graph["start"] = json!({"class_type": "acme.paint.Begin", "inputs": inputs});
    });
    assert_eq!(plan.memory, Memory { bytes: 0, at_least: true });
    assert_eq!((plan.passes, sampling_of(&plan).batch), (Passes::Exactly(10), None));
}

/// Packs that know no roles name their files by a text `filename_prefix`.
#[test]
fn a_node_without_tags_writes_files_by_its_prefix() {
    let inputs = json!([wire("what", "IMAGE"), number("filename_prefix", "STRING")]);
    let keep = with(node("Keep", inputs, json!([])), "output_node", true.into());
    let text = node("Text", json!([number("text", "STRING")]), json!([wire("image", "IMAGE")]));
    let graph = json!({
        "text": {"class_type": "acme.paint.Text", "inputs": {"text": "six"}},
        "keep": {"class_type": "acme.paint.Keep",
                 "inputs": {"what": ["text", 0], "filename_prefix": "of-%acme.paint.Text.text%"}},
    });
    let catalogue = with_cases(&[text, keep]);
    let mut document = Document::parse(graph.to_string().as_bytes()).unwrap();
    fill_file_names(&mut document, &catalogue);
    let plan = plan(&validate(&document, &catalogue).unwrap(), &Eight);
    let keep = plan.nodes.iter().find(|node| node.node == "keep").unwrap();
    assert_eq!(keep.writes.as_deref(), Some("of-six"));
}

/// Outputs of the standard pack that say no size, and why.
const UNSAID: [(&str, &str, &str); 22] = [
    ("VAEDecode", "image", "the codec's pixels are known when it is loaded"),
    ("VAEEncode", "latent", "the same"),
    ("VAEDecodeTiled", "image", "the same"),
    ("VAEEncodeTiled", "latent", "the same"),
    ("VAEEncodeForInpaint", "latent", "the same"),
    ("EncodeImage", "latent", "the model decides how many values a picture becomes"),
    ("LoadImage", "image", "the file decides"),
    ("LoadImage", "mask", "the file decides"),
    ("ImageScaleToTotalPixels", "image", "a number of pixels decides, not sides"),
    ("ImagePadForOutpaint", "image", "margins are added to the sides"),
    ("ImagePadForOutpaint", "mask", "margins are added to the sides"),
    ("ImageBatch", "image", "two batches become one"),
    ("SplitImageWithAlpha", "mask", "its image says it"),
    ("PorterDuffImageComposite", "mask", "its image says it"),
    ("LoadImageMask", "mask", "the file decides"),
    ("EmptyLatentImage", "latent", "no model says how many values a pixel becomes"),
    ("LatentUpscale", "latent", "pixels say nothing of a latent's sides"),
    ("LatentUpscaleBy", "latent", "the sides change"),
    ("RepeatLatentBatch", "latent", "the batch is multiplied"),
    ("LatentBatch", "latent", "two batches become one"),
    ("LatentCrop", "latent", "the sides change"),
    ("LatentRotate", "latent", "the sides may change places"),
];

#[test]
fn large_outputs_of_the_standard_pack_say_their_size() {
    let nodes =
        amdm_describe::describe(&Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).unwrap();
    let mut unsaid = Vec::new();
    for node in &nodes {
        let outputs = node.outputs.iter().filter(|output| HEAVY.contains(&output.r#type.as_str()));
        for output in outputs.filter(|output| output.size.is_none()) {
            unsaid.push((node.r#type.as_str(), output.name.as_str()));
        }
    }
    let listed: Vec<(&str, &str)> =
        UNSAID.iter().map(|(node, output, _)| (*node, *output)).collect();
    assert_eq!(unsaid, listed);
}

#[test]
fn what_the_standard_pack_says_stands_in_the_copy_for_the_cases() {
    let nodes =
        amdm_describe::describe(&Path::new(env!("CARGO_MANIFEST_DIR")).join("wit")).unwrap();
    let text = std::fs::read_to_string(folder().join("catalogue.json")).unwrap();
    let copies = Catalogue::from_json(&text).unwrap();
    let mut compared = 0;
    for node in &nodes {
        let Some(copy) = copies.find(&node.r#type) else { continue };
        compared += 1;
        for (input, copy) in node.inputs.iter().zip(&copy.inputs) {
            assert_eq!((&input.name, &input.role), (&copy.name, &copy.role), "{}", node.r#type);
        }
        for (output, copy) in node.outputs.iter().zip(&copy.outputs) {
            let said =
                |output: &amdm::catalogue::Output| (output.size.clone(), output.role.clone());
            assert_eq!(said(output), said(copy), "{}", node.r#type);
        }
    }
    assert!(compared > 20, "{compared}");
}
