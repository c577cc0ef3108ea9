//! Every recorded case through the samplers.

use std::collections::BTreeMap;

use amdm::math::Sampler;
use amdm::math::schedule::{Scheduler, StepRange, run_sigmas};

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

/// What the network was told, of long lists the first and the last six.
fn timesteps(all: &[u32]) -> Vec<serde_json::Value> {
    let number = |&timestep: &u32| serde_json::Value::from(f64::from(timestep));
    if all.len() <= 12 {
        return all.iter().map(number).collect();
    }
    let (first, last) = (&all[..6], &all[all.len() - 6..]);
    first.iter().map(number).chain(["...".into()]).chain(last.iter().map(number)).collect()
}

/// Whether only the recorded sigmas can give the recorded result.
fn needs_recorded_sigmas(case: &Case) -> bool {
    case.flags.iter().any(|flag| flag == "tie" || flag == "brownian")
        || case.tol > 0.05 * case.absmax
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
        if ratio.is_nan() || ratio > entry.1 {
            (entry.1, entry.2) = (ratio, &case.name);
        }
        let told = timesteps(&found.timesteps);
        if case.timesteps.as_ref().is_some_and(|expected| *expected != told) {
            failed.push(format!("{}: told {told:?}, not {:?}", case.name, case.timesteps));
        }
        if ratio.is_nan() || ratio > 1.0 || found.timesteps.len() != case.network_calls {
            let calls = (found.timesteps.len(), case.network_calls);
            failed.push(format!("{}: {ratio:.3} tolerances off, calls {calls:?}", case.name));
        }
    }
    for (sampler, (cases, ratio, name)) in &worst {
        println!("{sampler:32} {cases:4} {ratio:8.4} {name}");
    }
    println!("{} of {} cases met", recording.cases.len() - failed.len(), recording.cases.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Later versions seed a sampler's own noise with the seed plus one.
#[test]
fn the_seed_rule_of_later_versions_is_met() {
    let recording = Recording::read();
    let (latents, inputs) = (Tensors::read("newer_seed_rule"), Tensors::read("inputs"));
    assert!(!recording.newer_seed_rule_cases.is_empty());
    for case in &recording.newer_seed_rule_cases {
        let plain = case.name.replace("seed_plus_one", "A");
        let plain = recording.cases.iter().find(|other| other.name == plain).unwrap();
        let sigmas = own_sigmas(case);
        let found = run(case, &recording.network, &table(&case.model), &inputs, &sigmas, 1);
        let off = gap(found.latent.values(), latents.get(&case.name).values());
        println!("{}: {:.4}", case.name, off / plain.tol);
        assert!(off <= plain.tol, "{}: {off:e}, allowed {:e}", case.name, plain.tol);
    }
}
