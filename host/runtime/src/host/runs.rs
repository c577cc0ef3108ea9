//! Plans and runs of graphs.

use std::collections::HashMap;
use std::sync::Arc;

use amdm::graph::{Checked, Document, Plan, PlannedState, Shapes, metadata, plan, version};
use amdm_diffusion::{Models, Sizes};

use super::Host;
use crate::cache::CacheState;
use crate::cancel::Cancel;
use crate::core::{Job, Means, running};
use crate::failure::{Failure, NodeRef};
use crate::pictures::{Clock, Inputs, Outputs, name};
use crate::report::{Event, Outcome, RunResult, Sink};
use crate::run::{Executor, Fate, RunOptions, fates};
use crate::worker;

impl Host {
    /// What running a graph with these inputs would do, without running it; what is kept of earlier
    /// runs counts. Names of files are as they would be now.
    ///
    /// # Errors
    /// The one with which a run would refuse the name of a file, with the node and its input.
    pub fn plan(&self, graph: &Checked, inputs: &Inputs) -> Result<Plan, Failure> {
        let registry = self.registry();
        let fates = fates(graph, &registry, (&self.models, inputs, &self.device), &self.results);
        let states = graph.order.iter().map(|&index| match &fates[index] {
            Fate::Idle => PlannedState::NotAsked,
            Fate::Runs => PlannedState::Runs,
            Fate::Kept(hit) if hit.state == CacheState::Disk => PlannedState::OnDisk,
            Fate::Kept(_) => PlannedState::InMemory,
        });
        Ok(self.named(graph, &Clock::local())?.with_states(states))
    }

    /// A plan with the names of files as they would be at the time of `clock`; fails for one that
    /// cannot be, which a run should say before hours of sampling.
    fn named(&self, graph: &Checked, clock: &Clock) -> Result<Plan, Failure> {
        let mut plan = plan(graph, &Known(&self.models));
        for (node, &index) in plan.nodes.iter_mut().zip(&graph.order) {
            let Some(prefix) = &node.writes else { continue };
            let named = name(prefix, node.pixels, clock);
            node.writes = Some(named.map_err(|error| {
                let node = &graph.nodes[index];
                let error = match node.descriptor.file_names() {
                    Some(input) => error.at(&*input.name),
                    None => error,
                };
                Failure::from(error).in_node(&NodeRef::of(node))
            })?);
        }
        Ok(plan)
    }

    /// Runs a graph and reports to `sink`, which is called from a thread of the run's own; returns
    /// when the run has ended. `document` is the graph as it goes into the pictures.
    ///
    /// # Errors
    /// The first failure; nothing half-written is left behind. `internal` for a defect of ours.
    pub fn run(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: Sink,
    ) -> Result<Outcome, Failure> {
        let (outcome, failure) = self.end(document, graph, options, cancel, &sink);
        failure.map_or(Ok(outcome), Err)
    }

    /// Runs a graph as [`Self::run`] does, and gives all about the run, whether or not it went
    /// well.
    pub fn report(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: Sink,
    ) -> RunResult {
        let (outcome, failure) = self.end(document, graph, options, cancel, &sink);
        RunResult::new(&options.output_dir, outcome, failure)
    }

    fn end(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: &Sink,
    ) -> (Outcome, Option<Failure>) {
        let result = worker::run(|| self.execute(document, graph, options, cancel, sink));
        let (outcome, failure) = match result {
            Ok(ended) => ended,
            Err(failure) => (
                Outcome::before(graph, self.registry().versions(graph), &self.device),
                Some(failure),
            ),
        };
        sink(match &failure {
            None => Event::Finished { outcome: outcome.clone() },
            Some(failure) => Event::Failed { error: failure.clone() },
        });
        (outcome, failure)
    }

    fn execute(
        &self,
        document: &Document,
        graph: &Checked,
        options: &RunOptions,
        cancel: &Cancel,
        sink: &Sink,
    ) -> Result<(Outcome, Option<Failure>), Failure> {
        let registry = self.registry();
        let outputs = match options.in_memory {
            true => Outputs::in_memory(),
            false => Outputs::new(options.output_dir.clone()),
        };
        let outputs = outputs.with_clock(options.clock.clone());
        let outputs = match options.metadata {
            true => {
                let mut made = document.clone();
                version::record(&mut made, &registry.catalogue);
                let prompt = metadata::text(&made.to_value());
                outputs.with_graph(prompt, document.workflow().map(metadata::text))
            }
            false => outputs,
        };
        let naming = graph.order.iter().filter_map(|&index| {
            let node = &graph.nodes[index];
            let input = node.descriptor.file_names()?;
            Some((node.id.clone(), input.name.clone()))
        });
        let naming: HashMap<String, String> = naming.collect();
        let writes = !naming.is_empty();
        let outputs = outputs.with_naming(naming);
        if writes {
            self.named(graph, &options.clock)?;
            if !options.in_memory {
                outputs.prepare()?;
            }
        }
        self.results.settle();
        let cancel = cancel.with_timeout(options.timeout);
        for pack in registry.packs() {
            let mut nodes = graph.order.iter().map(|&index| &graph.nodes[index]);
            if let Some(node) = nodes.find(|node| node.descriptor.pack == pack.name()) {
                let name = NodeRef::of(node);
                self.confirm(pack, &cancel).map_err(|failure| failure.in_node(&name))?;
            }
        }
        let means = Means {
            device: self.device.clone(),
            models: self.models.clone(),
            results: self.results.clone(),
            inputs: options.inputs.clone(),
            outputs,
        };
        let (limits, ticks) = (self.limits.clone(), self.clock.ticks());
        let job = Job::new(cancel, means, limits, ticks, sink.clone());
        let job = match &options.kept {
            Some(kept) => job.with_kept(kept.clone()),
            None => job,
        };
        let job = Arc::new(job);
        let _ticker = self.clock.tick(&self.engine)?;
        let ended = running(&job, || Executor::new(graph, &registry, &job).execute());
        if let Some(kept) = &options.kept {
            kept.release();
        }
        Ok(ended)
    }
}

/// The models as plans ask about them.
struct Known<'a>(&'a Models);

impl Shapes for Known<'_> {
    fn latent(&self, name: &str) -> Option<(Vec<u64>, u64)> {
        let Sizes { latent_shape, pixels, .. } = self.0.sizes(name)?;
        Some((latent_shape.into_iter().map(u64::from).collect(), pixels.into()))
    }
}
