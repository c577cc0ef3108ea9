//! The exponential as plain arithmetic, so that loops over it become vector code.
//!
//! Cephes' `expf`: the argument is split into a multiple of ln 2 and a rest below ln 2 / 2, for
//! which a polynomial of degree 6 has an error below 1e-7, relative.

/// Below this the result is the smallest normal number, above the other the largest finite one.
const LOWEST: f32 = -87.336_54;
const HIGHEST: f32 = 88.376_26;
/// Adding 1.5 * 2^23 rounds to a whole number in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `e^x`; not a number stays none.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(LOWEST, HIGHEST);
    let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut p = 1.987_569_1e-4_f32;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5e-1;
    let fraction = p * r * r + r + 1.0;
    let exponent = rounded.to_bits().wrapping_sub(ROUNDER.to_bits()).wrapping_add(127) << 23;
    fraction * f32::from_bits(exponent)
}

/// `x * sigmoid(x)`.
#[inline(always)]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}
