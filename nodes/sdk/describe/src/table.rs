//! A Markdown table of nodes, for READMEs.

use amdm::catalogue::{Descriptor, Input, Output};

/// One row a node, in order: class, what it does, inputs, outputs. Optional ones carry a `?`,
/// groups an `...`.
#[must_use]
pub fn table(nodes: &[Descriptor]) -> String {
    let mut text = String::from("| Node | Does | Inputs | Outputs |\n|---|---|---|---|\n");
    for node in nodes {
        let inputs: Vec<String> = node.inputs.iter().map(input).collect();
        let outputs: Vec<String> = node.outputs.iter().map(output).collect();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            node.r#type,
            cell(&node.description),
            inputs.join(", "),
            outputs.join(", ")
        ));
    }
    text
}

fn input(input: &Input) -> String {
    let mark = match (input.group, input.optional) {
        (true, _) => "...",
        (false, true) => "?",
        (false, false) => "",
    };
    format!("`{}{mark}` {}", input.name, input.r#type)
}

fn output(output: &Output) -> String {
    let mark = if output.optional { "?" } else { "" };
    format!("`{}{mark}` {}", output.name, output.r#type)
}

fn cell(text: &str) -> String {
    text.replace("\n\n", "<br>").replace('\n', " ").replace('|', "\\|")
}
