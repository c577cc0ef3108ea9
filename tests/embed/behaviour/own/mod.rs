//! A node, a step operator and a model that every face but the command brings: the same three, written
//! once against the crate and once against the header.

pub mod library;
pub mod native;

use serde_json::{Value, json};

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
