//! Pictures as networks take them: [batch, channels, height, width], and back.

use crate::{Result, Tensor, pixels};

/// Images [batch, height, width, channels] as planes [batch, channels, height, width].
pub(crate) fn of(image: &Tensor) -> Result<Tensor> {
    let [batch, height, width, channels] = pixels::extents(image)?;
    let area = height as usize * width as usize;
    let values = image.read()?;
    let planes = turned(&values, area, channels as usize);
    Tensor::from_f32(image.device(), &[batch, channels, height, width], planes)
}

/// Planes [batch, channels, height, width] as images [batch, height, width, channels].
pub(crate) fn to_image(planes: &Tensor) -> Result<Tensor> {
    let &[batch, channels, height, width] = planes.extents() else {
        let found = planes.extents();
        return Err(amdm::error::Error::invalid(format!(
            "found planes of shape {found:?}, expected [batch, channels, height, width]"
        )));
    };
    let area = height as usize * width as usize;
    let values = planes.read()?;
    let image = turned(&values, channels as usize, area);
    Tensor::from_f32(planes.device(), &[batch, height, width, channels], image)
}

/// Every matrix of `rows` x `columns` values with rows and columns exchanged.
fn turned(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for matrix in values.chunks_exact((rows * columns).max(1)) {
        for column in 0..columns {
            out.extend(matrix.iter().skip(column).step_by(columns));
        }
    }
    out
}
