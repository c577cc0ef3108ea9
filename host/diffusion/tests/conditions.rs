//! What the tiny models may be told, and what they refuse.

use std::sync::Arc;

use amdm::error::Code;
use amdm_diffusion::{Denoiser, Device, Models, Request, Tensor, Tiling, predict};

fn load(name: &str) -> Arc<dyn Denoiser> {
    Models::new(&Device::cpu(1).unwrap()).load(name, "").unwrap()
}

/// The message of a condition that is refused.
fn refused(model: &str, json: &str) -> String {
    let error = load(model).condition(json, &[]).unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
    error.message
}

#[test]
fn errors_name_what_was_found_and_what_was_expected() {
    let cases = [
        ("tiny-layout", r#"{"boxes":[]}"#, "found 0 boxes, expected 1 or 2"),
        ("tiny-layout", r#"{"box":[]}"#, "unknown field `box`, expected `boxes`"),
        ("tiny-layout", r#"{"boxes":[[0.5,0,0.5,1]]}"#, "expected left < right"),
        ("tiny-layout", r#"{"boxes":[[0,0,1,1.5]]}"#, "in [0, 1]"),
        ("tiny-layout", r#"{"boxes":[[0,0,1]]}"#, "invalid length 3"),
        ("tiny-attributes", r#"{"objects":[{},{},{}]}"#, "found 3 objects, expected 1 or 2"),
        ("tiny-attributes", r#"{"objects":[{"colour":"pink"}]}"#, "unknown variant `pink`"),
        ("tiny-attributes", r#"{"objects":[{"color":"red"}]}"#, "expected `colour` or `shape`"),
        ("tiny-style", r#"{"style":"dots"}"#, "`flat`, `hstripe`, `vstripe`, `checker`"),
        ("tiny-style", "", "EOF"),
    ];
    for (model, json, expected) in cases {
        let found = refused(model, json);
        assert!(found.contains(expected), "{model} {json}: {found}");
    }
}

#[test]
fn schemas_are_json_schema_and_name_every_choice() {
    for (name, words) in [
        ("tiny-layout", vec!["boxes", "maxItems"]),
        ("tiny-attributes", vec!["objects", "magenta", "triangle"]),
        ("tiny-style", vec!["hstripe", "checker"]),
    ] {
        let schema = load(name).info().conditioning_schema.clone();
        let parsed: serde_json::Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(parsed["additionalProperties"], false);
        assert!(words.iter().all(|word| schema.contains(word)), "{schema}");
    }
}

#[test]
fn a_tensor_is_refused_by_name() {
    let device = Device::cpu(1).unwrap();
    let mask = Tensor::from_f32(&device, &[1], vec![0.0]).unwrap();
    let found = load("tiny-style").condition(r#"{"style":"flat"}"#, &[("mask", &mask)]);
    assert!(found.unwrap_err().message.contains("found tensor `mask`"));
}

#[test]
fn requests_that_do_not_fit_are_errors() {
    let device = Device::cpu(1).unwrap();
    let (layout, style) = (load("tiny-layout"), load("tiny-style"));
    let boxes = layout.condition(r#"{"boxes":[[0,0,0.5,0.5]]}"#, &[]).unwrap();
    let flat = style.condition(r#"{"style":"flat"}"#, &[]).unwrap();
    let latent = Tensor::from_f32(&device, &[1, 3, 32, 32], vec![0.0; 3072]).unwrap();
    let small = Tensor::from_f32(&device, &[1, 3, 16, 16], vec![0.0; 768]).unwrap();
    let good = Request {
        model: &layout,
        latent: &latent,
        level: layout.info().level(10.0),
        positive: &boxes,
        negative: None,
        guidance: 1.0,
        step: 0,
        steps: 1,
    };
    let cases = [
        (
            Request { positive: &flat, ..good },
            "made by tiny-style, expected one made by tiny-layout",
        ),
        (Request { negative: Some(&flat), ..good }, "made by tiny-style"),
        (Request { latent: &small, ..good }, "found latent [1, 3, 16, 16]"),
        (
            Request { level: layout.info().level(1000.0), ..good },
            "found timestep 1000, expected 0 to 999",
        ),
        (Request { level: layout.info().level(f64::NAN), ..good }, "found timestep NaN"),
        (Request { guidance: f64::INFINITY, ..good }, "found guidance inf"),
    ];
    assert!(predict(&[good], false, &|| false).is_ok());
    for (request, expected) in cases {
        let error = predict(&[request], false, &|| false).unwrap_err();
        assert_eq!(error.code, Code::InvalidInput);
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn pictures_go_in_and_come_out() {
    let device = Device::cpu(1).unwrap();
    let model = load("tiny-layout").codec().unwrap();
    let never = || false;
    let pixels: Vec<f32> = (0..3072_u16).map(|i| f32::from(i) / 3071.0).collect();
    let image = Tensor::from_f32(&device, &[1, 32, 32, 3], pixels.clone()).unwrap();
    let latent = model.encode(&image, None, &never).unwrap();
    assert_eq!(latent.extents(), [1, 3, 32, 32]);
    // The second channel of the first pixel is the first value of the second plane.
    assert!((latent.to_f32().unwrap()[1024] - (pixels[1] * 2.0 - 1.0)).abs() < 1e-6);
    let back = model.decode(&latent, None, &never).unwrap().to_f32().unwrap();
    assert!(back.iter().zip(&pixels).all(|(a, b)| (a - b).abs() < 1e-6));
    let wide = Tensor::from_f32(&device, &[1, 32, 64, 3], vec![0.0; 6144]).unwrap();
    let error = model.encode(&wide, None, &never).unwrap_err();
    assert!(error.message.contains("found an image of 64 x 32 pixels"), "{error}");
    let tiles = Some(Tiling { size: 16, overlap: 4 });
    let error = model.decode(&latent, tiles, &never).unwrap_err();
    assert_eq!(error.message, "model tiny-layout works without tiles");
}
