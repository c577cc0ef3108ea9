//! `TinyAttributes`: colours and shapes as conditioning of the built-in model `tiny-attributes`.
//!
//! The model takes `{"objects": [{"colour": ..., "shape": ...}, ...]}`, left to right; a key that
//! is left out is left to the model.

use alloc::string::String;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, json};

use super::condition;
use crate::pack::tiny_attributes::{Colour, Inputs, Outputs, Shape};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let mut objects = Vec::from([(inputs.colour, inputs.shape)]);
    if inputs.objects > 1 {
        objects.push((inputs.second_colour, inputs.second_shape));
    }
    let conditioning = condition::of(&inputs.model, "objects", &attributes(&objects))?;
    Ok(Outputs { conditioning })
}

fn attributes(objects: &[(Colour, Shape)]) -> String {
    let objects = objects.iter().map(|(colour, shape)| {
        let mut keys = Vec::new();
        if *colour != Colour::Any {
            keys.push(("colour", json::string(colour.as_str())));
        }
        if *shape != Shape::Any {
            keys.push(("shape", json::string(shape.as_str())));
        }
        json::object(keys)
    });
    json::object([("objects", json::array(objects))])
}

#[cfg(test)]
mod tests {
    use super::{Colour, Shape, attributes};

    #[test]
    fn what_is_left_to_the_model_is_left_out() {
        let objects = [(Colour::Red, Shape::Circle), (Colour::Any, Shape::Any)];
        let expected = r#"{"objects":[{"colour":"red","shape":"circle"},{}]}"#;
        assert_eq!(attributes(&objects), expected);
    }
}
