//! A network of a family of its own: what it takes to bring one is all in this file.
//!
//! Its networks have one weight, a gain: the prediction is the latent times the gain, plus what the
//! condition says. Files with a weight for each channel are of one kind, others of two. An adapter
//! adds to the gain.

use std::fs;
use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm::math::Tensor as _;
use amdm_diffusion::{
    Adapter, BuiltIn, Cancel, Codec, Conditioning, Denoiser, Device, Family, Header, LatentInfo,
    ModelInfo, ModelSource, Models, Prediction, PredictionKind, Request, Result, Sizes, Tensor,
    TensorInfo, Tiling, WeightFile, predict,
};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde_json::Value;

const CHANNELS: u32 = 4;

struct Gain {
    built_in: &'static [u8],
}

impl Family for Gain {
    fn name(&self) -> &str {
        "gain"
    }

    fn kinds(&self) -> Vec<&str> {
        vec!["gain-half", "gain-whole", "gain-channels"]
    }

    fn recognise(&self, header: &Header) -> Vec<&str> {
        let of = |TensorInfo { dtype, shape, .. }: &TensorInfo| (dtype.clone(), shape.clone());
        match header.tensor("gain").map(of).as_ref().map(|(dtype, shape)| (&**dtype, &shape[..])) {
            Some(("F32", [1])) => vec!["gain-half", "gain-whole"],
            Some(("F32", [4])) => vec!["gain-channels"],
            _ => Vec::new(),
        }
    }

    fn file_bytes_max(&self) -> u64 {
        1024
    }

    fn sizes(&self, _: &str) -> Option<Sizes> {
        Some(Sizes { latent_shape: vec![CHANNELS, 2, 2], pixels: 8, multiple: Some(64) })
    }

    fn built_in(&self) -> Vec<BuiltIn> {
        vec![BuiltIn { name: "gain-of-3", kind: "gain-whole", weights: self.built_in }]
    }

    fn load(
        &self,
        kind: &str,
        name: &str,
        weights: &WeightFile,
        device: &Device,
    ) -> Result<Arc<dyn Denoiser>> {
        let half = if kind == "gain-half" { 0.5 } else { 1.0 };
        let gain: Vec<f32> = values(weights, "gain")?.iter().map(|gain| gain * half).collect();
        let shape = [u32::try_from(gain.len()).unwrap(), 1, 1];
        let info = ModelInfo {
            name: name.into(),
            prediction: PredictionKind::Flow,
            family: "gain".into(),
            latent_shape: vec![CHANNELS, 2, 2],
            latent: LatentInfo::plain("gain"),
            alphas_cumprod: Vec::new(),
            final_alpha: 1.0,
            clip: None,
            conditioning_schema: r#"{"type":"number"}"#.into(),
        };
        Ok(Arc::new(Network { info, gain: Tensor::from_f32(device, &shape, gain)? }))
    }
}

/// The values of the tensor `name`.
fn values(weights: &WeightFile, name: &str) -> Result<Vec<f32>> {
    let invalid = |error| Error::invalid(format!("weights: {error}"));
    let file = SafeTensors::deserialize(weights.bytes()).map_err(invalid)?;
    let found = file.tensor(name).map_err(invalid)?;
    let values = found.data().as_chunks::<4>().0.iter();
    Ok(values.map(|&bytes| f32::from_le_bytes(bytes)).collect())
}

struct Network {
    info: ModelInfo,
    gain: Tensor,
}

impl Denoiser for Network {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn timesteps(&self, steps: u32) -> Result<Vec<f64>> {
        Ok((0..steps).map(|step| 1.0 - f64::from(step) / f64::from(steps)).collect())
    }

    fn condition(&self, json: &str, _: &[(&str, &Tensor)]) -> Result<Conditioning> {
        let number: f64 = json.parse().map_err(|_| Error::invalid("expected a number"))?;
        Ok(Conditioning::new("gain", json, number, 0))
    }

    fn codec(self: Arc<Self>) -> Result<Arc<dyn Codec>> {
        Ok(self)
    }

    fn predict(
        &self,
        asked: &[Request<'_>],
        parts: bool,
        _: Cancel<'_>,
    ) -> Result<Vec<Prediction>> {
        let answer = |request: &Request<'_>| {
            let base = request.latent.mul(&self.gain)?;
            let conditional = base.affine(1.0, *request.positive.data::<f64>("gain")?)?;
            let unconditional = request.needs_unconditional(parts).then_some(base);
            Prediction::guide(conditional, unconditional, request.guidance, parts)
        };
        asked.iter().map(answer).collect()
    }

    fn with_adapter(&self, adapter: &Adapter<'_>) -> Result<Arc<dyn Denoiser>> {
        let options: Value = serde_json::from_str(adapter.options_json).unwrap_or_default();
        let strength = options["strength"].as_f64().unwrap_or(1.0);
        let more = f64::from(values(&adapter.weights(1024)?, "more")?[0]);
        let gain = self.gain.affine(1.0, strength * more)?;
        Ok(Arc::new(Self { info: self.info.clone(), gain }))
    }
}

/// A weight file, with `kind` in its metadata.
fn file(gain: &[f32], kind: Option<&str>) -> Vec<u8> {
    named("gain", gain, kind)
}

/// A weight file of one tensor.
fn named(name: &str, gain: &[f32], kind: Option<&str>) -> Vec<u8> {
    let bytes: Vec<u8> = gain.iter().flat_map(|gain| gain.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![gain.len()], &bytes).unwrap();
    let said = kind.map(|kind| [("amdm.family".to_owned(), kind.to_owned())].into());
    serialize([(name, view)], said).unwrap()
}

fn models(directory: &std::path::Path) -> Models {
    let built_in = file(&[3.0], None).leak();
    Models::new(&Device::cpu(1).unwrap())
        .with_directories([directory.to_owned()])
        .with_family(Arc::new(Gain { built_in }))
        .unwrap()
}

/// The first prediction for latents of 2 with the condition 1 and guidance 2, a value a channel.
fn predicted(model: &Arc<dyn Denoiser>) -> Vec<f32> {
    let latent = Tensor::from_f32(&Device::cpu(1).unwrap(), &[1, CHANNELS, 2, 2], vec![2.0; 16]);
    let request = Request {
        model,
        latent: &latent.unwrap(),
        level: model.info().level(1.0),
        positive: &model.condition("1", &[]).unwrap(),
        negative: None,
        guidance: 2.0,
        step: 0,
        steps: 1,
    };
    let answers = predict(&[request], false, &|| false).unwrap();
    answers[0].guided.to_f32().unwrap().chunks(4).map(|plane| plane[0]).collect()
}

#[test]
fn its_built_in_network_is_listed_sized_and_runs() {
    let models = models(tempfile::tempdir().unwrap().path());
    assert_eq!(
        models.names("models"),
        ["gain-of-3", "tiny-attributes", "tiny-layout", "tiny-style"]
    );
    let families = models.names("families");
    assert_eq!(families[..4], ["auto", "tiny-attributes", "tiny-layout", "tiny-style"]);
    assert_eq!(families[4..], ["sd1", "gain-half", "gain-whole", "gain-channels"]);
    let sizes = models.sizes("gain-of-3").unwrap();
    assert_eq!((sizes.latent_shape, sizes.pixels, sizes.multiple), (vec![4, 2, 2], 8, Some(64)));
    assert_eq!(models.sizes("tiny-style").unwrap().multiple, Some(0));
    let weights = file(&[3.0], None);
    assert!(matches!(models.source("gain-of-3"), Ok(ModelSource::BuiltIn(b)) if b == weights));
    let model = models.load("gain-of-3", "").unwrap();
    assert_eq!(predicted(&model), [8.0; 4]);
    assert!(Arc::ptr_eq(&model, &models.load("gain-of-3", r#"{"family":"auto"}"#).unwrap()));
    assert!(models.register("gain-of-3", Arc::clone(&model), None).is_err());
    models.register("mine", model, None).unwrap();
    assert_eq!(models.sizes("mine").unwrap().multiple, None);
}

#[test]
fn its_files_are_known_by_their_headers() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("one.safetensors", &file(&[3.0], None));
    write("said.safetensors", &file(&[3.0], Some("gain-half")));
    write("four.safetensors", &file(&[1.0, 2.0, 3.0, 4.0], None));
    write("two.safetensors", &file(&[1.0, 2.0], None));
    write("large.safetensors", &file(&[3.0], Some(&"x".repeat(2000))));
    let models = models(folder.path());
    let names = models.names("models");
    for (name, known) in [("one", true), ("said", true), ("four", true), ("two", false)] {
        assert_eq!(names.contains(&format!("{name}.safetensors")), known, "{name}");
    }
    write("two.safetensors", &file(&[1.0; 4], None));
    assert!(models.names("models").contains(&"two.safetensors".to_owned()));
    write("two.safetensors", &file(&[1.0, 2.0], None));
    let run = |name: &str, options: &str| {
        let model = models.load(&format!("{name}.safetensors"), options)?;
        Ok::<_, Error>(predicted(&model))
    };
    assert_eq!(run("four", "").unwrap(), [4.0, 6.0, 8.0, 10.0]);
    assert_eq!(run("said", "").unwrap(), [5.0; 4]);
    assert_eq!(run("one", r#"{"family":"gain-whole"}"#).unwrap(), [8.0; 4]);
    for (name, options, code, expected) in [
        ("one", "", Code::InvalidInput, "what it holds, expected one of gain-half, gain-whole"),
        ("four", r#"{"family":"gain-half"}"#, Code::InvalidInput, "expected one of gain-channels"),
        ("one", r#"{"family":"tiny-style"}"#, Code::InvalidInput, "found family `tiny-style`"),
        ("two", "", Code::Unsupported, "expected weights of tiny, Stable Diffusion 1 or gain"),
        ("large", r#"{"family":"gain-half"}"#, Code::InvalidInput, "says that it is `xxx"),
    ] {
        let error = run(name, options).unwrap_err();
        assert!(error.code == code && error.message.contains(expected), "{name}: {error}");
    }
    let mut padded = file(&[3.0; 4], None);
    padded.resize(1025, 0);
    write("large.safetensors", &padded);
    let error = run("large", "").unwrap_err();
    assert!(error.message.ends_with("larger than 1024 bytes"), "{error}");
}

#[test]
fn its_networks_take_adapters_from_the_model_directories() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("more.safetensors", &named("more", &[0.5], None));
    write("large.safetensors", &named("more", &[0.0; 300], None));
    let models = models(folder.path());
    assert_eq!(models.names("adapters"), ["large.safetensors", "more.safetensors"]);
    let model = models.load("gain-of-3", "").unwrap();
    let with = |name: &str, options: &str| models.with_adapter(&*model, name, options);
    assert_eq!(predicted(&with("more.safetensors", "").unwrap()), [9.0; 4]);
    let half = with("more.safetensors", r#"{"strength":0.5}"#).unwrap();
    assert_eq!(predicted(&half), [8.5; 4]);
    assert_eq!(predicted(&models.with_adapter(&*half, "more.safetensors", "").unwrap()), [9.5; 4]);
    assert_eq!(predicted(&model), [8.0; 4]);
    for (name, code, expected) in [
        ("less.safetensors", Code::NotFound, "adapter `less.safetensors` is in no model directory"),
        ("../more", Code::Denied, "adapter `../more` leads out of the model directories"),
        ("large.safetensors", Code::Unsupported, "adapter `large.safetensors` is larger than 1024"),
    ] {
        let error = with(name, "").map(|_| ()).unwrap_err();
        assert!(error.code == code && error.message.starts_with(expected), "{name}: {error}");
    }
}

/// A family of these kinds, with built-in networks of these names.
struct Named(&'static [&'static str], &'static [&'static str]);

impl Family for Named {
    fn name(&self) -> &str {
        "named"
    }

    fn kinds(&self) -> Vec<&str> {
        self.0.into()
    }

    fn recognise(&self, _: &Header) -> Vec<&str> {
        Vec::new()
    }

    fn file_bytes_max(&self) -> u64 {
        0
    }

    fn sizes(&self, _: &str) -> Option<Sizes> {
        None
    }

    fn built_in(&self) -> Vec<BuiltIn> {
        self.1.iter().map(|name| BuiltIn { name, kind: self.0[0], weights: &[] }).collect()
    }

    fn load(&self, _: &str, _: &str, _: &WeightFile, _: &Device) -> Result<Arc<dyn Denoiser>> {
        Err(Error::invalid("no weights"))
    }
}

#[test]
fn a_family_cannot_take_the_names_of_others() {
    for (kinds, networks, expected) in [
        (&["a", "auto"][..], &[][..], "found family `auto`, expected one that is not taken"),
        (&["tiny-style"], &[], "found family `tiny-style`, "),
        (&["a", "b", "a"], &[], "found family `a`, "),
        (&["a"], &["b", "tiny-layout"], "found model name `tiny-layout`, "),
        (&["a"], &["b", "b"], "found model name `b`, "),
        (&["a"], &["mine"], "found model name `mine`, "),
    ] {
        let device = Device::cpu(1).unwrap();
        let mine = Models::new(&device).load("tiny-style", "").unwrap();
        for models in [Models::new(&device), Models::none(&device)] {
            models.register("mine", Arc::clone(&mine), None).unwrap();
            let taken = models.with_family(Arc::new(Named(kinds, networks)));
            let error = taken.map(|_| ()).unwrap_err();
            assert_eq!(error.code, Code::InvalidInput);
            assert!(error.message.starts_with(expected), "{error}");
        }
    }
    let models = Models::none(&Device::cpu(1).unwrap());
    let models = models.with_family(Arc::new(Named(&["a"], &["a"]))).unwrap();
    assert_eq!(models.names("models"), ["a"]);
}

impl Codec for Network {
    fn name(&self) -> &str {
        &self.info.name
    }

    fn latent(&self) -> &LatentInfo {
        &self.info.latent
    }

    fn encode(&self, image: &Tensor, _: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        Ok(image.clone())
    }

    fn decode(&self, latent: &Tensor, _: Option<Tiling>, _: Cancel<'_>) -> Result<Tensor> {
        Ok(latent.clone())
    }
}
