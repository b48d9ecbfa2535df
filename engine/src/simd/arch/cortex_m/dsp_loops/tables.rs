//! Tables of formats whose nibbles choose from uneven values.

use crate::simd::form::{IQ4_VALUES, MXFP4_VALUES};

/// The values of each byte's low and high nibble, as a pair.
const fn pairs(values: [i8; 16]) -> [u32; 256] {
    let mut pairs = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (low, high) = (values[byte % 16], values[byte / 16]);
        pairs[byte] = low as u16 as u32 | (high as u16 as u32) << 16;
        byte += 1;
    }
    pairs
}

/// IQ4_NL's and IQ4_XS's values.
pub(super) static IQ4_PAIRS: [u32; 256] = pairs(IQ4_VALUES);

/// MXFP4's values, doubled.
pub(super) static MXFP4_PAIRS: [u32; 256] = pairs(MXFP4_VALUES);
