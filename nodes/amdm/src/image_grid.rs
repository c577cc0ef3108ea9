//! `ImageGrid`: images side by side, row by row; smaller ones are centred in their cell.

use alloc::vec::Vec;

use amdm_sdk::{Call, Error, Tensor};

use crate::pack::image_grid::{Inputs, Outputs};
use crate::picture;

pub(crate) fn run(inputs: Inputs, _: &Call) -> Result<Outputs, Error> {
    let images = singles(inputs.image)?;
    if images.is_empty() {
        return Err(Error::invalid("found no image, expected at least one").at("image"));
    }
    let (mut width, mut height) = (0, 0);
    for image in &images {
        let [_, own_height, own_width, _] = picture::size(image)?;
        (width, height) = (width.max(own_width), height.max(own_height));
    }
    let columns = match inputs.columns as usize {
        0 => images.len(),
        columns => columns.min(images.len()),
    };
    let mut cells = Vec::new();
    for image in images {
        cells.push(picture::centre(image, width, height)?);
    }
    while cells.len() % columns != 0 {
        cells.push(picture::ground(width, height)?);
    }
    let mut rows = Vec::new();
    let mut cells = cells.into_iter();
    loop {
        let row: Vec<Tensor> = cells.by_ref().take(columns).collect();
        if row.is_empty() {
            break;
        }
        rows.push(picture::beside(row, inputs.gap)?);
    }
    Ok(Outputs { image: picture::below(rows, inputs.gap)? })
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
