//! Standard normal values as `torch.randn` draws them from a CPU generator.
//!
//! Two rules, as in ATen's `DistributionTemplates.h`: 16 values and more are drawn in blocks in
//! float32, fewer one by one in float64 with a spare value kept between calls. Doing the blocks in
//! float64 would be more exact and miss torch's values by more than 1e-6.

use alloc::vec;
use alloc::vec::Vec;

use super::mt19937::Mt19937;

/// Values that torch transforms together.
const BLOCK: usize = 16;
const HALF: usize = BLOCK / 2;

/// A stream of standard normal values, equal to torch's CPU generator of the same seed.
///
/// ```
/// let mut noise = amdm::rng::TorchCpu::new(0);
/// let values = noise.normal(16);
/// assert!((values[0] - -1.1258).abs() < 1e-4);
/// ```
#[derive(Clone)]
pub struct TorchCpu {
    words: Mt19937,
    spare: Option<f64>,
}

impl TorchCpu {
    /// The stream of `seed`, of which torch uses the lower 32 bits.
    pub fn new(seed: u64) -> Self {
        #[allow(clippy::cast_possible_truncation)]
        let low = seed as u32;
        Self { words: Mt19937::new(low), spare: None }
    }

    /// The next `n` values: what one call of `torch.randn` with `n` elements returns.
    ///
    /// As in torch, two calls draw other values than one call of the sum unless both are for
    /// multiples of 16.
    pub fn normal(&mut self, n: usize) -> Vec<f32> {
        if n < BLOCK {
            #[allow(clippy::cast_possible_truncation)]
            return (0..n).map(|_| self.single() as f32).collect();
        }
        let mut values = vec![0.0; n];
        values.fill_with(|| self.uniform());
        let (blocks, rest) = values.as_chunks_mut::<BLOCK>();
        let ragged = !rest.is_empty();
        blocks.iter_mut().for_each(transform);
        if ragged && let Some(last) = values.last_chunk_mut::<BLOCK>() {
            last.fill_with(|| self.uniform());
            transform(last);
        }
        values
    }

    /// Uniform in [0, 1) with 24 bits.
    fn uniform(&mut self) -> f32 {
        (self.words.word() & 0x00FF_FFFF) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in [0, 1) with 53 bits.
    fn uniform_wide(&mut self) -> f64 {
        let high = u64::from(self.words.word());
        let low = u64::from(self.words.word());
        ((high << 32 | low) & ((1 << 53) - 1)) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// One value of the scalar rule: cosine now, sine with the next call.
    fn single(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let angle = core::f64::consts::TAU * self.uniform_wide();
        let radius = libm::sqrt(-2.0 * libm::log1p(-self.uniform_wide()));
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }
}

/// Box-Muller in place: uniforms `i` and `i + 8` become the normals `i` and `i + 8`.
fn transform(block: &mut [f32; BLOCK]) {
    for i in 0..HALF {
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - block[i]));
        let (sin, cos) = libm::sincosf(core::f32::consts::TAU * block[i + HALF]);
        block[i] = radius * cos;
        block[i + HALF] = radius * sin;
    }
}
