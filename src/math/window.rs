//! Which steps an operator acts in.
//!
//! A window is [start, end), counted from 0 over the steps that run. Ends are given as step numbers
//! or as fractions of all steps; both are rounded half up.

/// Products such as 0.29 * 50 fall a bit short of the half they stand for.
const HALF_SLACK: f64 = 1e-9;

/// The window in a run of `steps`: `start` below 1 and `end` of 1 or below are fractions of all
/// steps, larger values step numbers. Cut to the run; an empty window is (0, 0).
pub fn resolve(start: f64, end: f64, steps: u32) -> (u32, u32) {
    let start = bound(start, start < 1.0, steps);
    let end = bound(end, end <= 1.0, steps);
    if start < end { (start, end) } else { (0, 0) }
}

/// `value` rounded half up, as every count of steps is; below 0 and NaN give 0.
pub fn round_half_up(value: f64) -> u32 {
    libm::floor(value + 0.5 + HALF_SLACK) as u32
}

fn bound(value: f64, fraction: bool, steps: u32) -> u32 {
    round_half_up(if fraction { value * f64::from(steps) } else { value }).min(steps)
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn fractions_and_steps() {
        assert_eq!(resolve(0.0, 0.65, 20), (0, 13));
        assert_eq!(resolve(0.0, 1.0, 12), (0, 12));
        assert_eq!(resolve(1.0, 8.0, 50), (1, 8));
        assert_eq!(resolve(0.25, 0.75, 10), (3, 8));
        assert_eq!(resolve(0.0, 0.29, 50), (0, 15));
        assert_eq!(resolve(3.0, 99.0, 10), (3, 10));
    }

    #[test]
    fn empty_windows_are_zero() {
        for (start, end) in [(0.0, 0.0), (5.0, 2.0), (0.9, 0.5), (30.0, 40.0), (f64::NAN, 0.0)] {
            assert_eq!(resolve(start, end, 10), (0, 0), "{start} {end}");
        }
    }
}
