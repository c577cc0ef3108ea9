//! Models and objects of the embedder's for one graph, without names.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use amdm::catalogue::{Catalogue, Input};
use amdm_runtime::{Given, Object};

use crate::graph::{AmdmGraph, Filling, Graph};
use crate::handle::HANDLES;
use crate::layout::text;
use crate::model::{AmdmModelVtable, network, taken};
use crate::own::User;
use crate::status::{AMDM_STATUS_INVALID_INPUT, AmdmStatus, Fail, guard, must_be_outside};
use crate::{lent, memory};

/// Types of what is written into a graph.
const WRITTEN: [&str; 5] = ["BOOLEAN", "INT", "FLOAT", "STRING", "COMBO"];

/// A model of the caller's own for one graph: the `MODEL` input `input` of `node`, such as a
/// lane's, reads it in place of its link. Setting it again replaces what was set.
///
/// `node` and `input` as in `amdm_graph_set_json`, the vtable as in `amdm_host_register_model`, but
/// that the model has no name: `name` may be any text and is for messages. What other inputs are
/// set to is another model, even with the same vtable; calls of each come one at a time unless it
/// is `concurrent`. Conditions that models of one name make are taken for each other's. Results
/// that depend on the model are kept in memory for later runs of this graph, until it is set again,
/// and never on disk, whatever its `version`; none where it is not `deterministic`. Pictures made
/// from the graph record where it was set, and nothing of it.
///
/// The vtable and its texts are copied. `destroy` is called once, on any thread: when the graph and
/// the last run made of it need the model no more, or at once where this fails.
///
/// Failures: `INVALID_ARGUMENT` for an `info_json` that does not fit, `INVALID_INPUT` for an input
/// of another type, `INVALID_GRAPH` where the node or input is not there.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_set_model(
    graph: *mut AmdmGraph,
    node: *const c_char,
    input: *const c_char,
    vtable: *const AmdmModelVtable,
) -> AmdmStatus {
    guard(|| {
        // SAFETY: as the function's documentation asks of the caller.
        let (vtable, user) = unsafe { taken(vtable)? };
        must_be_outside()?;
        let graph = HANDLES.get::<Graph>(graph as usize)?;
        // SAFETY: as above.
        let place = unsafe { (text(node, "node")?, text(input, "input")?) };
        // SAFETY: as above.
        let (model, _) = unsafe { network(vtable, user, graph.host.runtime().models())? };
        let model = Arc::new(model);
        let object = Object::from_model(model.clone());
        let filled = graph.fill(place, |declared| match declared.r#type.as_str() {
            Object::MODEL => Ok(filling(object, memory::MODEL)),
            _ => Err(unlike(place, declared, "MODEL")),
        });
        // Where that failed the model ends here, when nobody holds the graph.
        drop(model);
        filled
    })
}

/// What ends an object of `amdm_graph_set_object`; NULL where there is nothing to end.
pub type AmdmDestroy = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// An object of the caller's own for one graph: the input `input` of `node`, a `CONDITIONING` or a
/// socket of a type that none of the library's own nodes has, reads it in place of its link.
/// Setting it again replaces what was set.
///
/// As a condition it comes to registered models, and to those of `amdm_graph_set_model`, as
/// `positive` or `negative` of their requests; any other model refuses it as it does the condition
/// of another model. `AmdmObjectApi.user_data` gives `user_data` back. `node` and `input` as in
/// `amdm_graph_set_json`. Results that depend on the object are kept as for `amdm_graph_set_model`.
///
/// `destroy` may be NULL. It is called once, on any thread: when the graph and the last run made of
/// it need the object no more, or at once where this fails.
///
/// Failures: `INVALID_INPUT` for an input of another type, `INVALID_GRAPH` where the node or input
/// is not there.
///
/// \thread one at a time for the graph
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_graph_set_object(
    graph: *mut AmdmGraph,
    node: *const c_char,
    input: *const c_char,
    user_data: *mut c_void,
    destroy: AmdmDestroy,
) -> AmdmStatus {
    let user = Arc::new(User { data: user_data, destroy });
    guard(|| {
        must_be_outside()?;
        let graph = HANDLES.get::<Graph>(graph as usize)?;
        // SAFETY: as the function's documentation asks of the caller.
        let place = unsafe { (text(node, "node")?, text(input, "input")?) };
        graph.fill(place, |declared| {
            let wire = declared.r#type.as_str();
            let class = match wire {
                Object::CONDITIONING => memory::CONDITIONING.to_owned(),
                wire if is_own(&graph.host.runtime().catalogue(), wire) => {
                    memory::of_wire(graph.host.runtime(), wire)?
                }
                _ => {
                    let expected = "CONDITIONING or a type of your own nodes";
                    return Err(unlike(place, declared, expected));
                }
            };
            Ok(filling(lent::object(wire, &user)?, class))
        })
    })
}

fn filling(object: Object, class: impl Into<String>) -> Filling {
    Filling { given: Given::object(object), name: None, class: Some(class.into()) }
}

fn unlike((node, input): (&str, &str), declared: &Input, expected: &str) -> Fail {
    let found = &declared.r#type;
    let message = format!("{node}.{input}: found an input of type {found}, expected {expected}");
    Fail::new(AMDM_STATUS_INVALID_INPUT, message)
}

/// Whether a wire is of embedders' nodes alone: ours would look for what is not in their objects.
fn is_own(catalogue: &Catalogue, wire: &str) -> bool {
    let mut ours = catalogue.nodes().filter(|node| node.pack.starts_with("amdm:"));
    !WRITTEN.contains(&wire)
        && !ours.any(|node| {
            node.inputs.iter().any(|input| input.r#type == wire)
                || node.outputs.iter().any(|output| output.r#type == wire)
        })
}
