//! Numbers with the digits that count.

/// A rate or another positive number with three digits that count.
pub(crate) fn three_digits(x: f64) -> String {
    let x = if x.is_finite() { x } else { return "–".into() };
    let magnitude = x.abs();
    let decimals = match magnitude {
        _ if magnitude >= 99.95 => 0,
        _ if magnitude >= 9.995 => 1,
        _ if magnitude >= 0.9995 => 2,
        _ if magnitude == 0.0 => 0,
        _ => (2 - magnitude.log10().floor() as i32).clamp(3, 9) as usize,
    };
    format!("{x:.decimals$}")
}

/// A rate with one decimal, or with three digits that count if it is low.
pub(crate) fn rate(x: f64) -> String {
    rate_among(x, x)
}

/// A rate as those of about `size` are shown.
pub(crate) fn rate_among(x: f64, size: f64) -> String {
    if size < 9.995 { three_digits(x) } else { format!("{x:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_count() {
        let shown = [0.0, 0.00123, 0.5, 1.804, 33.02, 117.13, 1e6, f64::NAN, f64::INFINITY].map(three_digits);
        assert_eq!(shown, ["0", "0.00123", "0.500", "1.80", "33.0", "117", "1000000", "–", "–"]);
        let shown = [0.0, 0.03456, 4.35, 15.66, 36576.84, f64::NAN].map(rate);
        assert_eq!(shown, ["0", "0.0346", "4.35", "15.7", "36576.8", "NaN"]);
    }
}
