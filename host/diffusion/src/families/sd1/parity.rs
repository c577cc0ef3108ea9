//! The networks against the recorded fixtures, on the CPU and through candle's operations, at the
//! tolerances that the fixtures state.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};

use super::{ClipText, ControlNet, Facts, Grounding, Hook, Sequence, Token, Unet, Vae};
use crate::weights::{WeightFile, Weights};
use crate::{Device, Tensor};

/// The small UNets of the fixtures have 2 heads and 4 groups.
const FACTS: Facts = Facts { heads: 2, groups: 4 };
const ABSOLUTE: f32 = 2e-5;
const RELATIVE: f32 = 1e-4;
/// Of the autoencoder, and without a relative one of control and grounding.
const ABSOLUTE_WIDE: f32 = 5e-5;

struct Fixture {
    name: &'static str,
    weights: WeightFile,
    tensors: WeightFile,
}

impl Fixture {
    /// From the folder in `AMDM_FIXTURES`, or our own where it is not there.
    fn open(name: &'static str) -> Self {
        let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name);
        let elsewhere =
            std::env::var_os("AMDM_FIXTURES").map(|path| PathBuf::from(path).join(name));
        let folder = elsewhere.filter(|folder| folder.exists()).unwrap_or(own);
        let read = |file: &str| WeightFile::new(std::fs::read(folder.join(file)).unwrap());
        Self { name, weights: read("weights.safetensors"), tensors: read("io.safetensors") }
    }

    fn weights<'a>(&'a self, device: &'a Device) -> Weights<'a> {
        Weights::parse(&self.weights, device).unwrap()
    }

    /// A recorded tensor; of bytes, whole numbers and floats alike.
    fn recorded(&self, key: &str) -> (Vec<u32>, Vec<f32>) {
        let file = SafeTensors::deserialize(self.tensors.bytes()).unwrap();
        let view = file.tensor(key).unwrap();
        let shape = view.shape().iter().map(|&extent| u32::try_from(extent).unwrap()).collect();
        let data = view.data();
        let values = match view.dtype() {
            Dtype::U8 => data.iter().map(|&byte| f32::from(byte)).collect(),
            Dtype::I64 => {
                data.as_chunks().0.iter().map(|&word| i64::from_le_bytes(word) as f32).collect()
            }
            _ => data.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect(),
        };
        (shape, values)
    }

    fn tensor(&self, device: &Device, key: &str) -> Tensor {
        let (shape, values) = self.recorded(key);
        Tensor::from_f32(device, &shape, values).unwrap()
    }

    /// Compares with the recorded tensor `key`.
    fn assert(&self, key: &str, found: &Tensor, absolute: f32, relative: f32) {
        let (shape, expected) = self.recorded(key);
        assert_eq!(found.extents(), shape, "{key}");
        let found = found.to_f32().unwrap();
        let excess = |(&a, &b): (&f32, &f32)| (a - b).abs() - absolute - relative * b.abs();
        let worst = found.iter().zip(&expected).map(excess);
        let worst =
            worst.fold(f32::NEG_INFINITY, |a, b| if b.is_nan() { f32::MAX } else { a.max(b) });
        assert!(worst <= 0.0, "{} {key}: {worst} beyond the tolerance", self.name);
    }
}

fn devices() -> [Device; 3] {
    [Device::cpu(1).unwrap(), Device::cpu(2).unwrap(), Device::reference(1).unwrap()]
}

fn go_on() -> bool {
    false
}

#[test]
fn unet() {
    let fixture = Fixture::open("sd15_unet");
    for device in &devices() {
        let unet = Unet::load(&fixture.weights(device), FACTS).unwrap();
        assert_eq!((unet.channels(), unet.blocks().len()), (4, 16));
        let context = fixture.tensor(device, "encoder_hidden_states");
        let check = |latent: &str, timesteps: &[f64], context: &Tensor, expected: &str| {
            let latent = fixture.tensor(device, latent);
            let found = unet.predict(&latent, timesteps, context, &[], &go_on).unwrap();
            fixture.assert(expected, &found, ABSOLUTE, RELATIVE);
        };
        check("sample", &[981.0], &context, "out_t981");
        check("sample", &[1.0], &context, "out_t1");
        check("sample", &[123.456], &context, "out_t_frac_123_456");
        check("sample", &[500.0, 20.0], &context, "out_t_batch_500_20");
        let first = context.narrow(0, 0, 1).unwrap();
        check("sample_nonsquare", &[261.0], &first, "out_nonsquare_t261");
    }
}

#[test]
fn a_row_of_a_unet_depends_neither_on_its_neighbours_nor_on_threads() {
    let fixture = Fixture::open("sd15_unet");
    let run = |device: &Device, row: Option<u32>| {
        let unet = Unet::load(&fixture.weights(device), FACTS).unwrap();
        let pick = |key: &str| {
            let tensor = fixture.tensor(device, key);
            row.map_or(tensor.clone(), |row| tensor.narrow(0, row, 1).unwrap())
        };
        let (latent, context) = (pick("sample"), pick("encoder_hidden_states"));
        unet.predict(&latent, &[981.0], &context, &[], &go_on).unwrap().to_f32().unwrap()
    };
    let both = run(&Device::cpu(1).unwrap(), None);
    assert!(both == run(&Device::cpu(2).unwrap(), None));
    for row in [0, 1] {
        let alone = run(&Device::cpu(1).unwrap(), Some(row));
        assert!(both[row as usize * alone.len()..][..alone.len()] == alone);
    }
}

/// Sides that a way up of doubling alone would miss.
#[test]
fn a_latent_of_odd_sides_keeps_them() {
    let fixture = Fixture::open("sd15_unet");
    let mut results = Vec::new();
    for device in &devices() {
        let unet = Unet::load(&fixture.weights(device), FACTS).unwrap();
        let latent = fixture.tensor(device, "sample").narrow(2, 0, 13).unwrap();
        let latent = latent.narrow(3, 0, 9).unwrap();
        let context = fixture.tensor(device, "encoder_hidden_states");
        let found = unet.predict(&latent, &[300.0], &context, &[], &go_on).unwrap();
        assert_eq!(found.extents(), [2, 4, 13, 9]);
        results.push(found.to_f32().unwrap());
    }
    let off = results[0].iter().zip(&results[2]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < ABSOLUTE, "candle is {off} off");
}

#[test]
fn a_unet_refuses_what_does_not_fit() {
    let fixture = Fixture::open("sd15_unet");
    let device = &Device::cpu(1).unwrap();
    let unet = Unet::load(&fixture.weights(device), FACTS).unwrap();
    let zeros = |shape: &[u32]| {
        let count = shape.iter().product::<u32>() as usize;
        Tensor::from_f32(device, shape, vec![0.0; count]).unwrap()
    };
    let (latent, context) = (zeros(&[2, 4, 8, 8]), zeros(&[2, 77, 16]));
    let message = |latent: &Tensor, timesteps: &[f64], context: &Tensor| {
        let result = unet.predict(latent, timesteps, context, &[], &go_on);
        result.unwrap_err().to_string()
    };
    let found = message(&zeros(&[2, 9, 8, 8]), &[1.0], &context);
    assert!(
        found.contains("a latent has shape [2, 9, 8, 8], expected [any, 4, any, any]"),
        "{found}"
    );
    let found = message(&latent, &[1.0], &zeros(&[1, 77, 16]));
    assert!(found.contains("a context has shape [1, 77, 16], expected [2, any, 16]"), "{found}");
    let found = message(&latent, &[1.0, 2.0, 3.0], &context);
    assert!(found.contains("found 3 timesteps for 2 rows"), "{found}");
    let stopped = unet.predict(&latent, &[1.0], &context, &[], &|| true).unwrap_err();
    assert_eq!(stopped.code, amdm::error::Code::Cancelled);
    let other = Fixture::open("sd15_vae");
    let found = Unet::load(&other.weights(device), FACTS).err().unwrap().to_string();
    assert!(found.contains("weights lack the tensor `conv_in.weight`"), "{found}");
}

#[test]
fn vae() {
    let fixture = Fixture::open("sd15_vae");
    for device in &devices() {
        let vae = Vae::load(&fixture.weights(device), 4).unwrap();
        for suffix in ["", "_nonsquare"] {
            let key = |name: &str| format!("{name}{suffix}");
            let image = fixture.tensor(device, &key("image"));
            let moments = vae.all_moments(&image).unwrap();
            fixture.assert(&key("enc_moments"), &moments, ABSOLUTE_WIDE, RELATIVE);
            let mean = vae.encode(&image, &go_on).unwrap();
            fixture.assert(&key("enc_mean"), &mean, ABSOLUTE_WIDE, RELATIVE);
            let latent = fixture.tensor(device, &key("latent"));
            let decoded = vae.decode(&latent, &go_on).unwrap();
            fixture.assert(&key("dec"), &decoded, ABSOLUTE_WIDE, RELATIVE);
        }
        let latents = fixture.tensor(device, "pipe_latents").to_f32().unwrap();
        let scaled: Vec<f32> = latents.iter().map(|x| x / 0.18215).collect();
        let two = [scaled.as_slice(), &scaled].concat();
        let two = vae.decode(&Tensor::from_f32(device, &[2, 4, 4, 4], two).unwrap(), &go_on);
        let decoded = two.unwrap().narrow(0, 1, 1).unwrap();
        let values = decoded.to_f32().unwrap().into_iter().map(|x| (x / 2.0 + 0.5).clamp(0.0, 1.0));
        let picture = Tensor::from_f32(device, &[1, 3, 32, 32], values.collect::<Vec<_>>());
        fixture.assert("pipe_image01", &picture.unwrap(), ABSOLUTE_WIDE, RELATIVE);
        assert!(vae.decode(&fixture.tensor(device, "latent"), &|| true).is_err());
    }
}

/// Sequences of recorded ids, which end at the first of their largest ids.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn sequences(fixture: &Fixture, key: &str) -> Vec<Sequence<'static>> {
    let (shape, ids) = fixture.recorded(key);
    let texts = ids.chunks_exact(shape[1] as usize);
    let sequence = |ids: &[f32]| {
        let largest = ids.iter().copied().fold(0.0, f32::max);
        let end = ids.iter().position(|&id| id >= largest).unwrap();
        Sequence { tokens: ids.iter().map(|&id| Token::Id(id as u32)).collect(), end }
    };
    texts.map(sequence).collect()
}

#[test]
fn clip_text() {
    let fixture = Fixture::open("clip_text");
    for device in &devices() {
        let clip = ClipText::load(&fixture.weights(device), 4).unwrap();
        assert_eq!((clip.width(), clip.length(), clip.layers()), (32, 77, 4));
        let texts = sequences(&fixture, "input_ids");
        let states = |layers| clip.states(&texts, layers, &go_on).unwrap();
        let all = states(4);
        fixture.assert("last_hidden_state", &all.hidden, ABSOLUTE, 0.0);
        fixture.assert("pooler_output", &all.pooled, ABSOLUTE, 0.0);
        fixture.assert("clip_skip1_normed", &states(3).hidden, ABSOLUTE, 0.0);
        fixture.assert("clip_skip2_normed", &states(2).hidden, ABSOLUTE, 0.0);
        fixture.assert("pooler_output", &states(2).pooled, ABSOLUTE, 0.0);
        fixture.assert("embeddings_out", &clip.embed(&texts).unwrap(), ABSOLUTE, 0.0);
        let phrases = sequences(&fixture, "phrase_ids");
        let pooled = clip.states(&phrases, 4, &go_on).unwrap().pooled;
        fixture.assert("phrase_pooled", &pooled, ABSOLUTE, 0.0);
    }
}

#[test]
fn a_row_may_stand_for_a_token() {
    let fixture = Fixture::open("clip_text");
    let device = &Device::cpu(1).unwrap();
    let weights = fixture.weights(device);
    let clip = ClipText::load(&weights, 4).unwrap();
    let table =
        weights.values("text_model.embeddings.token_embedding.weight", &[1000, 32]).unwrap();
    let texts = sequences(&fixture, "input_ids");
    let mut with_rows = texts.clone();
    for sequence in &mut with_rows {
        for token in &mut sequence.tokens {
            if let Token::Id(id) = *token {
                *token = Token::Row(&table[id as usize * 32..][..32]);
            }
        }
    }
    let run =
        |texts: &[Sequence<'_>]| clip.states(texts, 4, &go_on).unwrap().hidden.to_f32().unwrap();
    assert!(run(&texts) == run(&with_rows));
    let refused = |tokens: Vec<Token<'_>>, end| {
        clip.states(&[Sequence { tokens, end }], 4, &go_on).err().unwrap().to_string()
    };
    assert!(
        refused(vec![Token::Id(1000)], 0).contains("found the token 1000, expected one below 1000")
    );
    assert!(refused(vec![Token::Row(&[0.0; 3])], 0).contains("has 3 values, expected 32"));
    assert!(refused(vec![Token::Id(0); 78], 0).contains("a text of 78 tokens, expected 1 to 77"));
    assert!(refused(vec![Token::Id(0)], 1).contains("ends at 1"));
    assert!(refused(Vec::new(), 0).contains("a text of 0 tokens"));
    assert!(clip.states(&texts, 5, &go_on).is_err());
}

#[test]
fn control_net() {
    let (fixture, base) = (Fixture::open("controlnet_sd15"), Fixture::open("sd15_unet"));
    for device in &devices() {
        let unet = Unet::load(&base.weights(device), FACTS).unwrap();
        let control = ControlNet::load(&fixture.weights(device), FACTS).unwrap();
        let (shape, bytes) = fixture.recorded("controlnet_cond_u8");
        let pixels: Vec<f32> = bytes.iter().map(|byte| byte / 255.0).collect();
        let picture = Tensor::from_f32(device, &shape, pixels).unwrap();
        let hint = control.hint(&picture, &go_on).unwrap();
        fixture.assert("cond_embedding", &hint.tensor(device), ABSOLUTE_WIDE, 0.0);
        let latent = fixture.tensor(device, "sample");
        let context = fixture.tensor(device, "encoder_hidden_states");
        let control =
            |scale| control.control(&latent, &[981.0], &context, &hint, scale, &go_on).unwrap();
        let predict =
            |hook: &dyn Hook| unet.predict(&latent, &[981.0], &context, &[hook], &go_on).unwrap();
        for (index, map) in control(1.0).maps().iter().enumerate() {
            let key = if index < 12 { format!("down_res_{index}") } else { "mid_res".into() };
            let map = map.share().into_tensor(device).unwrap();
            fixture.assert(&key, &map, ABSOLUTE_WIDE, 0.0);
        }
        fixture.assert("unet_out_scale1.0", &predict(&control(1.0)), ABSOLUTE_WIDE, 0.0);
        fixture.assert("unet_out_scale0.5", &predict(&control(0.5)), ABSOLUTE_WIDE, 0.0);
        let mut guessed = control(1.0);
        for (index, scale) in guessed.scales.iter_mut().enumerate() {
            *scale = 10.0_f32.powf(index as f32 / 12.0 - 1.0);
        }
        fixture.assert("guess_mode_unet_out", &predict(&guessed), ABSOLUTE_WIDE, 0.0);
    }
}

#[test]
fn grounding() {
    let fixture = Fixture::open("gligen_unet");
    for device in &devices() {
        let weights = fixture.weights(device);
        let unet = Unet::load(&weights, FACTS).unwrap();
        let grounding = Grounding::load(&weights, unet.blocks()).unwrap();
        let tensor = |key: &str| fixture.tensor(device, key);
        let objects = grounding
            .objects(&tensor("positive_embeddings"), &tensor("boxes"), &tensor("masks"), &go_on)
            .unwrap();
        fixture.assert("objs", &objects, ABSOLUTE_WIDE, 0.0);
        let (latent, context) = (tensor("sample"), tensor("encoder_hidden_states"));
        let predict =
            |hooks: &[&dyn Hook]| unet.predict(&latent, &[981.0], &context, hooks, &go_on).unwrap();
        fixture.assert("out_t981_fuser_off", &predict(&[]), ABSOLUTE_WIDE, 0.0);
        let grounded = grounding.with(&objects).unwrap();
        fixture.assert("out_t981_fuser_on", &predict(&[&grounded]), ABSOLUTE_WIDE, 0.0);
    }
}
