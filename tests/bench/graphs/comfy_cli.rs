//! The same conversion by `comfy-cli` (Python), timed by itself on files that lie in memory.

use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

/// Reads a description and workflows as lines, prints the seconds of the fastest of a few
/// conversions of each. The converter copies what it is given.
const SCRIPT: &str = "
import json, logging, sys, time
from comfy_cli.workflow_to_api import convert_ui_to_api
logging.disable(logging.CRITICAL)
lines = sys.stdin.read().splitlines()
info = json.loads(lines[0])
for line in lines[1:]:
    workflow, least, began = json.loads(line), None, time.perf_counter()
    while least is None or time.perf_counter() - began < 0.5:
        start = time.perf_counter()
        graph = convert_ui_to_api(workflow, info)
        took = time.perf_counter() - start
        least = took if least is None else min(least, took)
    assert len(graph) == len(workflow['nodes'])
    print(least)
";

/// Seconds for each of `workflows`; nothing where there is no such Python.
pub fn times(workflows: &[&str], info: &Value) -> Option<Vec<f64>> {
    let python = std::env::var_os("AMDM_COMFY_PYTHON")?;
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut lines = info.to_string();
    for workflow in workflows {
        lines.push('\n');
        lines.push_str(workflow);
    }
    // It reads everything before it prints anything.
    child.stdin.take()?.write_all(lines.as_bytes()).ok()?;
    let output = child.wait_with_output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().map(|line| line.parse().ok()).collect()
}
