//! Descriptors from WIT: every row of the mapping, every fault, and the standard pack.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod faults;
mod fields;
mod nodes;
mod standard;
mod wires;

use std::path::Path;

use amdm::catalogue::{Descriptor, Input};
use amdm_describe::{DescribeError, describe};
use tempfile::TempDir;

/// A pack `acme:blur@1.2.0` with `text` after its package line.
fn pack(text: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    write(dir.path(), "blur.wit", &format!("package acme:blur@1.2.0;\n{text}"));
    dir
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(text: &str) -> Result<Vec<Descriptor>, DescribeError> {
    describe(pack(text).path())
}

/// The node of an interface `thing` with these tags and fields, and one output.
fn node(tags: &str, fields: &str) -> Result<Descriptor, DescribeError> {
    let text = format!(
        "{tags}
        interface thing {{
            use amdm:node/wires@0.1.0.{{image, mask, latent, step-policy}};
            use amdm:node/tensors@0.1.0.{{tensor}};
            enum tone {{
                /// Nearly black.
                dark,
                light-grey,
            }}
            record inputs {{ {fields} }}
            record outputs {{ image: image }}
        }}"
    );
    Ok(read(&text)?.remove(0))
}

/// The one input of such a node.
fn input(field: &str) -> Result<Input, DescribeError> {
    Ok(node("", field)?.inputs.remove(0))
}
