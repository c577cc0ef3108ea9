//! `ImageLabel`: lines of text beside an image, the same for every image of a batch.

use amdm_sdk::{Call, Error, images};

use super::picture;
use crate::batch;
use crate::pack::image_label::{Inputs, Outputs, Side};

/// Room of a line, and above and below all of them, in heights of the letters.
const LINE: f64 = 1.25;
const MARGIN: f64 = 0.5;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let image = picture::rgb(inputs.image)?;
    let [entries, height, width, _] = picture::size(&image)?;
    let (label_width, label_height) = match inputs.side {
        Side::Above | Side::Below => (width, room(&inputs.text, inputs.size)),
        Side::Left | Side::Right if inputs.width == 0 => (width, height),
        Side::Left | Side::Right => (inputs.width, height),
    };
    let label = images::text(&inputs.text, label_width, label_height, inputs.size as f32)?;
    let label = batch::repeat(label, entries)?;
    let image = match inputs.side {
        Side::Above => picture::below([label, image].into(), 0),
        Side::Below => picture::below([image, label].into(), 0),
        Side::Left => picture::beside([label, image].into(), 0),
        Side::Right => picture::beside([image, label].into(), 0),
    }?;
    Ok(Outputs { image })
}

/// Height in pixels of a label with this text.
fn room(text: &str, size: u32) -> u32 {
    let lines = text.lines().count().max(1) as f64;
    libm::ceil(f64::from(size) * (lines * LINE + MARGIN)) as u32
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_label_has_room_for_its_lines() {
        assert_eq!(super::room("", 16), 28);
        assert_eq!(super::room("one", 16), 28);
        assert_eq!(super::room("one\ntwo", 16), 48);
    }
}
