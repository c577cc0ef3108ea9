//! Conversions recorded from an editor.

use crate::comfy_info::{recorded, vectors};
use amdm::graph::{ErrorCode, workflow};
use serde_json::Value;
use std::fs;

pub fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(vectors().join(name)).unwrap()).unwrap()
}

/// Numbers compare by value, as in the language that editors are written in.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

#[test]
fn every_recorded_conversion_is_reproduced() {
    let info = recorded();
    let names = fs::read_dir(vectors()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.filter_map(|name| Some(name.to_str()?.strip_suffix(".ui.json")?.to_owned()));
    let mut count = 0;
    for name in names.filter(|name| !name.starts_with("12_")) {
        let converted = workflow::convert(&read(&format!("{name}.ui.json")), &info);
        let graph = Value::Object(converted.unwrap_or_else(|e| panic!("{name}: {e:?}")).graph);
        let expected = read(&format!("{name}.api.json"));
        assert_eq!(plain(&graph), plain(&expected), "{name}");
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&graph), keys(&expected), "{name}");
        for (id, node) in expected.as_object().unwrap() {
            assert_eq!(keys(&graph[id]["inputs"]), keys(&node["inputs"]), "{name}, node {id}");
        }
        count += 1;
    }
    assert!(count >= 20, "{count}");
}

#[test]
fn an_unknown_type_is_an_error() {
    let errors = workflow::convert(&read("12_unknown_type.ui.json"), &recorded()).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].code, ErrorCode::MissingNodeType);
    assert!(errors[0].to_string().starts_with("node 9 (NoSuchNode): found unknown node type"));
}

#[test]
fn what_an_editor_keeps_silent_about_is_a_warning() {
    let warned = |name: &str| {
        let conversion = workflow::convert(&read(name), &recorded()).unwrap();
        conversion.warnings.iter().map(|w| (w.code, w.input.clone())).collect::<Vec<_>>()
    };
    let images = || Some("images".to_owned());
    assert_eq!(warned("01_basic.ui.json"), []);
    assert_eq!(warned("13_short_widgets_values.ui.json"), [(ErrorCode::WidgetValues, None)]);
    assert_eq!(warned("14_long_widgets_values.ui.json"), [(ErrorCode::WidgetValues, None)]);
    assert_eq!(warned("16_named_vs_positional_conflict.ui.json"), []);
    assert_eq!(warned("17_object_widgets_values.ui.json"), [(ErrorCode::WidgetValues, None)]);
    let open = [(ErrorCode::RequiredInputMissing, images())];
    assert_eq!(warned("04_muted_upstream.ui.json"), open);
}
