//! numpy's `SeedSequence` (O'Neill's `seed_seq_fe`), as far as torchsde's Brownian noise uses it.
//!
//! Entropy is hashed into a pool of 24 words, from which the first word of state is taken. numpy
//! promises that its streams never change; the constants are those of its documentation.

use alloc::vec::Vec;

/// Words of the pool that torchsde asks for.
const POOL: usize = 24;
const SHIFT: u32 = 16;

/// The first word of `SeedSequence(entropy, spawn_key=spawn, pool_size=24).generate_state(n)`.
pub(super) fn first_word(entropy: u64, spawn: &[u64]) -> u32 {
    let mut words = Vec::with_capacity(POOL + 2 * spawn.len());
    push_words(&mut words, entropy);
    if !spawn.is_empty() {
        words.resize(POOL, 0);
        spawn.iter().for_each(|&number| push_words(&mut words, number));
    }
    let pool = pool(&words);
    let constant = 0x8B51_F9DD_u32;
    let word = (pool[0] ^ constant).wrapping_mul(constant.wrapping_mul(0x58F3_8DED));
    word ^ (word >> SHIFT)
}

/// A number as its words, the low one first; 0 is one word.
fn push_words(words: &mut Vec<u32>, number: u64) {
    #[allow(clippy::cast_possible_truncation)]
    words.push(number as u32);
    let high = (number >> 32) as u32;
    if high > 0 {
        words.push(high);
    }
}

fn pool(words: &[u32]) -> [u32; POOL] {
    let mut hash = Hash(0x43B0_D7E5);
    let mut pool = [0; POOL];
    for (at, slot) in pool.iter_mut().enumerate() {
        *slot = hash.next(words.get(at).copied().unwrap_or(0));
    }
    for from in 0..POOL {
        for to in (0..POOL).filter(|&to| to != from) {
            pool[to] = mix(pool[to], hash.next(pool[from]));
        }
    }
    for &word in words.iter().skip(POOL) {
        for slot in &mut pool {
            *slot = mix(*slot, hash.next(word));
        }
    }
    pool
}

/// A hash whose constant moves on with each value.
struct Hash(u32);

impl Hash {
    fn next(&mut self, value: u32) -> u32 {
        let value = value ^ self.0;
        self.0 = self.0.wrapping_mul(0x931E_8875);
        let value = value.wrapping_mul(self.0);
        value ^ (value >> SHIFT)
    }
}

fn mix(left: u32, right: u32) -> u32 {
    let mixed = left.wrapping_mul(0xCA01_F9DD).wrapping_sub(right.wrapping_mul(0x4973_F715));
    mixed ^ (mixed >> SHIFT)
}

#[cfg(test)]
mod tests {
    use super::first_word;

    /// Values of numpy 2.4.
    #[test]
    fn words_are_those_of_numpy() {
        for (entropy, spawn, word) in WORDS {
            assert_eq!(first_word(entropy, spawn), word, "{entropy} {spawn:?}");
        }
    }

    const WORDS: [(u64, &[u64], u32); 5] = [
        (0, &[], 4_025_752_534),
        (7, &[], 1_376_543_887),
        (5, &[0, 0], 2_064_821_470),
        ((1 << 40) + 5, &[3, 2], 1_871_255_777),
        (u64::MAX, &[(1 << 33) + 1, 34], 2_443_923_589),
    ];
}
