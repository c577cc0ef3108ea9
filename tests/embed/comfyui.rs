//! The node pack for ComfyUI in `examples/comfyui`.
//!
//! With `AMDM_COMFYUI_DIR`, a ComfyUI's folder, its checks run in there, by the Python that
//! `AMDM_COMFYUI_PYTHON` names (`python3` without it); `AMDM_COMFYUI_MODELS` adds those that need
//! files of models.

use crate::examples::{example, python};
use crate::installed::{has, ran, root};

#[test]
fn nodes_help_and_workflows_of_the_comfyui_pack_belong_together() {
    if !has("python3") {
        return;
    }
    let said = ran(python(None).arg(root().join("tests/comfyui/surface.py")));
    assert!(said.ends_with("ok\n"), "{said}");
}

#[test]
fn lanes_in_comfyui_are_what_ksampler_and_the_formulas_make() {
    if std::env::var_os("AMDM_COMFYUI_DIR").is_none() {
        eprintln!("skipped: AMDM_COMFYUI_DIR does not name a ComfyUI");
        return;
    }
    let named = std::env::var_os("AMDM_COMFYUI_PYTHON");
    let mut command = std::process::Command::new(named.unwrap_or_else(|| "python3".into()));
    command.env("PYTHONPATH", example("embed-python"));
    command.env("AMDM_LIBRARY", crate::library::path());
    let said = ran(command.arg(root().join("tests/comfyui/run.py")));
    eprintln!("{said}");
    assert!(said.ends_with("0 failed\n"), "{said}");
}
