//! Images as pictures to put together: colours, plain grounds, sizes.
//!
//! Images are tensors [batch, height, width, channels], float32 in [0, 1].

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::images::{self, Filter};
use amdm_sdk::{Error, Tensor};

use crate::area;

/// Colour of grounds and gaps, and the value of each channel: white.
const GROUND: f64 = 1.0;

/// Batch, height, width and channels.
pub(crate) fn size(image: &Tensor) -> Result<[u32; 4], Error> {
    let shape = image.shape();
    shape.as_slice().try_into().map_err(|_| {
        let expected = "[batch, height, width, channels]";
        Error::invalid(format!("found an image of shape {shape:?}, expected {expected}"))
    })
}

/// The image with three channels: transparency is dropped, grey is repeated.
pub(crate) fn rgb(image: Tensor) -> Result<Tensor, Error> {
    match size(&image)? {
        [_, _, _, 3] => Ok(image),
        [_, _, _, 4] => image.narrow(3, 0, 3),
        [_, _, _, 1] => Tensor::concat(&[&image, &image, &image], 3),
        [_, _, _, channels] => {
            Err(Error::invalid(format!("found {channels} channels, expected 1, 3 or 4")))
        }
    }
}

/// The image at another size; with `crop` its middle, in the new proportions.
pub(crate) fn fit(
    image: Tensor,
    [height, width]: [u32; 2],
    filter: Filter,
    crop: bool,
) -> Result<Tensor, Error> {
    let image = if crop { area::middle(image, area::IMAGE, [height, width])? } else { image };
    images::resize(&image, width, height, filter)
}

/// The image with as many channels as `like`: without those beyond, or opaque where it has no
/// transparency.
pub(crate) fn alike(image: Tensor, like: &Tensor) -> Result<Tensor, Error> {
    let ([batch, height, width, own], [.., wanted]) = (size(&image)?, size(like)?);
    if own == wanted {
        return Ok(image);
    }
    if own > wanted {
        return image.narrow(3, 0, wanted);
    }
    Tensor::concat(&[&image, &Tensor::full(&[batch, height, width, 1], 1.0)?], 3)
}

/// Channels before rows: [batch, channels, height, width].
pub(crate) fn to_planes(image: &Tensor) -> Result<Tensor, Error> {
    image.transpose(1, 3)?.transpose(2, 3)
}

/// Channels after columns again.
pub(crate) fn from_planes(planes: &Tensor) -> Result<Tensor, Error> {
    planes.transpose(2, 3)?.transpose(1, 3)
}

/// Red, green and blue of 24 bits, each 0 to 255.
pub(crate) fn channels(color: u32) -> [u32; 3] {
    [color >> 16 & 255, color >> 8 & 255, color & 255]
}

/// A plain ground [1, height, width, 3].
pub(crate) fn ground(width: u32, height: u32) -> Result<Tensor, Error> {
    Tensor::full(&[1, height, width, 3], GROUND)
}

/// Images of one height side by side, with `gap` pixels of ground between them.
pub(crate) fn beside(images: Vec<Tensor>, gap: u32) -> Result<Tensor, Error> {
    join(images, gap, 2)
}

/// Images of one width below each other, with `gap` pixels of ground between them.
pub(crate) fn below(images: Vec<Tensor>, gap: u32) -> Result<Tensor, Error> {
    join(images, gap, 1)
}

/// One image, centred on a ground of `width` by `height`.
pub(crate) fn centre(image: Tensor, width: u32, height: u32) -> Result<Tensor, Error> {
    let [_, own_height, own_width, _] = size(&image)?;
    let (left, top) = ((width - own_width) / 2, (height - own_height) / 2);
    let mut row = Vec::new();
    if left > 0 {
        row.push(ground(left, own_height)?);
    }
    row.push(image);
    if width - own_width > left {
        row.push(ground(width - own_width - left, own_height)?);
    }
    let mut rows = Vec::new();
    if top > 0 {
        rows.push(ground(width, top)?);
    }
    rows.push(beside(row, 0)?);
    if height - own_height > top {
        rows.push(ground(width, height - own_height - top)?);
    }
    below(rows, 0)
}

fn join(images: Vec<Tensor>, gap: u32, axis: u32) -> Result<Tensor, Error> {
    let Some(first) = images.first() else {
        return Err(Error::invalid("found no image, expected at least one"));
    };
    let [_, height, width, _] = size(first)?;
    let filler = match (gap, axis) {
        (0, _) => None,
        (_, 2) => Some(ground(gap, height)?),
        _ => Some(ground(width, gap)?),
    };
    let mut parts = vec![];
    for (index, image) in images.iter().enumerate() {
        if let (Some(filler), true) = (&filler, index > 0) {
            parts.push(filler);
        }
        parts.push(image);
    }
    if let [_] = parts.as_slice() {
        return Ok(first.share());
    }
    Tensor::concat(&parts, axis)
}
