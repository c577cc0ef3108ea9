//! One execution of one node: what it is given, and what it gives.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use amdm::catalogue::Descriptor;
use amdm::error::{Code, Error};
use amdm_diffusion::Tensor;

use super::Access;
use super::text::clean;
use crate::budget::Ledger;
use crate::cache::{Checkpoints, NUMBERS};
use crate::failure::{Failure, FailureCode};
use crate::value::Value;

/// One execution of one node. It may ask for all that [`Access`] offers; clones are the same call.
#[derive(Clone)]
pub struct NodeCall {
    access: Access,
    given: Arc<Given>,
}

struct Given {
    descriptor: Descriptor,
    inputs: Vec<(String, Value)>,
    /// What the inputs keep alive; they are on no wire any more.
    _held: Ledger,
    wanted: HashSet<String>,
    outputs: Outputs,
    /// Where unfinished work is kept, where it is.
    checkpoints: Option<Arc<Checkpoints>>,
}

/// What a node has set so far; outlives the call.
#[derive(Clone)]
pub(crate) struct Outputs(Arc<Mutex<Set>>);

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

impl Deref for NodeCall {
    type Target = Access;

    fn deref(&self) -> &Access {
        &self.access
    }
}

impl NodeCall {
    /// A call of the node behind `access`, which `descriptor` describes. `wanted` names the linked
    /// outputs.
    ///
    /// # Errors
    /// `limit_exceeded` where the inputs are more than the run may hold.
    pub(crate) fn new(
        access: Access,
        descriptor: Descriptor,
        inputs: Vec<(String, Value)>,
        wanted: HashSet<String>,
        checkpoints: Option<Arc<Checkpoints>>,
    ) -> Result<Self, Error> {
        let (limits, tensors) = (&access.job.limits, &access.job.tensors);
        let mut held = Ledger::new(limits.run_tensor_bytes, tensors);
        for (_, value) in &inputs {
            held.add(&value.held())?;
        }
        let ledger = Ledger::new(limits.node_tensor_bytes, tensors);
        let set = Set { values: Vec::new(), ledger, refused: None };
        let outputs = Outputs(Arc::new(Mutex::new(set)));
        let given = Given { descriptor, inputs, _held: held, wanted, outputs, checkpoints };
        Ok(Self { access, given: Arc::new(given) })
    }

    /// What may be asked for in it.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// What the node's class is.
    pub fn descriptor(&self) -> &Descriptor {
        &self.given.descriptor
    }

    /// The value of an input, validated and with its default filled in; none where there is none.
    pub fn input(&self, name: &str) -> Option<Value> {
        let mut inputs = self.given.inputs.iter();
        inputs.find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// The members of an open-ended group (`image_1`, `image_2`, ...), in order.
    pub fn inputs(&self, prefix: &str) -> Vec<(String, Value)> {
        self.given.inputs.iter().filter(|(key, _)| is_member(key, prefix)).cloned().collect()
    }

    /// Whether anything in the graph uses this output.
    pub fn output_wanted(&self, name: &str) -> bool {
        self.given.wanted.contains(name)
    }

    /// Sets an output.
    ///
    /// # Errors
    /// `pack_mismatch` for one that the descriptor does not name, or a value of another type;
    /// `limit_exceeded` for more than a node may hold; `cancelled`.
    pub fn set_output(&self, name: &str, value: Value) -> Result<(), Failure> {
        self.job.cancel.check()?;
        self.accept(name, value)
    }

    /// Unfinished work that an earlier run of the same node left: its numbers and tensors. None
    /// where there is none. A node that takes it says that it goes on from there.
    pub fn checkpoint(&self) -> Option<(Vec<f64>, Vec<Tensor>)> {
        let found = self.given.checkpoints.as_ref()?.find(self.device())?;
        self.job.resumed(self.node());
        Some(found)
    }

    /// Whether it is time to keep unfinished work.
    pub fn checkpoint_due(&self) -> bool {
        self.given.checkpoints.as_ref().is_some_and(|kept| kept.due())
    }

    /// Keeps unfinished work in place of what was kept before, where such work is kept.
    ///
    /// # Errors
    /// `limit_exceeded`, `cancelled`.
    pub fn keep_checkpoint(&self, numbers: &[f64], tensors: Vec<Tensor>) -> Result<(), Error> {
        self.job.cancel.check()?;
        let Some(checkpoints) = &self.given.checkpoints else { return Ok(()) };
        if numbers.len() > NUMBERS {
            let found = numbers.len();
            let message = format!("found a checkpoint of {found} numbers, at most {NUMBERS}");
            return Err(Error::new(Code::LimitExceeded, message));
        }
        self.affordable(&tensors)?;
        checkpoints.keep(numbers, tensors, &self.job.seen());
        Ok(())
    }

    /// What was set; outlives the call.
    pub(crate) fn outputs(&self) -> Outputs {
        self.given.outputs.clone()
    }

    /// Keeps an output; what the descriptor does not say is remembered as the node's fault, whether
    /// or not the node reports it.
    fn accept(&self, name: &str, value: Value) -> Result<(), Failure> {
        let result = self.judge(name, &value);
        let result = result.and_then(|()| Ok(self.given.outputs.set(name, value)?));
        if let Err(failure) = &result {
            self.given.outputs.refuse(failure);
        }
        result
    }

    fn judge(&self, name: &str, value: &Value) -> Result<(), Failure> {
        let descriptor = self.descriptor();
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
        if value.fits(&output.r#type) {
            return Ok(());
        }
        Err(mismatch(format!(
            "{} set its output {name} to {}, expected {}",
            descriptor.r#type,
            clean(&value.describe()),
            output.r#type
        )))
    }
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
