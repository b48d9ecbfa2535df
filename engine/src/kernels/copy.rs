//! Copies of parts of vectors between panels.

use super::panel::{Group, groups};
use crate::simd::LANES;

/// [`Kernels::copy_rows`](super::Kernels::copy_rows): elements `first..first + n` of every token's vector.
pub(super) fn copy_rows(from: &[Group], first: usize, n: usize, tokens: usize, to: &mut [Group]) {
    let tokens = tokens.max(1);
    let from = from.get((first / LANES).saturating_mul(tokens)..).unwrap_or_default();
    let to_len = groups(n).saturating_mul(tokens).min(to.len());
    let to = to.get_mut(..to_len).unwrap_or_default();
    let shift = first % LANES;
    if shift == 0 {
        let len = from.len().min(to_len);
        if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
            to.copy_from_slice(from);
        }
    } else {
        // A group of `to` is the end of one group of `from` and the start of the next, or of zeros behind the last.
        let next = from.get(tokens..).unwrap_or_default().iter().chain(core::iter::repeat(&[0.0; LANES]));
        for ((to, from), next) in to.iter_mut().zip(from).zip(next) {
            let elements = from.iter().chain(next).skip(shift);
            to.iter_mut().zip(elements).for_each(|(to, from)| *to = *from);
        }
    }
    let padding = n % LANES;
    if padding > 0 {
        let last = to_len.saturating_sub(tokens);
        for to in to.get_mut(last..).unwrap_or_default() {
            to.get_mut(padding..).unwrap_or_default().fill(0.0);
        }
    }
}
