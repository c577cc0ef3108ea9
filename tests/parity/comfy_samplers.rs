//! Fixture `comfy_samplers`: ComfyUI's samplers on a linear network, with the noise that they were
//! given, in float64 and in float32.

use amdm::error::Error;
use amdm::math::schedule::{Scheduler, SigmaTable, StepRange, run_sigmas};
use amdm::math::solver::sigma::{Answer, Supply, Walk, network};
use amdm::math::{PredictionKind, Sampler, Tensor};

use crate::comfy_sigmas::table;
use crate::dense::{Dense, Real};
use crate::fixture::Fixture;

/// As the fixture states it: the norm of the difference over the norm.
const TOLERANCE: f64 = 2e-5;
const TOLERANCE_ZERO_SNR: f64 = 1e-3;

const FLOWS: &str = "a table of a rectified flow";
const UNUSED: &str = "noise that is multiplied by 0";
const NOT_COVERED: [(&str, &str); 12] = [
    ("sd3_shift3/", FLOWS),
    ("flux/", FLOWS),
    ("zimage/", FLOWS),
    ("img2img_flow/", FLOWS),
    ("sdxl_eps/dpm_adaptive/n8/noises", UNUSED),
    ("sdxl_eps/dpm_adaptive/n8_cfg5/noises", UNUSED),
    ("sdxl_eps/dpm_fast/n8/noises", UNUSED),
    ("sdxl_eps/dpm_fast/n8_cfg5/noises", UNUSED),
    ("sdxl_eps/res_multistep/n8/noises", UNUSED),
    ("sdxl_eps/res_multistep/n8_cfg5/noises", UNUSED),
    ("sdxl_eps/res_multistep_cfg_pp/n8/noises", UNUSED),
    ("sdxl_eps/res_multistep_cfg_pp/n8_cfg5/noises", UNUSED),
];

/// Recorded noise, one block after another; Brownian increments are recorded like others.
struct Recorded<'a> {
    fixture: &'a Fixture,
    name: String,
    next: usize,
}

impl Recorded<'_> {
    fn take<F: Real>(&mut self) -> Dense<F> {
        self.next += 1;
        self.fixture.slice(&self.name, self.next - 1)
    }
}

impl<F: Real> Supply<Dense<F>> for Recorded<'_> {
    fn draw(&mut self) -> Result<Dense<F>, Error> {
        Ok(self.take())
    }

    fn between(&mut self, _: f64, _: f64) -> Result<Dense<F>, Error> {
        Ok(self.take())
    }

    fn read(&mut self, tensor: &Dense<F>) -> Result<Vec<f64>, Error> {
        Ok(tensor.wide())
    }
}

/// Clean latents of the network, with the condition and without.
fn answers<F: Real>(
    kind: PredictionKind,
    table: &SigmaTable,
    latent: &Dense<F>,
    sigma: f64,
) -> (Dense<F>, Dense<F>) {
    let scale = network::input_scale(sigma);
    let time = f64::from(table.timestep(sigma)) / 1000.0;
    let (keep, factor) = network::denoised_factors(kind, sigma).unwrap();
    let denoised = |slope: f64, shift: f64| {
        let output = latent.affine(scale, 0.0).unwrap().affine(slope, shift).unwrap();
        Dense::linear_combination(&[(latent, keep), (&output, factor)]).unwrap()
    };
    (denoised(0.1, 0.01 * time), denoised(0.08, -0.02))
}

fn run<F: Real>(fixture: &Fixture, name: &str) {
    let settings = &fixture.config["info"][name];
    let text = |key: &str| settings[key].as_str().unwrap();
    let sampler = Sampler::from_name(text("sampler")).unwrap();
    let scheduler = Scheduler::from_name(text("scheduler")).unwrap();
    let (steps, guidance) =
        (settings["steps"].as_u64().unwrap(), settings["cfg"].as_f64().unwrap());
    let zero_snr = name.starts_with("vpred_zsnr");
    let kind = if zero_snr { PredictionKind::Velocity } else { PredictionKind::Epsilon };
    let table = table(zero_snr);
    let share = (steps as u32, settings["denoise"].as_f64().unwrap_or(1.0));
    let discard = sampler.discards_penultimate();
    let sigmas = run_sigmas(&table, scheduler, share, StepRange::ALL, discard).unwrap();
    let noise: Dense<F> = fixture.tensor("noise");
    let clean = match settings["latent"].as_bool().unwrap() {
        true => fixture.tensor("latent_image"),
        false => noise.affine(0.0, 0.0).unwrap(),
    };
    let start = network::start(&clean, &noise, sigmas[0], &table).unwrap();
    let noisy = (table.percent_to_sigma(0.2), table.percent_to_sigma(0.8));
    let mut walk = Walk::new(sampler, &sigmas, noisy, start).unwrap();
    let mut supply = Recorded { fixture, name: format!("{name}/noises"), next: 0 };
    let mut calls = 0;
    let (mut latents, mut cleans) = (Vec::new(), Vec::new());
    while let Some(ask) = walk.ask() {
        let (positive, negative) = answers(kind, &table, ask.latent, ask.sigma);
        let denoised = network::guide(&positive, &negative, guidance).unwrap();
        latents.extend(ask.latent.wide());
        cleans.extend(denoised.wide());
        walk.tell(Answer { denoised, negative: Some(negative) }, &mut supply).unwrap();
        calls += 1;
    }
    assert_eq!(calls, settings["calls"].as_u64().unwrap(), "{name}");
    let tolerance = if zero_snr { TOLERANCE_ZERO_SNR } else { TOLERANCE };
    let check = |part: &str, found: &[f64]| {
        let expected = fixture.values(&format!("{name}/{part}"));
        assert_eq!(found.len(), expected.len(), "{name}/{part}");
        let norm =
            |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
        let off = norm(&mut found.iter().zip(expected).map(|(a, b)| a - b));
        let off = off / norm(&mut expected.iter().copied());
        assert!(off <= tolerance, "{name}/{part}: off by {off:e}, allowed {tolerance:e}");
    };
    check("out", &walk.latent().wide());
    if fixture.has(&format!("{name}/denoised")) {
        check("x_at_callback", &latents);
        check("denoised", &cleans);
    }
}

#[test]
fn every_sampler() {
    let fixture = Fixture::load("comfy_samplers");
    let names: Vec<String> = fixture.config["info"].as_object().unwrap().keys().cloned().collect();
    let mut ran = 0;
    for name in names {
        if NOT_COVERED.iter().any(|(prefix, reason)| *reason == FLOWS && name.starts_with(prefix)) {
            continue;
        }
        run::<f64>(&fixture, &name);
        run::<f32>(&fixture, &name);
        ran += 1;
    }
    assert!(ran >= 80, "{ran} runs");
    fixture.assert_covered(&NOT_COVERED);
}
