//! Byte counts as people write them.

/// Reads `1048576`, `256KiB`, `16MiB`, `2G` or `100MB`. `K`, `M`, `G` and `KiB`, `MiB`, `GiB` count in
/// powers of 1024; `kB`, `MB`, `GB` in powers of 1000. Case does not matter.
///
/// # Errors
/// The form of a size, in words.
pub(crate) fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err("a size is a whole number of bytes, KiB, MiB or GiB, such as 16MiB".into()),
    };
    let number: u64 = match number {
        "" => return Err("a size begins with a number, such as 16MiB".into()),
        n => n.parse().map_err(|_| "the number is too large".to_owned())?,
    };
    let bytes = number.checked_mul(factor).and_then(|n| usize::try_from(n).ok());
    bytes.ok_or_else(|| "more bytes than this machine can address".into())
}

/// `bytes` for people: `512 B`, `16.0 KiB`, `93.4 MiB`.
pub(crate) fn show(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1024.0, "KiB");
    for larger in ["MiB", "GiB", "TiB"] {
        // Not "1024.0 KiB".
        if value >= 1023.95 {
            (value, unit) = (value / 1024.0, larger);
        }
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, want) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("256KiB", 256 << 10),
            ("16MiB", 16 << 20),
            ("16mib", 16 << 20),
            ("16 M", 16 << 20),
            ("2G", 2 << 30),
            ("7b", 7),
            ("100kB", 100_000),
            ("3MB", 3_000_000),
        ] {
            assert_eq!(parse_size(text), Ok(want), "{text}");
        }
        for text in
            ["", "MiB", "-1", "1.5MiB", "16TiBs", "0x10", "16MiB!", "99999999999999999999", "99999999999GiB", "١"]
        {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown() {
        for (bytes, want) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (16 << 20, "16.0 MiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (97_900_000, "93.4 MiB"),
            (3 << 30, "3.0 GiB"),
        ] {
            assert_eq!(show(bytes), want);
        }
    }
}
