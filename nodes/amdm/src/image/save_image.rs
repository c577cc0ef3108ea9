//! `SaveImage`: images as PNG files in the output directory, with the graph inside.

use alloc::string::String;

use amdm_sdk::images::{self, Place};
use amdm_sdk::{Call, Error, json};

use crate::pack::save_image::Inputs;

pub(crate) fn run(inputs: Inputs, call: &Call) -> Result<(), Error> {
    let names = images::save(Place::Output, &inputs.filename_prefix, &inputs.images)?;
    call.set_ui(&shown(&names, "output"));
    Ok(())
}

/// The names written, as editors expect them: sub-folder apart, and where the file went.
pub(crate) fn shown(names: &[String], place: &str) -> String {
    let images = names.iter().map(|name| {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        json::object([
            ("filename", json::string(file)),
            ("subfolder", json::string(folder)),
            ("type", json::string(place)),
        ])
    });
    json::object([("images", json::array(images))])
}

#[cfg(test)]
mod tests {
    #[test]
    fn sub_folders_are_told_apart() {
        let text = super::shown(&["a.png".into(), "x/y/b.png".into()], "output");
        let first = r#"{"filename":"a.png","subfolder":"","type":"output"}"#;
        let second = r#"{"filename":"b.png","subfolder":"x/y","type":"output"}"#;
        assert_eq!(text, format!(r#"{{"images":[{first},{second}]}}"#));
    }
}
