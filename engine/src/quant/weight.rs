//! Every format by name: the one `match` over them, made by one macro.

use super::act::ActKind;
use super::block::Block;
use super::formats::*;
use super::interleave::{INTERLEAVES, Units, block_of};
use super::matrix::Matrix;
use crate::simd::LANES;

/// Declares [`WeightType`], [`Weight`], and `with_format!`, which matches on a `Weight`. Each format is
/// a cargo feature: data chooses among them, so the linker cannot drop those a board never meets.
macro_rules! formats {
    ($d:tt
     quantised { $($q_feature:literal $q_name:ident $q_act:ident $q_doc:literal;)+ }
     float { $($f_feature:literal $f_name:ident $f_doc:literal;)+ }) => {
        formats!(@types $($q_feature $q_name $q_act $q_doc;)+ $($f_feature $f_name Float $f_doc;)+);

        /// `with_format!(weight, q => a, f => b)`: `a` with `q` bound to the typed matrix of a quantised
        /// format, or `b` with `f` bound to that of a float format.
        macro_rules! with_format {
            ($d weight:expr, $d q:ident => $d quantised:expr, $d f:ident => $d float:expr) => {
                match $d weight {
                    $(#[cfg(feature = $q_feature)] $crate::quant::weight::Weight::$q_name($d q) => $d quantised,)+
                    $(#[cfg(feature = $f_feature)] $crate::quant::weight::Weight::$f_name($d f) => $d float,)+
                }
            };
        }
        pub(crate) use with_format;
    };
    (@types $($feature:literal $name:ident $act:ident $doc:literal;)+) => {
        /// The weight formats that the engine computes with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub enum WeightType { $(#[cfg(feature = $feature)] #[doc = $doc] $name,)+ }

        /// A typed weight matrix.
        #[derive(Clone, Copy, Debug)]
        pub enum Weight<'a> { $(#[cfg(feature = $feature)] #[doc = $doc] $name(Matrix<'a, $name>),)+ }

        impl WeightType {
            /// All formats.
            pub const ALL: &'static [WeightType] = &[$(#[cfg(feature = $feature)] WeightType::$name),+];

            /// The format of ggml's type number, if the engine computes with it.
            #[must_use]
            pub const fn from_id(id: u32) -> Option<WeightType> {
                $(#[cfg(feature = $feature)] if id == <$name as Block>::ID { return Some(WeightType::$name); })+
                None
            }
            /// ggml's numbers of the formats whose features are off.
            pub(crate) const LEFT_OUT: &'static [u32] =
                &[$(#[cfg(not(feature = $feature))] <$name as Block>::ID),+];
            /// The formats' features with ggml's names of them.
            #[cfg(test)]
            const FEATURES: &'static [(&'static str, &'static str)] = &[$(($feature, <$name as Block>::NAME)),+];
            /// ggml's number of the type.
            #[must_use]
            pub const fn id(self) -> u32 {
                match self { $(#[cfg(feature = $feature)] WeightType::$name => <$name as Block>::ID,)+ }
            }
            /// ggml's name of the type.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(#[cfg(feature = $feature)] WeightType::$name => <$name as Block>::NAME,)+ }
            }
            /// The engine's feature that brings it.
            #[must_use]
            pub const fn feature(self) -> &'static str {
                match self { $(#[cfg(feature = $feature)] WeightType::$name => $feature,)+ }
            }
            /// Elements in a block.
            #[must_use]
            pub const fn block_elems(self) -> usize {
                match self { $(#[cfg(feature = $feature)] WeightType::$name => <$name as Block>::ELEMS,)+ }
            }
            /// Bytes in a block.
            #[must_use]
            pub const fn block_bytes(self) -> usize {
                match self { $(#[cfg(feature = $feature)] WeightType::$name => size_of::<$name>(),)+ }
            }
            /// The units that a block comes apart into, if rows of the format can be interleaved.
            #[must_use]
            pub const fn units(self) -> Option<Units> {
                if !INTERLEAVES {
                    return None;
                }
                let units = match self { $(#[cfg(feature = $feature)] WeightType::$name => Units::of::<$name>(),)+ };
                if matches!(self.act_kind(), ActKind::Float) { None } else { Some(units) }
            }
            /// The activations that the format is multiplied with.
            #[must_use]
            pub const fn act_kind(self) -> ActKind {
                match self { $(#[cfg(feature = $feature)] WeightType::$name => ActKind::$act,)+ }
            }
        }

        impl<'a> Weight<'a> {
            /// Whole rows of `cols` elements in format `ty`; `None` unless the bytes divide evenly.
            #[must_use]
            pub fn new(ty: WeightType, bytes: &'a [u8], cols: usize) -> Option<Self> {
                match ty { $(#[cfg(feature = $feature)] WeightType::$name => Matrix::new(bytes, cols).map(Weight::$name),)+ }
            }
            /// The same matrix with its groups of sixteen rows taken as interleaved, see [`Units`].
            #[must_use]
            pub fn interleaved(self) -> Self {
                match self {
                    $(#[cfg(feature = $feature)] Weight::$name(m) => Weight::$name(Matrix { interleaved: true, ..m }),)+
                }
            }
            /// True if its groups of sixteen rows are taken as interleaved.
            #[must_use]
            pub const fn is_interleaved(&self) -> bool {
                match self { $(#[cfg(feature = $feature)] Weight::$name(m) => m.interleaved,)+ }
            }
            /// The matrix's format.
            #[must_use]
            pub const fn ty(&self) -> WeightType {
                match self { $(#[cfg(feature = $feature)] Weight::$name(_) => WeightType::$name,)+ }
            }
            /// Number of rows.
            #[must_use]
            pub fn rows(&self) -> usize {
                match self { $(#[cfg(feature = $feature)] Weight::$name(m) => m.rows(),)+ }
            }
            /// Bytes of all rows.
            #[must_use]
            pub fn bytes(&self) -> usize {
                match self { $(#[cfg(feature = $feature)] Weight::$name(m) => size_of_val(m.blocks),)+ }
            }
            /// The rows' blocks as they lie in memory.
            #[must_use]
            pub fn as_bytes(&self) -> &'a [u8] {
                match self {
                    $(#[cfg(feature = $feature)] Weight::$name(m) => bytemuck::try_cast_slice(m.blocks).unwrap_or_default(),)+
                }
            }
            /// Rows `first..first + n`, as far as they exist.
            #[must_use]
            pub fn rows_from(self, first: usize, n: usize) -> Weight<'a> {
                match self { $(#[cfg(feature = $feature)] Weight::$name(m) => Weight::$name(m.rows_from(first, n)),)+ }
            }
            /// Writes row `row` as `f32` to the front of `out[cols]`; nothing if there is no such row.
            pub fn dequantise_row(&self, row: usize, out: &mut [f32]) {
                match self { $(#[cfg(feature = $feature)] Weight::$name(m) => dequantise_row(m, row, out),)+ }
            }
        }
    };
}

fn dequantise_row<B: Block>(m: &Matrix<'_, B>, row: usize, out: &mut [f32]) {
    if INTERLEAVES && m.interleaves(row) {
        let (group, lane) = (row / LANES * LANES, row % LANES);
        let group = m.blocks.get(group.saturating_mul(m.row_blocks)..).unwrap_or_default();
        for (column, out) in out.chunks_exact_mut(B::ELEMS.max(1)).take(m.row_blocks).enumerate() {
            block_of(group, lane, column).dequantise(out);
        }
        return;
    }
    let start = row.saturating_mul(m.row_blocks);
    let blocks = m.blocks.get(start..).and_then(|b| b.get(..m.row_blocks)).unwrap_or_default();
    let mut rest = out;
    for block in blocks {
        let Some((now, later)) = rest.split_at_mut_checked(B::ELEMS) else { return };
        block.dequantise(now);
        rest = later;
    }
}

formats! { $
    quantised {
        "q4_0" Q4_0 Q8x32 "[`struct@Q4_0`]";
        "q4_1" Q4_1 Q8x32 "[`struct@Q4_1`]";
        "q5_0" Q5_0 Q8x32 "[`struct@Q5_0`]";
        "q5_1" Q5_1 Q8x32 "[`struct@Q5_1`]";
        "q8_0" Q8_0 Q8x32 "[`struct@Q8_0`]";
        "q2_k" Q2K Q8x256 "[`struct@Q2K`]";
        "q3_k" Q3K Q8x256 "[`struct@Q3K`]";
        "q4_k" Q4K Q8x256 "[`struct@Q4K`]";
        "q5_k" Q5K Q8x256 "[`struct@Q5K`]";
        "q6_k" Q6K Q8x256 "[`struct@Q6K`]";
        "q8_k" Q8K Q8x256 "[`struct@Q8K`]";
        "iq4_nl" IQ4NL Q8x32 "[`struct@IQ4NL`]";
        "iq4_xs" IQ4XS Q8x256 "[`struct@IQ4XS`]";
        "tq1_0" TQ1_0 Q8x256 "[`struct@TQ1_0`]";
        "tq2_0" TQ2_0 Q8x256 "[`struct@TQ2_0`]";
        "mxfp4" MXFP4 Q8x32 "[`struct@MXFP4`]";
    }
    float {
        "f32" F32 "[`struct@F32`]";
        "f16" F16 "[`struct@F16`]";
        "bf16" BF16 "[`struct@BF16`]";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_called_by_ggmls_names() {
        assert_eq!(WeightType::FEATURES.len(), WeightType::ALL.len() + WeightType::LEFT_OUT.len());
        for (feature, name) in WeightType::FEATURES {
            assert_eq!(*feature, name.to_ascii_lowercase());
        }
    }
}
