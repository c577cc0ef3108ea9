//! Fields in names of files, as the ComfyUI family writes them.
//!
//! `%width%`, `%height%` of the picture; `%year%`, `%month%`, `%day%`, `%hour%`, `%minute%`,
//! `%second%`, two digits each but for the year; `%date:yyyy-MM-dd%` with `yyyy yy MM M dd d hh h
//! mm m ss s`, hours from 0 to 23, all else as it stands. What is no such field stays as it is.

use super::clock::Moment;

/// Letters of the longest part of a pattern, `yyyy`: what follows is the next part.
const LONGEST: usize = 4;

/// `prefix` with its fields filled in; those of a size that is not known stay as they are.
pub(super) fn fill(prefix: &str, size: Option<(u64, u64)>, now: impl Fn() -> Moment) -> String {
    let mut filled = String::with_capacity(prefix.len());
    let mut rest = prefix;
    let mut moment = None;
    while let Some((before, after)) = rest.split_once('%') {
        filled.push_str(before);
        let field = after.split_once('%').and_then(|(name, behind)| {
            let text = match name {
                "width" => size?.0.to_string(),
                "height" => size?.1.to_string(),
                _ => time(name, *moment.get_or_insert_with(&now))?,
            };
            Some((text, behind))
        });
        match field {
            Some((text, behind)) => {
                filled.push_str(&text);
                rest = behind;
            }
            None => {
                filled.push('%');
                rest = after;
            }
        }
    }
    filled + rest
}

fn time(name: &str, now: Moment) -> Option<String> {
    let pattern = match name {
        "year" => "yyyy",
        "month" => "MM",
        "day" => "dd",
        "hour" => "hh",
        "minute" => "mm",
        "second" => "ss",
        name => name.strip_prefix("date:")?,
    };
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let length = rest.chars().take(LONGEST).take_while(|other| *other == letter).count();
        let (number, most) = match letter {
            'y' => (now.year.unsigned_abs(), 4),
            'M' => (now.month.into(), 2),
            'd' => (now.day.into(), 2),
            'h' | 'H' => (now.hour.into(), 2),
            'm' => (now.minute.into(), 2),
            's' => (now.second.into(), 2),
            other => {
                text.push(other);
                rest = &rest[other.len_utf8()..];
                continue;
            }
        };
        // A single y means nothing; three are two and one.
        let taken = match (letter, length) {
            ('y', 1) => {
                text.push('y');
                rest = &rest[1..];
                continue;
            }
            ('y', 2 | 3) => 2,
            _ => length.min(most),
        };
        let number = if letter == 'y' && taken == 2 { number % 100 } else { number };
        text.push_str(&format!("{number:0taken$}"));
        rest = &rest[taken..];
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{Moment, fill};

    const NOW: Moment = Moment { year: 2031, month: 2, day: 3, hour: 14, minute: 5, second: 6 };

    #[track_caller]
    fn check(prefix: &str, expected: &str) {
        assert_eq!(fill(prefix, Some((640, 48)), || NOW), expected);
    }

    #[test]
    fn a_size_that_is_not_known_stays_a_field() {
        assert_eq!(fill("%width%x%height% %year%", None, || NOW), "%width%x%height% 2031");
    }

    #[test]
    fn every_field() {
        check("%width%x%height%", "640x48");
        check("%year%-%month%-%day% %hour%.%minute%.%second%", "2031-02-03 14.05.06");
        check("%date:yyyy-MM-dd%/a", "2031-02-03/a");
        check("%date:yyMMdd_hhmmss%", "310203_140506");
        check("%date:d.M.yyyy h-m-s%", "3.2.2031 14-5-6");
        check("%date:HHmm%", "1405");
    }

    #[test]
    fn all_else_stays() {
        for same in ["plain", "100%", "%", "%%", "%date%", "%seed%", "a%b%c", "%Sampler.seed%"] {
            check(same, same);
        }
        check("50%width%", "50640");
        check("%x%width%", "%x640");
        check("%date:%", "");
        check("%date:yyy y é%", "31y y é");
        check("%date:MMM%", "022");
    }

    #[test]
    fn a_pattern_is_read_once_however_long_it_is() {
        let years = 500_000;
        let prefix = format!("%date:{}%", "yyyy".repeat(years));
        let start = std::time::Instant::now();
        assert_eq!(fill(&prefix, None, || NOW), "2031".repeat(years));
        // Looking through the rest for every part would take minutes.
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
