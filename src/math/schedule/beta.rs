//! Quantiles of the beta distribution with both parameters 0.6, which spread the timesteps of the
//! schedule `beta` (2407.12173).

/// Both parameters.
const SHAPE: f64 = 0.6;
/// Halvings and Newton steps: each of the latter doubles the digits.
const STEPS: u32 = 60;

/// The value below which a share `p` of the distribution lies; 0 to 1.
pub(super) fn beta_quantile(p: f64) -> f64 {
    // The distribution is symmetric, and its lower half is where digits are kept.
    if p > 0.5 {
        return 1.0 - lower_half(1.0 - p);
    }
    lower_half(p)
}

fn lower_half(p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 0.5 {
        return 0.5;
    }
    let scale = libm::tgamma(2.0 * SHAPE) / (libm::tgamma(SHAPE) * libm::tgamma(SHAPE));
    let (mut low, mut high) = (0.0, 0.5);
    // The first term of the series, turned round.
    let mut x = libm::pow(p * SHAPE / scale, 1.0 / SHAPE).min(0.5);
    for _ in 0..STEPS {
        let gap = below(x, scale) - p;
        if gap > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = scale * libm::pow(x * (1.0 - x), SHAPE - 1.0);
        let newton = x - gap / density;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        if (next - x).abs() <= f64::EPSILON * x {
            return next;
        }
        x = next;
    }
    x
}

/// The share below x, for x up to a half: x^a / a times the series of (1 - t)^(a - 1) integrated
/// term by term.
fn below(x: f64, scale: f64) -> f64 {
    let (mut factor, mut sum) = (1.0, 1.0 / SHAPE);
    for order in 1..200_u32 {
        let order = f64::from(order);
        factor *= (order - SHAPE) / order * x;
        let term = factor / (SHAPE + order);
        sum += term;
        if term <= f64::EPSILON * 0.01 * sum {
            break;
        }
    }
    scale * libm::pow(x, SHAPE) * sum
}

#[cfg(test)]
mod tests {
    use super::beta_quantile;

    /// Values of scipy 1.17's `beta.ppf(p, 0.6, 0.6)`.
    #[test]
    fn quantiles_are_those_of_scipy() {
        for (p, expected) in VALUES {
            let found = beta_quantile(p);
            assert!((found - expected).abs() <= 4e-15, "{p}: {found} {expected}");
        }
    }

    const VALUES: [(f64, f64); 9] = [
        (0.0, 0.0),
        (1e-9, 1.855_882_462_491_41e-15),
        (1e-3, 1.855_873_851_745_199e-5),
        (0.05, 0.012_554_456_873_611_399),
        (0.25, 0.175_680_378_652_694_98),
        (0.4999, 0.499_861_274_905_499_75),
        (0.5, 0.5),
        (0.75, 0.824_319_621_347_305),
        (1.0, 1.0),
    ];
}
