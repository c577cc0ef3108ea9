//! Numbers of 16 bits to float32, as plain arithmetic that becomes vector code.

use pulp::{Simd, WithSimd};

/// Bits of a float32 below its exponent, and of a half below its own.
const FRACTION: u32 = 23;
const HALF_FRACTION: u32 = 10;
/// The difference of the exponents' biases.
const BIAS: u32 = 127 - 15;

/// Expands as many little-endian halves of IEEE 754 as `out` has places.
pub(super) fn from_f16(bytes: &[u8], out: &mut [f32]) {
    pulp::Arch::new().dispatch(Expand { bytes, out, value: from_half });
}

/// Expands as many little-endian upper halves of float32 as `out` has places.
pub(super) fn from_bf16(bytes: &[u8], out: &mut [f32]) {
    pulp::Arch::new().dispatch(Expand { bytes, out, value: |half| f32::from_bits(half << 16) });
}

struct Expand<'a, F> {
    bytes: &'a [u8],
    out: &'a mut [f32],
    value: F,
}

impl<F: Fn(u32) -> f32> WithSimd for Expand<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let (halves, _) = self.bytes.as_chunks::<2>();
        for (out, &half) in self.out.iter_mut().zip(halves) {
            *out = (self.value)(u32::from(u16::from_le_bytes(half)));
        }
    }
}

/// Without a branch, and without arithmetic on subnormal numbers, which some processors do slowly.
#[inline(always)]
fn from_half(half: u32) -> f32 {
    let size = (half & 0x7fff) << (FRACTION - HALF_FRACTION);
    let is_small = size < 1 << FRACTION;
    let is_endless = size >= 31 << FRACTION;
    let moved = size + (BIAS << FRACTION) + if is_endless { BIAS << FRACTION } else { 0 };
    // A subnormal one with an exponent is too large by what the exponent says.
    let one = (BIAS + 1) << FRACTION;
    let small = (f32::from_bits(size + one) - f32::from_bits(one)).to_bits();
    f32::from_bits(if is_small { small } else { moved } | (half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::{from_bf16, from_f16};

    #[test]
    fn all_numbers_of_16_bits_are_expanded_exactly() {
        let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let mut found = vec![0.0; 1 << 16];
        let same = |found: &[f32], expected: &dyn Fn(u16) -> f32| {
            (0..=u16::MAX).zip(found).all(|(bits, found)| {
                let expected = expected(bits);
                found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan())
            })
        };
        from_f16(&bytes, &mut found);
        assert!(same(&found, &|bits| f16::from_bits(bits).to_f32()));
        from_bf16(&bytes, &mut found);
        assert!(same(&found, &|bits| bf16::from_bits(bits).to_f32()));
    }
}
