//! The firmware's log.

/// `defmt::info!` where the firmware logs.
macro_rules! info {
    ($($arg:tt)*) => {{
        #[cfg(feature = "defmt")]
        defmt::info!($($arg)*);
    }};
}

/// `defmt::warn!` where the firmware logs.
macro_rules! warning {
    ($($arg:tt)*) => {{
        #[cfg(feature = "defmt")]
        defmt::warn!($($arg)*);
    }};
}

pub(crate) use {info, warning};
