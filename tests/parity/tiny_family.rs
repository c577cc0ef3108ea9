//! The embedded networks against the recorded outputs of the ones that were trained.

use std::path::PathBuf;
use std::sync::Arc;

use amdm::error::Code;
use amdm::math::Tensor as _;
use amdm_diffusion::noise::Generator;
use amdm_diffusion::{
    Conditioning, Denoiser, Device, Models, Prediction, Request, Tensor, predict,
};
use safetensors::SafeTensors;

const NAMES: [&str; 3] = ["layout", "attributes", "style"];
const COLOURS: [&str; 6] = ["red", "green", "blue", "yellow", "magenta", "cyan"];
const SHAPES: [&str; 3] = ["circle", "square", "triangle"];
const STYLES: [&str; 4] = ["flat", "hstripe", "vstripe", "checker"];
const ROWS: usize = 3;
const LATENT: usize = 3 * 32 * 32;
const ROW: [u32; 4] = [1, 3, 32, 32];
/// Stated in `config.json` of the family.
const EPSILON_TOLERANCE: f32 = 1e-4;
const DDIM_TOLERANCE: f64 = 2e-3;

struct Fixture(Vec<u8>);

impl Fixture {
    fn open() -> Self {
        let root = std::env::var_os("AMDM_FIXTURES").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"),
            PathBuf::from,
        );
        Self(std::fs::read(root.join("tiny_family/io.safetensors")).unwrap())
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let data = file.tensor(name).unwrap().data().as_chunks().0;
        data.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    }

    fn integers(&self, name: &str) -> Vec<usize> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let data = file.tensor(name).unwrap().data().as_chunks().0;
        data.iter().map(|&bytes| i32::from_le_bytes(bytes) as usize).collect()
    }

    /// Row `row` of a latent.
    fn row(&self, device: &Device, name: &str, row: usize) -> Tensor {
        let values = &self.floats(name)[row * LATENT..(row + 1) * LATENT];
        Tensor::from_f32(device, &ROW, values).unwrap()
    }

    /// The condition of row `row` for a model, as a graph would write it.
    fn condition(&self, name: &str, row: usize) -> String {
        let slots = 0..self.integers("spec.nobj")[row];
        let joined = |item: &dyn Fn(usize) -> String| {
            slots.clone().map(|slot| item(row * 2 + slot)).collect::<Vec<_>>().join(",")
        };
        match name {
            "layout" => {
                let part = |part| self.floats(part);
                let (x, y, r) = (part("spec.cx"), part("spec.cy"), part("spec.r"));
                let boxes = joined(&|i| {
                    let edges = [x[i] - r[i], y[i] - r[i], x[i] + r[i], y[i] + r[i]];
                    format!("{:?}", edges.map(|edge| edge / 32.0))
                });
                format!(r#"{{"boxes":[{boxes}]}}"#)
            }
            "attributes" => {
                let tokens = self.integers("tokens");
                let objects = slots.map(|slot| {
                    let [colour, shape] = [0, 1].map(|i| tokens[row * 5 + slot * 2 + i]);
                    let (colour, shape) = (COLOURS[colour - 1], SHAPES[shape - 1]);
                    format!(r#"{{"colour":"{colour}","shape":"{shape}"}}"#)
                });
                format!(r#"{{"objects":[{}]}}"#, objects.collect::<Vec<_>>().join(","))
            }
            _ => {
                let style = STYLES[self.integers("tokens")[row * 5 + 4] - 1];
                format!(r#"{{"style":"{style}"}}"#)
            }
        }
    }
}

fn load(device: &Device, name: &str) -> Arc<dyn Denoiser> {
    Models::new(device).load(&format!("tiny-{name}"), "").unwrap()
}

fn ask(
    model: &Arc<dyn Denoiser>,
    latent: &Tensor,
    timestep: f64,
    positive: &Conditioning,
    guidance: f64,
    parts: bool,
) -> Prediction {
    let level = model.info().level(timestep);
    let request =
        Request { model, latent, level, positive, negative: None, guidance, step: 0, steps: 1 };
    predict(&[request], parts, &|| false).unwrap().remove(0)
}

fn assert_close(found: &Tensor, expected: &[f32], what: &str) {
    let found = found.to_f32().unwrap();
    let errors = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = errors.fold(0.0, |a: f32, b| if b.is_nan() { f32::INFINITY } else { a.max(b) });
    assert!(worst <= EPSILON_TOLERANCE, "{what}: off by {worst}");
}

/// The device under test: `AMDM_DEVICE`, such as `cuda` in a CUDA build, else the CPU.
fn device() -> Device {
    let name = std::env::var("AMDM_DEVICE").unwrap_or_else(|_| "cpu".into());
    Device::open(&name, 2).unwrap()
}

fn predictions_equal_the_recorded_ones(device: &Device) {
    let fixture = Fixture::open();
    for name in NAMES {
        let model = load(device, name);
        for row in 0..ROWS {
            let latent = fixture.row(device, "x", row);
            let timestep = f64::from(fixture.floats("t")[row]);
            let condition = model.condition(&fixture.condition(name, row), &[]).unwrap();
            let found = ask(&model, &latent, timestep, &condition, 2.0, true);
            for (part, key) in [(found.conditional, "eps_cond"), (found.unconditional, "eps_null")]
            {
                let all = fixture.floats(&format!("{name}.{key}"));
                let expected = &all[row * LATENT..(row + 1) * LATENT];
                assert_close(&part.unwrap(), expected, &format!("{name}.{key}[{row}]"));
            }
        }
    }
}

#[test]
fn predictions_equal_the_recorded_ones_on_the_device() {
    predictions_equal_the_recorded_ones(&device());
}

#[test]
fn predictions_equal_the_recorded_ones_through_candle() {
    predictions_equal_the_recorded_ones(&Device::reference(1).unwrap());
}

#[test]
fn a_batch_through_candle_equals_rows_on_the_cpu() {
    let guided = |device: &Device| {
        let model = load(device, "style");
        let checker = model.condition(r#"{"style":"checker"}"#, &[]).unwrap();
        let latent = Generator::new(5).normal(device, &[3, 3, 32, 32]).unwrap();
        ask(&model, &latent, 400.0, &checker, 2.0, false).guided
    };
    let expected = guided(&Device::reference(1).unwrap()).to_f32().unwrap();
    assert_close(&guided(&Device::cpu(2).unwrap()), &expected, "a batch of three");
}

/// DDIM with eta 0 and guidance 2, the clean latent clamped, by hand.
fn sample(fixture: &Fixture, device: &Device, name: &str, row: usize) -> Tensor {
    let model = load(device, name);
    let condition = model.condition(&fixture.condition(name, row), &[]).unwrap();
    let alphas = &model.info().alphas_cumprod;
    let timesteps = model.timesteps(10).unwrap();
    let mut x = fixture.row(device, "init_noise", row);
    for (index, &timestep) in timesteps.iter().enumerate() {
        let now = alphas[timestep as usize];
        let next = timesteps.get(index + 1).map_or(1.0, |&t| alphas[t as usize]);
        let epsilon = ask(&model, &x, timestep, &condition, 2.0, false).guided;
        let (signal, noise) = (now.sqrt(), (1.0 - now).sqrt());
        let clean =
            Tensor::linear_combination(&[(&x, 1.0 / signal), (&epsilon, -noise / signal)]).unwrap();
        let clean = clean.clamp(-1.0, 1.0).unwrap();
        let epsilon =
            Tensor::linear_combination(&[(&x, 1.0 / noise), (&clean, -signal / noise)]).unwrap();
        let terms = [(&clean, next.sqrt()), (&epsilon, (1.0 - next).sqrt())];
        x = Tensor::linear_combination(&terms).unwrap();
    }
    x
}

#[test]
fn ten_guided_steps_end_where_the_recorded_ones_do() {
    let (fixture, device) = (Fixture::open(), device());
    for name in NAMES {
        for row in 0..ROWS {
            let found = sample(&fixture, &device, name, row).to_f32().unwrap();
            let all = fixture.floats(&format!("{name}.ddim10_g2"));
            let expected = &all[row * LATENT..(row + 1) * LATENT];
            let square = |x: f32| f64::from(x).powi(2);
            let error: f64 = found.iter().zip(expected).map(|(a, b)| square(a - b)).sum();
            let size: f64 = expected.iter().map(|&x| square(x)).sum();
            let relative = (error / size).sqrt();
            assert!(relative <= DDIM_TOLERANCE, "{name}[{row}]: off by {relative}");
        }
    }
}

#[test]
fn schedule_equals_the_recorded_one() {
    let (fixture, device) = (Fixture::open(), device());
    let model = load(&device, "layout");
    let expected = fixture.floats("alphas_cumprod");
    let expected = expected.iter().map(|&expected| f64::from(expected));
    for (found, expected) in model.info().alphas_cumprod.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-5, "{found}, recorded {expected}");
    }
    let timesteps: Vec<usize> = model.timesteps(10).unwrap().iter().map(|&t| t as usize).collect();
    assert_eq!(timesteps, fixture.integers("ddim10_timesteps"));
}

#[test]
fn another_box_gives_another_prediction() {
    // Without this, the test against recorded predictions might hold for a map that says nothing.
    let (fixture, device) = (Fixture::open(), device());
    let model = load(&device, "layout");
    let latent = fixture.row(&device, "x", 0);
    let timestep = f64::from(fixture.floats("t")[0]);
    let shifted = model.condition(r#"{"boxes":[[0.0,0.0,0.3,0.3]]}"#, &[]).unwrap();
    let found = ask(&model, &latent, timestep, &shifted, 1.0, false).guided.to_f32().unwrap();
    let expected = fixture.floats("layout.eps_cond");
    assert!(found.iter().zip(&expected).any(|(a, b)| (a - b).abs() > 10.0 * EPSILON_TOLERANCE));
}

/// Bits of every row of a guided prediction over a batch.
fn bits(device: &Device, batch: u32, rows: std::ops::Range<usize>) -> Vec<u32> {
    let model = load(device, "attributes");
    let json = r#"{"objects":[{"colour":"red","shape":"circle"}]}"#;
    let condition = model.condition(json, &[]).unwrap();
    let latent = Generator::new(3).normal(device, &[batch, 3, 32, 32]).unwrap();
    let count = u32::try_from(rows.len()).unwrap();
    let latent = latent.narrow(0, u32::try_from(rows.start).unwrap(), count).unwrap();
    let guided = ask(&model, &latent, 500.0, &condition, 3.0, false).guided;
    guided.to_f32().unwrap().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn rows_depend_neither_on_neighbours_nor_on_threads() {
    let (one, two) = (Device::cpu(1).unwrap(), Device::cpu(2).unwrap());
    let all = bits(&one, 64, 0..64);
    assert!(all == bits(&two, 64, 0..64), "two threads change a bit");
    for row in [0, 17, 63] {
        let alone = bits(&one, 64, row..row + 1);
        assert!(alone == all[row * LATENT..(row + 1) * LATENT], "row {row} knows its neighbours");
    }
}

#[test]
fn other_requests_of_a_step_change_nothing() {
    let device = device();
    let models = Models::new(&device);
    let layout = models.load("tiny-layout", "{}").unwrap();
    let style = models.load("tiny-style", "").unwrap();
    let boxes = layout.condition(r#"{"boxes":[[0.1,0.1,0.4,0.5]]}"#, &[]).unwrap();
    let checker = style.condition(r#"{"style":"checker"}"#, &[]).unwrap();
    let latent = Generator::new(1).normal(&device, &[2, 3, 32, 32]).unwrap();
    let request = |model, positive, guidance| Request {
        model,
        latent: &latent,
        level: layout.info().level(700.0),
        positive,
        negative: None,
        guidance,
        step: 0,
        steps: 1,
    };
    let asked = [
        request(&layout, &boxes, 1.0),
        request(&style, &checker, 2.0),
        request(&layout, &boxes, 2.0),
    ];
    let together = predict(&asked, true, &|| false).unwrap();
    for (request, together) in asked.iter().zip(&together) {
        let alone = predict(std::slice::from_ref(request), false, &|| false).unwrap().remove(0);
        assert!(alone.conditional.is_none() && together.unconditional.is_some());
        assert_eq!(alone.guided.to_f32().unwrap(), together.guided.to_f32().unwrap());
    }
    assert_eq!(predict(&asked, false, &|| true).unwrap_err().code, Code::Cancelled);
}
