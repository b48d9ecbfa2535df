//! Products against the goldens in `tests/fixtures/quant`, which an independent implementation made.

use crate::check::Test;
use crate::products::linear;
use alloc::vec::Vec;
use core::fmt;
use flashlet::internal::quant::{ActKind, Weight, WeightType};
use flashlet_test_data::panel;

macro_rules! fixture {
    ($name:expr) => {
        include_bytes!(concat!("../../../tests/fixtures/quant/", $name))
    };
}

/// A format's rows of 512 weights and its edge blocks, each with their dot products.
type Golden = (&'static str, &'static [u8], &'static [u8], &'static [u8], &'static [u8]);

macro_rules! goldens {
    (quantised $($q:literal)+; float $($f:literal)+) => {
        const GOLDENS: &[Golden] = &[
            $(($q, fixture!(concat!($q, ".rows")), fixture!(concat!($q, ".rows.dot")),
                fixture!(concat!($q, ".edge")), fixture!(concat!($q, ".edge.dot"))),)+
            $(($f, fixture!(concat!($f, ".rows")), fixture!(concat!($f, ".rows.dot")), &[], &[]),)+
        ];
    };
}

goldens! {
    quantised "Q4_0" "Q4_1" "Q5_0" "Q5_1" "Q8_0" "Q2_K" "Q3_K" "Q4_K" "Q5_K" "Q6_K" "Q8_K" "IQ4_NL" "IQ4_XS"
        "TQ1_0" "TQ2_0" "MXFP4";
    float "F32" "F16" "BF16"
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// Checks the products of `weights` with the first `cols` of `x`; each row of `golden` holds those with activations
/// as `f32`, as Q8_0 and as Q8_K, and the sum of magnitudes, all `f64`.
fn check(test: &mut Test<'_>, ty: WeightType, weights: &[u8], golden: &[u8], cols: usize, x: &[f32]) -> fmt::Result {
    let Some(w) = Weight::new(ty, weights, cols) else {
        return test.check(false, format_args!("{}: no whole rows", ty.name()));
    };
    let golden = golden.as_chunks::<8>().0.as_chunks::<4>().0;
    test.check(golden.len() == w.rows() && !golden.is_empty(), format_args!("{}: rows", ty.name()))?;
    let x = panel(&[x.get(..cols).unwrap_or_default().to_vec()]);
    let column = match ty.act_kind() {
        ActKind::Float => 0,
        ActKind::Q8x32 => 1,
        ActKind::Q8x256 => 2,
    };
    for kernels in test.kernels {
        let y = linear(*kernels, w, &x, 1);
        for (row, (got, golden)) in y.as_flattened().iter().zip(golden).enumerate() {
            let golden = golden.map(f64::from_le_bytes);
            let error = (f64::from(*got) - golden[column]).abs();
            let holds = golden[3].is_nan() || error <= 1e-6 * golden[3];
            let isa = kernels.isa().name();
            test.check(holds, format_args!("{isa} {} row {row}: {got:e}, not {:e}", ty.name(), golden[column]))?;
        }
    }
    Ok(())
}

pub(crate) fn run(test: &mut Test<'_>) -> fmt::Result {
    let (plain, max) = (floats(fixture!("act.f32")), floats(fixture!("act_max.f32")));
    for &ty in WeightType::ALL {
        let Some((_, rows, rows_dot, edge, edge_dot)) = GOLDENS.iter().find(|golden| golden.0 == ty.name()) else {
            test.check(false, format_args!("{}: no golden", ty.name()))?;
            continue;
        };
        check(test, ty, rows, rows_dot, 512, &plain)?;
        if !edge.is_empty() {
            check(test, ty, edge, edge_dot, ty.block_elems(), &max)?;
        }
    }
    test.done("goldens")
}
