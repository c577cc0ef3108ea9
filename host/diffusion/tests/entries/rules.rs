//! What the recordings do not show: the direct way, kinds of prediction, limits, neighbours.

use std::sync::Arc;

use amdm::error::Code;
use amdm::math::NoiseLevel;
use amdm_diffusion::{
    Area, Control, Denoiser, Device, Entry, Handle, Models, Prediction, PredictionKind, Question,
    Request, Tensor, ask, predict,
};

use super::data::Constants;
use super::network::{Analytic, Row, condition};

const CONSTANTS: Constants = Constants { l: 0.85, a: 0.2, b: 0.05, c: 0.1, d: 0.1, g: 0.15 };
const ALL: [PredictionKind; 4] = [
    PredictionKind::Epsilon,
    PredictionKind::Velocity,
    PredictionKind::Sample,
    PredictionKind::Flow,
];

/// A network, a latent of [2, 4, 12, 16], and what is asked about them.
struct Scene {
    network: Arc<Analytic>,
    model: Arc<dyn Denoiser>,
    latent: Tensor,
    guidance: f64,
}

impl Scene {
    fn new(network: Analytic) -> Self {
        Self::on(network, 1)
    }

    fn on(network: Analytic, threads: usize) -> Self {
        let (network, device) = (Arc::new(network), Device::cpu(threads).unwrap());
        let values: Vec<f32> = (0..1536_u16).map(|i| (f32::from(i) * 0.37).sin()).collect();
        let latent = Tensor::from_f32(&device, &[2, 4, 12, 16], values).unwrap();
        Self { model: Arc::clone(&network) as Arc<dyn Denoiser>, network, latent, guidance: 5.0 }
    }

    fn plain() -> Self {
        Self::new(Analytic::new(CONSTANTS))
    }

    fn level(&self) -> NoiseLevel {
        NoiseLevel::variance_preserving(500.0, 0.3)
    }

    fn question<'a>(&'a self, positive: &'a [Entry], negative: &'a [Entry]) -> Question<'a> {
        Question {
            model: &self.model,
            latent: &self.latent,
            level: self.level(),
            positive,
            negative: Some(negative),
            guidance: self.guidance,
            step: 0,
            steps: 1,
        }
    }

    fn ask(&self, positive: &[Entry], negative: &[Entry]) -> Vec<f32> {
        values(&ask(&[self.question(positive, negative)], false, &|| false).unwrap()[0].guided)
    }

    /// What the network is asked, in order of size.
    fn rows(&self, positive: &[Entry], negative: &[Entry]) -> Vec<Row> {
        self.network.rows();
        self.ask(positive, negative);
        let mut rows = self.network.rows();
        rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
        rows
    }

    /// Code and message of what is refused.
    fn refused(&self, positive: &[Entry], negative: &[Entry]) -> (Code, String) {
        let error = ask(&[self.question(positive, negative)], false, &|| false).unwrap_err();
        assert!(self.network.rows().is_empty(), "before the network runs");
        (error.code, error.message)
    }
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.to_f32().unwrap()
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off <= 1e-5, "{off}");
}

fn plain(k: f64) -> Entry {
    Entry::new(condition(k))
}

fn pixels(x: u32, y: u32, width: u32, height: u32) -> Option<Area> {
    Some(Area::Pixels { x, y, width, height })
}

/// An entry of each sort.
fn mixed(scene: &Scene) -> Vec<Entry> {
    let device = scene.latent.device();
    let mask = Tensor::from_f32(device, &[1, 2, 2], vec![0.0, 0.5, 1.0, 0.25]).unwrap();
    vec![
        Entry { strength: 0.5, ..plain(1.0) },
        Entry { area: pixels(16, 8, 80, 64), strength: 1.5, ..plain(0.3) },
        Entry { mask: Some(mask), mask_strength: 0.7, ..plain(-0.4) },
    ]
}

#[test]
fn sides_of_one_plain_entry_are_one_request() {
    let scene = Scene::plain();
    let (positive, negative) = ([plain(1.0)], [plain(-0.5)]);
    let question = scene.question(&positive, &negative);
    let request = Request {
        model: &scene.model,
        latent: &scene.latent,
        level: question.level,
        positive: &positive[0].condition,
        negative: Some(&negative[0].condition),
        guidance: 5.0,
        step: 0,
        steps: 1,
    };
    let bits = |of: &Prediction| [values(&of.guided), values(of.unconditional.as_ref().unwrap())];
    let direct = predict(&[request], true, &|| false).unwrap();
    let found = ask(&[question], true, &|| false).unwrap();
    assert_eq!(bits(&found[0]), bits(&direct[0]));
    // Nor do entries that do not act at this level change a bit of it.
    let late = Entry { start: 0.9, ..plain(2.0) };
    let with = [plain(1.0), late];
    let found = ask(&[scene.question(&with, &negative)], true, &|| false).unwrap();
    assert_eq!(bits(&found[0]), bits(&direct[0]));
}

#[test]
fn the_mean_is_one_of_clean_latents_in_every_kind() {
    for kind in ALL {
        let scene = Scene { guidance: 1.0, ..Scene::new(Analytic::new(CONSTANTS).of_kind(kind)) };
        let alone = |k: f64| scene.ask(&[plain(k)], &[plain(0.0)]);
        let entries =
            [Entry { strength: 0.5, ..plain(1.0) }, Entry { strength: 1.5, ..plain(0.2) }];
        let found = scene.ask(&entries, &[plain(0.0)]);
        let parts = alone(1.0).into_iter().zip(alone(0.2));
        close(&found, &parts.map(|(a, b)| 0.25 * a + 0.75 * b).collect::<Vec<_>>());
        // Where no entry acts the clean latent is 0.
        let nowhere = [Entry { start: 0.9, ..plain(1.0) }];
        let found = scene.ask(&nowhere, &[plain(0.0)]);
        let (keep, factor) = scene.level().denoised_factors(kind).unwrap();
        let clean = values(&scene.latent).into_iter().zip(found);
        let clean = clean.map(|(x, value)| keep as f32 * x + factor as f32 * value);
        close(&clean.collect::<Vec<_>>(), &[0.0; 1536]);
    }
}

#[test]
fn without_a_negative_the_models_own_unconditional_counts() {
    let device = Device::cpu(1).unwrap();
    let model = Models::new(&device).load("tiny-style", "").unwrap();
    let pixels: Vec<f32> = (0..3072_u16).map(|i| (f32::from(i) * 0.1).sin()).collect();
    let latent = Tensor::from_f32(&device, &[1, 3, 32, 32], pixels).unwrap();
    let style = |name: &str| model.condition(&format!(r#"{{"style":"{name}"}}"#), &[]).unwrap();
    let (flat, checker) = (style("flat"), style("checker"));
    let level = model.info().level(500.0);
    let request = |positive| Request {
        model: &model,
        latent: &latent,
        level,
        positive,
        negative: None,
        guidance: 1.0,
        step: 0,
        steps: 1,
    };
    let answers = predict(&[request(&flat), request(&checker)], true, &|| false).unwrap();
    let part = |at: usize| values(answers[at].conditional.as_ref().unwrap());
    let own = values(answers[0].unconditional.as_ref().unwrap());
    let entries =
        [Entry::new(flat.clone()), Entry { strength: 3.0, ..Entry::new(checker.clone()) }];
    for parts in [false, true] {
        let question = Question {
            model: &model,
            latent: &latent,
            level,
            positive: &entries,
            negative: None,
            guidance: 4.0,
            step: 0,
            steps: 1,
        };
        let found = ask(&[question], parts, &|| false).unwrap().remove(0);
        let mean: Vec<f32> =
            part(0).iter().zip(part(1)).map(|(a, b)| 0.25 * a + 0.75 * b).collect();
        let guided = own.iter().zip(&mean).map(|(own, mean)| own + 4.0 * (mean - own));
        close(&values(&found.guided), &guided.collect::<Vec<_>>());
        assert_eq!(found.conditional.is_some(), parts);
        if let Some(unconditional) = &found.unconditional {
            assert_eq!(values(unconditional), own);
            close(&values(&found.conditional.unwrap()), &mean);
        }
    }
}

#[test]
fn bits_depend_neither_on_neighbours_nor_on_threads() {
    let scene = Scene::plain();
    let (positive, negative) = (mixed(&scene), [plain(-0.5)]);
    let alone = scene.ask(&positive, &negative);
    let two = Scene::on(Analytic::new(CONSTANTS), 2);
    assert_eq!(two.ask(&mixed(&two), &negative), alone);
    let other = [plain(0.8)];
    let questions = [
        scene.question(&other, &negative),
        scene.question(&positive, &negative),
        two.question(&other, &negative),
    ];
    for parts in [false, true] {
        let found = ask(&questions, parts, &|| false).unwrap();
        assert_eq!(values(&found[1].guided), alone);
        assert_eq!(values(&found[0].guided), scene.ask(&other, &negative));
        assert_eq!(
            found.iter().filter(|answer| answer.conditional.is_some()).count(),
            3 * usize::from(parts)
        );
    }
}

#[test]
fn rows_of_a_batch_have_their_own_masks() {
    let scene = Scene { guidance: 1.0, ..Scene::plain() };
    let device = scene.latent.device();
    let masks = Tensor::from_f32(device, &[2, 1, 1], vec![1.0, 0.0]).unwrap();
    let masked = Entry { mask: Some(masks), ..plain(1.0) };
    let found = scene.ask(&[masked, Entry { strength: 1e-9, ..plain(0.0) }], &[plain(0.0)]);
    close(&found[..768], &scene.ask(&[plain(1.0)], &[plain(0.0)])[..768]);
    close(&found[768..], &scene.ask(&[plain(0.0)], &[plain(0.0)])[768..]);
}

#[test]
fn grounding_is_shared_out_as_controls_are() {
    let scene = Scene::plain();
    let with = |k: f64, u: f64| Entry { grounding: vec![Handle::new(u)], ..plain(k) };
    let both =
        |rows: &[(f64, f64)]| rows.iter().map(|&(k, u)| (12, 16, k, u)).collect::<Vec<Row>>();
    let found = scene.rows(&[with(1.0, 0.5)], &[plain(-2.0), plain(-1.0)]);
    assert_eq!(found, both(&[(-2.0, 0.5), (-1.0, 0.0), (1.0, 0.5)]));
    let found = scene.rows(&[with(1.0, 0.5)], &[plain(-2.0), with(-1.0, 0.25)]);
    assert_eq!(found, both(&[(-2.0, 0.0), (-1.0, 0.25), (1.0, 0.5)]));
    let area = Entry { area: pixels(0, 0, 64, 64), ..plain(-1.0) };
    let (code, message) = scene.refused(&[with(1.0, 0.5)], &[area]);
    assert_eq!(code, Code::InvalidInput);
    assert!(message.starts_with("found grounding of the positive condition"), "{message}");
}

#[test]
fn entries_have_a_limit_with_the_partners_of_their_areas() {
    let scene = Scene::plain();
    let many = vec![plain(1.0); 257];
    let expected = "found 257 entries of a condition, partners of areas included, expected at most \
                    256";
    assert_eq!(scene.refused(&many, &[plain(0.0)]), (Code::LimitExceeded, expected.into()));
    // Every area needs a partner of its own here.
    let apart: Vec<Entry> = (0..256_u32)
        .map(|at| Entry {
            area: pixels(0, 0, 64 + 8 * (at % 16), 64 + 8 * (at / 16)),
            ..plain(1.0)
        })
        .collect();
    assert_eq!(scene.refused(&apart, &[plain(0.0)]), (Code::LimitExceeded, expected.into()));
}

#[test]
fn what_cannot_be_evaluated_is_refused_before_the_network_runs() {
    let scene = Scene::plain();
    let device = scene.latent.device();
    let mask = |shape: &[u32]| {
        let count = shape.iter().product::<u32>() as usize;
        Some(Tensor::from_f32(device, shape, vec![1.0; count]).unwrap())
    };
    let fractions = |x: f64, width: f64| Some(Area::Fractions { x, y: 0.0, width, height: 1.0 });
    let cases = [
        (vec![], "found a condition of 0 entries, expected at least one"),
        (vec![Entry { area: pixels(0, 0, 7, 64), ..plain(1.0) }], "expected at least 8 pixels"),
        (vec![Entry { area: pixels(0, 104, 64, 64), ..plain(1.0) }], "column 0 and row 13 on"),
        (vec![Entry { area: pixels(u32::MAX, 0, u32::MAX, 8), ..plain(1.0) }], "column 536870911"),
        (vec![Entry { area: fractions(0.0, f64::NAN), ..plain(1.0) }], "expected 0 to 1 each"),
        (vec![Entry { area: fractions(1.5, 1.0), ..plain(1.0) }], "expected 0 to 1 each"),
        (vec![Entry { mask: mask(&[1, 1, 2, 2]), ..plain(1.0) }], "found a mask [1, 1, 2, 2]"),
    ];
    for (entries, expected) in cases {
        let (code, message) = scene.refused(&entries, &[plain(0.0)]);
        assert_eq!(code, Code::InvalidInput);
        assert!(message.contains(expected), "{message}");
        let (_, message) = scene.refused(&[plain(0.0)], &entries);
        assert!(message.contains(expected), "{message}");
    }
    // A vast area is cut, and takes no room of its own.
    let vast = Entry { area: pixels(8, 8, u32::MAX, u32::MAX), ..plain(1.0) };
    assert_eq!(scene.rows(&[vast], &[plain(0.0)]).len(), 3);
    // A mask of many rows is counted before it has the latent's size.
    let rows = Entry { mask: mask(&[2 << 20, 1, 1]), ..plain(1.0) };
    assert_eq!(scene.refused(&[rows], &[plain(0.0)]).0, Code::LimitExceeded);
    let three = Entry { mask: mask(&[3, 1, 1]), ..plain(1.0) };
    assert_eq!(scene.ask(&[three], &[plain(0.0)]).len(), 1536, "the rows that are there count");
}

#[test]
fn what_a_model_or_its_latents_do_not_take_is_named() {
    let bare = Scene::new(Analytic::new(CONSTANTS).bare());
    let control = |start| Control { handle: Handle::new(0.5), start, end: 1.0, both: false };
    let cases = [
        (Entry { end: 0.5, ..plain(1.0) }, "model recorded has no training steps"),
        (Entry { controls: vec![control(0.0)], ..plain(1.0) }, "model recorded heeds no controls"),
        (Entry { controls: vec![control(0.5)], ..plain(1.0) }, "model recorded has no training"),
    ];
    for (entry, expected) in cases {
        let (code, message) = bare.refused(&[entry], &[plain(0.0)]);
        assert_eq!(code, Code::Unsupported);
        assert!(message.contains(expected), "{message}");
    }
    let device = Device::cpu(1).unwrap();
    let sound = Tensor::from_f32(&device, &[1, 4, 9], vec![0.5; 36]).unwrap();
    let scene = Scene { latent: sound, ..Scene::plain() };
    let (code, message) =
        scene.refused(&[Entry { area: pixels(0, 0, 64, 64), ..plain(1.0) }], &[plain(0.0)]);
    assert_eq!(code, Code::Unsupported);
    assert!(message.contains("for a latent [1, 4, 9], expected a latent [batch, "), "{message}");
}

#[test]
fn a_clean_latent_without_a_prediction_is_refused() {
    let scene = Scene::plain();
    let level = NoiseLevel { timestep: 0.0, signal: 1.0, noise: 0.0 };
    let (never, negative) = ([Entry { end: 0.1, ..plain(1.0) }], [plain(0.0)]);
    let question = Question { level, ..scene.question(&never, &negative) };
    let error = ask(&[question], false, &|| false).unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
    assert!(error.message.starts_with("found a latent without noise"), "{error}");
}
