//! Numbers that any language can repeat: a sum of four 16-bit parts of splitmix64, which is close
//! to normal and needs nothing but integers up to the last two roundings.

use sha2::{Digest, Sha256};

/// The state that the numbers of `name` start from: the first 8 bytes of its SHA-256.
pub fn start(name: &str) -> u64 {
    let hash = Sha256::digest(name.as_bytes());
    hash.iter().take(8).rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The numbers from index `first` on, each step rounded to f32.
pub fn values(start: u64, first: usize, mean: f32, std: f32, numbers: &mut [f32]) {
    let unit = (3f64.sqrt() / 65536.) as f32;
    for (index, number) in numbers.iter_mut().enumerate() {
        let word = mixed(start.wrapping_add(((first + index) as u64 + 1).wrapping_mul(STEP)));
        let parts = [word, word >> 16, word >> 32, word >> 48].map(|part| (part & 0xFFFF) as i32);
        let sum = parts.iter().sum::<i32>() - 131_070;
        *number = sum as f32 * unit * std + mean;
    }
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of splitmix64.
fn mixed(mut word: u64) -> u64 {
    word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}
