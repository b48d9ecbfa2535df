//! x86-64 with AVX-512 F, BW, VL and VNNI: sixteen rows to a word. Fused multiply-adds where products are exact.

mod dots;
mod floats;
mod words;

use super::avx2::Avx2;
use super::{align_frame, cpuid, fetch, fetch_ahead, rebased};
use crate::simd::arch::rows::Rows;
use crate::simd::floats::{Floats, LANES, Sixteen};
use crate::simd::isa::{Isa, Op, Quad, Quads};
use crate::simd::name::IsaName;
use bytemuck::Pod;
use core::arch::x86_64::*;
use dots::quad;
use words::{gather_halves, gather_words, transposed};

/// Proof that the processor and the system support AVX-512 F, BW, VL and VNNI.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(Avx2);

impl Avx512 {
    /// The proof, if CPUID and XCR0 give it.
    #[must_use]
    pub fn detect() -> Option<&'static Avx512> {
        static PROOF: Avx512 = Avx512(Avx2::PROOF);
        cpuid::avx512_vnni().then_some(&PROOF)
    }
}

/// Runs intrinsics. SAFETY of every use: an `Avx512` exists, so the features are there; loads and
/// stores go through references to exactly the bytes they touch, or as the use says.
macro_rules! avx512 {
    ($($body:tt)*) => {{
        // SAFETY: see the macro.
        #[allow(unused_unsafe, reason = "some intrinsics are safe, some are not")]
        unsafe { $($body)* }
    }};
}
use avx512;

impl Isa for Avx512 {
    const NAME: IsaName = IsaName::Avx512;
    const ROWS: usize = 16;
    const INTERLEAVES: bool = true;
    const PARTS_APART: bool = true;
    const HAS_CRC32C: bool = true;
    type W = __m512i;
    type F = __m512;

    type Floats = Sixteen<Self>;

    #[inline(always)]
    fn floats(self, _lane: usize) -> Sixteen<Self> {
        Sixteen(self)
    }

    type Single = Avx2;

    #[inline(always)]
    fn single(self) -> Avx2 {
        self.0
    }

    type Many = Avx512;

    #[inline(always)]
    fn many(self) -> Avx512 {
        self
    }

    type Plain = Avx512;

    #[inline(always)]
    fn plain(self) -> Avx512 {
        self
    }
    #[inline(always)]
    fn run<O: Op>(self, op: O) -> O::Out {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
        #[inline(never)]
        fn enter<O: Op>(isa: Avx512, op: O) -> O::Out {
            align_frame();
            op.call(isa)
        }
        // SAFETY: an `Avx512` exists, so the features are there.
        unsafe { enter(self, op) }
    }

    #[inline(always)]
    fn run_unpacking<O: Op<Out = ()>>(self, op: O) -> bool {
        self.run_part(op);
        true
    }

    #[inline(always)]
    fn rebased<T>(self, x: &T) -> &T {
        rebased(x)
    }

    #[inline(always)]
    fn crc32c_word(self, state: u32, bytes: [u8; 8]) -> u32 {
        avx512! { _mm_crc32_u64(state.into(), u64::from_le_bytes(bytes)) as u32 }
    }

    #[inline(always)]
    fn prefetch<T>(self, read: &[T], ahead: usize, near: bool) {
        fetch(read, ahead, near);
    }
    #[inline(always)]
    fn words<T: Pod, const N: usize>(self, rows: Rows<'_, T>, offset: usize) -> [__m512i; N] {
        let mut out = [self.splat(0); N];
        if !rows.has(16, offset, 4 * N) {
            return out;
        }
        if let Some(at) = rows.interleaved(offset, 4) {
            for (i, word) in out.iter_mut().enumerate() {
                fetch_ahead(rows, at.wrapping_add(64 * i), Rows::<T>::SMALL);
                // SAFETY: sixteen rows of `4 * N` bytes from `offset` may be read, interleaved.
                *word = unsafe { _mm512_loadu_si512(at.add(64 * i).cast()) };
            }
            return out;
        }
        let (base, step) = (rows.as_ptr(), rows.stride_bytes());
        let (columns, rest) = out.as_chunks_mut::<4>();
        let mut at = offset;
        for column in columns {
            // SAFETY: rows 0 to 15 may be read, each for `size_of::<T>()` bytes, and `at` is at most
            // 16 bytes before the end of the words asked for.
            *column = unsafe { transposed(base.add(at), step) };
            at += 16;
        }
        for word in rest {
            // SAFETY: as above; 4 bytes.
            *word = unsafe { gather_words(base.add(at), step) };
            at += 4;
        }
        out
    }
    #[inline(always)]
    fn half_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> __m512 {
        if !rows.has(16, offset, 2) {
            return self.f_splat(0.0);
        }
        if let Some(at) = rows.interleaved(offset, 2) {
            fetch_ahead(rows, at, Rows::<T>::SMALL);
            // SAFETY: sixteen rows of two bytes at `offset` may be read, interleaved.
            return unsafe { words::widened(&*at.cast()) };
        }
        // SAFETY: rows 0 to 15 may be read, each for `size_of::<T>()` bytes.
        unsafe { gather_halves(rows.as_ptr().add(offset), rows.stride_bytes()) }
    }
    #[inline(always)]
    fn byte_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> __m512i {
        if !rows.has(16, offset, 1) {
            return self.splat(0);
        }
        if let Some(at) = rows.interleaved(offset, 1) {
            fetch_ahead(rows, at, Rows::<T>::SMALL);
            // SAFETY: sixteen rows of one byte at `offset` may be read, interleaved.
            return unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(at.cast())) };
        }
        let mut bytes = [0u8; 16];
        for (r, byte) in bytes.iter_mut().enumerate() {
            // SAFETY: rows 0 to 15 may be read, each for `size_of::<T>()` bytes.
            *byte = unsafe { rows.as_ptr().add(r * rows.stride_bytes() + offset).read() };
        }
        avx512! { _mm512_cvtepu8_epi32(_mm_loadu_si128(bytes.as_ptr().cast())) }
    }
    #[inline(always)]
    fn load(self, words: &[[u8; 4]; LANES], _part: usize) -> __m512i {
        avx512! { _mm512_loadu_si512(words.as_ptr().cast()) }
    }
    #[inline(always)]
    fn splat(self, bits: u32) -> __m512i {
        avx512! { _mm512_set1_epi32(bits as i32) }
    }
    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        avx512! { _mm512_and_si512(a, b) }
    }
    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        avx512! { _mm512_or_si512(a, b) }
    }
    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        avx512! { _mm512_xor_si512(a, b) }
    }
    #[inline(always)]
    fn shr(self, a: __m512i, n: u32) -> __m512i {
        avx512! { _mm512_srl_epi32(a, _mm_cvtsi32_si128(n as i32)) }
    }
    #[inline(always)]
    fn shl(self, a: __m512i, n: u32) -> __m512i {
        avx512! { _mm512_sll_epi32(a, _mm_cvtsi32_si128(n as i32)) }
    }
    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        avx512! { _mm512_add_epi32(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: __m512i, b: __m512i) -> __m512i {
        avx512! { _mm512_sub_epi32(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: __m512i, b: __m512i) -> __m512i {
        avx512! { _mm512_mullo_epi32(a, b) }
    }
    #[inline(always)]
    fn lookup(self, table: &[i8; 16], indices: __m512i) -> __m512i {
        avx512! {
            let table = _mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast()));
            _mm512_shuffle_epi8(table, indices)
        }
    }
    #[inline(always)]
    fn expand_bits(self, bits: __m512i, shift: u32) -> __m512i {
        avx512! {
            // Byte k of a lane is the lane's low byte, tested for bit k.
            let low = _mm512_srl_epi32(bits, _mm_cvtsi32_si128(shift as i32));
            let first = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12));
            let bytes = _mm512_shuffle_epi8(low, first);
            _mm512_movm_epi8(_mm512_test_epi8_mask(bytes, _mm512_set1_epi32(0x0804_0201)))
        }
    }
    #[inline(always)]
    fn dot_u8<const MAX: u8, const N: usize>(self, acc: __m512i, w: &[__m512i; N], x: &[Quad; N]) -> __m512i {
        let mut acc = acc;
        for (&w, x) in w.iter().zip(x) {
            acc = avx512! { _mm512_dpbusd_epi32(acc, w, _mm512_set1_epi32(quad(x))) };
        }
        acc
    }
    #[inline(always)]
    fn dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [__m512i; T],
        w: &[__m512i; N],
        x: &[impl Quads; T],
        i: usize,
    ) {
        avx512! { dots::dots(acc, w, x, i) }
        if const { T > 1 } {
            for acc in acc {
                *acc = avx512! { dots::settle(*acc) };
            }
        }
    }
    #[inline(always)]
    fn dots_i8<const T: usize>(self, acc: &mut [__m512i; T], w: &[__m512i; 8], x: &[impl Quads; T], i: usize) {
        let mut unsigned = *w;
        for w in &mut unsigned {
            *w = self.xor(*w, self.splat(0x8080_8080));
        }
        for (acc, x) in acc.iter_mut().zip(x) {
            let start = (-128 * x.sum32(i)) as u32;
            // Stored and loaded again: a load broadcasts to all lanes at no cost, while a broadcast from a register occupies the
            // unit that multiplies. With one token that unit is not the limit.
            *acc = self.add(*acc, self.splat(if const { T > 1 } { *rebased(&start) } else { start }));
        }
        self.dots_u8::<255, 8, T>(acc, &unsigned, x, i);
    }
    #[inline(always)]
    fn scaled_dots_u8<const MAX: u8, const N: usize, const T: usize>(
        self,
        acc: &mut [__m512i; T],
        w: &[__m512i; N],
        x: &[impl Quads; T],
        i: usize,
        scale: __m512i,
    ) {
        avx512! { dots::scaled_dots(acc, w, x, i, scale) }
    }
    #[inline(always)]
    fn dot_i16(self, acc: __m512i, a: __m512i, b: [i16; 2]) -> __m512i {
        let b = u32::from(b[0] as u16) | u32::from(b[1] as u16) << 16;
        avx512! { dots::dpwssd(acc, a, _mm512_set1_epi32(b as i32)) }
    }

    #[inline(always)]
    fn to_f32(self, a: __m512i) -> __m512 {
        avx512! { _mm512_cvtepi32_ps(a) }
    }
    #[inline(always)]
    fn as_f32(self, a: __m512i) -> __m512 {
        avx512! { _mm512_castsi512_ps(a) }
    }
    #[inline(always)]
    fn f16_low(self, a: __m512i) -> __m512 {
        avx512! { _mm512_cvtph_ps(_mm512_cvtepi32_epi16(a)) }
    }
    #[inline(always)]
    fn f_splat(self, v: f32) -> __m512 {
        avx512! { _mm512_set1_ps(v) }
    }
    #[inline(always)]
    fn f_add(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn f_sub(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn f_mul(self, a: __m512, b: __m512) -> __m512 {
        avx512! { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn f_add_exact(self, acc: __m512, a: __m512, b: __m512) -> __m512 {
        avx512! { dots::settle_floats(_mm512_fmadd_ps(a, b, acc)) }
    }
    #[inline(always)]
    fn f_store(self, a: __m512, out: &mut [f32]) {
        if let Some(out) = out.first_chunk_mut::<16>() {
            // SAFETY: `out` is 64 bytes.
            unsafe { _mm512_storeu_ps(out.as_mut_ptr(), a) };
        } else {
            let mut all = [0.0f32; 16];
            // SAFETY: `all` is 64 bytes.
            unsafe { _mm512_storeu_ps(all.as_mut_ptr(), a) };
            for (out, v) in out.iter_mut().zip(all) {
                *out = v;
            }
        }
    }
    #[inline(always)]
    fn sum(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        avx512! {
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(v)));
            let eight = _mm256_add_ps(_mm512_castps512_ps256(v), high);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
    #[inline(always)]
    fn greatest(self, v: &[f32; LANES]) -> f32 {
        let v = Sixteen(self).load(v);
        avx512! {
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(v)));
            let eight = _mm256_max_ps(_mm512_castps512_ps256(v), high);
            let four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }
}
