//! `amdm run --dump`: the values of all nodes' outputs, as safetensors files.
//!
//! One file an output, `NODE.SLOT.safetensors`: a bare tensor is called `value`, those of an object
//! have the names of its fields. Those of a list's member begin with its number, as `0/embedding`,
//! and so do those of a list in a field, as `0/positive/0/embedding`. What is no tensor stands in the file's metadata. Models and their parts are left
//! out.

use std::collections::HashMap;
use std::path::Path;

use amdm::catalogue::Catalogue;
use amdm::graph::Document;
use amdm_runtime::{Kept, Object, Value};
use anyhow::Context;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};

/// Wires whose values are no numbers.
const LEFT_OUT: [&str; 4] = [Object::MODEL, Object::CLIP, Object::VAE, Object::STEP_POLICY];

/// Lists, whose members are numbered even where there is one. A pack's own list of one member
/// cannot be told from a single object, and is written as one.
const LISTS: [&str; 3] = [Object::CONDITIONING, "LANES", "BOXES"];

/// An output of a node.
pub struct Output {
    node: String,
    name: String,
    slot: usize,
}

/// All outputs of the graph's nodes that have values to write.
pub fn outputs(document: &Document, catalogue: &Catalogue) -> Vec<Output> {
    let mut all = Vec::new();
    for node in document.nodes() {
        let Some(descriptor) = node.class().and_then(|class| catalogue.find(class)) else {
            continue;
        };
        let written = descriptor.outputs.iter().enumerate();
        let written = written.filter(|(_, output)| !LEFT_OUT.contains(&output.r#type.as_str()));
        all.extend(written.map(|(slot, output)| Output {
            node: node.id().to_owned(),
            name: output.name.clone(),
            slot,
        }));
    }
    all
}

/// What of them a run is asked for.
pub fn asked(outputs: &[Output]) -> Vec<(String, String)> {
    outputs.iter().map(|output| (output.node.clone(), output.name.clone())).collect()
}

/// Writes what the run kept of them into `directory`, which is made at need.
///
/// # Errors
/// Where writing fails.
pub fn write(directory: &Path, outputs: &[Output], kept: &Kept) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("{} cannot be made", directory.display()))?;
    for output in outputs {
        let Some(value) = kept.value(&output.node, &output.name) else { continue };
        let mut file = File::default();
        file.put("", &value)?;
        let name = format!("{}.{}.safetensors", escaped(&output.node), output.slot);
        file.write(&directory.join(name))?;
    }
    Ok(())
}

/// A node's id as part of a file's name: bytes other than letters, digits, `_` and `-` as `%XX`.
fn escaped(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let write = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    id.bytes().map(write).collect()
}

/// The name of a part of the value `name`.
fn within(name: &str, part: &str) -> String {
    match name {
        "" => part.to_owned(),
        name => format!("{name}/{part}"),
    }
}

/// What goes into one file.
#[derive(Default)]
struct File {
    tensors: Vec<(String, Vec<usize>, Vec<u8>)>,
    notes: HashMap<String, String>,
}

impl File {
    /// Takes `value` in under `name`; its fields follow the name.
    fn put(&mut self, name: &str, value: &Value) -> anyhow::Result<()> {
        let own = || if name.is_empty() { "value".to_owned() } else { name.to_owned() };
        match value {
            Value::Boolean(value) => self.note(own(), value.to_string()),
            Value::Integer(value) => self.note(own(), value.to_string()),
            Value::Float(value) => self.note(own(), value.to_string()),
            Value::Text(value) | Value::Json(value) => self.note(own(), value.to_string()),
            Value::Tensor(tensor) => {
                let shape = tensor.extents().iter().map(|&extent| extent as usize).collect();
                let values = tensor.to_f32()?;
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                self.tensors.push((own(), shape, bytes));
            }
            Value::Object(object) => self.object(name, object)?,
        }
        Ok(())
    }

    fn object(&mut self, name: &str, object: &Object) -> anyhow::Result<()> {
        let members = object.items();
        if members.len() == 1 && !LISTS.contains(&object.kind()) {
            return self.fields(name, object);
        }
        for (place, member) in members.iter().enumerate() {
            self.fields(&within(name, &place.to_string()), member)?;
        }
        Ok(())
    }

    fn fields(&mut self, name: &str, object: &Object) -> anyhow::Result<()> {
        for field in object.field_names() {
            if let Some(value) = object.field(&field) {
                self.put(&within(name, &field), &value)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, name: String, text: String) {
        self.notes.insert(name, text);
    }

    fn write(self, path: &Path) -> anyhow::Result<()> {
        let views = self.tensors.iter().map(|(name, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        });
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        serialize_to_file(views, Some(self.notes), path)
            .with_context(|| format!("{} cannot be written", path.display()))
    }
}
