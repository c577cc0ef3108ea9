//! What a first-party component must be: without WASI, and with its descriptors inside.

use anyhow::{Context, Result, ensure};
use wasmparser::{Parser, Payload};

/// Name of the custom section that holds a pack's descriptors.
pub const SECTION: &str = "amdm:nodes";

/// Checks that a component imports only the contract, and that its section holds `nodes`.
///
/// # Errors
/// Names the first import that is not the contract's, or says that the section differs.
pub fn check(wasm: &[u8], nodes: &str) -> Result<()> {
    for import in imports(wasm)? {
        ensure!(import.starts_with("amdm:node/"), "found import {import}, expected amdm:node only");
    }
    let section = section(wasm)?.with_context(|| format!("found no custom section {SECTION}"))?;
    ensure!(section == nodes.as_bytes(), "section {SECTION} is not what the WIT describes");
    Ok(())
}

/// Names of what a component imports.
///
/// # Errors
/// Where the bytes are not a component.
pub fn imports(wasm: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(reader) if depth == 0 => {
                for import in reader {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// The descriptors' section, wherever it lies in the component.
///
/// # Errors
/// Where the bytes are not a component.
pub fn section(wasm: &[u8]) -> Result<Option<Vec<u8>>> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CustomSection(section) = payload?
            && section.name() == SECTION
        {
            return Ok(Some(section.data().to_vec()));
        }
    }
    Ok(None)
}
