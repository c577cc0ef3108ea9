//! `PreviewImage`: images to look at, which are not kept.

use amdm_sdk::images::{self, Place};
use amdm_sdk::{Call, Error};

use super::save_image::shown;
use crate::pack::preview_image::Inputs;

/// Start of the files' names.
const PREFIX: &str = "preview";

pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<(), Error> {
    let names = images::save(Place::Temporary, PREFIX, &inputs.images)?;
    call.set_ui(&shown(&names, "temp"));
    Ok(())
}
