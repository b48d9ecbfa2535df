//! Methods of `Isa` that are the same for all Cortex-M.

/// The methods of [`Isa`](crate::simd::Isa) that are the same for all Cortex-M: those of `Scalar`, with conversions of `f16` by the FPU.
macro_rules! as_scalar {
    () => {
        const ROWS: usize = 1;
        const TOKENS: usize = if cfg!(feature = "small") { 1 } else { 2 };
        type W = u32;
        type F = f32;

        type Floats = Lane<Self>;

        #[inline(always)]
        fn floats(self, lane: usize) -> Lane<Self> {
            Lane { halves: self, lane }
        }

        type Single = Self;

        #[inline(always)]
        fn single(self) -> Self {
            self
        }

        type Many = Self;

        #[inline(always)]
        fn many(self) -> Self {
            self
        }

        type Plain = Self;

        #[inline(always)]
        fn plain(self) -> Self {
            self
        }
        #[inline(always)]
        fn run<O: Op>(self, op: O) -> O::Out {
            op.call(self)
        }
        #[inline(always)]
        fn words<T: Pod, const N: usize>(self, rows: Rows<'_, T>, offset: usize) -> [u32; N] {
            Scalar.words(rows, offset)
        }
        #[inline(always)]
        fn half_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> f32 {
            if !rows.has(1, offset, 2) {
                return 0.0;
            }
            // SAFETY: the row may be read for two bytes from `offset`.
            widen(unsafe { rows.as_ptr().add(offset).cast::<u16>().read_unaligned() })
        }
        #[inline(always)]
        fn byte_at<T: Pod>(self, rows: Rows<'_, T>, offset: usize) -> u32 {
            Scalar.byte_at(rows, offset)
        }
        #[inline(always)]
        fn lookup(self, table: &[i8; 16], indices: u32) -> u32 {
            Scalar.lookup(table, indices)
        }
        #[inline(always)]
        fn f16_low(self, a: u32) -> f32 {
            widen(a as u16)
        }
        #[inline(always)]
        fn f_store(self, a: f32, out: &mut [f32]) {
            Scalar.f_store(a, out)
        }
        as_scalar! {
            load(words: &[[u8; 4]; LANES], part: usize) -> u32;
            splat(bits: u32) -> u32;
            and(a: u32, b: u32) -> u32;
            or(a: u32, b: u32) -> u32;
            xor(a: u32, b: u32) -> u32;
            shr(a: u32, n: u32) -> u32;
            shl(a: u32, n: u32) -> u32;
            add(a: u32, b: u32) -> u32;
            sub(a: u32, b: u32) -> u32;
            mul(a: u32, b: u32) -> u32;
            to_f32(a: u32) -> f32;
            as_f32(a: u32) -> f32;
            f_splat(v: f32) -> f32;
            f_add(a: f32, b: f32) -> f32;
            f_sub(a: f32, b: f32) -> f32;
            f_mul(a: f32, b: f32) -> f32;
        }
    };
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)+) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $ty),*) -> $out {
            Scalar.$name($($arg),*)
        }
    )+};
}
pub(super) use as_scalar;
