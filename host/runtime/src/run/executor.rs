//! Executes a valid graph: nodes in order, each in a store of its own, values dropped after their
//! last use. What an earlier run kept is used in place of running a node again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use amdm::catalogue::{Descriptor, Input};
use amdm::error::Error;
use amdm::graph::{Checked, CheckedNode, Resolved, Source};

use super::demand::{self, Demand, Fate, Hit};
use crate::budget::Ledger;
use crate::cache::{CacheState, Checkpoints, Entry, Keys, NodeKey};
use crate::core::{Access, Job, NodeCall, Providers};
use crate::failure::{Failure, FailureCode, NodeRef};
use crate::registry::Registry;
use crate::report::{Event, NodeTime, Outcome};
use crate::value::{Object, OperatorSpec, Value};

/// Step operators in one chain: a run needs two or three, and each has a guest's memory.
const OPERATORS: usize = 64;

/// The state of one execution.
pub(crate) struct Executor<'a> {
    graph: &'a Checked,
    registry: &'a Arc<Registry>,
    run: &'a Arc<Job>,
    /// Values that are still to be used, with how often.
    values: HashMap<Source, (Value, usize)>,
    /// What these keep alive.
    ledger: Ledger,
    times: Vec<NodeTime>,
    /// Nodes whose result is not the one that their key means, and all behind them.
    strange: HashSet<usize>,
}

impl<'a> Executor<'a> {
    /// Prepares to run `graph` with the nodes of `registry`.
    pub fn new(graph: &'a Checked, registry: &'a Arc<Registry>, run: &'a Arc<Job>) -> Self {
        let ledger = Ledger::new(run.limits.run_tensor_bytes, &run.tensors);
        let (values, times, strange) = (HashMap::new(), Vec::new(), HashSet::new());
        Self { graph, registry, run, values, ledger, times, strange }
    }

    /// Runs every node that an output depends on and whose result is not kept. Gives what there is
    /// at the end, with the first failure, which names its node.
    pub fn execute(mut self) -> (Outcome, Option<Failure>) {
        let start = Instant::now();
        let failure = self.all().err();
        let (files, mut warnings) = self.run.take_files();
        warnings.splice(0..0, self.graph.warnings.iter().map(ToString::to_string));
        warnings.extend(self.run.means.results.warning());
        let versions = self.registry.versions(self.graph);
        let outcome = Outcome {
            files,
            passes: self.run.passes(),
            network_seconds: self.run.network_time().as_secs_f64(),
            seconds: start.elapsed().as_secs_f64(),
            nodes: self.times,
            warnings,
            ..Outcome::before(self.graph, versions, &self.run.means.device)
        };
        (outcome, failure)
    }

    fn all(&mut self) -> Result<(), Failure> {
        let keys = self.keys();
        let mut demand = Demand::new(self.graph, |index, slots| self.kept(index, slots, &keys));
        let active = |index: &&usize| !matches!(demand.fates[**index], Fate::Idle);
        let active = self.graph.order.iter().filter(active).copied().collect::<Vec<_>>();
        self.run.emit(Event::Started {
            nodes: active.iter().map(|&index| self.graph.nodes[index].id.clone()).collect(),
            device: self.run.means.device.name().to_owned(),
        });
        for index in active {
            // A kept result lives as long as somebody still takes it, no longer.
            match std::mem::replace(&mut demand.fates[index], Fate::Idle) {
                Fate::Kept(hit) => self.replay(index, &hit, &demand)?,
                _ => self.node(index, &demand, keys.get(index))?,
            }
        }
        Ok(())
    }

    /// Leaves outputs that were asked for to who embeds the run.
    fn hand_over(&self, index: usize, outputs: &[(usize, Value)]) -> Result<(), Error> {
        let node = &self.graph.nodes[index];
        for source in self.graph.asked.iter().filter(|source| source.node == index) {
            let Some((_, value)) = outputs.iter().find(|(slot, _)| *slot == source.slot) else {
                continue;
            };
            let output = &node.descriptor.outputs[source.slot].name;
            self.run.keep_value(&node.id, output, value)?;
        }
        Ok(())
    }

    fn keys(&self) -> Keys {
        let run = self.run;
        let places = (&*run.means.models, &run.means.inputs, &run.means.device);
        demand::keys(self.graph, self.registry, places, &run.means.results, &run.cancel)
    }

    /// The kept result of a node, where the run may hold as much at a time.
    fn kept(&mut self, index: usize, slots: &[usize], keys: &Keys) -> Option<Hit> {
        let start = Instant::now();
        if self.run.cancel.is_set() {
            return None;
        }
        let (key, node) = (keys.get(index)?, &self.graph.nodes[index]);
        let (entry, state) =
            self.run.means.results.get(key, node, slots, &self.run.means.device)?;
        let asked = entry.outputs.iter().filter(|(slot, _)| slots.contains(slot));
        let held = asked.flat_map(|(_, value)| value.held()).collect::<Vec<_>>();
        self.ledger.add(&held).ok()?;
        Some(Hit { entry, state, time: start.elapsed() })
    }

    /// Reports a node whose kept result is used, and gives it to those who take it.
    fn replay(&mut self, index: usize, hit: &Hit, demand: &Demand) -> Result<(), Failure> {
        let node = NodeRef::of(&self.graph.nodes[index]);
        let (id, class, from) = (node.id.clone(), node.class.clone(), hit.state);
        self.run.emit(Event::Cached { node: id, class, from });
        for ui in &hit.entry.ui {
            self.run.emit(Event::Ui { node: node.id.clone(), ui: ui.clone() });
        }
        let seconds = hit.time.as_secs_f64();
        self.times.push(NodeTime {
            node: node.id,
            class: node.class,
            seconds,
            cached: from,
            resumed: false,
        });
        let name = NodeRef::of(&self.graph.nodes[index]);
        self.hand_over(index, &hit.entry.outputs)
            .map_err(|error| Failure::from(error).in_node(&name))?;
        for (slot, value) in &hit.entry.outputs {
            let source = Source { node: index, slot: *slot };
            match demand.uses.get(&source) {
                None => {}
                Some(0) => self.ledger.remove(&value.held()),
                Some(&count) => drop(self.values.insert(source, (value.clone(), count))),
            }
        }
        Ok(())
    }

    fn node(
        &mut self,
        index: usize,
        demand: &Demand,
        key: Option<&NodeKey>,
    ) -> Result<(), Failure> {
        let node = &self.graph.nodes[index];
        let name = NodeRef::of(node);
        if self.run.cancel.is_set() {
            return Err(self.run.cancel.failure().in_node(&name));
        }
        let start = Instant::now();
        self.run.emit(Event::NodeStarted {
            node: name.id.clone(),
            class: name.class.clone(),
            title: node.title.clone().unwrap_or_else(|| node.descriptor.title.clone()),
        });
        let asked = |slot| demand.asks(Source { node: index, slot });
        let key = key.filter(|_| !self.is_strange(node));
        let wanted = node.descriptor.outputs.iter().enumerate().filter(|(slot, _)| asked(*slot));
        let wanted = wanted.map(|(_, output)| output.name.clone()).collect::<HashSet<_>>();
        let keeper = key.filter(|_| !node.is_operator());
        let keeper = keeper.and_then(|key| Checkpoints::new(&self.run.means.results, key, &wanted));
        let keeper = keeper.map(Arc::new);
        let outputs = self.outputs(node, &name, wanted, keeper.clone());
        let outputs = outputs.map_err(|failure| self.finish(failure, &name))?;
        let kept = self.keep(index, key, &outputs);
        // Not before the result is there: between the two a process may be killed.
        if let Some(keeper) = keeper.filter(|_| kept && !self.run.cancel.is_set()) {
            keeper.clear();
        }
        self.hand_over(index, &outputs).map_err(|error| Failure::from(error).in_node(&name))?;
        for (slot, value) in outputs {
            let source = Source { node: index, slot };
            let count = demand.uses.get(&source).copied().unwrap_or(0);
            if count > 0 {
                let kept = self.ledger.add(&value.held()).map_err(Failure::from);
                kept.map_err(|failure| failure.in_node(&name))?;
                self.values.insert(source, (value, count));
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        self.run.emit(Event::NodeFinished { node: name.id.clone(), seconds });
        self.times.push(NodeTime {
            node: name.id,
            class: name.class,
            seconds,
            cached: CacheState::Ran,
            resumed: self.run.take_resumed(),
        });
        Ok(())
    }

    /// Whether something behind the node is not what its key means.
    fn is_strange(&self, node: &CheckedNode) -> bool {
        node.sources().any(|source| self.strange.contains(&source.node))
    }

    /// Keeps what a node gave, where its key says all about it; false where that failed.
    fn keep(&mut self, index: usize, key: Option<&NodeKey>, outputs: &[(usize, Value)]) -> bool {
        let (seen, ui) = self.run.take_node();
        let node = &self.graph.nodes[index];
        let Some(key) = key.filter(|key| key.covers(&seen)) else {
            self.strange.insert(index);
            return true;
        };
        // Who is told that the run stops may give less than it would.
        let stopped = self.run.cancel.is_set();
        if stopped || node.is_operator() || node.descriptor.output_node {
            return true;
        }
        let compact = |(slot, value): &(usize, Value)| match value {
            Value::Tensor(tensor) => Some((*slot, Value::Tensor(tensor.clone().compact().ok()?))),
            value => Some((*slot, value.clone())),
        };
        let outputs = outputs.iter().map(compact).collect::<Option<_>>();
        outputs
            .is_none_or(|outputs| self.run.means.results.put(key, &Arc::new(Entry { outputs, ui })))
    }

    /// A failure as the run reports it: with its node, and a stop with its reason. Whatever a guest
    /// does once the run is being stopped follows from that.
    fn finish(&self, failure: Failure, node: &NodeRef) -> Failure {
        let failure = if self.run.cancel.is_set() {
            Failure { node: failure.node, ..self.run.cancel.failure() }
        } else {
            failure
        };
        failure.in_node(node)
    }

    fn outputs(
        &mut self,
        node: &CheckedNode,
        name: &NodeRef,
        wanted: HashSet<String>,
        keeper: Option<Arc<Checkpoints>>,
    ) -> Result<Vec<(usize, Value)>, Failure> {
        let descriptor = &node.descriptor;
        let inputs = self.inputs(node)?;
        if node.is_operator() {
            return operator(descriptor, name, inputs).map(|value| vec![(0, value)]);
        }
        let provider = self.registry.provider(descriptor)?;
        let others: Arc<dyn Providers> = self.registry.clone();
        let access = Access::new(self.run, name.clone());
        let class = Descriptor::clone(descriptor);
        let call = NodeCall::new(access, class, inputs, wanted.clone(), keeper)?;
        let set = provider.execute(call, &others)?;
        collect(descriptor, &wanted, set).map_err(|text| {
            let message = format!("pack {}: {text}", descriptor.pack);
            Failure::new(FailureCode::PackMismatch, message)
        })
    }

    /// The values of a node's inputs; linked values are judged here, where they are known.
    fn inputs(&mut self, node: &CheckedNode) -> Result<Vec<(String, Value)>, Failure> {
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for (name, resolved) in &node.inputs {
            let value = match resolved {
                Resolved::Boolean(value) => Value::Boolean(*value),
                Resolved::Integer(value) => Value::Integer(*value),
                Resolved::Float(value) => Value::Float(*value),
                Resolved::Text(value) => Value::Text(value.as_str().into()),
                Resolved::Link(source) => {
                    let value = self.take(*source)?;
                    let input = node.descriptor.inputs.iter().find(|input| input.name == *name);
                    match input {
                        Some(input) => judge(input, value).map_err(|error| error.at(name))?,
                        None => value,
                    }
                }
                Resolved::Group(members) => {
                    for (member, source) in members {
                        inputs.push((member.clone(), self.take(*source)?));
                    }
                    continue;
                }
            };
            inputs.push((name.clone(), value));
        }
        Ok(inputs)
    }

    fn take(&mut self, source: Source) -> Result<Value, Error> {
        let missing = || {
            let node = self.graph.nodes.get(source.node);
            let id = node.map_or("", |node| node.id.as_str());
            Error::new(
                amdm::error::Code::Internal,
                format!("output {} of node {id} was not set", source.slot),
            )
        };
        let (value, left) = self.values.get_mut(&source).ok_or_else(missing)?;
        *left -= 1;
        let value = value.clone();
        if *left == 0 {
            self.values.remove(&source);
            self.ledger.remove(&value.held());
        }
        Ok(value)
    }
}

/// What a step operator's node yields: the chain before it, and itself.
fn operator(
    descriptor: &Descriptor,
    name: &NodeRef,
    inputs: Vec<(String, Value)>,
) -> Result<Value, Failure> {
    let policy = |input: &str| {
        let mut declared = descriptor.inputs.iter();
        declared.any(|d| d.name == input && d.r#type == Object::STEP_POLICY)
    };
    let (before, inputs): (Vec<_>, Vec<_>) =
        inputs.into_iter().partition(|(input, _)| policy(input));
    let mut chain = Vec::new();
    for (_, value) in &before {
        if let Value::Object(object) = value {
            chain.extend(object.operators()?.iter().cloned());
        }
    }
    if chain.len() >= OPERATORS {
        let message = format!("found more than {OPERATORS} operators in a chain");
        return Err(Error::new(amdm::error::Code::LimitExceeded, message).into());
    }
    chain.push(Arc::new(OperatorSpec {
        node: name.clone(),
        descriptor: descriptor.clone(),
        inputs,
    }));
    Ok(Value::Object(Object::from_operators(chain)))
}

/// A linked value as the input takes it: whole numbers widen, ranges and choices hold.
fn judge(input: &Input, value: Value) -> Result<Value, Error> {
    let value = match (input.r#type.as_str(), value) {
        ("FLOAT", Value::Integer(number)) => Value::Float(number as f64),
        (_, value) => value,
    };
    let number = match &value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Text(text) if !input.choices.is_empty() => {
            if input.choices.iter().any(|choice| *choice.name == **text) {
                return Ok(value);
            }
            let names = input.choices.iter().map(|choice| choice.name.as_str());
            return Err(Error::invalid(format!(
                "found {text:?}, expected one of {}",
                names.collect::<Vec<_>>().join(", ")
            )));
        }
        _ => return Ok(value),
    };
    if !number.is_finite() {
        return Err(Error::invalid(format!(
            "found {number} on the link, expected a finite number"
        )));
    }
    let bound = |bound: &Option<serde_json::Value>| bound.as_ref().and_then(|value| value.as_f64());
    let (min, max) = (bound(&input.min), bound(&input.max));
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        let text = |bound: Option<f64>| bound.map_or("any".to_owned(), |bound| bound.to_string());
        return Err(Error::invalid(format!(
            "found {number} on the link, expected {} to {}",
            text(min),
            text(max)
        )));
    }
    Ok(value)
}

/// The outputs by slot; all that are not optional, and all that are wanted, must be there.
fn collect(
    descriptor: &Descriptor,
    wanted: &HashSet<String>,
    mut set: Vec<(String, Value)>,
) -> Result<Vec<(usize, Value)>, String> {
    let mut outputs = Vec::with_capacity(set.len());
    for (slot, output) in descriptor.outputs.iter().enumerate() {
        match set.iter().position(|(name, _)| *name == output.name) {
            Some(at) => outputs.push((slot, set.swap_remove(at).1)),
            None if !output.optional || wanted.contains(&output.name) => {
                return Err(format!(
                    "{} did not set its output {}",
                    descriptor.r#type, output.name
                ));
            }
            None => {}
        }
    }
    Ok(outputs)
}
