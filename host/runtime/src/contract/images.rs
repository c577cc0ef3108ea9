//! Interface `images`: pictures by name inside the run's directories.

use amdm::error::Error;
use amdm_diffusion::Tensor;
use amdm_diffusion::image::{Filter, resize};
use wasmtime::component::Resource;

use super::{HostError, StoreData};
use crate::bindings::amdm::node::images::{self, Filter as WitFilter, Place};
use crate::cache::Read;
use crate::failure::NodeRef;
use crate::pictures::label;
use crate::run::Shared;

/// A picture of the run's inputs.
///
/// # Errors
/// As [`Inputs::load`](crate::Inputs); `cancelled`.
pub(crate) fn load_image(run: &Shared, name: &str) -> Result<Tensor, Error> {
    run.cancel.check()?;
    run.saw(Read::Picture(name.to_owned()));
    let limit = run.limits.node_tensor_bytes.min(amdm::limits::TENSOR_BYTES);
    run.inputs.load(&run.device, name, limit)
}

/// Writes pictures, and keeps them for who embeds the run; gives their names. Temporary ones are
/// kept alone.
///
/// # Errors
/// As [`Outputs::save`](crate::pictures::Outputs::save); `limit_exceeded` for more than a run may
/// keep.
pub(crate) fn save_image(
    run: &Shared,
    node: &NodeRef,
    temporary: bool,
    prefix: &str,
    image: &Tensor,
) -> Result<Vec<String>, Error> {
    run.cancel.check()?;
    let pictures = match temporary {
        true => Vec::new(),
        false => run.outputs.save(&node.id, prefix, image, &run.cancel)?,
    };
    let names = pictures.iter().map(|picture| picture.name.clone()).collect();
    run.saved(node, pictures);
    run.keep_image(node, image)?;
    Ok(names)
}

impl images::Host for StoreData {
    fn load(&mut self, name: String) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let tensor = load_image(&self.run, &name)?;
        self.push_tensor(tensor)
    }

    fn save(
        &mut self,
        place: Place,
        prefix: String,
        image: Resource<Tensor>,
    ) -> Result<Vec<String>, HostError> {
        let _work = self.work()?;
        let (image, temporary) = (self.table.get(&image)?, place == Place::Temporary);
        Ok(save_image(&self.run, &self.node, temporary, &prefix, image)?)
    }

    fn resize(
        &mut self,
        image: Resource<Tensor>,
        width: u32,
        height: u32,
        filter: WitFilter,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let filter = match filter {
            WitFilter::NearestExact => Filter::NearestExact,
            WitFilter::Bilinear => Filter::Bilinear,
            WitFilter::Area => Filter::Area,
            WitFilter::Bicubic => Filter::Bicubic,
            WitFilter::Lanczos => Filter::Lanczos,
        };
        let result = resize(self.table.get(&image)?, width, height, filter)?;
        self.push_tensor(result)
    }

    fn text(
        &mut self,
        text: String,
        width: u32,
        height: u32,
        size: f32,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let pixels = label::draw(&text, width, height, size)?;
        let tensor = Tensor::from_f32(&self.run.device, &[1, height, width, 3], pixels)?;
        self.push_tensor(tensor)
    }
}
