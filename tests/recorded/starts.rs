//! Starts, noise and schedules from outside: what they mean for several lanes, and what is refused.

use amdm::error::Code;
use amdm::rng::{TorchCpu, lane_seed};
use amdm_runtime::FailureCode;
use serde_json::{Value, json};

use crate::cases::Values;
use crate::given::Given;
use crate::sampler::{Scene, list, scene};

const SIGMAS: [f64; 5] = [14.614641, 4.0817294, 1.6128862, 0.69320488, 0.0];

/// Two lanes over one model, aggregated in the first two steps; `more` joins the sampler's inputs.
fn graph(more: &Value) -> Value {
    let condition = |k: f64| {
        let inputs = json!({"model": ["model", 0], "json": k.to_string()});
        json!({"class_type": "ConditionJson", "inputs": inputs})
    };
    let mut sampler = json!({
        "lanes": ["second", 0], "latent": ["given", 0], "sigmas": ["given", 2], "seed": 5,
        "solver": "euler", "policy": ["policy", 0],
    });
    for (name, value) in more.as_object().unwrap() {
        sampler[name] = value.clone();
    }
    json!({
        "given": {"class_type": "test.recorded.Given", "inputs": {}},
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": "eps"}},
        "a": condition(1.0), "b": condition(-0.5),
        "first": {"class_type": "Lane", "inputs": {
            "model": ["model", 0], "positive": ["a", 0], "guidance": 1}},
        "second": {"class_type": "Lane", "inputs": {
            "model": ["model", 0], "positive": ["b", 0], "guidance": 1, "lanes": ["first", 0]}},
        "policy": {"class_type": "AggregateStep", "inputs": {"start": 0, "end": 2}},
        "sampler": {"class_type": "Sampler", "inputs": sampler},
        "taken": {"class_type": "test.recorded.Taken", "inputs": {"latent": ["sampler", 0]}},
    })
}

fn zeros(rows: u32) -> Values {
    Values { shape: vec![rows, 4, 8, 8], values: vec![0.0; rows as usize * 256] }
}

/// What the streams of these seeds begin with, one batch after the other.
fn drawn(seeds: &[u64]) -> Values {
    let values = seeds.iter().flat_map(|&seed| TorchCpu::new(seed).normal(512)).collect();
    Values { shape: vec![2 * seeds.len() as u32, 4, 8, 8], values }
}

fn given(latent: Values, noise: Values, sigmas: &[f64]) -> Given {
    Given { latent, noise, sigmas: list(sigmas) }
}

fn run(scene: &Scene, given: Given, more: &Value) -> Values {
    scene.exchange.give(given);
    scene.run(&graph(more)).unwrap()
}

#[test]
fn noise_from_outside_is_that_of_the_lanes_in_order() {
    let (scene, ..) = scene();
    let (own, zeros) = ([5, lane_seed(5, 1)], || zeros(2));
    let expected = run(&scene, given(zeros(), zeros(), &SIGMAS), &json!({}));
    let noise = json!({"noise": ["given", 1]});
    assert_eq!(run(&scene, given(zeros(), drawn(&own), &SIGMAS), &noise), expected);
    // One batch is for all lanes.
    let both = run(&scene, given(zeros(), drawn(&[5, 5]), &SIGMAS), &noise);
    assert_eq!(run(&scene, given(zeros(), drawn(&[5]), &SIGMAS), &noise), both);
    assert_ne!(both, expected);
}

#[test]
fn a_run_goes_on_from_the_lanes_of_another() {
    let (scene, ..) = scene();
    for solver in ["euler", "ddim"] {
        let plain = json!({"solver": solver, "eta": 0});
        let whole = run(&scene, given(zeros(2), zeros(2), &SIGMAS), &plain);
        let mut both = graph(&plain);
        scene.exchange.give(given(zeros(2), zeros(2), &SIGMAS[..3]));
        both["taken"]["inputs"]["latent"] = json!(["sampler", 1]);
        let lanes = scene.run(&both).unwrap();
        assert_eq!(lanes.shape, [4, 4, 8, 8]);
        let rest = Given { noise: lanes, ..given(zeros(2), zeros(2), &SIGMAS[2..]) };
        let more = json!({
            "lane_latents": ["given", 1], "start": "given", "solver": solver, "eta": 0,
            "policy": null,
        });
        let mut graph = graph(&more);
        graph["sampler"]["inputs"].as_object_mut().unwrap().remove("policy");
        scene.exchange.give(rest);
        assert_eq!(scene.run(&graph).unwrap(), whole, "{solver}");
    }
}

#[test]
fn what_a_latent_adds_to_the_noise() {
    let (scene, ..) = scene();
    let latent = || Values { values: vec![0.5; 512], ..zeros(2) };
    let last = |values: Values, sigma: f64| {
        // One sigma, no step: what is there is the start.
        run(&scene, given(values, zeros(2), &[sigma]), &json!({"start": "add"}))
    };
    assert_eq!(last(latent(), 3.0), latent(), "no step, no noise");
    let noised = |start: &str, sigmas: &[f64]| {
        let more = json!({"start": start, "noise": ["given", 1]});
        run(&scene, given(latent(), zeros(2), sigmas), &more)
    };
    // At the largest sigma `noise` leaves the latent out, `add` does not; below both take it in.
    let (full, part) = ([14.614641, 14.614641], [3.0, 3.0]);
    assert_eq!(noised("noise", &full), zeros(2));
    let near = |found: Values, expected: f64| {
        found.values.iter().all(|&value| (f64::from(value) - expected).abs() < 1e-6)
    };
    let signal = |sigma: f64| 0.5 / (1.0 + sigma * sigma).sqrt();
    assert!(near(noised("add", &full), signal(14.614641)));
    assert!(near(noised("add", &part), signal(3.0)) && near(noised("noise", &part), signal(3.0)));
    assert!(near(noised("given", &part), 0.5));
}

/// Schedules may stand still, at noise alone, in the middle and at the end.
#[test]
fn steps_between_equal_levels_move_nothing() {
    let (scene, ..) = scene();
    let latent = || Values { values: vec![0.25; 512], ..zeros(2) };
    let made = |sigmas: &[f64], solver: &str| {
        let more = json!({"solver": solver, "start": "add", "policy": null});
        let mut graph = graph(&more);
        graph["sampler"]["inputs"].as_object_mut().unwrap().remove("policy");
        scene.exchange.give(given(latent(), zeros(2), sigmas));
        scene.run(&graph).unwrap()
    };
    for solver in ["ddim", "euler", "euler-ancestral", "dpmpp-2m"] {
        let plain = made(&[8.0, 2.0, 0.0], solver);
        assert!(plain.values.iter().all(|value| value.is_finite()), "{solver}");
        assert_eq!(made(&[8.0, 2.0, 0.0, 0.0], solver), plain, "{solver}");
        for still in [&[0.0, 0.0][..], &[8.0, 8.0, 2.0, 2.0, 0.0, 0.0, 0.0]] {
            let found = made(still, solver);
            assert!(found.values.iter().all(|value| value.is_finite()), "{solver} {still:?}");
        }
        if ["euler", "dpmpp-2m"].contains(&solver) {
            assert_eq!(made(&[8.0, 8.0, 2.0, 2.0, 0.0], solver), plain, "{solver}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let (scene, ..) = scene();
    let noise = json!({"noise": ["given", 1]});
    let each = json!({"lane_latents": ["given", 1]});
    let all = [
        (given(zeros(2), zeros(3), &SIGMAS), &noise, "noise", "expected [2, 4, 8, 8], or 2 times"),
        (given(zeros(2), zeros(3), &SIGMAS), &each, "lane_latents", "found shape [3, 4, 8, 8]"),
        (given(zeros(2), zeros(2), &[1.0, 2.0]), &json!({}), "sigmas", "sigma 2 after 1"),
        (
            Given { sigmas: zeros(2), ..given(zeros(2), zeros(2), &SIGMAS) },
            &json!({}),
            "sigmas",
            "found a tensor of shape [2, 4, 8, 8], expected [steps + 1]",
        ),
    ];
    for (given, more, input, expected) in all {
        scene.exchange.give(given);
        let failure = scene.run(&graph(more)).unwrap_err();
        assert_eq!(failure.code, FailureCode::Node(Code::InvalidInput), "{failure}");
        let node = failure.node.as_ref().map(|node| node.id.as_str());
        assert_eq!((node, failure.input.as_deref()), (Some("sampler"), Some(input)), "{failure}");
        assert!(failure.message.contains(expected), "{failure}");
    }
}
