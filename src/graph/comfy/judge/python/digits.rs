//! Decimal digits of all scripts, which Python reads as numbers (`"１２"` is 12).
//!
//! Source: the Unicode Character Database, category Nd; each set of digits is ten code points long.

/// The zero of each set, rising.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50,
    0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// The text without blanks around it, its digits in ASCII.
pub fn plain(text: &str) -> String {
    text.trim().chars().map(|c| ascii(c).unwrap_or(c)).collect()
}

fn ascii(c: char) -> Option<char> {
    let code = u32::from(c);
    let set = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    char::from_digit(code - ZEROS[set], 10)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn reads_other_scripts() {
        assert_eq!(plain("\u{3000}\u{ff11}\u{ff12} "), "12");
        assert_eq!(plain("\u{663}\u{1d7ff}x\u{b2}"), "39x\u{b2}");
        assert_eq!(plain("\u{85}-4\n\u{1c}"), "-4\n\u{1c}");
    }
}
