//! Quantise loops: a set's own loops that make activations of floats, where the compiler lacks the registers.

use crate::simd::floats::LANES;
use core::marker::PhantomData;

/// Groups of sixteen values, and the place of their quants.
///
/// Assembly reads the fields by their offsets on 32-bit processors.
#[repr(C)]
#[derive(Debug)]
pub(in crate::simd::arch) struct Values<'a> {
    /// Byte 0: the first group.
    pub x: *const f32,
    /// Byte 4: bytes from a group to the next.
    pub step: usize,
    /// Byte 8: groups, at least 1.
    pub groups: usize,
    /// Byte 12: the factor of all values.
    pub inverse: f32,
    /// Byte 16: the quants, in the set's form of activations.
    pub quants: *mut u32,
    /// Byte 20: the sum of each group's quants.
    pub sums: *mut i16,
    /// The memory that is pointed to.
    pub borrowed: PhantomData<&'a mut u32>,
}

/// A set's loops.
#[derive(Clone, Copy, Debug)]
pub struct QuantiseLoops {
    /// Words of a group's quants.
    pub(in crate::simd::arch) words: usize,
    /// The bits of the greatest magnitude; those of one that is not a number are greater than those of all numbers.
    ///
    /// # Safety
    /// The groups may be read.
    pub(in crate::simd::arch) greatest: unsafe extern "C" fn(&Values<'_>) -> u32,
    /// Stores quants, `x * inverse` rounded with ties to even, and their sums. Denormal values may count as zero.
    ///
    /// # Safety
    /// The groups may be read, and quants and sums of as many groups may be written.
    pub(in crate::simd::arch) quantise: unsafe extern "C" fn(&Values<'_>),
}

impl QuantiseLoops {
    /// The greatest magnitude of `groups` groups of `x`, each `step` behind the one before; not a number where one of the
    /// values is none. Shapes that disagree make 0.
    #[inline(always)]
    #[must_use]
    pub fn greatest(&self, x: &[[f32; LANES]], step: usize, groups: usize) -> f32 {
        let (mut no_quants, mut no_sums) = ([], []);
        let values = Values::new(x, step, groups, 0.0, &mut no_quants, &mut no_sums);
        // SAFETY: the groups lie in `x`; nothing is written.
        f32::from_bits(values.map_or(0, |values| unsafe { (self.greatest)(&values) }))
    }

    /// Quants and sums of as many groups as `sums` has: every value times `inverse`, which is finite and at most 127.49 in
    /// magnitude, rounded with ties to even. Denormal values may count as zero. Shapes that disagree change nothing.
    #[inline(always)]
    pub fn quantise(&self, x: &[[f32; LANES]], step: usize, inverse: f32, quants: &mut [u32], sums: &mut [i16]) {
        let fits = quants.len() == sums.len() * self.words;
        if let Some(values) = Values::new(x, step, sums.len(), inverse, quants, sums).filter(|_| fits) {
            // SAFETY: the groups lie in `x`, and there are sums and quants of as many.
            unsafe { (self.quantise)(&values) };
        }
    }
}

impl<'a> Values<'a> {
    /// `None` where there are no groups, or fewer in `x`.
    #[inline(always)]
    fn new(
        x: &'a [[f32; LANES]],
        step: usize,
        groups: usize,
        inverse: f32,
        quants: &'a mut [u32],
        sums: &'a mut [i16],
    ) -> Option<Values<'a>> {
        let last = groups.checked_sub(1)?.checked_mul(step)?;
        (last < x.len()).then(|| Values {
            x: x.as_ptr().cast(),
            step: step * size_of::<[f32; LANES]>(),
            groups,
            inverse,
            quants: quants.as_mut_ptr(),
            sums: sums.as_mut_ptr(),
            borrowed: PhantomData,
        })
    }
}
