//! Widgets: types, defaults, ranges and the other tags of fields.

use super::{input, node};
use serde_json::json;

#[test]
fn booleans() {
    let field = input("/// On or off.\n/// @default true\n x: bool").unwrap();
    assert_eq!(field.r#type, "BOOLEAN");
    assert_eq!(field.default, Some(json!(true)));
    assert_eq!(field.tooltip, "On or off.");
    assert!(!field.socket_only && !field.optional);
}

#[test]
fn whole_numbers() {
    let signed = input("/// @default -3\n x: s64").unwrap();
    assert_eq!((signed.r#type.as_str(), signed.default), ("INT", Some(json!(-3))));
    assert_eq!((signed.min, signed.max), (None, None));
    let short = input("x: u32").unwrap();
    assert_eq!((short.min, short.max), (Some(json!(0)), Some(json!(4_294_967_295_u32))));
    let long = input("x: u64").unwrap();
    assert_eq!((long.min, long.max), (Some(json!(0)), Some(json!((1_u64 << 53) - 1))));
    let tags = "/// @default 8\n/// @range 8 64\n/// @step 8\n/// @control-after-generate\n";
    let ranged = input(&format!("{tags} x: u32")).unwrap();
    assert_eq!((ranged.min, ranged.max), (Some(json!(8)), Some(json!(64))));
    assert_eq!(ranged.step, Some(json!(8)));
    assert!(ranged.control_after_generate);
}

#[test]
fn fractions() {
    for ty in ["f64", "f32"] {
        let tags = "/// @default 6\n/// @range 1 30\n/// @step 0.5\n/// @advanced\n";
        let field = input(&format!("{tags} x: {ty}")).unwrap();
        assert_eq!(field.r#type, "FLOAT");
        assert_eq!(field.default, Some(json!(6.0)));
        assert_eq!((field.min, field.max), (Some(json!(1.0)), Some(json!(30.0))));
        assert_eq!(field.step, Some(json!(0.5)));
        assert!(field.advanced);
    }
}

#[test]
fn texts() {
    let field = input("/// @default two words\n/// @multiline\n x: string").unwrap();
    assert_eq!((field.r#type.as_str(), field.default), ("STRING", Some(json!("two words"))));
    assert!(field.multiline);
    assert_eq!(input("/// @default\n x: string").unwrap().default, Some(json!("")));
    let named = input("/// @choices models\n x: string").unwrap();
    assert_eq!(named.choices_from.as_deref(), Some("models"));
}

#[test]
fn enums_keep_their_cases_as_written() {
    let field = input("/// @default light-grey\n x: tone").unwrap();
    assert_eq!(field.r#type, "COMBO");
    let choices: Vec<_> =
        field.choices.iter().map(|c| (c.name.as_str(), c.tooltip.as_str())).collect();
    assert_eq!(choices, [("dark", "Nearly black."), ("light-grey", "")]);
    assert_eq!(field.default, Some(json!("light-grey")));
}

/// Values of other programs that are no names of WIT.
#[test]
fn a_case_may_stand_for_other_words() {
    let text = "interface thing {
        enum turn { none, /// A quarter.\n/// @value \"90 degrees\"\n quarter }
        record inputs { /// @default 90 degrees\n turn: turn }
    }";
    let node = super::read(text).unwrap().remove(0);
    let choices = node.inputs[0].choices.iter().map(|c| (c.name.as_str(), c.tooltip.as_str()));
    assert_eq!(choices.collect::<Vec<_>>(), [("none", ""), ("90 degrees", "A quarter.")]);
    assert_eq!(node.inputs[0].default, Some(json!("90 degrees")));
}

#[test]
fn an_optional_widget_without_default_is_a_socket() {
    let seed = input("x: option<u64>").unwrap();
    assert!(seed.optional && seed.socket_only);
    let seed = input("/// @default 5\n x: option<u64>").unwrap();
    assert!(seed.optional && !seed.socket_only);
}

#[test]
fn names_are_snake_case_and_in_order() {
    let node = node("", "second-colour: tone, a: bool, guidance-scale: f64").unwrap();
    let names: Vec<&str> = node.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["second_colour", "a", "guidance_scale"]);
}
