//! Values as Python reads them: every conversion, ranges, choices.

use crate::comfy_judge::judge;
use amdm::graph::comfy::ObjectInfo;
use serde_json::{Value, json};

/// A graph with one output of class `Out`, whose input `x` is declared so and given so.
fn given(config: Value, x: Value) -> Value {
    let info = json!({ "Out": { "input": { "required": { "x": config } }, "output_node": true } });
    let request = json!({ "1": { "class_type": "Out", "inputs": { "x": x } } });
    serde_json::to_value(judge(&request, &ObjectInfo::from_value(info).unwrap())).unwrap()
}

fn error(config: Value, x: Value) -> Value {
    let verdict = given(config.clone(), x.clone());
    let errors = &verdict["node_errors"]["1"]["errors"];
    assert_eq!(errors.as_array().map(Vec::len), Some(1), "{config} {x} {verdict}");
    errors[0].clone()
}

/// The exception of Python, or nothing where the value is converted.
fn exception(kind: &str, x: Value) -> Option<String> {
    let verdict = given(json!([kind]), x.clone());
    if verdict["error"].is_null() {
        return None;
    }
    let error = error(json!([kind]), x.clone());
    assert_eq!(error["type"], "invalid_input_type", "{x}");
    let message = format!("Failed to convert an input value to a {kind} value");
    assert_eq!(error["message"], message);
    assert_eq!(error["extra_info"]["input_config"], json!([kind, {}]));
    error["extra_info"]["exception_message"].as_str().map(str::to_owned)
}

/// What the value is converted to: shown by a range that nothing is in.
fn read(kind: &str, x: Value) -> Value {
    let limits =
        if kind == "STRING" { json!({ "min": "\u{10ffff}" }) } else { json!({ "min": 1e308 }) };
    error(json!([kind, limits]), x)["extra_info"]["received_value"].clone()
}

#[test]
fn whole_numbers_are_read_as_python_reads_them() {
    for (x, whole) in [
        (json!(1.9), json!(1)),
        (json!(-1.9), json!(-1)),
        (json!(true), json!(1)),
        (json!(false), json!(0)),
        (json!("2"), json!(2)),
        (json!(" 2\n"), json!(2)),
        (json!("1_000"), json!(1000)),
        (json!("+5"), json!(5)),
        (json!("-007"), json!(-7)),
        (json!("０１２"), json!(12)),
        (json!({ "__value__": "3" }), json!(3)),
        (json!("18446744073709551615"), json!(18_446_744_073_709_551_615_u64)),
    ] {
        assert_eq!(read("INT", x.clone()), whole, "{x}");
    }
    for text in
        ["two", "", " ", "1e3", "1.0", "0x10", "1__0", "_1", "1_", "- 5", "nan", "true", "٣x"]
    {
        let said = format!("invalid literal for int() with base 10: '{text}'");
        assert_eq!(exception("INT", json!(text)), Some(said), "{text}");
    }
    let not = |kind: &str| {
        let text = "int() argument must be a string, a bytes-like object or a real number, not";
        Some(format!("{text} '{kind}'"))
    };
    assert_eq!(exception("INT", json!(null)), not("NoneType"));
    assert_eq!(exception("INT", json!({})), not("dict"));
    assert_eq!(exception("INT", json!({ "__value__": ["1"] })), not("list"));
    assert_eq!(exception("INT", json!({ "__value__": { "__value__": 1 } })), not("dict"));
    assert_eq!(
        exception("INT", json!("it's")).unwrap(),
        "invalid literal for int() with base 10: \"it's\""
    );
    let long = exception("INT", json!("9".repeat(4301))).unwrap();
    assert!(long.starts_with("Exceeds the limit (4300 digits)"), "{long}");
    assert_eq!(exception("INT", json!("9".repeat(4300))), None);
}

#[test]
fn numbers_are_read_as_python_reads_them() {
    for (x, float) in [
        (json!(1), json!(1.0)),
        (json!(true), json!(1.0)),
        (json!(" 1e3 "), json!(1000.0)),
        (json!("1_0.5_0"), json!(10.5)),
        (json!(".5"), json!(0.5)),
        (json!("5."), json!(5.0)),
        (json!("-inf"), json!("-inf")),
        (json!("-Infinity"), json!("-inf")),
        (json!("٣.٥"), json!(3.5)),
    ] {
        assert_eq!(read("FLOAT", x.clone()), float, "{x}");
    }
    for text in ["one", "", ".", "1e", "e5", "1_e3", "1__0", "0x1p3", "1,5", "1d"] {
        let said = format!("could not convert string to float: '{text}'");
        assert_eq!(exception("FLOAT", json!(text)), Some(said), "{text}");
    }
    let not = |kind: &str| {
        Some(format!("float() argument must be a string or a real number, not '{kind}'"))
    };
    assert_eq!(exception("FLOAT", json!(null)), not("NoneType"));
    assert_eq!(exception("FLOAT", json!({ "a": 1 })), not("dict"));
    for text in ["nan", "-NaN", "inf", "1e999"] {
        assert_eq!(exception("FLOAT", json!(text)), None, "{text}");
    }
    // Nothing is smaller or bigger than nan.
    let range = json!(["FLOAT", { "min": 0.0, "max": 1.0 }]);
    assert_eq!(given(range.clone(), json!("nan"))["error"], Value::Null);
    let error = error(range, json!("1e999"));
    assert_eq!(error["message"], "Value inf bigger than max of 1.0");
}

/// Numbers are read to the last bit, as the server reads them.
#[test]
fn numbers_are_exact() {
    let x: Value = serde_json::from_str("13.648442554608053").unwrap();
    let error = error(json!(["FLOAT", { "max": 1 }]), x);
    assert_eq!(error["message"], "Value 13.648442554608053 bigger than max of 1");
}

#[test]
fn texts_and_truth_values_take_everything() {
    for x in [json!(null), json!(0), json!("false"), json!({}), json!({ "__value__": [] })] {
        assert_eq!(exception("STRING", x.clone()), None);
        assert_eq!(exception("BOOLEAN", x), None);
    }
    for (x, text) in [
        (json!(null), "None"),
        (json!(true), "True"),
        (json!(1e16), "1e+16"),
        (json!(1e15), "1000000000000000.0"),
        (json!(1e-5), "1e-05"),
        (json!(1.5e-7), "1.5e-07"),
        (json!(0.0001), "0.0001"),
        (json!(0.00012), "0.00012"),
        (json!(-1500.0), "-1500.0"),
        (json!(1e300), "1e+300"),
        (json!(252_605_768_907_655.62), "252605768907655.62"),
        (
            json!({ "a": [1, "b'c\n", null], "d": "\"'" }),
            "{'a': [1, \"b'c\\n\", None], 'd': '\"\\''}",
        ),
        (json!({ "__value__": ["é", "\u{a0}\u{7f}\u{200b}"] }), "['é', '\\xa0\\x7f\\u200b']"),
    ] {
        assert_eq!(read("STRING", x.clone()), text, "{x}");
    }
    for (x, truth) in [
        (json!("false"), true),
        (json!(""), false),
        (json!(0.0), false),
        (json!(-1), true),
        (json!(null), false),
        (json!({}), false),
        (json!({ "__value__": [0] }), true),
    ] {
        assert_eq!(read("BOOLEAN", x.clone()), truth, "{x}");
    }
}

#[test]
fn ranges_are_python_comparisons() {
    let int = |x: Value| given(json!(["INT", { "min": 1, "max": 50 }]), x)["error"].is_null();
    assert!(int(json!(1)) && int(json!(50.9)) && int(json!("50")) && int(json!(true)));
    assert!(!int(json!(0.9)) && !int(json!(51)) && !int(json!("1_000")) && !int(json!(false)));
    let message = |config: Value, x: Value| error(config, x)["message"].clone();
    let seed = json!(["INT", { "min": 0, "max": 18_446_744_073_709_551_615_u64 }]);
    assert_eq!(
        message(seed.clone(), json!("99999999999999999999999")),
        "Value 99999999999999999999999 bigger than max of 18446744073709551615"
    );
    assert_eq!(given(seed, json!(18_446_744_073_709_551_615_u64))["error"], Value::Null);
    let float = json!(["FLOAT", { "min": 0.5, "max": 30 }]);
    assert_eq!(message(float.clone(), json!("0.25")), "Value 0.25 smaller than min of 0.5");
    assert_eq!(message(float, json!(31)), "Value 31.0 bigger than max of 30");
    // A range on a text, or a bound that is no number: the server fails, so the graph does.
    let odd = error(json!(["STRING", { "min": 1 }]), json!("a"));
    assert_eq!(odd["type"], "invalid_input_type");
    assert_eq!(error(json!(["INT", { "max": null }]), json!(1))["type"], "invalid_input_type");
    assert_eq!(error(json!(["MODEL", { "min": 2 }]), json!(1))["type"], "value_smaller_than_min");
}

#[test]
fn choices_are_checked_where_they_stand_for_the_type() {
    let error_of = |choices: Value, x: Value| error(json!([choices]), x);
    let bad = error_of(json!(["a", 1, 2.5, true, null]), json!(3));
    assert_eq!(bad["details"], "x: '3' not in ['a', 1, 2.5, True, None]");
    assert_eq!(bad["extra_info"]["input_config"], json!([["a", 1, 2.5, true, null], {}]));
    for x in [json!(1), json!(1.0), json!(2.5), json!(true), json!(null), json!("a")] {
        let verdict = given(json!([["a", 1, 2.5, null]]), x.clone());
        assert!(verdict["error"].is_null(), "{x}");
    }
    let list = error_of(json!(["a", "c"]), json!({ "__value__": ["a"] }));
    assert_eq!(list["details"], "x: '['a']' not in ['a', 'c']");
    assert_eq!(list["extra_info"]["received_value"], json!(["a"]));
    let many: Vec<String> = (0..21).map(|i| format!("model {i}")).collect();
    let long = error_of(json!(many), json!("model 21"));
    assert_eq!(long["details"], "x: 'model 21' not in (list of length 21)");
    assert_eq!(long["extra_info"]["input_config"], Value::Null);
    assert!(given(json!([many]), json!("model 20"))["error"].is_null());
    assert_eq!(
        error_of(json!(many[..20]), json!("z"))["extra_info"]["input_config"][0],
        json!(many[..20])
    );
    assert_eq!(error_of(json!([]), json!("z"))["details"], "x: 'z' not in []");
    let new = given(json!(["COMBO", { "options": ["auto"] }]), json!("aut"));
    assert_eq!(new["error"], Value::Null);
    assert_eq!(new["warnings"][0]["code"], "value_not_in_list");
    assert_eq!(new["warnings"][0]["closest"], "auto");
    let several = |x: Value| {
        let config = json!(["COMBO", { "options": ["a", "b"], "multi_select": true }]);
        given(config, json!({ "__value__": x }))["warnings"].clone()
    };
    assert_eq!(several(json!(["a", "b"])), json!([]));
    assert_eq!(several(json!(["a", "c"]))[0]["found"], "\"c\"");
}
