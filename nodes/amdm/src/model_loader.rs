//! `ModelLoader`: a diffusion model by name.
//!
//! The host finds and loads it, once for all runs; a name never leads outside its directories.

use amdm_sdk::{Call, Error, Model};

use crate::pack::model_loader::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let model = Model::load(&inputs.model_name, "{}")?;
    Ok(Outputs { model: model.to_object() })
}
