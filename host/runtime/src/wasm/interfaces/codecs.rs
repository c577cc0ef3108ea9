//! Interface `codecs`: images to latents and back, by handle.

use std::sync::Arc;

use amdm_diffusion::{LatentInfo, Tensor, Tiling};
use wasmtime::component::Resource;

use super::objects::into_trap;
use super::{HostError, StoreData};
use crate::value::Object;
use crate::wasm::bindings::amdm::node::codecs::{self, LatentInfo as Lowered, Tiling as Tiles};

/// A codec that the host holds.
pub struct Codec(pub Arc<dyn amdm_diffusion::Codec>);

type Handle = Resource<Codec>;

pub(super) fn lower_latent(latent: &LatentInfo) -> Lowered {
    Lowered {
        space: latent.space.clone(),
        pixels: latent.pixels,
        scale: latent.scale.clone(),
        shift: latent.shift.clone(),
    }
}

fn lift_tiles(tiles: Option<Tiles>) -> Option<Tiling> {
    tiles.map(|tiles| Tiling { size: tiles.size, overlap: tiles.overlap })
}

impl codecs::Host for StoreData {}

impl codecs::HostCodec for StoreData {
    fn load(&mut self, name: String) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let codec = self.access.load_codec(&name)?;
        self.push(Codec(codec))
    }

    fn from_object(&mut self, object: Resource<Object>) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let codec = self.table.get(&object)?.codec()?.clone();
        self.push(Codec(codec))
    }

    fn to_object(&mut self, this: Handle) -> wasmtime::Result<Resource<Object>> {
        let object = Object::from_codec(self.table.get(&this)?.0.clone());
        self.push_object(object).map_err(into_trap)
    }

    fn name(&mut self, this: Handle) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.0.name().to_owned())
    }

    fn latent(&mut self, this: Handle) -> wasmtime::Result<Lowered> {
        Ok(lower_latent(self.table.get(&this)?.0.latent()))
    }

    fn encode(
        &mut self,
        this: Handle,
        image: Resource<Tensor>,
        tiles: Option<Tiles>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let codec = &self.table.get(&this)?.0;
        let latent = self.access.encode(&**codec, self.table.get(&image)?, lift_tiles(tiles))?;
        self.push_tensor(latent)
    }

    fn decode(
        &mut self,
        this: Handle,
        latent: Resource<Tensor>,
        tiles: Option<Tiles>,
    ) -> Result<Resource<Tensor>, HostError> {
        let _work = self.work()?;
        let codec = &self.table.get(&this)?.0;
        let image = self.access.decode(&**codec, self.table.get(&latent)?, lift_tiles(tiles))?;
        self.push_tensor(image)
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
