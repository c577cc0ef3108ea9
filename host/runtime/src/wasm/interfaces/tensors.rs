//! Interface `tensors`: device tensors behind handles, and noise.

use amdm::error::Error;
use amdm::math::Tensor as _;
use amdm_diffusion::Tensor;
use wasmtime::component::Resource;

use super::enums::{lift_edge, lift_resampling, lower_dtype};
use super::objects::into_trap;
use super::{HostError, StoreData};
use crate::budget::Storage;
use crate::wasm::bindings::amdm::node::tensors::{self, Edge, Resampling};
use crate::wasm::bindings::amdm::node::types::Dtype;

/// A stream of standard normal values.
pub struct Generator(Box<amdm_diffusion::noise::Generator>);

impl Generator {
    /// The memory that it keeps alive.
    fn storage(&self) -> Storage {
        let generator = std::ptr::from_ref(&*self.0);
        (generator.addr(), size_of::<amdm_diffusion::noise::Generator>())
    }
}

type Handle = Resource<Tensor>;

impl StoreData {
    /// Applies `f` to the tensor behind a handle.
    fn map(
        &mut self,
        of: &Handle,
        f: impl FnOnce(&Tensor) -> Result<Tensor, Error>,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let result = f(self.table.get(of)?)?;
        self.push_tensor(result)
    }

    /// Applies `f` to two tensors behind handles.
    fn zip(
        &mut self,
        of: &Handle,
        other: &Handle,
        f: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor, Error>,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let result = f(self.table.get(of)?, self.table.get(other)?)?;
        self.push_tensor(result)
    }

    fn all(&self, handles: &[Handle]) -> Result<Vec<Tensor>, HostError> {
        Ok(handles
            .iter()
            .map(|handle| self.table.get(handle).cloned())
            .collect::<Result<Vec<_>, _>>()?)
    }
}

impl tensors::Host for StoreData {}

macro_rules! map_each {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        fn $name(&mut self, this: Handle) -> Result<Handle, HostError> {
            self.map(&this, Tensor::$name)
        }
    )*};
}

macro_rules! zip_each {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        fn $name(&mut self, this: Handle, other: Handle) -> Result<Handle, HostError> {
            self.zip(&this, &other, Tensor::$name)
        }
    )*};
}

impl tensors::HostTensor for StoreData {
    amdm::unary_operations!(map_each);
    amdm::binary_operations!(zip_each);

    fn from_f32(&mut self, shape: Vec<u32>, values: Vec<f32>) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let tensor = Tensor::from_f32(self.access.device(), &shape, values)?;
        self.push_tensor(tensor)
    }

    fn shape(&mut self, this: Handle) -> wasmtime::Result<Vec<u32>> {
        Ok(self.table.get(&this)?.shape())
    }

    fn dtype(&mut self, this: Handle) -> wasmtime::Result<Dtype> {
        lower_dtype(self.table.get(&this)?.dtype())
    }

    fn share(&mut self, this: Handle) -> wasmtime::Result<Handle> {
        let tensor = self.table.get(&this)?.share();
        self.push_tensor(tensor).map_err(into_trap)
    }

    fn linear_combination(&mut self, terms: Vec<(Handle, f64)>) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let tensors = terms
            .iter()
            .map(|(handle, weight)| Ok((self.table.get(handle)?, *weight)))
            .collect::<Result<Vec<_>, HostError>>()?;
        self.access.affordable(tensors.iter().map(|(tensor, _)| *tensor))?;
        let result = Tensor::linear_combination(&tensors)?;
        self.push_tensor(result)
    }

    fn sample_combination(
        &mut self,
        terms: Vec<Handle>,
        weights: Vec<Handle>,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let (terms, weights) = (self.all(&terms)?, self.all(&weights)?);
        self.access.affordable(&terms)?;
        let result = Tensor::sample_combination(
            &terms.iter().collect::<Vec<_>>(),
            &weights.iter().collect::<Vec<_>>(),
        )?;
        self.push_tensor(result)
    }

    fn affine(&mut self, this: Handle, mul: f64, add: f64) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.affine(mul, add))
    }

    fn clamp(&mut self, this: Handle, low: f64, high: f64) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.clamp(low, high))
    }

    fn select(
        &mut self,
        this: Handle,
        threshold: f64,
        a: Handle,
        b: Handle,
    ) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let (tensor, a, b) = (self.table.get(&this)?, self.table.get(&a)?, self.table.get(&b)?);
        let result = tensor.select(threshold, a, b)?;
        self.push_tensor(result)
    }

    fn reshape(&mut self, this: Handle, shape: Vec<u32>) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.reshape(&shape))
    }

    fn narrow(
        &mut self,
        this: Handle,
        axis: u32,
        start: u32,
        length: u32,
    ) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.narrow(axis, start, length))
    }

    fn concat(&mut self, parts: Vec<Handle>, axis: u32) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let parts = self.all(&parts)?;
        self.access.affordable(&parts)?;
        let result = Tensor::concat(&parts.iter().collect::<Vec<_>>(), axis)?;
        self.push_tensor(result)
    }

    fn full(&mut self, shape: Vec<u32>, value: f64) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let tensor = Tensor::full(self.access.device(), &shape, value)?;
        self.push_tensor(tensor)
    }

    fn flip(&mut self, this: Handle, axis: u32) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.flip(axis))
    }

    fn transpose(&mut self, this: Handle, first: u32, second: u32) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.transpose(first, second))
    }

    fn round(&mut self, this: Handle) -> Result<Handle, HostError> {
        self.map(&this, Tensor::round)
    }

    fn exp(&mut self, this: Handle) -> Result<Handle, HostError> {
        self.map(&this, Tensor::exp)
    }

    fn ln(&mut self, this: Handle) -> Result<Handle, HostError> {
        self.map(&this, Tensor::ln)
    }

    fn sum(&mut self, this: Handle, axis: u32) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.sum(axis))
    }

    fn resize(
        &mut self,
        this: Handle,
        height: u32,
        width: u32,
        filter: Resampling,
    ) -> Result<Handle, HostError> {
        self.map(&this, |tensor| tensor.resize(height, width, lift_resampling(filter)))
    }

    fn convolve(&mut self, this: Handle, kernel: Handle, edge: Edge) -> Result<Handle, HostError> {
        self.zip(&this, &kernel, |tensor, kernel| tensor.convolve(kernel, lift_edge(edge)))
    }

    fn read_f32(&mut self, this: Handle) -> Result<Vec<f32>, HostError> {
        let _work = self.work()?;
        let tensor = self.table.get(&this)?;
        self.access.readable(tensor)?;
        Ok(tensor.to_f32()?)
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.take_tensor(this)?;
        Ok(())
    }
}

impl tensors::HostGenerator for StoreData {
    fn new(&mut self, seed: u64) -> wasmtime::Result<Resource<Generator>> {
        let generator = Generator(Box::new(amdm_diffusion::noise::Generator::new(seed)));
        self.ledger.add(&[generator.storage()]).map_err(wasmtime::Error::new)?;
        self.push(generator).map_err(into_trap)
    }

    fn normal(&mut self, this: Resource<Generator>, shape: Vec<u32>) -> Result<Handle, HostError> {
        let _work = self.work()?;
        let device = self.access.device().clone();
        let tensor = self.table.get_mut(&this)?.0.normal(&device, &shape)?;
        self.push_tensor(tensor)
    }

    fn drop(&mut self, this: Resource<Generator>) -> wasmtime::Result<()> {
        let generator = self.table.delete(this)?;
        self.ledger.remove(&[generator.storage()]);
        Ok(())
    }
}
