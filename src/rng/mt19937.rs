//! The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), 32-bit, seeded by one word.

const WORDS: usize = 624;
const SHIFT: usize = 397;
const MATRIX: u32 = 0x9908_B0DF;
const UPPER: u32 = 0x8000_0000;

/// A generator of 32-bit words.
#[derive(Clone)]
pub(super) struct Mt19937 {
    state: [u32; WORDS],
    next: usize,
}

impl Mt19937 {
    /// The state that the reference initialisation makes of `seed`.
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [0; WORDS];
        let mut word = seed;
        state[0] = word;
        for (i, slot) in (0u32..).zip(&mut state).skip(1) {
            word = (word ^ (word >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i);
            *slot = word;
        }
        Self { state, next: WORDS }
    }

    /// The next word of the stream.
    pub(super) fn word(&mut self) -> u32 {
        if self.next == WORDS {
            self.refill();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }

    fn refill(&mut self) {
        let s = &mut self.state;
        for i in 0..WORDS - SHIFT {
            s[i] = s[i + SHIFT] ^ twist(s[i], s[i + 1]);
        }
        for i in WORDS - SHIFT..WORDS - 1 {
            s[i] = s[i + SHIFT - WORDS] ^ twist(s[i], s[i + 1]);
        }
        s[WORDS - 1] = s[SHIFT - 1] ^ twist(s[WORDS - 1], s[0]);
        self.next = 0;
    }
}

fn twist(upper: u32, lower: u32) -> u32 {
    let mixed = (upper & UPPER) | (lower & !UPPER);
    (mixed >> 1) ^ (MATRIX & (lower & 1).wrapping_neg())
}
