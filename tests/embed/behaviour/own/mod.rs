//! A node, a step operator and a model of the test's own: the same three, written once against the
//! crate and once against the header. The command has the first two as a native pack in C
//! (`pack.c`).

/// Returns from a callback with the status of what failed.
macro_rules! attempt {
    ($call:expr) => {
        match $call {
            AMDM_STATUS_OK => {}
            status => return status,
        }
    };
}

pub mod library;
pub mod model;
pub mod native;
pub mod pack;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// Phase and step of each call of the operator.
pub type Applied = Arc<Mutex<Vec<(u32, u32)>>>;

/// The image with its contrast turned by `amount`: `(1 - 2 amount) x + amount`.
pub fn turn() -> Value {
    json!({
        "type": "test.own.Turn", "pack": "test:own", "version": "1.0.0", "title": "Turn",
        "category": "test", "description": "Turns an image.",
        "inputs": [
            {"name": "image", "type": "IMAGE"},
            {"name": "amount", "type": "FLOAT", "default": 1.0, "min": 0.0, "max": 1.0},
        ],
        "outputs": [{"name": "image", "type": "IMAGE"}, {"name": "half", "type": "FLOAT"}],
    })
}

/// What the node refuses.
pub const REFUSED: f64 = 0.25;
/// What it says then.
pub const REFUSAL: &str = "found 0.25, expected another amount";
/// What the operator refuses more than two lanes with.
pub const THREE_LANES: &str = "found three lanes, expected at most two";
/// What it warns of.
pub const WARNING: &str = "an image was turned";

/// More guidance, and latents between conditional and unconditional, in all steps but the first.
pub fn nudge() -> Value {
    json!({
        "type": "test.own.Nudge", "pack": "test:own", "version": "1.0.0", "title": "Nudge",
        "category": "test", "description": "Nudges lanes.",
        "inputs": [
            {"name": "policy", "type": "STEP_POLICY", "optional": true, "socket_only": true},
            {"name": "by", "type": "FLOAT", "default": 0.5, "min": 0.0, "max": 1.0},
        ],
        "outputs": [{"name": "policy", "type": "STEP_POLICY"}],
        "step_operator": {"phases": ["prepare", "predicted", "stepped"]},
    })
}

/// Name of the model that passes everything on to `tiny-layout`.
pub const WRAPPED: &str = "test-wrapped";
/// The model that it wraps.
pub const INNER: &str = "tiny-layout";
