//! Block loops: a set's own loops over the blocks of neighbouring rows, where the compiler lacks the registers.

use crate::simd::floats::LANES;

/// A strip: neighbouring rows of a weight matrix, and the activations of neighbouring tokens that they are multiplied with.
///
/// Assembly reads the fields by their offsets on 32-bit processors.
#[repr(C)]
#[derive(Debug)]
pub struct Strip {
    /// Byte 0: the first row's first block.
    pub w: *const u8,
    /// Byte 4: bytes from a row to the next; 0 makes every row the first.
    pub row_bytes: usize,
    /// Byte 8: the first token's activations of the first block.
    pub x: *const u32,
    /// Byte 12: bytes from the activations of one block to those of the next.
    pub x_step: usize,
    /// Byte 16: blocks in a row, at least 1.
    pub blocks: usize,
    /// Byte 20: the sums; row `r` of token `t` is at byte `64 * t + 4 * r`.
    pub sums: *mut f32,
}

/// A loop over the blocks of a strip, for a number of rows and tokens.
#[derive(Clone, Copy, Debug)]
pub struct BlockLoop {
    /// Rows of a strip, at most [`LANES`].
    pub(in crate::simd::arch) rows: usize,
    /// Tokens that are multiplied at once, at most [`BlockLoops::TOKENS`].
    pub(in crate::simd::arch) tokens: usize,
    /// The routine.
    ///
    /// # Safety
    /// The strip's weights may be read for `rows` rows of `blocks` blocks, its activations for `blocks` blocks of `tokens`
    /// tokens, and its sums may be written for `rows` rows of `tokens` tokens.
    pub(in crate::simd::arch) run: unsafe extern "C" fn(&Strip),
}

/// The block loops of a format.
#[derive(Clone, Copy, Debug)]
pub struct BlockLoops {
    /// For one token.
    pub(in crate::simd::arch) one: BlockLoop,
    /// For several tokens, which share the unpacking of weights.
    pub(in crate::simd::arch) several: Option<BlockLoop>,
}

/// Rows of a matrix and the activations of a pass.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    /// The blocks of all rows, row after row.
    pub w: &'a [u8],
    /// Bytes of a row.
    pub row_bytes: usize,
    /// Blocks in a row.
    pub row_blocks: usize,
    /// Activations in the set's form, `[row_blocks][tokens]`.
    pub x: &'a [u32],
    /// Tokens of the pass.
    pub tokens: usize,
}

impl BlockLoops {
    /// The most tokens that [`BlockLoops::multiply`] takes at once.
    pub const TOKENS: usize = 4;

    /// The products of rows `row..row + LANES` with as many tokens from `t` on as a loop takes, one group of sixteen to a
    /// token; returns how many tokens these are. Rows that do not exist are left out; 0 if shapes disagree.
    #[must_use]
    pub fn multiply(&self, panel: &Panel<'_>, row: usize, t: usize, sums: &mut [[f32; LANES]; Self::TOKENS]) -> usize {
        let Panel { w, row_bytes, row_blocks, x, tokens } = *panel;
        let columns = row_blocks.saturating_mul(tokens);
        let (Some(all_rows), Some(act_words)) = (w.len().checked_div(row_bytes), x.len().checked_div(columns)) else {
            return 0;
        };
        let Some(left) = tokens.checked_sub(t).filter(|&left| left > 0) else { return 0 };
        let chosen = self.several.filter(|several| several.tokens <= left).unwrap_or(self.one);
        let rows = all_rows.saturating_sub(row).min(LANES);
        let mut next = 0;
        while next < rows {
            // The last rows, too few for a strip, go one by one.
            let whole = next + chosen.rows <= rows;
            let mut last = [[0.0; LANES]; Self::TOKENS];
            let out = if whole { &mut *sums } else { &mut last };
            let strip = Strip {
                w: w.as_ptr().wrapping_add((row + next) * row_bytes),
                row_bytes: if whole { row_bytes } else { 0 },
                x: x.as_ptr().wrapping_add(t * act_words),
                x_step: tokens * act_words * size_of::<u32>(),
                blocks: row_blocks,
                sums: out.as_flattened_mut().as_mut_ptr().wrapping_add(if whole { next } else { 0 }),
            };
            // SAFETY: rows `row + next..` lie in `w` as far as `chosen.rows` (`whole`), or the one row that stands for all;
            // `t + chosen.tokens <= tokens` activations of `act_words` words lie in each of the `row_blocks` columns of
            // `x`; sums stay within a group of sixteen rows, and `chosen.tokens <= TOKENS` groups. That blocks have the
            // format's length, and activations the set's, is the caller's to get right: `Format` and `Isa` state both.
            unsafe { (chosen.run)(&strip) };
            if whole {
                next += chosen.rows;
            } else {
                for (sums, last) in sums.iter_mut().zip(&last) {
                    sums[next % LANES] = last[0];
                }
                next += 1;
            }
        }
        chosen.tokens
    }
}
