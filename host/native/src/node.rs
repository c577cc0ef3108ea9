//! The embedder's own nodes and step operators: a vtable as a class of the host's.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::{Code, Error};
use amdm::math::Phase;
use amdm_runtime::{Host, Node, NodeCall, Registration, StepOperator, StepView, on_caller};

use crate::context::{AmdmContext, Context};
use crate::host::{AmdmHost, registering};
use crate::layout::{Versioned, read, text};
use crate::own::{Own, User};
use crate::status::{AmdmStatus, Fail, callback, guard};
use crate::tables::{AmdmNodeApi, NODE_API};

/// Steps [start, end).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct AmdmWindow {
    /// First step.
    pub start: u32,
    /// One more than the last.
    pub end: u32,
}

/// A class of nodes: its descriptor as JSON, and functions that the host calls.
///
/// `descriptor_json` is an object as `amdm_host_node_schemas` lists them: `type`
/// (`acme.blur.BoxBlur`), `pack` (`acme:blur`), `version`, `title`, `category`, `description`,
/// `inputs`, `outputs`, and where they apply `output_node`, `step_operator` ({"phases": ["prepare",
/// ...]}), `deterministic` (false: its results are not kept). `concurrent` (false) says whether
/// several runs may call the node at once.
///
/// Calls come on the thread that executes the run: the caller of `amdm_run_execute`, or the worker
/// of `amdm_run_start`. A node that is no step operator needs `execute` alone; a step operator
/// needs `make_operator`, `operator_window` and `operator_apply`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmNodeVtable {
    /// `sizeof(AmdmNodeVtable)`.
    pub struct_size: usize,
    /// What the class is, copied at once.
    pub descriptor_json: *const c_char,
    /// Handed to every function.
    pub user_data: *mut c_void,
    /// Executes one node once: reads inputs, sets outputs.
    pub execute: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
        ) -> AmdmStatus,
    >,
    /// Makes an operator for one sampling and leaves a pointer of the embedder's in `out`.
    pub make_operator: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
            out: *mut *mut c_void,
        ) -> AmdmStatus,
    >,
    /// Writes the steps in which the operator acts, of `steps`; `before` holds the windows of the
    /// `count` operators before it in the chain.
    pub operator_window: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            operator_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
            steps: u32,
            before: *const AmdmWindow,
            count: usize,
            out: *mut AmdmWindow,
        ) -> AmdmStatus,
    >,
    /// Writes 1 where it needs conditional and unconditional predictions apart, else 0. NULL: it
    /// does not.
    pub operator_wants_parts: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            operator_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
            out: *mut u32,
        ) -> AmdmStatus,
    >,
    /// Refuses what it cannot do with the lanes, before any network runs. NULL: it can do all.
    pub operator_check: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            operator_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
        ) -> AmdmStatus,
    >,
    /// Acts in one phase (`AMDM_PHASE_*`) of one step; phases are those that the descriptor names.
    pub operator_apply: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            operator_data: *mut c_void,
            ctx: *mut AmdmContext,
            api: *const AmdmNodeApi,
            phase: u32,
        ) -> AmdmStatus,
    >,
    /// Ends an operator; on any thread. May be NULL.
    pub operator_destroy:
        Option<unsafe extern "C" fn(user_data: *mut c_void, operator_data: *mut c_void)>,
    /// Called once for each registration, when the host needs the class no more, also where the
    /// registration failed; on any thread. May be NULL.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

// SAFETY: `repr(C)`, the size first, pointers that may be NULL.
unsafe impl Versioned for AmdmNodeVtable {}

/// A registered class.
struct OwnNode(Arc<Own<AmdmNodeVtable>>);

/// An operator of a registered class, with the call that it was made with.
struct OwnOperator {
    own: Arc<Own<AmdmNodeVtable>>,
    data: usize,
    call: NodeCall,
}

/// Adds a class of nodes of the caller's own, for the graphs that are made from now on.
///
/// The vtable and its texts are copied. `destroy` is called once: when the host is through with the
/// class, or at once where this fails.
///
/// Failures: `INVALID_ARGUMENT` for what is no descriptor, `INVALID_INPUT` for a class that is
/// there already or is not named after its pack, `DENIED` for a pack named `amdm:*`.
///
/// \thread any
#[unsafe(no_mangle)]
pub unsafe extern "C" fn amdm_host_register_node(
    host: *mut AmdmHost,
    vtable: *const AmdmNodeVtable,
) -> AmdmStatus {
    guard(|| {
        let host = registering(host);
        let host = host.as_ref().map(|host| host.runtime()).map_err(Fail::clone);
        // SAFETY: as the function's documentation asks of the caller.
        let class = unsafe { class(host.clone(), vtable)? };
        Ok(host?.register_node(class.descriptor, class.node, class.concurrent)?)
    })
}

/// The class of a vtable, for `host`.
///
/// # Safety
/// `vtable` is as its documentation says.
pub(crate) unsafe fn class(
    host: Result<&Host, Fail>,
    vtable: *const AmdmNodeVtable,
) -> Result<Registration, Fail> {
    // SAFETY: the caller says so.
    let vtable = unsafe { read(vtable, "vtable")? };
    // From here on the vtable's data is ended, whatever happens.
    let user = User { data: vtable.user_data, destroy: vtable.destroy };
    let host = host?;
    // SAFETY: as above.
    let (descriptor, concurrent) =
        descriptor(unsafe { text(vtable.descriptor_json, "descriptor_json")? })?;
    let needed = match descriptor.step_operator {
        None => vec![("execute", vtable.execute.is_some())],
        Some(_) => vec![
            ("make_operator", vtable.make_operator.is_some()),
            ("operator_window", vtable.operator_window.is_some()),
            ("operator_apply", vtable.operator_apply.is_some()),
        ],
    };
    if let Some((name, _)) = needed.iter().find(|(_, there)| !there) {
        let class = &descriptor.r#type;
        return Err(Fail::argument(format!("found NULL for {name}, which {class} needs")));
    }
    let own = Arc::new(Own { vtable, user, models: Arc::downgrade(host.models()), turn: None });
    Ok(Registration { descriptor, node: Arc::new(OwnNode(own)), concurrent })
}

fn descriptor(text: &str) -> Result<(Descriptor, bool), Fail> {
    let wrong = |error: &dyn std::fmt::Display| {
        Fail::argument(format!("found a descriptor_json that is no descriptor: {error}"))
    };
    let mut json: serde_json::Value = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    let concurrent = json.as_object_mut().and_then(|object| object.remove("concurrent"));
    let concurrent = match concurrent {
        None => false,
        Some(value) => {
            value.as_bool().ok_or_else(|| wrong(&"concurrent is neither true nor false"))?
        }
    };
    let descriptor = serde_json::from_value(json).map_err(|error| wrong(&error))?;
    Ok((descriptor, concurrent))
}

impl Own<AmdmNodeVtable> {
    fn work<T: Send + 'static>(
        self: &Arc<Self>,
        (call, step): (&NodeCall, Option<&StepView>),
        work: impl FnOnce(&Self, *mut AmdmContext) -> (AmdmStatus, T) + Send + 'static,
    ) -> Result<T, Error> {
        let context = Context::new(&self.models, Some(call.clone()), step.cloned());
        self.ask(&context, |own, _, handle| work(own, handle))
    }
}

fn absent(name: &str) -> Error {
    Error::new(Code::Internal, format!("the class has no {name}"))
}

impl Node for OwnNode {
    fn execute(&self, call: &NodeCall) -> Result<(), Error> {
        let execute = self.0.vtable.execute.ok_or_else(|| absent("execute"))?;
        self.0.work((call, None), move |own, ctx| {
            // SAFETY: as the vtable's documentation says.
            (unsafe { execute(own.user.data, ctx, &raw const NODE_API) }, ())
        })
    }

    fn operator(&self, call: &NodeCall) -> Result<Box<dyn StepOperator>, Error> {
        let make = self.0.vtable.make_operator.ok_or_else(|| absent("make_operator"))?;
        let data = self.0.work((call, None), move |own, ctx| {
            let mut data = std::ptr::null_mut();
            // SAFETY: as the vtable's documentation says.
            let status = unsafe { make(own.user.data, ctx, &raw const NODE_API, &mut data) };
            (status, data as usize)
        })?;
        Ok(Box::new(OwnOperator { own: self.0.clone(), data, call: call.clone() }))
    }
}

impl OwnOperator {
    /// Calls a function of the operator, with its data.
    fn work<T: Send + 'static>(
        &self,
        step: Option<&StepView>,
        work: impl FnOnce(*mut c_void, *mut c_void, *mut AmdmContext) -> (AmdmStatus, T)
        + Send
        + 'static,
    ) -> Result<T, Error> {
        let data = self.data;
        let work = move |own: &Own<_>, ctx| work(own.user.data, data as *mut c_void, ctx);
        self.own.work((&self.call, step), work)
    }
}

impl StepOperator for OwnOperator {
    fn window(&mut self, steps: u32, before: &[(u32, u32)]) -> Result<(u32, u32), Error> {
        let window = self.own.vtable.operator_window.ok_or_else(|| absent("operator_window"))?;
        let before = before.iter().map(|&(start, end)| AmdmWindow { start, end });
        let before = before.collect::<Vec<_>>();
        let window = self.work(None, move |user, data, ctx| {
            let (api, mut out) = (&raw const NODE_API, AmdmWindow::default());
            let (first, count) = (before.as_ptr(), before.len());
            // SAFETY: as the vtable's documentation says.
            let status = unsafe { window(user, data, ctx, api, steps, first, count, &mut out) };
            (status, out)
        })?;
        Ok((window.start, window.end))
    }

    fn wants_parts(&mut self) -> Result<bool, Error> {
        let Some(wants) = self.own.vtable.operator_wants_parts else { return Ok(false) };
        self.work(None, move |user, data, ctx| {
            let mut out = 0;
            // SAFETY: as the vtable's documentation says.
            let status = unsafe { wants(user, data, ctx, &raw const NODE_API, &mut out) };
            (status, out != 0)
        })
    }

    fn check(&mut self, step: &StepView) -> Result<(), Error> {
        let Some(check) = self.own.vtable.operator_check else { return Ok(()) };
        self.work(Some(step), move |user, data, ctx| {
            // SAFETY: as the vtable's documentation says.
            (unsafe { check(user, data, ctx, &raw const NODE_API) }, ())
        })
    }

    fn apply(&mut self, phase: Phase, step: &StepView) -> Result<(), Error> {
        let apply = self.own.vtable.operator_apply.ok_or_else(|| absent("operator_apply"))?;
        let phase = phase as u32;
        self.work(Some(step), move |user, data, ctx| {
            // SAFETY: as the vtable's documentation says.
            (unsafe { apply(user, data, ctx, &raw const NODE_API, phase) }, ())
        })
    }
}

impl Drop for OwnOperator {
    fn drop(&mut self) {
        if let Some(destroy) = self.own.vtable.operator_destroy {
            let (own, data) = (self.own.clone(), self.data);
            // The operator ends on the thread that it worked on; without one, here.
            let _ = on_caller(move || {
                // SAFETY: as the vtable's documentation says; this is the only call.
                callback(|| unsafe { destroy(own.user.data, data as *mut c_void) });
            });
        }
    }
}
