//! Full-size Stable Diffusion 1.5 files with made-up weights: which there are, which tensors they
//! hold, and how they are written. Keys and hashes lie in `tests/fixtures/comfyui-run/sd15`.

mod part;
mod tensor;
mod values;
mod writer;

pub use part::Part;
pub use tensor::{Keys, TensorRule, keys};
pub use values::{start, values};
pub use writer::{Proof, is_whole, size, write};
