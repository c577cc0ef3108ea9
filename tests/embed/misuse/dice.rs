//! Chance with a seed, and values that no caller should give.

use std::ffi::c_char;

use serde_json::json;

/// SplitMix64.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// A size that a struct of `exact` bytes may claim; mostly its own.
    pub fn size(&mut self, exact: usize) -> usize {
        let wrong = [0, 1, 7, 8, 9, 16, exact / 2, exact - 1, exact + 8, 1 << 16, usize::MAX];
        if self.chance(70) { exact } else { self.of(&wrong) }
    }

    /// A text: a good one of `good`, or none, or a bad one.
    pub fn text(&mut self, good: &[&'static [u8]]) -> *const c_char {
        const BAD: [&[u8]; 6] = [
            b"\0",
            b"nobody\0",
            b"\xFF\xFE\xC0\0",
            b"a.b.c=d\0",
            b"../../etc/passwd\0",
            b"\xF0\x9F\x98\x80 \xE2\x80\xAE%s%n\0",
        ];
        static LONG: [u8; 5001] = {
            let mut long = [b'x'; 5001];
            // It ends, too.
            long[5000] = 0;
            long
        };
        match self.below(10) {
            0 => std::ptr::null(),
            1 => LONG.as_ptr().cast(),
            2 => self.of(&BAD).as_ptr().cast(),
            _ => self.of(good).as_ptr().cast(),
        }
    }

    /// JSON for a graph or for a value, with a length; some of it is none.
    pub fn json(&mut self, good: &[String]) -> (Vec<u8>, usize) {
        let text = match self.below(12) {
            0 => Vec::new(),
            1 => b"{".to_vec(),
            2 => vec![b'['; 4000],
            3 => b"\xFF\xFF\xFF".to_vec(),
            4 => b"1e999".to_vec(),
            5 => json!({"a": {"class_type": "Nobody", "inputs": {"b": ["c", -1]}}})
                .to_string()
                .into(),
            6 => {
                let mut text = good[self.below(good.len())].clone().into_bytes();
                let (at, byte) = (self.below(text.len()), self.next() as u8);
                text[at] = byte;
                text
            }
            7 => {
                let text = good[self.below(good.len())].clone().into_bytes();
                text[..self.below(text.len())].to_vec()
            }
            _ => good[self.below(good.len())].clone().into_bytes(),
        };
        let len = text.len();
        (
            text,
            if self.chance(2) { self.of(&[usize::MAX, isize::MAX as usize, 1 << 40]) } else { len },
        )
    }
}
