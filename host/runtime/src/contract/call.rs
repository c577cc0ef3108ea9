//! Interface `runtime`: what a node sees of the run that it is part of.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amdm::catalogue::Descriptor;
use amdm::error::{Code, Error};
use amdm_diffusion::Tensor;
use wasmtime::component::Resource;

use super::objects::into_trap;
use super::{HostError, Model, StoreData, clean, short};
use crate::bindings::amdm::node::objects::Value as WitValue;
use crate::bindings::amdm::node::runtime;
use crate::bindings::amdm::node::types::LogLevel;
use crate::cache::{Checkpoints, NUMBERS};
use crate::failure::{Failure, FailureCode, NodeRef};
use crate::memory::Ledger;
use crate::run::{Event, Level, Shared};
use crate::value::Value;

/// One execution of one node: what it is given, and what it gives.
pub struct Call {
    inputs: Vec<(String, Value)>,
    /// What the inputs keep alive; they are on no wire any more.
    _held: Ledger,
    descriptor: Descriptor,
    wanted: HashSet<String>,
    outputs: Outputs,
    /// Where unfinished work is kept, where it is.
    checkpoints: Option<Arc<Checkpoints>>,
}

/// What a node has set so far; outlives the guest's handle on the call.
#[derive(Clone)]
pub struct Outputs(Arc<Mutex<Set>>);

struct Set {
    values: Vec<(String, Value)>,
    /// What the values keep alive.
    ledger: Ledger,
    refused: Option<Failure>,
}

impl Outputs {
    /// The outputs, in the order in which they were set; leaves none behind.
    ///
    /// # Errors
    /// `pack_mismatch` where one was refused.
    pub fn take(&self) -> Result<Vec<(String, Value)>, Failure> {
        let mut set = self.lock();
        let values = std::mem::take(&mut set.values);
        set.refused.take().map_or(Ok(values), Err)
    }

    fn set(&self, name: &str, value: Value) -> Result<(), Error> {
        let mut set = self.lock();
        set.ledger.add(&value.held())?;
        if let Some(at) = set.values.iter().position(|(key, _)| key == name) {
            let (_, before) = set.values.remove(at);
            set.ledger.remove(&before.held());
        }
        set.values.push((name.to_owned(), value));
        Ok(())
    }

    fn refuse(&self, failure: &Failure) {
        self.lock().refused.get_or_insert_with(|| failure.clone());
    }

    fn lock(&self) -> MutexGuard<'_, Set> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Handle = Resource<Call>;

impl Call {
    /// A call of the node that `descriptor` describes, in `run`. `wanted` names the linked outputs.
    ///
    /// # Errors
    /// `limit_exceeded` where the inputs are more than the run may hold.
    pub fn new(
        run: &Shared,
        descriptor: Descriptor,
        inputs: Vec<(String, Value)>,
        wanted: HashSet<String>,
    ) -> Result<Self, Error> {
        let mut held = Ledger::new(run.limits.run_tensor_bytes, &run.tensors);
        for (_, value) in &inputs {
            held.add(&value.held())?;
        }
        let ledger = Ledger::new(run.limits.node_tensor_bytes, &run.tensors);
        let set = Set { values: Vec::new(), ledger, refused: None };
        let outputs = Outputs(Arc::new(Mutex::new(set)));
        Ok(Self { inputs, _held: held, descriptor, wanted, outputs, checkpoints: None })
    }

    /// With a place for unfinished work.
    pub(crate) fn with_checkpoints(self, checkpoints: Option<Arc<Checkpoints>>) -> Self {
        Self { checkpoints, ..self }
    }

    /// What its class is.
    pub(crate) fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The value of an input.
    pub(crate) fn input(&self, name: &str) -> Option<Value> {
        self.inputs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// The members of an open-ended group, in order.
    pub(crate) fn members(&self, prefix: &str) -> Vec<(String, Value)> {
        self.inputs.iter().filter(|(key, _)| is_member(key, prefix)).cloned().collect()
    }

    /// Whether anything uses an output.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.wanted.contains(name)
    }

    /// Where the outputs appear.
    pub fn outputs(&self) -> Outputs {
        self.outputs.clone()
    }

    /// Keeps an output; what the descriptor does not say is remembered as the pack's fault, whether
    /// or not the node reports it.
    pub(crate) fn accept(&self, name: &str, value: Value) -> Result<(), Failure> {
        let result = self.judge(name, &value);
        let result = result.and_then(|()| Ok(self.outputs.set(name, value)?));
        if let Err(failure) = &result {
            self.outputs.refuse(failure);
        }
        result
    }

    fn judge(&self, name: &str, value: &Value) -> Result<(), Failure> {
        let descriptor = &self.descriptor;
        let mismatch = |message: String| {
            let pack = &descriptor.pack;
            Failure::new(FailureCode::PackMismatch, format!("pack {pack}: {message}"))
        };
        let Some(output) = descriptor.outputs.iter().find(|output| output.name == name) else {
            let names = descriptor.outputs.iter().map(|output| output.name.as_str());
            let expected = match names.collect::<Vec<_>>().join(", ") {
                names if names.is_empty() => "none".into(),
                names => names,
            };
            return Err(mismatch(format!(
                "{} set the output {:?}, its descriptor names {expected}",
                descriptor.r#type,
                clean(name)
            )));
        };
        if fits(&output.r#type, value) {
            return Ok(());
        }
        Err(mismatch(format!(
            "{} set its output {name} to {}, expected {}",
            descriptor.r#type,
            value.describe(),
            output.r#type
        )))
    }
}

/// Whether a value may travel on a wire of type `wire`.
pub(crate) fn fits(wire: &str, value: &Value) -> bool {
    match (wire, value) {
        ("BOOLEAN", Value::Boolean(_))
        | ("INT", Value::Integer(_))
        | ("FLOAT", Value::Float(_))
        | ("STRING" | "COMBO", Value::Text(_)) => true,
        ("IMAGE", Value::Tensor(tensor)) => {
            matches!(amdm::math::Tensor::shape(tensor)[..], [_, _, _, 1 | 3 | 4])
        }
        ("MASK", Value::Tensor(tensor)) => amdm::math::Tensor::shape(tensor).len() == 3,
        ("BOOLEAN" | "INT" | "FLOAT" | "STRING" | "COMBO" | "IMAGE" | "MASK", _) => false,
        (_, Value::Object(object)) => object.kind() == wire,
        // A pack's own wire may carry bare tensors.
        (_, Value::Tensor(_)) => true,
        _ => false,
    }
}

impl runtime::Host for StoreData {}

impl runtime::HostCall for StoreData {
    fn input(&mut self, this: Handle, name: String) -> wasmtime::Result<Option<WitValue>> {
        self.table
            .get(&this)?
            .input(&name)
            .map(|value| self.lower(value).map_err(into_trap))
            .transpose()
    }

    fn inputs(
        &mut self,
        this: Handle,
        prefix: String,
    ) -> wasmtime::Result<Vec<(String, WitValue)>> {
        let members = self.table.get(&this)?.members(&prefix);
        members
            .into_iter()
            .map(|(name, value)| Ok((name, self.lower(value).map_err(into_trap)?)))
            .collect()
    }

    fn set_output(&mut self, this: Handle, name: String, value: WitValue) -> Result<(), HostError> {
        let _work = self.work()?;
        let value = self.lift(value)?;
        Ok(self.table.get(&this)?.accept(&name, value)?)
    }

    fn output_wanted(&mut self, this: Handle, name: String) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.wants(&name))
    }

    fn set_ui(&mut self, this: Handle, json: String) -> wasmtime::Result<()> {
        self.table.get(&this)?;
        match show(&self.run, &self.node, &json) {
            Err(error) if error.code == Code::LimitExceeded => Err(wasmtime::Error::new(error)),
            Err(error) => {
                tracing::warn!(node = %self.node, %error, "set-ui was given no JSON");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn progress(&mut self, this: Handle, step: u32, total: u32) -> wasmtime::Result<()> {
        self.table.get(&this)?;
        self.run.emit(Event::Progress { node: self.node.id.clone(), step, total });
        Ok(())
    }

    fn preview(
        &mut self,
        this: Handle,
        model: Resource<Model>,
        latent: Resource<Tensor>,
    ) -> wasmtime::Result<()> {
        let _work = self.clock.work();
        self.table.get(&this)?;
        let (model, latent) = (self.table.get(&model)?, self.table.get(&latent)?);
        self.run.preview(&self.node, &model.0, latent);
        Ok(())
    }

    fn cancelled(&mut self, this: Handle) -> wasmtime::Result<bool> {
        self.table.get(&this)?;
        Ok(self.run.cancel.is_set())
    }

    fn checkpoint(
        &mut self,
        this: Handle,
    ) -> wasmtime::Result<Option<(Vec<f64>, Vec<Resource<Tensor>>)>> {
        let _work = self.clock.work();
        let Some(checkpoints) = self.table.get(&this)?.checkpoints.clone() else {
            return Ok(None);
        };
        let Some((numbers, tensors)) = checkpoints.find(&self.run.device) else {
            return Ok(None);
        };
        let tensors = tensors
            .into_iter()
            .map(|tensor| self.push_tensor(tensor).map_err(into_trap))
            .collect::<wasmtime::Result<_>>()?;
        self.run.resumed(&self.node);
        Ok(Some((numbers, tensors)))
    }

    fn checkpoint_due(&mut self, this: Handle) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.checkpoints.as_ref().is_some_and(|kept| kept.due()))
    }

    fn keep_checkpoint(
        &mut self,
        this: Handle,
        numbers: Vec<f64>,
        tensors: Vec<Resource<Tensor>>,
    ) -> Result<(), HostError> {
        let _work = self.work()?;
        let Some(checkpoints) = self.table.get(&this)?.checkpoints.clone() else { return Ok(()) };
        if numbers.len() > NUMBERS {
            let found = numbers.len();
            let message = format!("found a checkpoint of {found} numbers, at most {NUMBERS}");
            return Err(Error::new(Code::LimitExceeded, message).into());
        }
        let tensors = tensors
            .iter()
            .map(|tensor| Ok(self.table.get(tensor)?.clone()))
            .collect::<wasmtime::Result<Vec<_>>>()?;
        self.affordable(&tensors)?;
        checkpoints.keep(&numbers, tensors, &self.run.seen());
        Ok(())
    }

    fn log(&mut self, this: Handle, level: LogLevel, message: String) -> wasmtime::Result<()> {
        self.table.get(&this)?;
        let level = match level {
            LogLevel::Trace => Level::Trace,
            LogLevel::Debug => Level::Debug,
            LogLevel::Info => Level::Info,
            LogLevel::Warn => Level::Warn,
            LogLevel::Error => Level::Error,
        };
        self.run.log(&self.node, level, &clean(&message));
        Ok(())
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// Has editors show `json` on a node.
///
/// # Errors
/// `limit_exceeded`; `invalid_input` for what is no JSON.
pub(crate) fn show(run: &Shared, node: &NodeRef, json: &str) -> Result<(), Error> {
    short(json, "a ui")?;
    let ui = serde_json::from_str(json)
        .map_err(|error| Error::invalid(format!("found a ui that is no JSON: {error}")))?;
    run.show(node, ui);
    Ok(())
}

/// Whether `key` is `prefix` itself or `prefix_1`, `prefix_2`, and so on.
fn is_member(key: &str, prefix: &str) -> bool {
    match key.strip_prefix(prefix) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix('_')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())),
        None => false,
    }
}
