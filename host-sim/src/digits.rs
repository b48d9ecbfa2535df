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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_count() {
        let shown = [0.0, 0.00123, 0.5, 1.804, 33.02, 117.13, 1e6, f64::NAN, f64::INFINITY].map(three_digits);
        assert_eq!(shown, ["0", "0.00123", "0.500", "1.80", "33.0", "117", "1000000", "–", "–"]);
    }
}
