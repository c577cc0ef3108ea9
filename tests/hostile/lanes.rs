//! Models that an embedder registered: lanes that do not fit together, networks that misbehave.

use std::sync::Arc;

use amdm_diffusion::{
    Cancel as Asked, Codec, Conditioning, Denoiser, Device, ModelInfo, Prediction, Request, Result,
    Tensor,
};
use amdm_runtime::{Cancel, Host, RunOptions};
use serde_json::json;

use crate::graphs::with;
use crate::stage::{fails, good, options};

/// `tiny-style` with other facts, that may break down.
struct Fake {
    inner: Arc<dyn Denoiser>,
    info: ModelInfo,
    panics: bool,
}

impl Denoiser for Fake {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, steps: u32) -> Result<Vec<f64>> {
        self.inner.timesteps(steps)
    }

    fn condition(&self, json: &str, parts: &[(&str, &Tensor)]) -> Result<Conditioning> {
        self.inner.condition(json, parts)
    }

    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Arc::clone(&self.inner).codec()
    }

    fn predict(&self, asked: &[Request<'_>], _: bool, _: Asked<'_>) -> Result<Vec<Prediction>> {
        assert!(!self.panics, "the network fell over");
        let one = Tensor::from_f32(&Device::cpu(1)?, &[1], vec![0.0])?;
        let answer = Prediction { guided: one, conditional: None, unconditional: None };
        Ok(asked.iter().map(|_| answer.clone()).collect())
    }
}

fn host(space: &str, panics: bool) -> Host {
    let host = Host::open(&options()).unwrap();
    let inner = host.models().load("tiny-style", "").unwrap();
    let mut info = inner.info().clone();
    info.name = "fake".into();
    info.latent.space = space.into();
    host.models().register("fake", Arc::new(Fake { inner, info, panics }), None).unwrap();
    host
}

fn failure(host: &Host) -> String {
    let graph = with("style", "model_name", json!("fake"));
    let failure = fails(host, &graph, RunOptions::default(), &Cancel::new());
    good(host);
    failure.to_string()
}

#[test]
fn lanes_of_different_latent_spaces() {
    assert_eq!(
        failure(&host("other", false)),
        "node sample (Sampler), input lanes: lane 1 (fake) works in the latent space \"other\", the \
         target (tiny-layout) in \"tiny-rgb-32\"; lanes must share one [invalid_input]"
    );
}

#[test]
fn a_network_that_answers_in_another_shape() {
    assert_eq!(
        failure(&host("tiny-rgb-32", false)),
        "node sample (Sampler): found a tensor [1] for lane 1, expected its latent's shape \
         [1, 3, 32, 32] [invalid_input]"
    );
}

#[test]
fn a_network_that_panics() {
    assert_eq!(
        failure(&host("tiny-rgb-32", true)),
        "a defect of amdm ended the run: the network fell over [internal]"
    );
}
