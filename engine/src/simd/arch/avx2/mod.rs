//! x86-64 with AVX2, F16C and FMA: eight rows to a word. Fused multiply-adds where products are exact.

mod floats;
mod words;

use super::{align_frame, cpuid, fetch, fetch_ahead};
use crate::simd::arch::rows::Rows;
use crate::simd::floats::{Floats, LANES, Sixteen};
use crate::simd::form::BlockLayout;
use crate::simd::isa::{Isa, Op, Quad, Quads};
use crate::simd::name::IsaName;
use bytemuck::Pod;
use core::arch::x86_64::*;
use words::{dot_run, pairs_in_i16, rolled, transpose};

/// Proof that the processor and the system support AVX2 and F16C.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// Sixteen floats: lanes 0 to 7 and 8 to 15.
#[derive(Clone, Copy)]
pub struct X(__m256, __m256);

impl Avx2 {
    /// The proof, if CPUID and XCR0 give it.
    #[must_use]
    pub fn detect() -> Option<&'static Avx2> {
        static PROOF: Avx2 = Avx2::PROOF;
        cpuid::avx2().then_some(&PROOF)
    }

    /// To be handed out only where the features were detected.
    pub(super) const PROOF: Avx2 = Avx2(());
}

/// Runs intrinsics. SAFETY of every use: an `Avx2` exists, so the features are there; loads and
/// stores go through references to exactly the bytes they touch, or as the use says.
macro_rules! avx2 {
    ($($body:tt)*) => {{
        // SAFETY: see the macro.
        #[allow(unused_unsafe, reason = "some intrinsics are safe, some are not")]
        unsafe { $($body)* }
    }};
}
use avx2;

impl Isa for Avx2 {
    const NAME: IsaName = IsaName::Avx2;
    const ROWS: usize = 8;
    const FLOAT_SUMS: usize = 4;
    const INTERLEAVES: bool = true;
    const PARTS_APART: bool = true;
    const ONE_PART: &'static [BlockLayout] = &[BlockLayout::Q4_0, BlockLayout::Q4_1];
    const HAS_CRC32C: bool = true;
    type W = __m256i;
    type F = __m256;

    type Floats = Sixteen<Self>;

    #[inline(always)]
    fn floats(self, _lane: usize) -> Sixteen<Self> {
        Sixteen(self)
    }

    type Single = Avx2;

    #[inline(always)]
    fn single(self) -> Avx2 {
        self
    }

    type Many = Avx2;

    #[inline(always)]
    fn many(self) -> Avx2 {
        self
    }

    type Plain = Avx2;

    #[inline(always)]
    fn plain(self) -> Avx2 {
        self
    }
    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Out {
        #[target_feature(enable = "avx2,f16c,fma")]
        #[inline(never)]
        fn enter<O: Op>(isa: Avx2, op: O) -> O::Out {
            align_frame();
            op.call(isa)
        }
        // SAFETY: an `Avx2` exists, so the features are there.
        unsafe { enter(self, op) }
    }

    #[inline(always)]
    fn crc32c_word(self, state: u32, bytes: [u8; 8]) -> u32 {
        avx2! { _mm_crc32_u64(state.into(), u64::from_le_bytes(bytes)) as u32 }
    }

    #[inline(always)]
    fn prefetch<T>(self, read: &[T], ahead: usize, near: bool) {
        fetch(read, ahead, near);
    }
    #[inline(always)]
    fn words<T: Pod, const N: usize>(self, rows: Rows<'_, T>, offset: usize) -> [__m256i; N] {
        let mut out = [self.splat(0); N];
        if !rows.has(8, offset, 4 * N) {
            return out;
        }
        if let Some(at) = rows.interleaved(offset, 4) {
            for (i, word) in out.iter_mut().enumerate() {
                fetch_ahead(rows, at.wrapping_add(64 * i), false);
                // SAFETY: eight of sixteen rows of `4 * N` bytes from `offset` may be read, interleaved.
                *word = unsafe { _mm256_loadu_si256(at.add(64 * i).cast()) };
            }
            return out;
        }
        let step = rows.stride_bytes();
        // SAFETY: rows 0 to 7 may be read, each for `size_of::<T>()` bytes; each load below starts
        // at `offset + 4 * i` and ends within `offset + 4 * N`.
        let row = |r: usize, i: usize| unsafe { rows.as_ptr().add(r * step + offset + 4 * i) };
        let mut i = 0;
        while i + 4 <= N {
            // SAFETY: as above; 16 bytes.
            let two = |r: usize| unsafe {
                let low = _mm_loadu_si128(row(r, i).cast());
                _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), _mm_loadu_si128(row(r + 4, i).cast()))
            };
            let words = avx2! { transpose(two(0), two(1), two(2), two(3)) };
            out[i..i + 4].copy_from_slice(&words);
            i += 4;
        }
        while i < N {
            // SAFETY: as above; 4 bytes.
            let word = |r: usize| unsafe { row(r, i).cast::<i32>().read_unaligned() };
            out[i] = avx2! {
                _mm256_setr_epi32(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7))
            };
            i += 1;
        }
        out
    }
    #[inline(always)]
    fn half_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> __m256 {
        if !rows.has(8, offset, 2) {
            return self.f_splat(0.0);
        }
        if let Some(at) = rows.interleaved(offset, 2) {
            fetch_ahead(rows, at, false);
            // SAFETY: eight of sixteen rows of two bytes at `offset` may be read, interleaved.
            return unsafe { _mm256_cvtph_ps(_mm_loadu_si128(at.cast())) };
        }
        let step = rows.stride_bytes();
        // SAFETY: rows 0 to 7 may be read, each for `size_of::<T>()` bytes.
        let half = |r: usize| unsafe { rows.as_ptr().add(r * step + offset).cast::<i16>().read_unaligned() };
        avx2! {
            _mm256_cvtph_ps(_mm_setr_epi16(half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7)))
        }
    }
    #[inline(always)]
    fn byte_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> __m256i {
        if !rows.has(8, offset, 1) {
            return self.splat(0);
        }
        if let Some(at) = rows.interleaved(offset, 1) {
            fetch_ahead(rows, at, false);
            // SAFETY: eight of sixteen rows of one byte at `offset` may be read, interleaved.
            return unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(at.cast())) };
        }
        let step = rows.stride_bytes();
        // SAFETY: rows 0 to 7 may be read, each for `size_of::<T>()` bytes.
        let byte = |r: usize| i32::from(unsafe { rows.as_ptr().add(r * step + offset).read() });
        avx2! { _mm256_setr_epi32(byte(0), byte(1), byte(2), byte(3), byte(4), byte(5), byte(6), byte(7)) }
    }
    #[inline(always)]
    fn load(self, words: &[[u8; 4]; LANES], part: usize) -> __m256i {
        let half = if part & 1 == 0 { &words[..8] } else { &words[8..] };
        // SAFETY: `half` is 32 bytes.
        unsafe { _mm256_loadu_si256(half.as_ptr().cast()) }
    }
    #[inline(always)]
    fn splat(self, bits: u32) -> __m256i {
        avx2! { _mm256_set1_epi32(bits as i32) }
    }
    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        avx2! { _mm256_and_si256(a, b) }
    }
    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        avx2! { _mm256_or_si256(a, b) }
    }
    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        avx2! { _mm256_xor_si256(a, b) }
    }
    #[inline(always)]
    fn shr(self, a: __m256i, n: u32) -> __m256i {
        avx2! { _mm256_srl_epi32(a, _mm_cvtsi32_si128(n as i32)) }
    }
    #[inline(always)]
    fn shl(self, a: __m256i, n: u32) -> __m256i {
        avx2! { _mm256_sll_epi32(a, _mm_cvtsi32_si128(n as i32)) }
    }
    #[inline(always)]
    fn add(self, a: __m256i, b: __m256i) -> __m256i {
        avx2! { _mm256_add_epi32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m256i, b: __m256i) -> __m256i {
        avx2! { _mm256_sub_epi32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m256i, b: __m256i) -> __m256i {
        avx2! { _mm256_mullo_epi32(a, b) }
    }
    #[inline(always)]
    fn lookup(self, table: &[i8; 16], indices: __m256i) -> __m256i {
        // SAFETY: the table is 16 bytes.
        let table = unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast())) };
        avx2! { _mm256_shuffle_epi8(table, indices) }
    }
    #[inline(always)]
    fn expand_bits(self, bits: __m256i, shift: u32) -> __m256i {
        avx2! {
            // Byte k of a lane keeps bit k of the lane's low nibble, and compares it with itself.
            let low = _mm256_srl_epi32(bits, _mm_cvtsi32_si128(shift as i32));
            let first = _mm256_setr_epi8(
                0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12,
                0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12,
            );
            let mask = _mm256_set1_epi32(0x0804_0201);
            _mm256_cmpeq_epi8(_mm256_and_si256(_mm256_shuffle_epi8(low, first), mask), mask)
        }
    }
    #[inline(always)]
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: __m256i, w: &[__m256i; N], x: &[Quad; N]) -> __m256i {
        let mut acc = acc;
        let run = const { pairs_in_i16(MAX) };
        for (w, x) in w.chunks(run).zip(x.chunks(run)) {
            acc = self.add(acc, avx2! { _mm256_madd_epi16(dot_run(w, x), _mm256_set1_epi16(1)) });
        }
        acc
    }
    #[inline(always)]
    fn dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [__m256i; T],
        w: &[__m256i; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        for (acc, x) in acc.iter_mut().zip(x) {
            *acc = avx2! { words::settle(self.dot_u8::<MAX, N>(*acc, w, x.quads(i))) };
        }
    }
    #[inline(always)]
    fn scaled_dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [__m256i; T],
        w: &[__m256i; N],
        x: &[impl Quads; T],
        i: usize,
        scale: __m256i,
    ) {
        let both = self.or(self.shl(scale, 16), self.and(scale, self.splat(0xFFFF)));
        let run = const { pairs_in_i16(MAX) };
        // Written out, eight tokens' products with a block of sixteen sub-blocks exceed the cache of decoded instructions.
        let (acc, x): (&mut [_], &[_]) = if const { N == 4 && T == 8 } { rolled(acc, x) } else { (acc, x) };
        for (acc, x) in acc.iter_mut().zip(x) {
            for (w, x) in w.chunks(run).zip(x.quads::<N>(i).chunks(run)) {
                *acc = self.add(*acc, avx2! { _mm256_madd_epi16(dot_run(w, x), both) });
            }
            *acc = avx2! { words::settle(*acc) };
        }
    }
    #[inline(always)]
    fn dot_i8<const N: usize>(self, acc: __m256i, w: &[__m256i; N], x: &[Quad; N], _sum: i32) -> __m256i {
        let mut acc = acc;
        for (&w, &x) in w.iter().zip(x) {
            // |w| <= 128 and |x| <= 127, so a pair's sum is at most 32512 and does not saturate.
            acc = avx2! {
                let x = _mm256_sign_epi8(_mm256_set1_epi32(i32::from_le_bytes(x.map(|b| b as u8))), w);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), x);
                _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
            };
        }
        acc
    }
    #[inline(always)]
    fn dot_i16(self, acc: __m256i, a: __m256i, b: [i16; 2]) -> __m256i {
        let b = u32::from(b[0] as u16) | u32::from(b[1] as u16) << 16;
        avx2! { _mm256_add_epi32(acc, _mm256_madd_epi16(a, _mm256_set1_epi32(b as i32))) }
    }

    #[inline(always)]
    fn to_f32(self, a: __m256i) -> __m256 {
        avx2! { _mm256_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn as_f32(self, a: __m256i) -> __m256 {
        avx2! { _mm256_castsi256_ps(a) }
    }
    #[inline(always)]
    fn f16_low(self, a: __m256i) -> __m256 {
        avx2! {
            let low = _mm256_and_si256(a, _mm256_set1_epi32(0xFFFF));
            let packed = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256::<1>(low));
            _mm256_cvtph_ps(packed)
        }
    }
    #[inline(always)]
    fn f_splat(self, v: f32) -> __m256 {
        avx2! { _mm256_set1_ps(v) }
    }
    #[inline(always)]
    fn f_add(self, a: __m256, b: __m256) -> __m256 {
        avx2! { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn f_sub(self, a: __m256, b: __m256) -> __m256 {
        avx2! { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn f_mul(self, a: __m256, b: __m256) -> __m256 {
        avx2! { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn settled(self, a: __m256) -> __m256 {
        avx2! { _mm256_castsi256_ps(words::settle(_mm256_castps_si256(a))) }
    }
    #[inline(always)]
    fn f_store(self, a: __m256, out: &mut [f32]) {
        if let Some(out) = out.first_chunk_mut::<8>() {
            // SAFETY: `out` is 32 bytes.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), a) };
        } else {
            let mut all = [0.0f32; 8];
            // SAFETY: `all` is 32 bytes.
            unsafe { _mm256_storeu_ps(all.as_mut_ptr(), a) };
            for (out, v) in out.iter_mut().zip(all) {
                *out = v;
            }
        }
    }
    #[inline(always)]
    fn sum(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        avx2! {
            let eight = _mm256_add_ps(v.0, v.1);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
    #[inline(always)]
    fn greatest(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        avx2! {
            let eight = _mm256_max_ps(v.0, v.1);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }
}
