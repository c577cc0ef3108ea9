//! What a callback of the embedder's may touch, and the handles that are its for the time.
//!
//! Handles that a table function gives are freed when the callback returns; who keeps one longer
//! retains it. A handle that is given away (an output that is set) is used up: the reference that
//! the callback was lent, or else one that it retained.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use amdm::error::Error;
use amdm_diffusion::{Cancel, Denoiser, Models, NoiseLevel, Tensor};
use amdm_runtime::{Access, NodeCall, Object, Place, Running, StepView, Value};

use crate::handle::{HANDLES, Kind, kind};
use crate::layout::{AmdmStr, sized};
use crate::status::{
    AMDM_STATUS_INTERNAL, AMDM_STATUS_UNSUPPORTED, AMDM_STATUS_WRONG_STATE, AmdmStatus, Fail,
    callback, guard,
};
use crate::tensor::AmdmTensor;

/// A callback in progress; ends with it.
pub struct AmdmContext {
    _private: [u8; 0],
}

/// A typed value of a wire; immutable, shared by references.
pub struct AmdmObject {
    _private: [u8; 0],
}

/// A denoising network; shared by references.
pub struct AmdmModel {
    _private: [u8; 0],
}

/// A stream of standard normal values.
pub struct AmdmGenerator {
    _private: [u8; 0],
}

/// Kind of a value: none; only of what is absent.
pub const AMDM_VALUE_NONE: u32 = 0;
/// `as.integer`, 0 or 1.
pub const AMDM_VALUE_BOOLEAN: u32 = 1;
/// `as.integer`.
pub const AMDM_VALUE_INTEGER: u32 = 2;
/// `as.number`.
pub const AMDM_VALUE_FLOAT: u32 = 3;
/// `as.text`: a string, or a choice's name.
pub const AMDM_VALUE_TEXT: u32 = 4;
/// `as.text`: JSON.
pub const AMDM_VALUE_JSON: u32 = 5;
/// `as.tensor`: images, masks.
pub const AMDM_VALUE_TENSOR: u32 = 6;
/// `as.object`: every other wire.
pub const AMDM_VALUE_OBJECT: u32 = 7;

/// What a value holds, by its kind.
#[repr(C)]
#[derive(Clone, Copy)]
pub union AmdmValueAs {
    /// Whole numbers and booleans.
    pub integer: i64,
    /// Floats.
    pub number: f64,
    /// Texts and JSON.
    pub text: AmdmStr,
    /// Tensors.
    pub tensor: *mut AmdmTensor,
    /// Objects.
    pub object: *mut AmdmObject,
}

/// A value on a wire or in a widget.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmValue {
    /// `AMDM_VALUE_*`.
    pub kind: u32,
    /// 0.
    pub reserved: u32,
    /// What it holds.
    pub r#as: AmdmValueAs,
}

/// A value with a name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmNamedValue {
    /// The name.
    pub name: AmdmStr,
    /// The value.
    pub value: AmdmValue,
}

impl AmdmValue {
    pub(crate) const NONE: Self =
        Self { kind: AMDM_VALUE_NONE, reserved: 0, r#as: AmdmValueAs { integer: 0 } };
}

/// The networks behind model handles.
pub(crate) struct Model(pub Arc<dyn Denoiser>);

/// The stream behind a generator's handle.
pub(crate) struct Generator(pub Mutex<amdm_diffusion::noise::Generator>);

kind!(Object, 5, "an object");
kind!(Model, 6, "a model");
kind!(Generator, 7, "a generator");
kind!(Context, 8, "a callback in progress");

/// A handle that a callback was lent, and how it ends; one that was used up is gone already.
struct Lent {
    handle: usize,
    release: fn(usize),
}

type CancelFn = dyn Fn() -> bool + Sync;

/// Who is asked whether the run is being stopped.
struct Asked(*const CancelFn);

// SAFETY: it may be called from any thread, and is there as long as the context names it.
unsafe impl Send for Asked {}

/// Ends the asking of a function that is about to end.
pub(crate) struct CancelledBy<'c> {
    context: Arc<Context>,
    _cancel: Cancel<'c>,
}

impl Drop for CancelledBy<'_> {
    fn drop(&mut self) {
        *self.context.cancel.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A callback in progress.
pub(crate) struct Context {
    models: Weak<Models>,
    call: Option<NodeCall>,
    step: Option<StepView>,
    /// The run that a model is asked for.
    running: Option<Running>,
    /// Where the callback's thread stands, for threads of the embedder's that work for it.
    place: OnceLock<Place>,
    cancel: Mutex<Option<Asked>>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    lent: Vec<Lent>,
    texts: Vec<Box<str>>,
    lists: Vec<Box<[AmdmNamedValue]>>,
    failure: Option<Fail>,
    /// Of the requests that a model is given.
    levels: Vec<NoiseLevel>,
}

// SAFETY: the pointers in lists are handles and texts of this same context.
unsafe impl Send for Held {}

impl Context {
    pub fn new(models: &Weak<Models>, call: Option<NodeCall>, step: Option<StepView>) -> Arc<Self> {
        let (models, cancel, held) = (models.clone(), Mutex::default(), Mutex::default());
        let (running, place) = (Running::here(), OnceLock::new());
        Arc::new(Self { models, call, step, running, place, cancel, held })
    }

    /// Remembers where the requests are that a model is given.
    pub fn give_levels(&self, levels: Vec<NoiseLevel>) {
        self.held().levels = levels;
    }

    /// Where the request `index` is.
    pub fn level(&self, index: usize) -> Result<NoiseLevel, Fail> {
        let held = self.held();
        let level = held.levels.get(index).copied();
        level.ok_or_else(|| {
            let count = held.levels.len();
            Fail::argument(format!("found request {index}, expected one of {count}"))
        })
    }

    /// Calls the embedder's code, on the thread where it runs, once it may.
    pub fn call_out<T>(&self, work: impl FnOnce() -> T) -> T {
        // It is set once: a context is for one callback.
        let _ = self.place.set(Place::here());
        callback(work)
    }

    /// Does `work` with a handle on the context, which then ends; what `fail` said comes out in
    /// place of a bare status.
    pub fn during(
        self: &Arc<Self>,
        work: impl FnOnce(*mut AmdmContext) -> Result<AmdmStatus, Error>,
    ) -> Result<(), Error> {
        let handle = HANDLES.insert(self.clone()).map_err(Fail::into_error)?;
        let status = work(handle as *mut AmdmContext);
        drop(HANDLES.release::<Self>(handle));
        let failure = self.held().failure.take();
        self.end();
        match status? {
            0 => Ok(()),
            status => Err(failure
                .unwrap_or_else(|| {
                    let message = format!("the callback returned {status} and no message");
                    Fail::new(if status < 0 { status } else { AMDM_STATUS_INTERNAL }, message)
                })
                .into_error()),
        }
    }

    /// Ends what was lent: at the end of the callback, and once more where another thread was late.
    fn end(&self) {
        let lent = std::mem::take(&mut self.held().lent);
        lent.into_iter().for_each(|lent| (lent.release)(lent.handle));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host's networks, and with them its device.
    pub fn models(&self) -> Result<Arc<Models>, Fail> {
        let gone = || Fail::new(AMDM_STATUS_WRONG_STATE, "the host is being destroyed");
        self.models.upgrade().ok_or_else(gone)
    }

    /// A network by name; a run notes that it was looked at.
    pub fn load_model(&self, name: &str, options_json: &str) -> Result<Arc<dyn Denoiser>, Fail> {
        Ok(match (&self.call, &self.running) {
            (Some(call), _) => call.load_model(name, options_json)?,
            (_, Some(running)) => running.load_model(name, options_json)?,
            _ => self.models()?.load(name, options_json)?,
        })
    }

    /// The network of a handle. Where a model's callback asks it, the run notes that.
    pub fn asked(&self, handle: *const AmdmModel) -> Result<Arc<Model>, Fail> {
        let model = HANDLES.get::<Model>(handle as usize)?;
        if let (None, Some(running)) = (&self.call, &self.running) {
            running.asks(&model.0);
        }
        Ok(model)
    }

    /// The node's call.
    pub fn call(&self) -> Result<&NodeCall, Fail> {
        let none = || Fail::new(AMDM_STATUS_UNSUPPORTED, "only a node's callback has this");
        self.call.as_ref().ok_or_else(none)
    }

    /// What a node's or a step operator's callback may ask of its run; none in a model's.
    pub fn access(&self) -> Option<&Access> {
        self.call.as_deref().or_else(|| self.step.as_ref().map(StepView::access))
    }

    /// The sampling's state.
    pub fn step(&self) -> Result<&StepView, Fail> {
        let none =
            || Fail::new(AMDM_STATUS_UNSUPPORTED, "only a step operator's callback has this");
        self.step.as_ref().ok_or_else(none)
    }

    /// Whether the run is being stopped.
    pub fn cancelled(&self) -> bool {
        match (&self.call, &self.step) {
            (Some(call), _) => call.cancelled(),
            (_, Some(step)) => step.cancelled(),
            _ if self.running.as_ref().is_some_and(Running::cancelled) => true,
            _ => {
                let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
                // SAFETY: whoever set it takes it away, under this lock, before it ends.
                cancel.as_ref().is_some_and(|cancel| unsafe { (*cancel.0)() })
            }
        }
    }

    /// Has a model's callback ask `cancel` whether the run is being stopped, until what it returns
    /// is dropped.
    pub fn cancelled_by<'c>(self: &Arc<Self>, cancel: Cancel<'c>) -> CancelledBy<'c> {
        // SAFETY: only the lifetime is dropped; `CancelledBy` takes the pointer away within it.
        let asked = unsafe {
            std::mem::transmute::<*const (dyn Fn() -> bool + Sync + 'c), *const CancelFn>(cancel)
        };
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = Some(Asked(asked));
        CancelledBy { context: self.clone(), _cancel: cancel }
    }

    pub fn fail(&self, fail: Fail) {
        self.held().failure = Some(fail);
    }

    /// Says that what a model's callback gives depends on more than the graph and the models' names
    /// say.
    pub fn depends_on_more(&self) {
        if let Some(running) = &self.running {
            running.depends_on_more();
        }
    }

    fn lend_handle<T: Kind, H>(&self, value: T) -> Result<*mut H, Fail> {
        let handle = HANDLES.insert(Arc::new(value))?;
        let release = |handle| drop(HANDLES.release::<T>(handle));
        self.held().lent.push(Lent { handle, release });
        Ok(handle as *mut H)
    }

    pub fn lend_tensor(&self, tensor: Tensor) -> Result<*mut AmdmTensor, Fail> {
        self.lend_handle(tensor)
    }

    pub fn lend_object(&self, object: Object) -> Result<*mut AmdmObject, Fail> {
        self.lend_handle(object)
    }

    pub fn lend_model(&self, model: Arc<dyn Denoiser>) -> Result<*mut AmdmModel, Fail> {
        self.lend_handle(Model(model))
    }

    pub fn lend_generator(&self, seed: u64) -> Result<*mut AmdmGenerator, Fail> {
        self.lend_handle(Generator(Mutex::new(amdm_diffusion::noise::Generator::new(seed))))
    }

    /// A text that lives as long as the callback.
    pub fn lend_text(&self, text: impl Into<Box<str>>) -> AmdmStr {
        let text = text.into();
        let lent = AmdmStr::of(&text);
        self.held().texts.push(text);
        lent
    }

    /// A value as the callback sees it.
    pub fn lend(&self, value: Value) -> Result<AmdmValue, Fail> {
        use AmdmValueAs as As;
        let text = |text: &str| As { text: self.lend_text(text) };
        let (kind, r#as) = match value {
            Value::Boolean(value) => (AMDM_VALUE_BOOLEAN, As { integer: value.into() }),
            Value::Integer(integer) => (AMDM_VALUE_INTEGER, As { integer }),
            Value::Float(number) => (AMDM_VALUE_FLOAT, As { number }),
            Value::Text(value) => (AMDM_VALUE_TEXT, text(&value)),
            Value::Json(value) => (AMDM_VALUE_JSON, text(&value)),
            Value::Tensor(value) => (AMDM_VALUE_TENSOR, As { tensor: self.lend_tensor(value)? }),
            Value::Object(value) => (AMDM_VALUE_OBJECT, As { object: self.lend_object(value)? }),
        };
        Ok(AmdmValue { kind, reserved: 0, r#as })
    }

    /// Named values that live as long as the callback.
    pub fn lend_list(
        &self,
        values: Vec<(String, Value)>,
    ) -> Result<(*const AmdmNamedValue, usize), Fail> {
        let named = values.into_iter().map(|(name, value)| {
            Ok(AmdmNamedValue { name: self.lend_text(name), value: self.lend(value)? })
        });
        let list = named.collect::<Result<Box<[_]>, Fail>>()?;
        let lent = (list.as_ptr(), list.len());
        self.held().lists.push(list);
        Ok(lent)
    }

    /// Takes a tensor that is given away.
    pub fn take_tensor(&self, handle: *mut AmdmTensor) -> Result<Tensor, Fail> {
        self.take_handle(handle as usize)
    }

    /// Takes an object that is given away.
    pub fn take_object(&self, handle: *mut AmdmObject) -> Result<Object, Fail> {
        self.take_handle(handle as usize)
    }

    fn take_handle<T: Kind + Clone>(&self, handle: usize) -> Result<T, Fail> {
        let value = HANDLES.get::<T>(handle)?;
        let mut held = self.held();
        if let Some(at) = held.lent.iter().position(|lent| lent.handle == handle) {
            held.lent.swap_remove(at);
        }
        drop(held);
        drop(HANDLES.release::<T>(handle));
        Ok(T::clone(&value))
    }

    /// A value that the callback gives away.
    ///
    /// # Safety
    /// Its union holds what its kind says.
    pub unsafe fn take(&self, value: AmdmValue) -> Result<Value, Fail> {
        let AmdmValue { kind, r#as, .. } = value;
        // SAFETY: the caller says so, of all of it.
        unsafe {
            let text = || sized(r#as.text.ptr, r#as.text.len, "a text");
            match kind {
                AMDM_VALUE_BOOLEAN => Ok(Value::Boolean(r#as.integer != 0)),
                AMDM_VALUE_INTEGER => Ok(Value::Integer(r#as.integer)),
                AMDM_VALUE_FLOAT => Ok(Value::Float(r#as.number)),
                AMDM_VALUE_TEXT => text().map(|text| Value::Text(text.into())),
                AMDM_VALUE_JSON => text().map(|text| Value::Json(text.into())),
                AMDM_VALUE_TENSOR => self.take_tensor(r#as.tensor).map(Value::Tensor),
                AMDM_VALUE_OBJECT => self.take_object(r#as.object).map(Value::Object),
                _ => Err(Fail::argument(format!("found value kind {kind}, expected 1 to 7"))),
            }
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        self.end();
    }
}

/// The body of a table function: the context of a callback in progress.
pub(crate) fn within(
    context: *mut AmdmContext,
    body: impl FnOnce(&Context) -> Result<(), Fail>,
) -> AmdmStatus {
    guard(|| {
        let context = HANDLES.get::<Context>(context as usize)?;
        match context.place.get() {
            // A thread of the embedder's own.
            Some(place) if Running::here().is_none() => place.clone().with(|| body(&context)),
            _ => body(&context),
        }
    })
}
