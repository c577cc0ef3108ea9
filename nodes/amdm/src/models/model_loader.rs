//! `ModelLoader`: a diffusion model by name.
//!
//! The host finds and loads it, once for all runs; a name never leads outside its directories.

use alloc::format;
use alloc::string::String;

use amdm_sdk::{Call, Error, Model};

use crate::pack::model_loader::{Family, Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let model = Model::load(&inputs.model_name, &options(inputs.family))
        .map_err(|error| if error.input.is_none() { error.at("model_name") } else { error })?;
    Ok(Outputs { model: model.to_object() })
}

/// What the host is told about how to load the file.
fn options(family: Family) -> String {
    match family {
        Family::Auto => String::new(),
        family => format!("{{\"family\":\"{}\"}}", family.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Family, options};

    #[test]
    fn only_a_family_that_is_named_is_passed_on() {
        assert_eq!(options(Family::Auto), "");
        assert_eq!(options(Family::TinyStyle), r#"{"family":"tiny-style"}"#);
    }
}
