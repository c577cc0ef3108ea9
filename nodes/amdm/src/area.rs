//! Rectangles of images, masks and latents: cut out, put in, and cut to proportions.

use alloc::vec::Vec;

use amdm_sdk::{Error, Tensor};

/// The axes of rows and of columns.
pub(crate) type Axes = [u32; 2];

/// Of images [batch, height, width, channels], and of masks.
pub(crate) const IMAGE: Axes = [1, 2];
/// Of latents [batch, channels, height, width].
pub(crate) const LATENT: Axes = [2, 3];

/// Extents along the axes: height and width.
pub(crate) fn sides(tensor: &Tensor, axes: Axes) -> Result<[u32; 2], Error> {
    let shape = tensor.shape();
    let side = |axis: u32| shape.get(axis as usize).copied();
    match axes.map(side) {
        [Some(height), Some(width)] => Ok([height, width]),
        _ => {
            let message = alloc::format!("found shape {shape:?}, expected rows and columns");
            Err(Error::invalid(message))
        }
    }
}

/// The rectangle of `size` from `at` on.
pub(crate) fn cut(
    tensor: &Tensor,
    axes: Axes,
    at: [u32; 2],
    size: [u32; 2],
) -> Result<Tensor, Error> {
    tensor.narrow(axes[0], at[0], size[0])?.narrow(axes[1], at[1], size[1])
}

/// `piece` in place of what lies at `at`; it is inside, and as many entries as the canvas.
pub(crate) fn paste(
    canvas: &Tensor,
    axes: Axes,
    at: [u32; 2],
    piece: Tensor,
) -> Result<Tensor, Error> {
    let [height, _] = sides(&piece, axes)?;
    let band = canvas.narrow(axes[0], at[0], height)?;
    insert(canvas, axes[0], at[0], insert(&band, axes[1], at[1], piece)?)
}

/// `piece` in place of as many entries of `axis` from `at` on.
fn insert(whole: &Tensor, axis: u32, at: u32, piece: Tensor) -> Result<Tensor, Error> {
    let extent = |tensor: &Tensor| tensor.shape().get(axis as usize).copied().unwrap_or(0);
    let (all, end) = (extent(whole), at + extent(&piece));
    let mut parts = Vec::new();
    if at > 0 {
        parts.push(whole.narrow(axis, 0, at)?);
    }
    parts.push(piece);
    if end < all {
        parts.push(whole.narrow(axis, end, all - end)?);
    }
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), axis)
}

/// The middle of the tensor, in the proportions of `wanted` height and width.
pub(crate) fn middle(tensor: Tensor, axes: Axes, wanted: [u32; 2]) -> Result<Tensor, Error> {
    let own = sides(&tensor, axes)?;
    let margins = margins(own, wanted);
    if margins == [0, 0] {
        return Ok(tensor);
    }
    let size = [own[0] - 2 * margins[0], own[1] - 2 * margins[1]];
    cut(&tensor, axes, margins, size)
}

/// Entries to cut at each side (top and bottom, left and right), so that proportions stay.
fn margins(own: [u32; 2], wanted: [u32; 2]) -> [u32; 2] {
    let [own_height, own_width] = own.map(f64::from);
    let own_aspect = own_width / own_height;
    let aspect = f64::from(wanted[1]) / f64::from(wanted[0]);
    let half = |side: f64, part: f64| libm::rint((side - side * part) / 2.0) as u32;
    if own_aspect > aspect {
        [0, half(own_width, aspect / own_aspect).min((own[1] - 1) / 2)]
    } else {
        [half(own_height, own_aspect / aspect).min((own[0] - 1) / 2), 0]
    }
}

#[cfg(test)]
mod tests {
    use super::margins;

    #[test]
    fn the_longer_side_is_cut_evenly() {
        assert_eq!(margins([32, 64], [32, 32]), [0, 16]);
        assert_eq!(margins([64, 32], [32, 32]), [16, 0]);
        assert_eq!(margins([32, 32], [64, 64]), [0, 0]);
        assert_eq!(margins([1, 2], [1000, 1]), [0, 0]);
    }
}
