//! Every recorded case through the samplers.

use std::collections::BTreeMap;

use amdm::math::schedule::{Scheduler, StepRange, run_sigmas};
use amdm::math::Sampler;

use crate::data::{Case, Recording, Tensors, gap};
use crate::run::run;
use crate::tables::table;

/// The sigmas of a case by our own schedules.
fn own_sigmas(case: &Case) -> Vec<f64> {
    let sampler = Sampler::from_name(&case.sampler).unwrap();
    let scheduler = Scheduler::from_name(&case.scheduler).unwrap();
    let range = StepRange {
        start: case.start_at_step.unwrap_or(0),
        end: case.end_at_step.unwrap_or(u32::MAX),
        leftover: case.leftover.as_deref() == Some("enable"),
    };
    let share = (case.steps, case.denoise.unwrap_or(1.0));
    let discard = sampler.discards_penultimate();
    run_sigmas(&table(&case.model), scheduler, share, range, discard).unwrap()
}

/// Whether only the recorded sigmas can give the recorded result.
fn needs_recorded_sigmas(case: &Case) -> bool {
    case.flags.iter().any(|flag| flag == "tie" || flag == "brownian") || case.tol > 0.05 * case.absmax
}

#[test]
fn every_case_is_met() {
    let recording = Recording::read();
    let (latents, inputs) = (Tensors::read("latents"), Tensors::read("inputs"));
    let mut worst: BTreeMap<&str, (usize, f64, &str)> = BTreeMap::new();
    let mut failed = Vec::new();
    for case in &recording.cases {
        let recorded = needs_recorded_sigmas(case);
        let sigmas = match &case.sigmas {
            Some(sigmas) if recorded => sigmas.clone(),
            _ => own_sigmas(case),
        };
        let found = run(case, &recording.network, &table(&case.model), &inputs, &sigmas, 0);
        let expected = latents.get(&case.name);
        let tolerance = if recorded { case.tol_given_sigmas } else { case.tol };
        let ratio = gap(found.latent.values(), expected.values()) / tolerance;
        let entry = worst.entry(&case.sampler).or_insert((0, 0.0, ""));
        entry.0 += 1;
        if !(ratio <= entry.1) {
            (entry.1, entry.2) = (ratio, &case.name);
        }
        if !(ratio <= 1.0) || found.timesteps.len() != case.network_calls {
            failed.push(format!(
                "{}: {ratio:.3} tolerances off, {} calls of {}",
                case.name,
                found.timesteps.len(),
                case.network_calls
            ));
        }
    }
    for (sampler, (cases, ratio, name)) in &worst {
        println!("{sampler:32} {cases:4} {ratio:8.4} {name}");
    }
    println!("{} of {} cases met", recording.cases.len() - failed.len(), recording.cases.len());
    assert!(failed.is_empty(), "{failed:#?}");
}
