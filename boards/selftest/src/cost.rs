//! Costs of products and of checksums.

use alloc::{vec, vec::Vec};
use core::fmt::{self, Write};
use flashlet::kernels::{Inline, Kernels};
use flashlet::quant::{Weight, WeightType};
use flashlet::simd::LANES;
use flashlet_test_data::{Activations, Rng, interleaved, weights};

/// Tells each set's time for a checksum and for a product with one token, and with eight, of rows as in a file and, where a set takes them,
/// of interleaved ones, in units of `clock` a byte of weights: where the clock counts instructions, these.
///
/// # Errors
/// What `out` returns.
pub fn costs(kernels: &[&dyn Kernels], clock: &mut dyn FnMut() -> u64, out: &mut dyn Write) -> fmt::Result {
    let (rows, cols, mut rng) = (32, 512, Rng(9));
    for &ty in WeightType::ALL {
        let bytes = weights(&mut rng, ty, rows * cols / ty.block_elems());
        let Some(w) = Weight::new(ty, &bytes, cols) else { continue };
        write!(out, "cost {:7}", ty.name())?;
        let other = interleaved(ty, &bytes, cols);
        let other = other.as_ref().and_then(|bytes| Weight::new(ty, bytes, cols)).map(Weight::interleaved);
        for (kernels, w) in kernels.iter().flat_map(|k| [(k, Some(w)), (k, other.filter(|_| k.interleaves()))]) {
            let Some(w) = w else { continue };
            write!(out, " {}", kernels.isa().name())?;
            for tokens in [1, 8] {
                let x = rng.panel(cols, tokens, 3.0);
                let mut activations = Activations::new(&x, tokens);
                let mut buffer = activations.fill(*kernels, &x, tokens, None, ty.act_kind());
                let input = buffer.input(*kernels, ty.act_kind());
                let mut y = vec![[0.0; LANES]; rows / LANES * tokens];
                let start = clock();
                kernels.linear(w, &input, &mut y, &Inline);
                let hundredths = (clock() - start) * 100 / bytes.len() as u64;
                write!(out, " {}.{:02}", hundredths / 100, hundredths % 100)?;
            }
        }
        writeln!(out)?;
    }
    write!(out, "cost CRC-32C")?;
    let bytes: Vec<u8> = (0..4096).map(|_| rng.bits() as u8).collect();
    for kernels in kernels {
        let start = clock();
        core::hint::black_box(kernels.crc32c(0, &bytes));
        let hundredths = (clock() - start) * 100 / bytes.len() as u64;
        write!(out, " {} {}.{:02}", kernels.isa().name(), hundredths / 100, hundredths % 100)?;
    }
    writeln!(out)
}
