//! Seeds of lanes: a fixed function of the sampler's seed and the lane's number.

/// The largest seed: JSON numbers are exact up to here (2^53 - 1).
pub const SEED_MAX: u64 = (1 << 53) - 1;

/// Weyl increment of SplitMix64: 2^64 divided by the golden ratio, odd.
const WEYL: u64 = 0x9E37_79B9_7F4A_7C15;

/// The seed of lane `lane` where the graph gives it none.
///
/// Lane 0 has the sampler's own seed. Lane k has the upper 53 bits of the k-th value that
/// SplitMix64 (Steele, Lea and Flood 2014) yields after `sampler_seed`, so it is at most
/// [`SEED_MAX`]. The function is part of the format: it never changes, and results record seeds.
pub const fn lane_seed(sampler_seed: u64, lane: u32) -> u64 {
    if lane == 0 {
        return sampler_seed;
    }
    let mut z = sampler_seed.wrapping_add(WEYL.wrapping_mul(lane as u64));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) >> 11
}
