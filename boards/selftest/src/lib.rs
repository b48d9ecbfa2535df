//! The kernels' self-test: every instruction set that a processor has against the scalar oracle bit for bit, and the
//! oracle against committed goldens, over blocks and lengths that straddle every boundary.
//!
//! It runs on the processor itself, be it a board, an emulated board or a desktop. [`Report::hash`] covers every bit
//! that the oracle computed, so equal hashes say that two processors agree.
#![no_std]

extern crate alloc;

mod attention;
mod check;
mod cost;
mod goldens;
mod panels;
mod products;

pub use check::Report;
pub use cost::costs;

use check::Test;
use core::fmt::{self, Write};
use flashlet::kernels::Kernels;

/// Runs all checks on `kernels` and tells each group's outcome to `out`.
///
/// # Errors
/// Those of `out`.
pub fn run(kernels: &[&dyn Kernels], out: &mut dyn Write) -> Result<Report, fmt::Error> {
    let mut test = Test::new(kernels, out)?;
    goldens::run(&mut test)?;
    products::run(&mut test)?;
    panels::run(&mut test)?;
    attention::run(&mut test)?;
    Ok(test.report)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use alloc::{format, vec::Vec};
    use check::oracle;
    use flashlet::internal::kernels::{ExpSums, Group, HeadRotation, Input, Map, Norm, Quants, Recurrence, WriteKv};
    use flashlet::internal::quant::{Weight, WeightType};
    use flashlet::kernels::{Act, Executor, by_name};
    use flashlet::simd::{ActForm, IsaName};
    use std::string::String;

    #[test]
    fn this_processor_passes() {
        let kernels: Vec<_> = IsaName::ALL.into_iter().filter_map(by_name).collect();
        let mut out = String::new();
        let report = run(&kernels, &mut out).expect("a string takes all");
        assert!(report.failed == 0 && report.passed > 3_000, "{out}");
    }

    /// The oracle, wrong in one bit of products with some weights, by their address.
    struct Wrong(&'static dyn Kernels, fn(usize) -> bool);

    impl Kernels for Wrong {
        fn isa(&self) -> IsaName {
            IsaName::Scalar
        }
        fn interleaves(&self) -> bool {
            self.0.interleaves()
        }
        fn act_form(&self) -> ActForm {
            self.0.act_form()
        }
        fn linear(&self, w: Weight<'_>, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
            self.0.linear(w, x, y, executor);
            if let Some(y) = y.as_flattened_mut().first_mut().filter(|_| self.1(w.as_bytes().as_ptr().addr())) {
                *y = f32::from_bits(y.to_bits() ^ 1);
            }
        }
        fn gated(&self, w: [Weight<'_>; 2], act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
            self.0.gated(w, act, x, y, executor);
        }
        fn gate_by(&self, up: Weight<'_>, act: Act, x: &Input<'_>, y: &mut [Group], executor: &dyn Executor) {
            self.0.gate_by(up, act, x, y, executor);
        }
        fn prepare(&self, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, float: &mut [Group], quants: Quants<'_>) {
            self.0.prepare(x, tokens, norm, float, quants);
        }
        fn add(&self, x: &mut [Group], y: &mut [Group], tokens: usize, norm: Option<Norm<'_>>, scale: f32) {
            self.0.add(x, y, tokens, norm, scale);
        }
        fn map(&self, x: &mut [Group], tokens: usize, map: Map<'_>) {
            self.0.map(x, tokens, map);
        }
        fn copy_rows(&self, from: &[Group], first: usize, n: usize, tokens: usize, to: &mut [Group]) {
            self.0.copy_rows(from, first, n, tokens, to);
        }
        fn rotate(&self, x: &mut [Group], tokens: usize, rotation: &HeadRotation<'_>) {
            self.0.rotate(x, tokens, rotation);
        }
        fn write_kv(&self, job: &mut WriteKv<'_>) {
            self.0.write_kv(job);
        }
        fn attention(
            &self,
            job: &flashlet::internal::kernels::Attention<'_>,
            out: &mut [Group],
            executor: &dyn Executor,
        ) {
            self.0.attention(job, out, executor);
        }
        fn recur(&self, job: Recurrence<'_>, executor: &dyn Executor) {
            self.0.recur(job, executor);
        }
        fn add_exponentials(&self, first: u32, logits: &[f32], sums: &mut ExpSums) {
            self.0.add_exponentials(first, logits, sums);
        }
        fn end_section(&self) {
            self.0.end_section();
        }
        fn crc32c(&self, crc: u32, bytes: &[u8]) -> u32 {
            self.0.crc32c(crc, bytes)
        }
    }

    #[test]
    fn one_wrong_bit_at_any_alignment_is_found_in_every_format() {
        let at: [fn(usize) -> bool; 4] = [|at| at % 4 == 0, |at| at % 4 == 1, |at| at % 4 == 2, |at| at % 4 == 3];
        for (offset, at) in at.into_iter().enumerate() {
            let mut out = String::new();
            let kernels: [&dyn Kernels; 1] = [&Wrong(oracle().expect("always there"), at)];
            let mut test = Test::new(&kernels, &mut out).expect("the oracle is there");
            products::run(&mut test).expect("a string takes all");
            for ty in WeightType::ALL {
                let name = ty.name();
                assert!(out.contains(&format!("FAILED scalar {name} ")), "{name} at {offset} is not found:\n{out}");
            }
        }
    }
}
