//! `ImageGrid`: images side by side, row by row, each centred in its cell.

use alloc::vec;
use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Tensor};

use super::picture;
use crate::pack::image_grid::{Inputs, Outputs};

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let images = singles(inputs.image)?;
    if images.is_empty() {
        return Err(Error::invalid("found no image, expected at least one").at("image"));
    }
    let columns = match inputs.columns as usize {
        0 => images.len(),
        columns => columns.min(images.len()),
    };
    let sizes = images.iter().map(picture::size).collect::<Result<Vec<_>, Error>>()?;
    let cells = Cells::around(&sizes, columns);
    let mut images = images.into_iter();
    let mut rows = Vec::new();
    for &height in &cells.heights {
        let mut row = Vec::new();
        for &width in &cells.widths {
            row.push(match images.next() {
                Some(image) => picture::centre(image, width, height)?,
                None => picture::ground(width, height)?,
            });
        }
        rows.push(picture::beside(row, inputs.gap)?);
    }
    Ok(Outputs { image: picture::below(rows, inputs.gap)? })
}

/// The width of every column and the height of every row.
struct Cells {
    widths: Vec<u32>,
    heights: Vec<u32>,
}

impl Cells {
    /// Room for images of the shapes [batch, height, width, channels], `columns` a row.
    fn around(sizes: &[[u32; 4]], columns: usize) -> Self {
        let mut widths = vec![0; columns];
        let mut heights = vec![0; sizes.len().div_ceil(columns)];
        for (index, [_, height, width, _]) in sizes.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            widths[column] = (*width).max(widths[column]);
            heights[row] = (*height).max(heights[row]);
        }
        Self { widths, heights }
    }
}

/// Every image of every batch on its own, with three channels.
fn singles(batches: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
    let mut images = Vec::new();
    for batch in batches {
        let batch = picture::rgb(batch)?;
        let [entries, ..] = picture::size(&batch)?;
        for entry in 0..entries {
            images.push(batch.narrow(0, entry, 1)?);
        }
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::Cells;

    #[test]
    fn cells_fit_their_columns_and_rows() {
        let sizes = [[1, 10, 30, 3], [1, 20, 5, 3], [1, 7, 40, 3]];
        let cells = Cells::around(&sizes, 2);
        assert_eq!((cells.widths, cells.heights), (vec![40, 5], vec![20, 7]));
    }
}
