//! Noise of the contract's interface `tensors`.

use std::sync::PoisonError;

use crate::context::{AmdmContext, AmdmGenerator, Generator};
use crate::handle::HANDLES;
use crate::status::AmdmStatus;
use crate::tensor::{AmdmTensor, extents};

/// Streams of standard normal values, the same for a seed on every device: those of torch's CPU
/// generator.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmGeneratorApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// A stream, lent to the callback.
    pub create: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        seed: u64,
        out: *mut *mut AmdmGenerator,
    ) -> AmdmStatus,
    /// The next values of the stream.
    pub normal: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        generator: *mut AmdmGenerator,
        shape: *const u32,
        rank: usize,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// Adds a reference, so that the stream outlives the callback.
    pub retain:
        unsafe extern "C" fn(ctx: *mut AmdmContext, generator: *mut AmdmGenerator) -> AmdmStatus,
    /// Gives such a reference back.
    pub release:
        unsafe extern "C" fn(ctx: *mut AmdmContext, generator: *mut AmdmGenerator) -> AmdmStatus,
}

pub(crate) static GENERATOR: AmdmGeneratorApi = AmdmGeneratorApi {
    struct_size: size_of::<AmdmGeneratorApi>(),
    create: gives!(AmdmGenerator, "the generator", |c, seed: u64| c.lend_generator(seed)),
    normal: tensor!(|c, generator: *mut AmdmGenerator, shape: *const u32, rank: usize| {
        let generator = HANDLES.get::<Generator>(generator as usize)?;
        let mut stream = generator.0.lock().unwrap_or_else(PoisonError::into_inner);
        stream.normal(c.models()?.device(), extents(shape, rank)?)
    }),
    retain: retain!(Generator, AmdmGenerator),
    release: release!(Generator, AmdmGenerator),
};
