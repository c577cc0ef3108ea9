//! Wire types: aliases in an interface `wires`.

use super::{input, pack, read, write};
use amdm_describe::describe;

#[test]
fn an_alias_of_the_contract_is_upper_case() {
    assert_eq!(input("x: image").unwrap().r#type, "IMAGE");
    let policy = input("x: step-policy").unwrap();
    assert_eq!(policy.r#type, "STEP_POLICY");
    assert!(policy.socket_only && !policy.optional);
}

#[test]
fn an_alias_of_the_pack_carries_its_name() {
    let nodes = read(
        "interface wires {
            use amdm:node/objects@0.1.0.{object};
            use amdm:node/wires@0.1.0.{image};
            type soft-thing = object;
            type picture = image;
         }
         interface thing {
            use wires.{soft-thing as renamed, picture, image};
            record inputs { a: renamed, b: picture, c: image }
            record outputs { d: renamed }
         }",
    )
    .unwrap();
    let types: Vec<&str> = nodes[0].inputs.iter().map(|input| input.r#type.as_str()).collect();
    assert_eq!(types, ["ACME_BLUR_SOFT_THING", "ACME_BLUR_PICTURE", "IMAGE"]);
    assert_eq!(nodes[0].outputs[0].r#type, "ACME_BLUR_SOFT_THING");
}

#[test]
fn an_optional_wire_may_be_left_out() {
    let mask = input("x: option<mask>").unwrap();
    assert!(mask.optional && mask.socket_only);
}

#[test]
fn a_list_is_a_group() {
    let images = input("image: list<image>").unwrap();
    assert!(images.group && images.socket_only && !images.optional);
    assert_eq!((images.name.as_str(), images.r#type.as_str()), ("image", "IMAGE"));
}

#[test]
fn a_copy_of_the_contract_in_deps_is_used() {
    let dir = pack(
        "interface thing {
            use amdm:node/wires@0.1.0.{image};
            record inputs { image: image }
         }",
    );
    write(dir.path(), "deps/amdm-node/node.wit", &amdm_describe::contract());
    assert_eq!(describe(dir.path()).unwrap()[0].r#type, "acme.blur.Thing");
}

#[test]
fn a_value_may_be_of_any_type() {
    let text = |place: &str| {
        format!(
            "interface a {{ use amdm:node/objects@0.1.0.{{value}}; record {place} {{ x: value }} }}"
        )
    };
    let node = read(&text("inputs")).unwrap().remove(0);
    assert_eq!(node.inputs[0].r#type, "*");
    assert!(node.inputs[0].socket_only);
    assert!(read(&text("outputs")).unwrap_err().to_string().contains("a type of its own"));
}
