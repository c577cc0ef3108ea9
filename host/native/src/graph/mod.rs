//! Graphs behind handles: read, changed, judged.

mod fill;

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amdm::catalogue::Catalogue;
use amdm::graph::set::{self, Finder, Target};
use amdm::graph::{Document, validate};
use amdm::limits;
use amdm::math::Tensor as _;
use amdm_diffusion::Tensor;
use amdm_runtime::{Draft, Given, Graphs, Inputs};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) use self::fill::Filling;
use self::fill::MEMORY;
use crate::handle::{HANDLES, kind};
use crate::hash::hex;
use crate::host::{AmdmHost, Host};
use crate::layout::{AmdmString, give, read, sized, slice, tell, text};
use crate::memory;
use crate::picture::{self, AmdmImage};
use crate::status::{AMDM_STATUS_INVALID_INPUT, AmdmStatus, Fail, guard, must_be_outside, outside};
use crate::tensor::{AmdmTensor, of};

/// A graph of nodes, with values of the caller's.
pub struct AmdmGraph {
    _private: [u8; 0],
}

/// What a graph's handle stands for.
pub(crate) struct Graph {
    pub host: Arc<Host>,
    state: Mutex<State>,
}

/// A graph as it stands.
#[derive(Clone)]
pub(crate) struct State {
    pub document: Document,
    /// What its conversion and its age gave cause to say.
    pub warnings: Vec<String>,
    /// Values in memory, by the names under which the graph reads them.
    memory: BTreeMap<String, Given>,
}

kind!(Graph, 2, "a graph");

impl Graph {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The graph as it stands now.
    pub fn snapshot(&self) -> State {
        self.lock().clone()
    }
}

impl State {
    /// The pictures and values that the graph may read.
    pub fn inputs(&self, host: &Host) -> Inputs {
        let memory = self.memory.iter();
        memory.fold(host.inputs(), |inputs, (name, given)| inputs.with_given(name, given.clone()))
    }

    /// What reads and checks the graph.
    pub fn graphs(&self, host: &Host) -> Graphs {
        host.runtime().graphs(self.inputs(host))
    }

    fn target(&self, catalogue: &Catalogue, (node, input): (&str, &str)) -> Result<Target, Fail> {
        Ok(Finder::new(&self.document, catalogue).find_input(&self.document, node, input)?)
    }
}

/// Reads a graph: in API format (bare or under `prompt`), as editors save workflows, or a PNG or
/// WebP picture with either inside.
///
/// `data` is copied. `*out` is the caller's, who destroys it; it keeps the host's nodes and models
/// alive. The graph need not be valid: `amdm_graph_validate` says what is wrong with it.
///
/// \thread one at a time for the host
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_from_json(
    host: *mut AmdmHost,
    data: *const c_char,
    len: usize,
    out: *mut *mut AmdmGraph,
) -> AmdmStatus {
    let read = || {
        let host = HANDLES.get::<Host>(host as usize)?;
        if len > limits::TENSOR_BYTES {
            let most = limits::TENSOR_BYTES;
            return Err(Fail::argument(format!("found {len} bytes of a graph, at most {most}")));
        }
        // SAFETY: as the function's documentation asks of the caller.
        let bytes = unsafe { slice(data.cast::<u8>(), len, "data")? };
        let Draft { document, warnings } = host.runtime().graphs(host.inputs()).read(bytes)?;
        let warnings = warnings.iter().map(ToString::to_string).collect();
        let state = Mutex::new(State { document, warnings, memory: BTreeMap::new() });
        Ok(HANDLES.insert(Arc::new(Graph { host, state }))? as *mut AmdmGraph)
    };
    // SAFETY: as above.
    outside(|| unsafe { give(out, "the graph", read) })
}

/// Judges a graph: writes `{"error", "node_errors", "warnings"}` as JSON, in the form that node
/// editors read; the caller frees the text.
///
/// `AMDM_STATUS_OK` where it is valid, else `AMDM_STATUS_INVALID_GRAPH`, with all errors in the
/// text and in `amdm_last_error`. `out` may be NULL.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_validate(
    graph: *mut AmdmGraph,
    out: *mut AmdmString,
) -> AmdmStatus {
    outside(|| {
        let mut judged = Ok(());
        let mut judge = || {
            let graph = HANDLES.get::<Graph>(graph as usize)?;
            let state = graph.snapshot();
            let graphs = state.graphs(&graph.host);
            let found = validate(&state.document, graphs.catalogue());
            let (checked, errors) = match &found {
                Ok(checked) => (Some(checked), &[][..]),
                Err(errors) => (None, errors.as_slice()),
            };
            let verdict =
                amdm::graph::verdict(&state.document, graphs.catalogue(), checked, errors);
            judged = found.map(drop).map_err(Fail::from);
            Ok(serde_json::to_string(&verdict)?)
        };
        if out.is_null() {
            judge()?;
        } else {
            // SAFETY: as the function's documentation asks of the caller.
            unsafe { tell(out, judge)? };
        }
        judged
    })
}

/// Lists the inputs that take values, as JSON; the caller frees the text. Of each: `node` (its id),
/// `class`, `input`, `type`, where they apply `title`, `value` (present), `link` (where it comes
/// from instead), `min`, `max`, `choices`, `help`, `parameter` (that the graph declares for it),
/// and `setting`, the name of all of it. Sockets that images and tensors can be set to are not
/// among them.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_inputs(
    graph: *mut AmdmGraph,
    out: *mut AmdmString,
) -> AmdmStatus {
    let inputs = || {
        let graph = HANDLES.get::<Graph>(graph as usize)?;
        let state = graph.snapshot();
        let all = set::settable(&state.document, state.graphs(&graph.host).catalogue())?;
        Ok(serde_json::to_string(&all)?)
    };
    // SAFETY: as the function's documentation asks of the caller.
    outside(|| unsafe { tell(out, inputs) })
}

/// Sets an input to a JSON value, such as `7`, `"euler"`, or a link `["4", 0]`.
///
/// `node` is an id or a title; an empty text where `input` is the name of a parameter that the
/// graph declares. Validation judges the value. On failure nothing is changed.
///
/// Failures: `INVALID_GRAPH` where the node or input is not there, or a title means several nodes.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_set_json(
    graph: *mut AmdmGraph,
    node: *const c_char,
    input: *const c_char,
    json: *const c_char,
    len: usize,
) -> AmdmStatus {
    outside(|| {
        let graph = HANDLES.get::<Graph>(graph as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        let (node, input, json) =
            unsafe { (text(node, "node")?, text(input, "input")?, sized(json, len, "json")?) };
        let value: Value = serde_json::from_str(json).map_err(|error| {
            let place = if node.is_empty() { input.into() } else { format!("{node}.{input}") };
            Fail::argument(format!("{place}: found {json:?}, expected JSON: {error}"))
        })?;
        let mut state = graph.lock();
        let catalogue = graph.host.runtime().catalogue_for(graph.host.inputs());
        let target = state.target(&catalogue, (node, input))?;
        target.set_value(&mut state.document, &value);
        let unread = state.forget_unread();
        // What ends now may call the embedder, who may be waiting for the graph elsewhere.
        drop(state);
        drop(unread);
        Ok(())
    })
}

/// Sets an input to an image: an `IMAGE` or `MASK` in place of its link, or an input that names a
/// picture, such as `LoadImage.image`. Setting it again replaces what was set.
///
/// A `MASK` takes the values of a grey image, or else the alpha, as they are: 1 is inside. (The
/// mask that `LoadImage` gives is 1 where its picture is transparent.)
///
/// Where a link is replaced, pictures made from the graph are stored without the editor's workflow,
/// which has no such node. Nodes that only the replaced link needed stay in the graph and are
/// judged with it: where one of them is a `LoadImage` of a missing picture, set that node's `image`
/// instead.
///
/// The pixels are copied before this returns, and `image->release` is then called, also on failure.
/// On failure the graph is what it was. Pictures made from the graph record `memory:<sha256>` in
/// place of the image.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_set_image(
    graph: *mut AmdmGraph,
    node: *const c_char,
    input: *const c_char,
    image: *const AmdmImage,
) -> AmdmStatus {
    guard(|| {
        // SAFETY: as the function's documentation asks of the caller.
        let image = unsafe { read(image, "image")? };
        let set = || {
            must_be_outside()?;
            let graph = HANDLES.get::<Graph>(graph as usize)?;
            // SAFETY: as above.
            let (node, input, tensor) = unsafe {
                let tensor = picture::read(&image, graph.host.device())?;
                (text(node, "node")?, text(input, "input")?, tensor)
            };
            fill(&graph, (node, input), tensor, true)
        };
        // A panic is remembered below, once the image is released.
        let set = std::panic::catch_unwind(std::panic::AssertUnwindSafe(set));
        if let Some(release) = image.release {
            // SAFETY: the caller gave it for this; it is called once.
            crate::status::callback(|| unsafe { release(image.release_ctx) });
        }
        set.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Sets an `IMAGE` [batch, height, width, channels], `MASK` [batch, height, width], `LATENT` or
/// `SIGMAS` [steps + 1] input to a tensor, in place of its link. A latent has the batch and 2 to 4
/// extents, such as [batch, channels, height, width], and is taken to be of the consumer's latent
/// space.
///
/// The graph keeps a reference of its own.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_set_tensor(
    graph: *mut AmdmGraph,
    node: *const c_char,
    input: *const c_char,
    tensor: *mut AmdmTensor,
) -> AmdmStatus {
    outside(|| {
        let graph = HANDLES.get::<Graph>(graph as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        let (node, input) = unsafe { (text(node, "node")?, text(input, "input")?) };
        let tensor = Tensor::clone(&*of(tensor)?);
        fill(&graph, (node, input), tensor, false)
    })
}

/// Has an input read `tensor`.
fn fill(graph: &Graph, place: (&str, &str), tensor: Tensor, picture: bool) -> Result<(), Fail> {
    graph.fill(place, |declared| {
        let wire = declared.r#type.as_str();
        let (tensor, class) = if picture && declared.choices_from.as_deref() == Some("images") {
            (coloured(tensor)?, None)
        } else {
            let Some(class) = memory::of_tensor(wire) else {
                let (node, input) = place;
                let message = format!(
                    "{node}.{input}: found an input of type {wire}, expected IMAGE, MASK, LATENT, \
                     SIGMAS, or (for images) the name of a picture"
                );
                return Err(Fail::new(AMDM_STATUS_INVALID_INPUT, message));
            };
            (fitting(wire, tensor)?, Some(class.to_owned()))
        };
        let name = Some(name(&tensor)?);
        Ok(Filling { given: Given::tensor(tensor), name, class })
    })
}

/// A picture as files give it: in colour.
fn coloured(tensor: Tensor) -> Result<Tensor, Fail> {
    match tensor.extents() {
        [_, _, _, 1] => Ok(Tensor::concat(&[&tensor, &tensor, &tensor], 3)?),
        _ => Ok(tensor),
    }
}

/// A tensor in the shape that a wire carries.
fn fitting(wire: &str, tensor: Tensor) -> Result<Tensor, Fail> {
    let shape = tensor.extents().to_vec();
    let wrong = |expected: &str| {
        let message = format!("found a tensor {shape:?} for {wire}, expected {expected}");
        Err(Fail::new(AMDM_STATUS_INVALID_INPUT, message))
    };
    match (wire, shape.as_slice()) {
        ("IMAGE", [_, _, _, 1 | 3 | 4])
        | ("LATENT", [_, _, _] | [_, _, _, _] | [_, _, _, _, _])
        | ("MASK", [_, _, _])
        | ("SIGMAS", [_]) => Ok(tensor),
        // Of an image a mask takes what is grey, or else the alpha.
        ("MASK", [batch, height, width, channels @ (1 | 4)]) => {
            let plane = tensor.narrow(3, channels - 1, 1)?;
            Ok(plane.reshape(&[*batch, *height, *width])?)
        }
        ("IMAGE", _) => wrong("[batch, height, width, 1, 3 or 4]"),
        ("SIGMAS", _) => wrong("[steps + 1]"),
        ("MASK", _) => wrong("[batch, height, width], or an image that is grey or has alpha"),
        _ => wrong("the batch and 2 to 4 extents, such as [batch, channels, height, width]"),
    }
}

/// A name for a tensor that says all about it.
fn name(tensor: &Tensor) -> Result<String, Fail> {
    let mut hash = Sha256::new();
    tensor.extents().iter().for_each(|extent| hash.update(extent.to_le_bytes()));
    tensor.to_f32()?.iter().for_each(|value| hash.update(value.to_le_bytes()));
    Ok(format!("{MEMORY}{}", hex(&hash.finalize().into())))
}

/// Ends a graph. Runs made from it go on. NULL is fine.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_destroy(graph: *mut AmdmGraph) -> AmdmStatus {
    outside(|| HANDLES.destroy::<Graph>(graph as usize).map(drop))
}
