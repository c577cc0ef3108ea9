//! A node pack for AMDM: a node on images, and a step operator.
#![cfg_attr(target_family = "wasm", no_std)]

extern crate alloc;

mod blur;
mod ramp;

use alloc::boxed::Box;

use amdm_sdk::{Call, Error, Operator};

amdm_sdk::pack!(Sketch, "wit");

impl Nodes for Sketch {
    fn box_blur(inputs: box_blur::Inputs, _: &Call) -> Result<box_blur::Outputs, Error> {
        Ok(box_blur::Outputs { image: blur::mean(inputs.image, inputs.radius)? })
    }

    fn guidance_ramp(inputs: guidance_ramp::Inputs, _: &Call) -> Result<Box<dyn Operator>, Error> {
        Ok(Box::new(ramp::Ramp::new(inputs.first, inputs.last)))
    }
}
