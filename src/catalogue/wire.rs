//! Types of wires that plans know something about.

/// Pictures.
pub const IMAGE: &str = "IMAGE";
/// Masks.
pub const MASK: &str = "MASK";
/// Latents.
pub const LATENT: &str = "LATENT";
/// Lanes of a sampling.
pub const LANES: &str = "LANES";
/// Values of any type, as an input takes them.
pub const ANY: &str = "*";
/// A loaded model.
pub const MODEL: &str = "MODEL";
/// Those whose values are large: their outputs may say a [`Size`](super::Size).
pub const HEAVY: [&str; 3] = [IMAGE, MASK, LATENT];
