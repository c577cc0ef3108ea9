//! Fixture `comfy_sigmas`: ComfyUI's schedules over the tables of Stable Diffusion, epsilon and
//! velocity.

use amdm::math::Sampler;
use amdm::math::schedule::{
    Scheduler, SigmaTable, StepRange, run_sigmas, scaled_linear_cumulative, zero_snr_cumulative,
};

use crate::fixture::Fixture;

/// As the fixture states it, relative to each value.
const TOLERANCE: f64 = 2e-6;

/// Rows for which there is no table yet.
const FLOWS: &str = "a table of a rectified flow";
const NOT_COVERED: [(&str, &str); 5] = [
    ("aura_", FLOWS),
    ("flux_", FLOWS),
    ("qwen_", FLOWS),
    ("sd3_", FLOWS),
    ("node/", "a schedule node of its own"),
];

/// The table of Stable Diffusion, or the one rescaled to end without signal.
pub fn table(zero_snr: bool) -> SigmaTable {
    let alphas = scaled_linear_cumulative(1000, 0.00085, 0.012);
    SigmaTable::new(&if zero_snr { zero_snr_cumulative(&alphas) } else { alphas }).unwrap()
}

#[track_caller]
fn assert_close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        let off = (found - expected).abs();
        assert!(off <= TOLERANCE * expected.abs(), "{name}: {found}, expected {expected}");
    }
}

#[test]
fn schedules_of_whole_runs() {
    let fixture = Fixture::load("comfy_sigmas");
    for model in ["sdxl_eps", "sdxl_vpred", "sdxl_vpred_zsnr"] {
        let table = table(model.ends_with("zsnr"));
        for &scheduler in Scheduler::ALL {
            for steps in [4, 20, 30] {
                let name = format!("{model}/{}/n{steps}", scheduler.as_str());
                let found = scheduler.sigmas(&table, steps).unwrap();
                assert_close(&name, &found, fixture.values(&name));
            }
        }
        let name = format!("{model}/percent_to_sigma_0.0_0.1_0.5_0.9_1.0");
        let found = [0.0, 0.1, 0.5, 0.9, 1.0].map(|share| table.percent_to_sigma(share));
        assert_close(&name, &found, fixture.values(&name));
        let name = format!("{model}/table_ends");
        let found = [0, 1, 998, 999].map(|step| table.at(step));
        assert_close(&name, &found, fixture.values(&name));
        let name = format!("{model}/timestep_of");
        let normal = fixture.values(&format!("{model}/normal/n20"));
        let positive = normal.iter().filter(|sigma| **sigma > 0.0);
        let found: Vec<f64> = positive.map(|&sigma| table.timestep(sigma).into()).collect();
        assert_eq!(found, fixture.values(&name), "{name}");
    }
    parts_of_runs(&fixture);
    fixture.assert_covered(&NOT_COVERED);
}

/// `ksampler/<sampler>/<scheduler>/n<steps>/denoise<share>`, and a range of steps.
fn parts_of_runs(fixture: &Fixture) {
    for name in fixture.names("ksampler/") {
        let parts: Vec<&str> = name.split('/').collect();
        let sampler = Sampler::from_name(parts[1]).unwrap();
        let scheduler = Scheduler::from_name(parts[2]).unwrap();
        let steps = parts[3][1..].parse().unwrap();
        let (denoise, range) = match parts[4].strip_prefix("denoise") {
            Some(share) => (share.parse().unwrap(), StepRange::ALL),
            None => (1.0, StepRange { start: 5, end: 12, leftover: true }),
        };
        let discard = sampler.discards_penultimate();
        let found = run_sigmas(&table(false), scheduler, (steps, denoise), range, discard);
        assert_close(&name, &found.unwrap(), fixture.values(&name));
    }
}
