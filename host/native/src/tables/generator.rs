//! Noise of the contract's interface `tensors`.
//!
//! Every pointer is what the documentation of the table's field says; handles are checked.

#![allow(clippy::undocumented_unsafe_blocks)] // Every pointer is what the table's documentation says.

use crate::context::{AmdmContext, AmdmGenerator, Generator, tensor, within};
use crate::handle::HANDLES;
use crate::layout::{clear, put};
use crate::status::AmdmStatus;
use crate::tensor::{AmdmTensor, extents};

/// Streams of standard normal values, the same for a seed on every device: those of torch's CPU generator.
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
    create: generator_create,
    normal: generator_normal,
    retain: generator_retain,
    release: generator_release,
};

unsafe extern "C" fn generator_create(
    ctx: *mut AmdmContext,
    seed: u64,
    out: *mut *mut AmdmGenerator,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the generator")? };
        unsafe { put(out, c.lend_generator(seed)?, "the generator") }
    })
}

unsafe extern "C" fn generator_normal(
    ctx: *mut AmdmContext,
    generator: *mut AmdmGenerator,
    shape: *const u32,
    rank: usize,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe {
        tensor(ctx, out, |c| {
            let generator = HANDLES.get::<Generator>(generator as usize)?;
            let mut stream = generator.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let models = c.models()?;
            Ok(stream.normal(models.device(), extents(shape, rank)?)?)
        })
    }
}

unsafe extern "C" fn generator_retain(
    ctx: *mut AmdmContext,
    generator: *mut AmdmGenerator,
) -> AmdmStatus {
    within(ctx, |_| HANDLES.retain::<Generator>(generator as usize))
}

unsafe extern "C" fn generator_release(
    ctx: *mut AmdmContext,
    generator: *mut AmdmGenerator,
) -> AmdmStatus {
    within(ctx, |_| HANDLES.release::<Generator>(generator as usize).map(drop))
}
