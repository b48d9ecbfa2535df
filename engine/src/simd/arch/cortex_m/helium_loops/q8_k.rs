//! Block loops of Q8_K. Registers are those of `blocks256.rs`; a block has no sub-blocks.

use super::blocks256::{one, rows, two, two_rows};
use super::close256::add_product;
use super::frame::{block_loop, enter, leave, lines, load_strip, one_and_two_tokens};
use crate::simd::arch::strip::BlockLoops;
use crate::simd::form::BlockLayout;

/// Sixteen bytes at each of the places.
macro_rules! bytes {
    ($many:ident, $($how:literal $at:literal),+) => {
        concat!($(
            $many!(weights $at),
            $many!(load "], #16"),
            $many!(multiply_packed $how, "r8", "r10", "], #16"),
        )+)
    };
}

/// The block's scale, which is no half, to s30.
macro_rules! block_scale {
    ($block:literal,) => {
        lines! {
            "ldr r0, [" $block ", #-124]";
            "vmov s30, r0";
        }
    };
}

/// A block loop of Q8_K.
macro_rules! q8_k {
    ($name:ident, $many:ident) => {
        rows!(
            $name, $many, mask "0", base "124", bytes "292",
            concat!(
                bytes!(
                    $many, "vmladav" "-120", "vmladava" "-104", "vmladava" "-88", "vmladava" "-72", "vmladava" "-56",
                    "vmladava" "-40", "vmladava" "-24", "vmladava" "-8", "vmladava" "8", "vmladava" "24",
                    "vmladava" "40", "vmladava" "56", "vmladava" "72", "vmladava" "88", "vmladava" "104",
                    "vmladava" "120"
                ),
                $many!(close block_scale [], add_product),
            )
        );
    };
}

q8_k!(q8_k_one, two_rows);
q8_k!(q8_k_two, two);

/// Block loops of Q8_K.
pub(super) const Q8_K: BlockLoops = one_and_two_tokens(BlockLayout::Q8K, q8_k_one, q8_k_two);
