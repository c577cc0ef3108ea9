//! Lists of entries against recorded results of ComfyUI.
//!
//! The cases in `tests/fixtures/comfyui-conditions` are some of a larger set of the same form,
//! which runs where `AMDM_COMFYUI_RUN` names its folder.

mod data;
mod network;
mod rules;
mod sampling;

use amdm::math::schedule::{Scheduler, SigmaTable, StepRange, run_sigmas};

use self::data::{Case, FILES, Recording, Tensors};
use self::network::Row;
use self::sampling::run;

/// The sigmas of a case by our own schedules.
fn sigmas(case: &Case, table: &SigmaTable) -> Vec<f64> {
    let scheduler = Scheduler::from_name(&case.scheduler).unwrap();
    run_sigmas(table, scheduler, (case.steps, 1.0), StepRange::ALL, false).unwrap()
}

/// The rows of the recorded calls of step `index`, without the batch, in order of size.
fn recorded_rows(case: &Case, index: usize) -> Option<Vec<Row>> {
    let steps = case.calls_by_step.as_ref()?;
    let step = if steps[0].t.is_string() { &steps[0] } else { &steps[index] };
    let mut rows = Vec::new();
    for call in &step.calls {
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let side = |axis: usize| call[0][axis].as_u64().unwrap() as u32;
        let control = call.get(2).map_or(0.0, number);
        let texts = call[1].as_array().unwrap().iter().step_by(case.batch as usize);
        rows.extend(texts.map(|k| (side(2), side(3), number(k), control)));
    }
    // ComfyUI runs an area that begins at the edge with nothing in it.
    rows.retain(|row| row.1 > 0);
    rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
    Some(rows)
}

#[test]
fn every_recorded_case_is_met() {
    let (mut met, mut refused, mut worst) = (0, 0, (0.0, String::new()));
    let mut failed = Vec::new();
    for file in FILES {
        let bytes = std::fs::read(data::folder().join(file).with_extension("json")).unwrap();
        let recording: Recording = serde_json::from_slice(&bytes).unwrap();
        let tensors = Tensors::read(file);
        for case in &recording.cases {
            let table = sampling::table();
            let sigmas = sigmas(case, &table);
            if let Some(recorded) = &case.sigmas {
                assert_eq!(&sigmas, recorded, "{}", case.name);
            }
            let run = run(case, recording.network, &tensors, &table, &sigmas);
            let run = match (run, &case.error) {
                (Ok(run), None) => run,
                (Err(error), Some(_)) => {
                    println!("{}: {error}", case.name);
                    refused += 1;
                    continue;
                }
                (run, _) => {
                    failed.push(format!("{}: {:?}", case.name, run.err()));
                    continue;
                }
            };
            let expected = tensors.get(&case.name).to_f32().unwrap();
            let gaps = run.latent.iter().zip(&expected).map(|(a, b)| f64::from((a - b).abs()));
            let ratio =
                gaps.fold(0.0, |most: f64, gap| if gap <= most { most } else { gap }) / case.tol;
            let differs = |(step, rows): (usize, &Vec<Row>)| {
                recorded_rows(case, step).is_some_and(|recorded| recorded != *rows)
            };
            if ratio.is_nan() || ratio > 1.0 {
                failed.push(format!("{}: {ratio:.3} tolerances off", case.name));
            } else if let Some(step) = run.rows.iter().enumerate().position(differs) {
                failed.push(format!(
                    "{}: other calls in step {step}: {:?}",
                    case.name, run.rows[step]
                ));
            } else {
                met += 1;
            }
            if ratio > worst.0 {
                worst = (ratio, case.name.clone());
            }
        }
    }
    println!("{met} met, {refused} refused, worst {:.4} of the tolerance: {}", worst.0, worst.1);
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(met > 20 && refused == 2);
}
