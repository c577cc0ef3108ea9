//! The table of codes: every code is produced, and the README says what the code says.

use crate::cases::{case_folders, catalogue, judge};
use crate::comfy_judge::{judge as judge_foreign, probes};
use amdm::graph::{ErrorCode, GraphError};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- codes -->\n";
const END: &str = "<!-- /codes -->\n";

/// For each code the first message that a case or a foreign judgement gives.
fn examples() -> BTreeMap<ErrorCode, GraphError> {
    let catalogue = catalogue();
    let mut examples = BTreeMap::new();
    for case in case_folders() {
        let errors = match judge(&case, &catalogue) {
            Ok(checked) => checked.warnings,
            Err(errors) => errors,
        };
        for error in errors {
            examples.entry(error.code).or_insert(error);
        }
    }
    let inputs =
        json!({ "model": "x", "seed": 1, "steps": "2", "cfg": 1, "flag": true, "text": "" });
    let request = json!({
        "1": { "class_type": "ProbeSampler", "inputs": inputs },
        "2": { "class_type": "PreviewImage", "inputs": { "images": ["1", 0] } },
    });
    for warning in judge_foreign(&request, &probes()).warnings {
        examples.entry(warning.code).or_insert(warning);
    }
    examples
}

#[test]
fn every_code_is_produced() {
    let seen: Vec<ErrorCode> = examples().into_keys().collect();
    assert_eq!(seen, ErrorCode::ALL);
}

#[test]
fn every_code_has_a_line_of_help() {
    for code in ErrorCode::ALL {
        let help = code.help();
        assert!(help.ends_with('.') && !help.contains('\n') && help.len() > 20, "{code}: {help}");
    }
}

/// With `AMDM_ACCEPT=1` the table is written in place of being compared.
#[test]
fn the_readme_has_the_table() {
    let examples = examples();
    let mut table = String::from("\n| code | about | when | example |\n|---|---|---|---|\n");
    for code in ErrorCode::ALL {
        let example = examples[code].to_string().replace('|', "\\|");
        let example = example.trim_end_matches(&format!(" [{code}]"));
        let (level, help) = (code.level().as_str(), code.help());
        table.push_str(&format!("| `{code}` | {level} | {help} | `{example}` |\n"));
    }
    table.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/graph/README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (stored, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("AMDM_ACCEPT").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{table}{END}{tail}")).unwrap();
        return;
    }
    assert_eq!(stored, table, "run with AMDM_ACCEPT=1 to write the table");
}
