//! The last two axes at another size.

use super::resample::{self, Axis, Method, Planes};
use super::{Tensor, bislerp, errors, shape};
use crate::Result;

/// How new values are made of old ones: as torch's `interpolate` with `align_corners` false and
/// without antialias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resampling {
    /// The value under the centre of the new one.
    NearestExact,
    /// Linear between four neighbours, also when shrinking.
    Bilinear,
    /// The mean of the values that the new one covers.
    Area,
    /// Cubic (a = -0.75) between sixteen neighbours.
    Bicubic,
    /// Spherical between two neighbours along each axis, for latents: vectors over the axis before
    /// the last two keep their length. ComfyUI's name for it.
    Bislerp,
}

impl Tensor {
    /// The last two axes become [height, width].
    ///
    /// # Errors
    /// `invalid_input` for fewer axes than two (`Bislerp`: three) or a side of 0, `limit_exceeded`
    /// for a side above 65,536 or a result above [`amdm::limits::TENSOR_BYTES`].
    pub fn resize(&self, height: u32, width: u32, filter: Resampling) -> Result<Self> {
        let least = if filter == Resampling::Bislerp { 3 } else { 2 };
        let axes = self.shape.len();
        if axes < least {
            return Err(errors::planes(&self.shape, least));
        }
        let mut target = self.shape.to_vec();
        target[axes - 2] = resample::side(height)?;
        target[axes - 1] = resample::side(width)?;
        let count = shape::count(&target)?;
        let axis =
            |index: usize| Axis { from: self.shape[index] as usize, to: target[index] as usize };
        let planes = Planes { height: axis(axes - 2), width: axis(axes - 1), inner: 1 };
        let values = self.read()?;
        let method = match filter {
            Resampling::NearestExact => Method::NearestExact,
            Resampling::Bilinear => Method::Bilinear,
            Resampling::Area => Method::Area,
            Resampling::Bicubic => Method::Bicubic,
            Resampling::Bislerp => {
                let out = bislerp::resize(&values, self.shape[axes - 3], planes)?;
                return Self::from_f32(&self.device, &target, out);
            }
        };
        let mut out = vec![0.0; count];
        resample::resample(&values, &mut out, planes, method);
        Self::from_f32(&self.device, &target, out)
    }
}
