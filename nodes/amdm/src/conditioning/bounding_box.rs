//! `BoundingBox`: a rectangle in fractions of the image, appended to the boxes before it.
//!
//! Refuses a box that ends outside the image.

use alloc::format;
use alloc::vec;

use amdm_sdk::{Call, Error, Object, Value};

use crate::pack::bounding_box::{Inputs, Outputs};

/// Ends past 1 by less than this are rounding, such as 0.7 + 0.3.
const ROUNDING: f64 = 1e-9;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    check("left", inputs.left, "width", inputs.width)?;
    check("top", inputs.top, "height", inputs.height)?;
    let item = Object::build(
        "BOXES",
        vec![
            ("left", Value::Float(inputs.left)),
            ("top", Value::Float(inputs.top)),
            ("width", Value::Float(inputs.width)),
            ("height", Value::Float(inputs.height)),
        ],
    )?;
    let boxes = match inputs.boxes {
        Some(boxes) => boxes.append(&item)?,
        None => item,
    };
    Ok(Outputs { boxes })
}

fn check(edge: &str, start: f64, side: &str, length: f64) -> Result<(), Error> {
    let end = start + length;
    if end <= 1.0 + ROUNDING {
        return Ok(());
    }
    let message = format!("found {edge} + {side} = {end}, expected at most 1");
    Err(Error::invalid(message).at(side))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_box_that_ends_at_the_edge_fits() {
        assert!(super::check("left", 0.7, "width", 0.3).is_ok());
        let error = super::check("left", 0.7, "width", 0.4).err();
        assert_eq!(error.and_then(|error| error.input).as_deref(), Some("width"));
    }
}
