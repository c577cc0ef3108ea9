//! Interface `images`: pictures by name inside the run's directories.

use amdm_diffusion::Tensor;
use amdm_diffusion::image::{Filter, resize};
use wasmtime::component::Resource;

use super::{HostError, StoreData};
use crate::bindings::amdm::node::images::{self, Filter as WitFilter, Place};
use crate::cache::Read;
use crate::pictures::label;

impl StoreData {
    /// Bytes that one picture may take.
    fn picture_bytes(&self) -> usize {
        self.run.limits.node_tensor_bytes.min(amdm::limits::TENSOR_BYTES)
    }
}

impl images::Host for StoreData {
    fn load(&mut self, name: String) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        self.run.saw(Read::Picture(name.clone()));
        let tensor = self.run.inputs.load(&self.run.device, &name, self.picture_bytes())?;
        self.push_tensor(tensor)
    }

    fn save(
        &mut self,
        place: Place,
        prefix: String,
        image: Resource<Tensor>,
    ) -> Result<Vec<String>, HostError> {
        let _work = self.work()?;
        let image = self.table.get(&image)?.clone();
        let run = self.run.clone();
        let pictures = match place {
            Place::Output => run.outputs.save(&prefix, &image, &run.cancel)?,
            Place::Temporary => Vec::new(),
        };
        let names = pictures.iter().map(|picture| picture.name.clone()).collect();
        run.saved(&self.node, pictures);
        Ok(names)
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
