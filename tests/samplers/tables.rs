//! Tables of sigmas and the nine schedules.

use std::collections::BTreeSet;

use amdm::math::schedule::{
    Scheduler, SigmaTable, StepRange, run_sigmas, scaled_linear_cumulative, zero_snr_cumulative,
};

use crate::data::Tensors;

/// The tables of Stable Diffusion 1.x by the recordings' names.
pub fn tables() -> [(&'static str, SigmaTable); 2] {
    let alphas = scaled_linear_cumulative(1000, 0.00085, 0.012);
    let zero = zero_snr_cumulative(&alphas);
    [("eps", SigmaTable::new(&alphas).unwrap()), ("v_zsnr", SigmaTable::new(&zero).unwrap())]
}

/// The table of a model by its name in the recordings.
pub fn table(model: &str) -> SigmaTable {
    let [(_, plain), (_, zero)] = tables();
    if model.ends_with("zsnr") { zero } else { plain }
}

/// One unit in the last place of float32: exponentials and tangents are rounded otherwise there.
const ULP: f64 = 1.2e-7;

fn relative(found: f64, expected: f64) -> f64 {
    if found == expected { 0.0 } else { (found - expected).abs() / expected.abs() }
}

#[test]
fn tables_are_those_of_the_program() {
    let recorded = Tensors::read("sigmas");
    for (model, table) in tables() {
        let get = |name: &str| recorded.wide(&format!("table/{model}/{name}"));
        let sigmas: Vec<f64> = (0..table.steps()).map(|step| table.at(step)).collect();
        assert_eq!(sigmas, get("sigmas"), "{model}");
        for (t, expected) in get("sigma_of_t/in").into_iter().zip(get("sigma_of_t/out")) {
            assert!(relative(table.sigma(t), expected) <= ULP, "{model} {t}");
        }
        for (sigma, expected) in get("t_of_sigma/in").into_iter().zip(get("t_of_sigma/out")) {
            assert_eq!(f64::from(table.timestep(sigma)), expected, "{model} {sigma}");
        }
        let (shares, expected) = (get("percent_to_sigma/in"), get("percent_to_sigma/out"));
        for (share, expected) in shares.into_iter().zip(expected) {
            assert!(relative(table.percent_to_sigma(share), expected) <= ULP, "{model} {share}");
        }
        for step in 0..1000 {
            assert_eq!(table.timestep(table.at(step)), step as u32);
        }
    }
}

#[test]
fn schedules_are_those_of_the_program() {
    let recorded = Tensors::read("sigmas");
    let names = recorded.names("sigmas/");
    let mut seen = BTreeSet::new();
    let (mut all, mut equal) = (0, 0);
    for name in names {
        let parts: Vec<&str> = name.split('/').collect();
        let scheduler = Scheduler::from_name(parts[2]).unwrap();
        seen.insert(scheduler.as_str());
        let steps = parts[3].strip_prefix("steps").unwrap().parse().unwrap();
        let denoise = parts[4].strip_prefix("denoise").unwrap().parse().unwrap();
        let discard = parts.len() > 5;
        let share = (steps, denoise);
        let found = run_sigmas(&table(parts[1]), scheduler, share, StepRange::ALL, discard);
        let (found, expected) = (found.unwrap(), recorded.wide(&name));
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.into_iter().zip(expected) {
            let close = relative(found, expected) <= ULP;
            assert!(close || found.is_nan() && expected.is_nan(), "{name}: {found} {expected}");
            all += 1;
            equal += usize::from(found == expected);
        }
    }
    assert_eq!(seen.len(), Scheduler::ALL.len());
    println!("{equal} of {all} sigmas equal to the bit");
    assert!(equal * 100 >= all * 97);
}

#[test]
fn ranges_of_steps_cut_schedules() {
    let cut = |start, end, leftover, denoise| {
        let range = StepRange { start, end, leftover };
        let sigmas = run_sigmas(&table("eps"), Scheduler::Simple, (4, denoise), range, false);
        sigmas.unwrap().iter().map(|sigma| (sigma * 10.0).round() as u32).collect::<Vec<_>>()
    };
    assert_eq!(cut(0, 9, false, 1.0), [146, 41, 16, 7, 0]);
    assert_eq!(cut(1, 3, true, 1.0), [41, 16, 7]);
    assert_eq!(cut(1, 3, false, 1.0), [41, 16, 0]);
    assert_eq!(cut(4, 9, false, 1.0), [0; 0]);
    assert_eq!(cut(2, 2, true, 1.0), [0; 0]);
    assert_eq!(cut(0, 9, false, 0.0), [0; 0]);
    assert_eq!(cut(0, 9, false, 0.5), [16, 11, 7, 4, 0]);
}

#[test]
fn schedules_out_of_bounds_are_refused() {
    let text = |steps, denoise| {
        let all = StepRange::ALL;
        let found = run_sigmas(&table("eps"), Scheduler::Normal, (steps, denoise), all, false);
        found.unwrap_err().to_string()
    };
    assert_eq!(text(0, 1.0), "steps: 0 steps, expected 1 to 10000");
    assert_eq!(text(4, f64::NAN), "denoise: not a number, expected 0 to 1");
    assert_eq!(text(1, 1e-7), "steps: 1 steps of 10000000, expected fewer than 10000 in all");
    let table = |alphas: &[f64]| SigmaTable::new(alphas).unwrap_err().to_string();
    assert_eq!(table(&[]), "no cumulative alphas, expected at least one");
    assert_eq!(table(&[0.5, 0.6]), "cumulative alpha 0.6, expected above 0 and below 0.5");
}
