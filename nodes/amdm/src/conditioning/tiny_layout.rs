//! `TinyLayout`: boxes as conditioning of the built-in model `tiny-layout`.
//!
//! The model takes `{"boxes": [[left, top, right, bottom], ...]}` in fractions; how many and how
//! large they may be is the model's to say.

use alloc::string::String;
use alloc::{format, vec::Vec};

use amdm_sdk::{Call, Error, json};

use super::condition;
use crate::pack::tiny_layout::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mut corners = Vec::new();
    for item in inputs.boxes.members() {
        let (left, top) = (item.get::<f64>("left")?, item.get::<f64>("top")?);
        let (width, height) = (item.get::<f64>("width")?, item.get::<f64>("height")?);
        corners.push([left, top, (left + width).min(1.0), (top + height).min(1.0)]);
    }
    let conditioning = condition::of(&inputs.model, "boxes", &layout(&corners))?;
    Ok(Outputs { conditioning })
}

fn layout(corners: &[[f64; 4]]) -> String {
    let boxes =
        corners.iter().map(|[left, top, right, bottom]| format!("[{left},{top},{right},{bottom}]"));
    json::object([("boxes", json::array(boxes))])
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_model_gets_corners() {
        let text = super::layout(&[[0.0, 0.25, 0.5, 1.0], [0.5, 0.5, 0.75, 0.875]]);
        assert_eq!(text, r#"{"boxes":[[0,0.25,0.5,1],[0.5,0.5,0.75,0.875]]}"#);
    }
}
