//! Rows of blocks: where interleaving puts their bytes, and loads past a block's end.

use core::ops::Range;

use flashlet::internal::quant::{ActKind, Weight, WeightType};
use flashlet::internal::simd::{Isa, LANES, Op, RowBlocks};
use flashlet_tests::kernel::{Rng, bits, interleaved};

/// Interleaving moves bytes and loses none: a column of sixteen rows holds the parts of their blocks in
/// order, unit by unit, the rows' side by side.
#[test]
fn interleaved_rows_are_where_they_should_be() {
    let mut rng = Rng(8);
    for &ty in WeightType::ALL {
        let (rows, row_blocks, bytes) = (37, 3, ty.block_bytes());
        let cols = row_blocks * ty.block_elems();
        let plain: Vec<u8> = (0..rows * row_blocks * bytes).map(|_| rng.bits() as u8).collect();
        let Some(moved) = interleaved(ty, &plain, cols) else {
            assert_eq!(ty.act_kind(), ActKind::Float, "{}", ty.name());
            continue;
        };
        // A block's parts, in the order in which an interleaved column holds them: scales, those of sub-blocks, quants.
        let parts: &[Range<usize>] = match ty.name() {
            "MXFP4" => &[0..1, 1..17],
            "Q4_0" | "Q5_0" | "Q8_0" | "IQ4_NL" => &[0..2, 2..bytes],
            "Q4_1" | "Q5_1" | "Q4_K" | "Q5_K" => &[0..2, 2..4, 4..bytes],
            "TQ1_0" | "TQ2_0" => &[bytes - 2..bytes, 0..bytes - 2],
            "Q2_K" => &[80..82, 82..84, 0..80],
            "Q3_K" => &[108..110, 96..108, 0..96],
            "Q6_K" => &[208..210, 192..208, 128..160, 0..64, 160..192, 64..128],
            _ => &[0..4, 4..bytes],
        };
        for (at, &byte) in plain.iter().enumerate() {
            let (row, column, offset) = (at / bytes / row_blocks, at / bytes % row_blocks, at % bytes);
            let (group, lane) = (row / LANES * LANES * row_blocks * bytes, row % LANES);
            let n = parts.iter().position(|p| p.contains(&offset)).expect("every byte is in a part");
            let unit = parts[n].len().min(4);
            let (word, rest) = ((offset - parts[n].start) / unit, (offset - parts[n].start) % unit);
            let before: usize = parts[..n].iter().map(|p| p.len()).sum();
            let place = group + LANES * (column * bytes + before + word * unit) + unit * lane + rest;
            let place = if row < rows / LANES * LANES { place } else { at };
            assert_eq!(moved[place], byte, "{} row {row}, byte {offset}", ty.name());
        }
        let [plain, moved] = [&plain, &moved].map(|b| Weight::new(ty, b, cols).expect("whole rows"));
        for row in 0..rows {
            let [want, got] = [plain, moved.interleaved()].map(|w| {
                let mut values = vec![7.0; cols];
                w.dequantise_row(row, &mut values);
                bits(&values)
            });
            assert_eq!(got, want, "{} row {row}", ty.name());
        }
        let cut = |first, n| moved.interleaved().rows_from(first, n).rows();
        assert_eq!([cut(16, 16), cut(16, 21), cut(32, 99), cut(8, 16), cut(16, 8)], [16, 21, 5, 0, 0]);
    }
}

/// Loads past the end of a block give zeros, however far past it.
#[test]
fn loads_past_a_block_are_zeros() {
    struct Past<'a>(&'a [[u8; 18]]);
    impl Op for Past<'_> {
        type Out = Vec<f32>;
        fn call<I: Isa>(self, isa: I) -> Vec<f32> {
            let mut out = Vec::new();
            let mut rows = RowBlocks::new(self.0, 1, 0, I::ROWS).expect("enough rows");
            let rows = rows.next().expect("a block");
            for offset in [usize::MAX, usize::MAX - 15, usize::MAX - 3, 18, 17, 15, 14] {
                let mut lanes = [7.0; 16];
                for word in isa.words::<_, 4>(rows, offset).into_iter().chain(isa.words::<_, 1>(rows, offset)) {
                    isa.f_store(isa.to_f32(word), &mut lanes);
                    out.push(lanes[0]);
                }
                isa.f_store(isa.half_at(rows, offset), &mut lanes);
                out.push(lanes[0]);
                isa.f_store(isa.to_f32(isa.byte_at(rows, offset)), &mut lanes);
                out.push(lanes[0]);
            }
            out
        }
    }
    let blocks = [[1; 18]; 16];
    let scalar = flashlet::simd::Scalar.run(Past(&blocks));
    // Only the last offsets lie inside, for bytes, halves and one word.
    assert_eq!(scalar.iter().filter(|v| **v != 0.0).count(), 6, "{scalar:?}");
    #[cfg(target_arch = "x86_64")]
    {
        use flashlet::simd::{Avx2, Avx512};
        for got in
            [Avx2::detect().map(|isa| isa.run(Past(&blocks))), Avx512::detect().map(|isa| isa.run(Past(&blocks)))]
        {
            assert!(got.is_none_or(|got| got == scalar));
        }
    }
}
