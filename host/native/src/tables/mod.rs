//! What callbacks may call: the interfaces of the contract as tables of functions.
//!
//! The functions carry the names of the methods in `wit/`, but for the few that a test of the
//! contract lists; each takes the callback's context first.

#[macro_use]
mod function;

mod call;
mod codec;
mod encoder;
mod generator;
mod image;
mod model;
mod object;
mod step;
mod tensor;

use amdm::math::{Part, Phase};
use amdm_diffusion::Tensor;

pub use self::call::AmdmCallApi;
pub use self::codec::AmdmCodecApi;
pub use self::encoder::AmdmTextEncoderApi;
pub use self::generator::AmdmGeneratorApi;
pub use self::image::AmdmImageApi;
pub use self::model::AmdmModelApi;
pub use self::object::AmdmObjectApi;
pub use self::step::AmdmStepApi;
pub use self::tensor::AmdmTensorApi;
use crate::context::{AmdmModel, AmdmObject};
use crate::layout::{self, put};
use crate::status::{AMDM_STATUS_EMPTY, Fail};
use crate::tensor::{AmdmTensor, of};

/// All tables.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmNodeApi {
    /// `sizeof(AmdmNodeApi)`.
    pub struct_size: usize,
    /// The node's inputs, outputs and reports; for models `fail`, `cancelled` and `log` alone.
    pub call: *const AmdmCallApi,
    /// The sampling's state. For step operators in `check` and `apply`.
    pub step: *const AmdmStepApi,
    /// Operations on tensors.
    pub tensor: *const AmdmTensorApi,
    /// Values of wires.
    pub object: *const AmdmObjectApi,
    /// Networks.
    pub model: *const AmdmModelApi,
    /// Pictures. Not for models.
    pub image: *const AmdmImageApi,
    /// Noise.
    pub generator: *const AmdmGeneratorApi,
    /// Images to latents and back.
    pub codec: *const AmdmCodecApi,
    /// Prompts to conditions.
    pub encoder: *const AmdmTextEncoderApi,
}

// SAFETY: the pointers lead to statics.
unsafe impl Sync for AmdmNodeApi {}
// SAFETY: as above.
unsafe impl Send for AmdmNodeApi {}

/// The tables that callbacks are handed.
pub(crate) static NODE_API: AmdmNodeApi = AmdmNodeApi {
    struct_size: size_of::<AmdmNodeApi>(),
    call: &raw const call::CALL,
    step: &raw const step::STEP,
    tensor: &raw const tensor::TENSOR,
    object: &raw const object::OBJECT,
    model: &raw const model::MODEL,
    image: &raw const image::IMAGE,
    generator: &raw const generator::GENERATOR,
    codec: &raw const codec::CODEC,
    encoder: &raw const encoder::ENCODER,
};

/// Before the networks run.
pub const AMDM_PHASE_PREPARE: u32 = 0;
/// Predictions are there.
pub const AMDM_PHASE_PREDICTED: u32 = 1;
/// The solver has moved.
pub const AMDM_PHASE_STEPPED: u32 = 2;

/// The prediction with guidance.
pub const AMDM_PART_GUIDED: u32 = 0;
/// The conditional one alone.
pub const AMDM_PART_CONDITIONAL: u32 = 1;
/// The unconditional one alone.
pub const AMDM_PART_UNCONDITIONAL: u32 = 2;

/// The nearest pixel, as Pillow picks it.
pub const AMDM_FILTER_NEAREST_EXACT: u32 = 0;
/// Linear in both directions.
pub const AMDM_FILTER_BILINEAR: u32 = 1;
/// Means over areas.
pub const AMDM_FILTER_AREA: u32 = 2;
/// Cubic in both directions.
pub const AMDM_FILTER_BICUBIC: u32 = 3;
/// Lanczos with three lobes.
pub const AMDM_FILTER_LANCZOS: u32 = 4;

/// The value under the centre of the new one.
pub const AMDM_RESAMPLING_NEAREST_EXACT: u32 = 0;
/// Linear in both directions.
pub const AMDM_RESAMPLING_BILINEAR: u32 = 1;
/// Means over areas.
pub const AMDM_RESAMPLING_AREA: u32 = 2;
/// Cubic in both directions.
pub const AMDM_RESAMPLING_BICUBIC: u32 = 3;
/// Spherical in both directions, for latents.
pub const AMDM_RESAMPLING_BISLERP: u32 = 4;

/// Zeros beyond the border.
pub const AMDM_EDGE_ZERO: u32 = 0;
/// The plane mirrored at its outermost values.
pub const AMDM_EDGE_REFLECT: u32 = 1;

/// A level of the forward process: `x = signal * x0 + noise * epsilon`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmNoiseLevel {
    /// In training steps; in [0, 1] for flow models.
    pub timestep: f64,
    /// Factor of the clean latent.
    pub signal: f64,
    /// Factor of the noise.
    pub noise: f64,
}

/// One lane's question at one step. As lists of it are arrays, it does not grow within a major
/// version.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmRequest {
    /// `sizeof(AmdmRequest)`.
    pub struct_size: usize,
    /// Who answers; NULL in the requests to a registered model, which is the one that is asked.
    pub model: *mut AmdmModel,
    /// The batch and the extents of one latent, such as [batch, channels, height, width].
    pub latent: *mut AmdmTensor,
    /// In training steps, fractions allowed; in [0, 1] for flow models.
    pub timestep: f64,
    /// The condition of every row: what the model's `condition` gave, an object of
    /// `amdm_graph_set_object`, or what a text encoder made of a prompt.
    pub positive: *mut AmdmObject,
    /// What guidance leads away from; NULL means the model's own unconditional.
    pub negative: *mut AmdmObject,
    /// Classifier-free guidance; 1 means the conditional prediction alone.
    pub guidance: f64,
    /// This step, counted from 0.
    pub step: u32,
    /// All steps.
    pub steps: u32,
}

/// The answer to a request, in the model's own kind, shaped as the latent.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmPrediction {
    /// `unconditional + guidance * (conditional - unconditional)`.
    pub guided: *mut AmdmTensor,
    /// Where parts were asked for, else NULL.
    pub conditional: *mut AmdmTensor,
    /// Where parts were asked for, else NULL.
    pub unconditional: *mut AmdmTensor,
}

fn level(level: amdm::math::NoiseLevel) -> AmdmNoiseLevel {
    let amdm::math::NoiseLevel { timestep, signal, noise } = level;
    AmdmNoiseLevel { timestep, signal, noise }
}

// The header's numbers are the places of the cases.
const _: () = {
    assert!(AMDM_PHASE_PREPARE == Phase::Prepare as u32);
    assert!(AMDM_PHASE_PREDICTED == Phase::Predicted as u32);
    assert!(AMDM_PHASE_STEPPED == Phase::Stepped as u32);
    assert!(AMDM_PART_GUIDED == Part::Guided as u32);
    assert!(AMDM_PART_CONDITIONAL == Part::Conditional as u32);
    assert!(AMDM_PART_UNCONDITIONAL == Part::Unconditional as u32);
};

fn part_of(part: u32) -> Result<Part, Fail> {
    let known = Part::ALL.get(part as usize).copied();
    known.ok_or_else(|| Fail::argument(format!("found part {part}, expected AMDM_PART_*")))
}

fn nothing(what: &str, name: &str) -> Fail {
    Fail::new(AMDM_STATUS_EMPTY, format!("there is no {what} {name}"))
}

/// The tensors of a list of handles.
///
/// # Safety
/// `list` points to `count` handles.
unsafe fn tensors(
    list: *const *const AmdmTensor,
    count: usize,
) -> Result<Vec<std::sync::Arc<Tensor>>, Fail> {
    // SAFETY: the caller says what the pointers must be.
    unsafe { layout::list(list, count, "a list of tensors")? }
        .iter()
        .map(|&handle| of(handle))
        .collect()
}

/// Copies as many values as there is room for, and says how many there are.
///
/// # Safety
/// `out` points to room for `capacity` values, `count` may be written to.
unsafe fn fill<T: Copy>(
    values: &[T],
    out: *mut T,
    capacity: usize,
    count: *mut usize,
) -> Result<(), Fail> {
    // SAFETY: the caller says what the pointers must be.
    unsafe { put(count, values.len(), "the count")? };
    let copied = values.len().min(capacity);
    if copied > 0 {
        if out.is_null() || !out.is_aligned() {
            return Err(Fail::argument("found no place for the values"));
        }
        // SAFETY: the caller says that there is room.
        unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), out, copied) };
    }
    Ok(())
}
