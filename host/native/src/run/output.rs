//! What a run gave: errors, images, tensors, and all about it as JSON.

use std::collections::BTreeMap;
use std::ffi::c_char;

use amdm_runtime::Value;

use super::{AmdmRun, Run};
use crate::handle::HANDLES;
use crate::layout::{AmdmString, give, optional, read, tell, text, write};
use crate::picture::{self, AmdmImage};
use crate::status::{AMDM_STATUS_EMPTY, AmdmStatus, Fail, outside};
use crate::tensor::{AmdmTensor, handle};

/// Writes why a run failed, as JSON: `code`, `node` ({"id", "class", "title"}), `input`,
/// `message`; the caller frees the text.
///
/// `AMDM_STATUS_EMPTY` for a run that succeeded, `AMDM_STATUS_WRONG_STATE` before the end.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_error(run: *mut AmdmRun, out: *mut AmdmString) -> AmdmStatus {
    let error = || {
        let run = HANDLES.get::<Run>(run as usize)?;
        let result = run.result()?;
        let none = || Fail::new(AMDM_STATUS_EMPTY, "the run succeeded");
        Ok(serde_json::to_string(result.error.as_ref().ok_or_else(none)?)?)
    };
    // SAFETY: as the function's documentation asks of the caller.
    outside(|| unsafe { tell(out, error) })
}

/// Gives an image of a run that has ended: the `index`-th that the node saved or showed, or of an
/// output that was wanted, where `output` is its name (else NULL).
///
/// `image` says which layout is wanted by `channels` (0: the image's own), `element_type` (0:
/// bytes), `channel_order`, `alpha_mode` and `row_stride` (0: no gaps; -1: no gaps, last row
/// first); everything else is filled in. A mask is an image of one channel. The data is the
/// caller's until `image->release(image->release_ctx)`, once.
///
/// Failures: `EMPTY` where there is no such image, `WRONG_STATE` before the end.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_output_image(
    run: *mut AmdmRun,
    node: *const c_char,
    output: *const c_char,
    index: u32,
    image: *mut AmdmImage,
) -> AmdmStatus {
    outside(|| {
        let run = HANDLES.get::<Run>(run as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        let (node, output, wanted) =
            unsafe { (text(node, "node")?, optional(output, "output")?, read(image, "image")?) };
        run.result()?;
        let batches = match output {
            None => {
                let images = run.kept.images().into_iter();
                images.filter(|(id, _)| id == node).map(|(_, image)| image).collect::<Vec<_>>()
            }
            Some(output) => match run.kept.value(node, output) {
                Some(Value::Tensor(tensor)) => vec![tensor],
                _ => Vec::new(),
            },
        };
        let mut left = index as usize;
        let found = batches.len();
        for batch in batches {
            let count = batch.extents().first().copied().unwrap_or(0) as usize;
            if left < count {
                let made = picture::pixels(&batch, left, &wanted)?.given();
                // SAFETY: as above.
                return unsafe { write(image, &made, "image") };
            }
            left -= count;
        }
        let had = index as usize - left;
        Err(match found {
            0 => absent(&run, node, output),
            _ => Fail::new(AMDM_STATUS_EMPTY, format!("found image {index}, there are {had}")),
        })
    })
}

/// Gives the tensor of an output that was wanted, or what a node saved or showed where `output` is
/// NULL (the last batch); of a latent its samples. The caller releases it.
///
/// Failures: `EMPTY` where there is none, `WRONG_STATE` before the end.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_output_tensor(
    run: *mut AmdmRun,
    node: *const c_char,
    output: *const c_char,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    let find = || {
        // SAFETY: as the function's documentation asks of the caller.
        let (node, output) = unsafe { (text(node, "node")?, optional(output, "output")?) };
        let run = HANDLES.get::<Run>(run as usize)?;
        run.result()?;
        let value = match output {
            Some(output) => run.kept.value(node, output),
            None => {
                let last = run.kept.images().into_iter().rfind(|(id, _)| id == node);
                last.map(|(_, image)| Value::Tensor(image))
            }
        };
        let tensor = match value {
            Some(Value::Tensor(tensor)) => Some(tensor),
            Some(Value::Object(object)) => match object.field("samples") {
                Some(Value::Tensor(tensor)) => Some(tensor),
                _ => None,
            },
            _ => None,
        };
        handle(tensor.ok_or_else(|| absent(&run, node, output))?)
    };
    // SAFETY: as above.
    outside(|| unsafe { give(out, "the tensor", find) })
}

/// Why there is no image or tensor of that name.
fn absent(run: &Run, node: &str, output: Option<&str>) -> Fail {
    let found = run.graph.document.find(node).and_then(|at| run.graph.document.nodes()[at].class());
    let ran = run.graph.checked.find(node).map(|at| &run.graph.checked.nodes[at].descriptor);
    let message = match (found, ran, output) {
        (None, ..) => format!("found node {node}, which is no id of a node in the graph"),
        (_, Some(ran), Some(output)) if ran.outputs.iter().all(|o| o.name != output) => {
            format!("node {node} has no output {output}")
        }
        (_, _, None) => format!("node {node} saved and showed no image"),
        (_, _, Some(output)) => format!(
            "output {output} of node {node} was not kept: it is not among AmdmRunDesc.wanted, is of \
             another kind, or the run ended before it"
        ),
    };
    Fail::new(AMDM_STATUS_EMPTY, message)
}

/// Writes all about a run that has ended, as JSON; the caller frees the text. `status` (`finished`
/// or `failed`, with `error`, also after a cancel), `outputs` (files: `node`, `path`, `sha256`,
/// `bytes`, `width`, `height`), `nodes` (those that ran or were kept, with `seconds`), `passes` of
/// networks, `seconds`, `device`, `seeds`, `warnings`, `versions`, and under `values` the wanted
/// outputs that are plain, by node and name.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_run_output_json(
    run: *mut AmdmRun,
    out: *mut AmdmString,
) -> AmdmStatus {
    let all = || {
        let run = HANDLES.get::<Run>(run as usize)?;
        let result = run.result()?;
        let mut json = serde_json::to_value(&*result)?;
        let mut values = BTreeMap::<String, BTreeMap<String, serde_json::Value>>::new();
        for source in &run.graph.checked.asked {
            let node = &run.graph.checked.nodes[source.node];
            let name = &node.descriptor.outputs[source.slot].name;
            let value = match run.kept.value(&node.id, name) {
                Some(Value::Boolean(value)) => value.into(),
                Some(Value::Integer(value)) => value.into(),
                Some(Value::Float(value)) => value.into(),
                Some(Value::Text(value) | Value::Json(value)) => value.to_string().into(),
                _ => continue,
            };
            values.entry(node.id.clone()).or_default().insert(name.clone(), value);
        }
        json["values"] = serde_json::to_value(values).unwrap_or_default();
        Ok(json.to_string())
    };
    // SAFETY: as the function's documentation asks of the caller.
    outside(|| unsafe { tell(out, all) })
}
