//! Interface `images`: pictures by name inside the run's directories.

use amdm_diffusion::Tensor;
use wasmtime::component::Resource;

use super::enums::lift_filter;
use super::{HostError, StoreData};
use crate::wasm::bindings::amdm::node::images::{self, Filter, Place};

impl images::Host for StoreData {
    fn load(&mut self, name: String) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let tensor = self.access.load_image(&name)?;
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
        Ok(self.access.save_image(temporary, &prefix, image)?)
    }

    fn save_latent(
        &mut self,
        prefix: String,
        latent: Resource<Tensor>,
    ) -> Result<Option<String>, HostError> {
        let _work = self.work()?;
        let latent = self.table.get(&latent)?;
        Ok(self.access.save_latent(&prefix, latent)?)
    }

    fn resize(
        &mut self,
        image: Resource<Tensor>,
        width: u32,
        height: u32,
        filter: Filter,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let image = self.table.get(&image)?;
        let result = self.access.resize(image, (width, height), lift_filter(filter))?;
        self.push_tensor(result)
    }

    fn grow(
        &mut self,
        mask: Resource<Tensor>,
        pixels: i32,
        tapered: bool,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let mask = self.table.get(&mask)?;
        let result = self.access.grow(mask, pixels, tapered)?;
        self.push_tensor(result)
    }

    fn edges(
        &mut self,
        image: Resource<Tensor>,
        low: f64,
        high: f64,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let image = self.table.get(&image)?;
        let result = self.access.edges(image, low, high)?;
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
        let tensor = self.access.draw_text(&text, (width, height), size)?;
        self.push_tensor(tensor)
    }
}
