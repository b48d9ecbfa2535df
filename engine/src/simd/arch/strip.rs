//! Block loops: a set's own loops over the blocks of neighbouring rows, where the compiler lacks the registers.

use crate::simd::floats::LANES;
use crate::simd::form::{ActForm, BlockLayout};

/// A strip: neighbouring rows of a weight matrix, and the activations of neighbouring tokens that they are multiplied with.
///
/// Assembly reads the fields by their offsets on 32-bit processors, and keeps its place among the rows in them: a loop uses
/// `w`, `sums` and `rows` up.
#[repr(C)]
#[derive(Debug)]
pub(in crate::simd::arch) struct Strip {
    /// Byte 0: the first row's first block.
    pub w: *const u8,
    /// Byte 4: bytes of a row, which the next one follows. 0 makes every row the first, for as many rows as the loop takes
    /// together.
    pub row_bytes: usize,
    /// Byte 8: the first token's activations of the first block.
    pub x: *const u32,
    /// Byte 12: bytes from the activations of one block to those of the next.
    pub x_step: usize,
    /// Byte 16: blocks in a row, at least 1.
    pub blocks: usize,
    /// Byte 20: the sums; row `r` of token `t` is at byte `64 * t + 4 * r`.
    pub sums: *mut f32,
    /// Byte 24: rows, a multiple of those that the loop takes together, and not 0.
    pub rows: usize,
}

/// A routine that multiplies a strip.
pub(in crate::simd::arch) type Run = unsafe extern "C" fn(&mut Strip);

/// A loop over the blocks of a strip.
#[derive(Clone, Copy, Debug)]
pub(in crate::simd::arch) struct BlockLoop {
    /// Rows that are multiplied at once, at most [`LANES`]: a strip has a multiple of them.
    pub(in crate::simd::arch) rows: usize,
    /// Tokens that are multiplied at once, at most [`Panel::TOKENS`].
    pub(in crate::simd::arch) tokens: usize,
    /// The routine.
    ///
    /// # Safety
    /// The strip's weights may be read for all its rows of `blocks` blocks, its activations for `blocks` blocks of `tokens`
    /// tokens, and its sums may be written for all its rows of `tokens` tokens.
    pub(in crate::simd::arch) run: Run,
}

/// The block loops of a layout.
#[derive(Clone, Copy, Debug)]
pub struct BlockLoops {
    /// The layout of the blocks.
    pub(in crate::simd::arch) layout: BlockLayout,
    /// The form of the activations.
    pub(in crate::simd::arch) form: ActForm,
    /// For one token.
    pub(in crate::simd::arch) one: BlockLoop,
    /// For several tokens, which share the unpacking of weights.
    pub(in crate::simd::arch) several: Option<BlockLoop>,
}

/// Rows of a matrix and the activations of a pass, with the block loops that multiply them.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    loops: &'static BlockLoops,
    w: &'a [u8],
    row_blocks: usize,
    row_bytes: usize,
    rows: usize,
    x: &'a [u32],
    /// Words of a block's activations of one token.
    act_words: usize,
    tokens: usize,
}

impl<'a> Panel<'a> {
    /// The most tokens that [`Panel::multiply`] takes at once.
    pub const TOKENS: usize = 4;

    /// Rows of `row_blocks` blocks, one after the other in `w`, and the activations of `tokens` tokens in the loops' form,
    /// `[row_blocks][tokens]`; `None` if these are too few, or rows are empty.
    #[must_use]
    pub fn new(
        loops: &'static BlockLoops,
        w: &'a [u8],
        row_blocks: usize,
        x: &'a [u32],
        tokens: usize,
    ) -> Option<Self> {
        let row_bytes = row_blocks.checked_mul(loops.layout.bytes())?;
        let rows = w.len().checked_div(row_bytes)?;
        let act_words = loops.form.words(loops.layout.elems());
        let fits = x.len() >= row_blocks.checked_mul(tokens)?.checked_mul(act_words)?;
        fits.then_some(Panel { loops, w, row_blocks, row_bytes, rows, x, act_words, tokens })
    }

    /// The tokens of the pass.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// The products of rows `row..row + LANES` with as many tokens from `t` on as a loop takes, one group of `sums` to a
    /// token; returns how many tokens these are. Lanes of rows that do not exist become 0.
    #[must_use]
    pub fn multiply(&self, row: usize, t: usize, sums: &mut [[f32; LANES]]) -> usize {
        let left = self.tokens.saturating_sub(t);
        let chosen = match &self.loops.several {
            Some(several) if several.tokens <= left => several,
            _ => &self.loops.one,
        };
        let Some(sums) = sums.get_mut(..chosen.tokens).filter(|_| left > 0) else { return 0 };
        let rows = self.rows.saturating_sub(row).min(LANES);
        if rows < LANES {
            sums.fill([0.0; LANES]);
        }
        let strip = |row: usize, sums: &mut [[f32; LANES]]| Strip {
            w: self.w.as_ptr().wrapping_add(row * self.row_bytes),
            row_bytes: self.row_bytes,
            x: self.x.as_ptr().wrapping_add(t * self.act_words),
            x_step: self.tokens * self.act_words * size_of::<u32>(),
            blocks: self.row_blocks,
            sums: sums.as_flattened_mut().as_mut_ptr(),
            rows: chosen.rows,
        };
        let together = rows - rows.checked_rem(chosen.rows).unwrap_or_default();
        if together > 0 {
            // SAFETY: `together` rows of `row_bytes` bytes lie in `w`, as `row + rows <= self.rows`. Activations of `act_words`
            // words of tokens `t..t + chosen.tokens`, at most `tokens`, lie in each of the `row_blocks` columns of `x`. `sums`
            // has a group of sixteen for each of these tokens.
            unsafe { (chosen.run)(&mut Strip { rows: together, ..strip(row, sums) }) };
        }
        // The last rows, too few for the loop, go one by one: every row of the strip is the same one.
        for lane in together..rows {
            let mut last = [[0.0; LANES]; Self::TOKENS];
            // SAFETY: as above, but one row lies in `w`, and `last` has a group for each of `chosen.tokens <= TOKENS` tokens.
            unsafe { (chosen.run)(&mut Strip { row_bytes: 0, ..strip(row + lane, &mut last) }) };
            for (sums, last) in sums.iter_mut().zip(&last) {
                sums[lane % LANES] = last[0];
            }
        }
        chosen.tokens
    }
}
