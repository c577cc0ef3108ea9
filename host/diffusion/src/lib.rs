//! Device tensors, noise and diffusion models: the muscle that the algorithm asks for.
//!
//! * [`Device`]: where tensors live, with threads of its own; nothing here uses a global pool.
//! * [`Tensor`]: immutable values on a device, with the operations of [`amdm::math::Tensor`].
//! * [`noise`]: generators whose streams equal those of torch's CPU generator.
//! * [`Denoiser`], [`ask`]: networks and their guided predictions, a whole step in one call.
//! * [`Codec`], [`TextEncoder`]: images to latents and back, prompts to conditions.
//! * [`Family`]: networks of one architecture: which files hold them, which lie in the program.
//! * [`Models`]: names to networks: built-in ones, model directories, registered ones.
//! * [`WeightFile`], [`Architecture`]: weight files, and what their headers say that they hold.
//! * [`text`]: prompts as tokens, and what text encoders make of them.
//! * [`pixels`]: images resized, and converted to 8-bit rows.
//!
//! A row's result depends neither on its neighbours in the batch nor on the number of threads: on
//! the CPU every row is computed by itself with single-thread kernels, and rows spread over them.

mod device;
mod error;
mod families;
mod kernels;
mod model;
pub mod noise;
pub mod pixels;
mod planes;
mod registry;
mod tensor;
pub mod text;
mod weights;

pub use amdm::math::{NoiseLevel, PredictionKind};
pub use device::Device;
pub use families::{BuiltIn, Family, Place, Sizes};
pub use model::{
    Adapter, Area, Cancel, Codec, Conditioning, Control, Denoiser, Embedding, Encoding, Entry,
    Handle, LatentInfo, ModelInfo, Prediction, Question, Request, TextEncoder, TextInfo, Tiling,
    ask, predict, timesteps,
};
pub use registry::{ModelSource, Models, listing};
pub use tensor::{Dtype, Edge, Resampling, Tensor};
pub use weights::{Architecture, Header, Part, TensorInfo, WeightFile};

/// What operations here return: errors carry the stable codes of [`amdm::error::Code`].
pub type Result<T> = std::result::Result<T, amdm::error::Error>;
