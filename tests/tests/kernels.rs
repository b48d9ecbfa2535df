//! Matrix products: integer dots against the goldens in `fixtures/quant`, all instruction sets
//! against the scalar oracle bit for bit, and gates and norms against plain `f64` arithmetic.

use std::{fs, path::Path};

use flashlet::internal::kernels::{Group, Input, InputBuffer, Norm};
use flashlet::internal::quant::{Act32, Act256, ActKind, TwoTokens32, Weight, WeightType};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Act, Executor, Inline, Kernels, NormKind};
use flashlet_tests::kernel::{
    Reversed, Rng, TwoThreads, activations, all_kernels, bits, interleaved, panel, vector, weights,
};

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quant").join(name);
    fs::read(path).expect(name)
}

fn f32s(name: &str) -> Vec<f32> {
    fixture(name).as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// Rows of a `.dot` file: activations as `f32`, as Q8_0, as Q8_K, and the sum of magnitudes.
fn dots(name: &str) -> Vec<[f64; 4]> {
    let columns = |row: &[[u8; 8]; 4]| row.map(f64::from_le_bytes);
    fixture(name).as_chunks::<8>().0.as_chunks::<4>().0.iter().map(columns).collect()
}

/// An [`Input`] and its memory: every kind of activations that fits the width.
struct Activations {
    tokens: usize,
    float: Vec<Group>,
    quants: [Vec<u32>; 2],
}

impl Activations {
    fn new(kernels: &dyn Kernels, x: &[Group], tokens: usize, norm: Option<Norm<'_>>) -> Self {
        let mut float = vec![[0.0; LANES]; x.len()];
        let quants = [ActKind::Q8x32, ActKind::Q8x256].map(|kind| {
            let mut words = vec![0; InputBuffer::quant_words(x.len() / tokens * LANES, tokens, kernels.act_form())];
            InputBuffer::new(&mut float, &mut words).fill(kernels, x, tokens, norm, kind);
            words
        });
        Activations { tokens, float, quants }
    }

    /// The input, quantised to `kind` in the form of bytes.
    fn input(&self, kind: ActKind) -> Input<'_> {
        let groups = self.float.len() / self.tokens;
        let quants = match kind {
            ActKind::Float => &[][..],
            ActKind::Q8x32 => &self.quants[0][..groups / 2 * self.tokens * 10],
            ActKind::Q8x256 => &self.quants[1][..groups / 16 * self.tokens * 78],
        };
        Input { tokens: self.tokens, float: &self.float, kind, quants }
    }
}

/// `act(gate . x) * (up . x)`; one product after the other where the formats take two kinds of activations.
fn gated(
    kernels: &dyn Kernels,
    [gate, up]: [Weight<'_>; 2],
    act: Act,
    x: &Activations,
    y: &mut [Group],
    executor: &dyn Executor,
) {
    let [of_gate, of_up] = [gate, up].map(|w| w.ty().act_kind());
    if of_gate == ActKind::Float || of_gate == of_up {
        kernels.gated([gate, up], act, &x.input(of_up), y, executor);
    } else {
        kernels.linear(gate, &x.input(of_gate), y, executor);
        kernels.gate_by(up, act, &x.input(of_up), y, executor);
    }
}

fn linear(kernels: &dyn Kernels, w: Weight<'_>, x: &Activations, executor: &dyn Executor) -> Vec<Group> {
    let mut y = vec![[f32::NAN; LANES]; w.rows().div_ceil(LANES) * x.tokens];
    kernels.linear(w, &x.input(w.ty().act_kind()), &mut y, executor);
    y
}

fn check_dots(ty: WeightType, kernels: &dyn Kernels, weights: &str, cols: usize, activations: &str) -> usize {
    let (bytes, x) = (fixture(weights), f32s(activations));
    let w = Weight::new(ty, &bytes, cols).expect("whole rows");
    let x = Activations::new(kernels, &panel(&[x[..cols].to_vec()]), 1, None);
    let y = vector(&linear(kernels, w, &x, &Inline), 1, 0, w.rows());
    let column = match ty.act_kind() {
        ActKind::Float => 0,
        ActKind::Q8x32 => 1,
        ActKind::Q8x256 => 2,
    };
    let golden = dots(&format!("{weights}.dot"));
    assert_eq!(golden.len(), w.rows(), "{weights}");
    let mut compared = 0;
    for (row, (got, golden)) in y.into_iter().zip(golden).enumerate() {
        if golden[3].is_nan() {
            continue;
        }
        let (error, tolerance) = ((f64::from(got) - golden[column]).abs(), 1e-6 * golden[3]);
        assert!(error <= tolerance, "{:?} {weights} row {row}: {got:e}, not {:e}", kernels.isa(), golden[column]);
        compared += 1;
    }
    compared
}

#[test]
fn dots_agree_with_goldens() {
    for kernels in all_kernels() {
        for &ty in WeightType::ALL {
            let name = ty.name();
            assert_eq!(check_dots(ty, kernels, &format!("{name}.rows"), 512, "act.f32"), 7);
            if ty.act_kind() != ActKind::Float {
                let compared = check_dots(ty, kernels, &format!("{name}.edge"), ty.block_elems(), "act_max.f32");
                assert!(compared >= 5, "{name}: {compared}");
            }
        }
    }
}

#[test]
fn activations_agree_with_goldens() {
    for kernels in all_kernels() {
        for name in ["act", "act_max", "act_ties"] {
            let x = f32s(&format!("{name}.f32"));
            let x = Activations::new(kernels, &panel(&[x]), 1, None);
            let golden = fixture(&format!("{name}.q8_0"));
            let golden = golden.as_chunks::<34>().0;
            let blocks = x.input(ActKind::Q8x32).blocks::<Act32>(ActKind::Q8x32);
            assert_eq!(blocks.len(), golden.len());
            for (i, (got, golden)) in blocks.iter().zip(golden).enumerate() {
                // with q = 1, a block's first value is its scale
                let (mut one, mut values) = (*golden, [0.0; 32]);
                one[2] = 1;
                Weight::new(WeightType::Q8_0, &one, 32).expect("one block").dequantise_row(0, &mut values);
                assert_eq!(got.d.to_bits(), values[0].to_bits(), "{name} block {i}");
                let q: [i8; 32] = bytemuck::cast(got.q);
                assert_eq!(bytemuck::cast::<_, [u8; 32]>(q), golden[2..], "{name} block {i}");
                assert_eq!(got.sum, q.iter().map(|&q| i32::from(q)).sum::<i32>(), "{name} block {i}");
            }

            let golden = fixture(&format!("{name}.q8_k"));
            let golden = golden.as_chunks::<292>().0;
            let blocks = x.input(ActKind::Q8x256).blocks::<Act256>(ActKind::Q8x256);
            assert_eq!(blocks.len(), golden.len());
            for (i, (got, golden)) in blocks.iter().zip(golden).enumerate() {
                assert_eq!(got.d.to_le_bytes(), golden[..4], "{name} block {i}");
                assert_eq!(bytemuck::bytes_of(&got.q), &golden[4..260], "{name} block {i}");
                let sums: Vec<i16> = golden[260..].as_chunks::<2>().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
                assert_eq!(got.sum, sums.iter().map(|&s| i32::from(s)).sum::<i32>());
                for g in 0..16 {
                    // groups 4k and 4k + 2 share an entry, then 4k + 1 and 4k + 3
                    assert_eq!(got.sums16[g / 4 * 2 + g % 2][g / 2 % 2], sums[g], "{name} block {i}");
                    let pair = g / 2;
                    let sum = sums[2 * pair] + sums[2 * pair + 1];
                    assert_eq!(got.sums32[pair / 4 * 2 + pair % 2][pair / 2 % 2], sum, "{name} block {i}");
                }
            }
        }
    }
}

/// Checks that every instruction set and executor gives the oracle's bits, and that rows past the last are zero.
fn same_bits(what: &str, rows: usize, tokens: usize, run: impl Fn(&dyn Kernels, &dyn Executor) -> Vec<Group>) {
    let oracle = run(all_kernels()[0], &Inline);
    for (i, group) in oracle.iter().enumerate() {
        for (lane, y) in group.iter().enumerate() {
            let row = i / tokens * LANES + lane;
            assert!(row < rows || y.to_bits() == 0, "{what}: padding row {row} is {y}");
        }
    }
    for kernels in all_kernels() {
        for executor in [&Inline as &dyn Executor, &Reversed, &TwoThreads] {
            let got = run(kernels, executor);
            assert_eq!(got.len(), oracle.len());
            for (i, (got, want)) in got.as_flattened().iter().zip(oracle.as_flattened()).enumerate() {
                let (row, token) = (i / LANES / tokens * LANES + i % LANES, i / LANES % tokens);
                let same = got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan();
                assert!(same, "{what} {:?}: row {row}, token {token}: {got:e}, not {want:e}", kernels.isa());
            }
        }
    }
}

const ACTS: [Act; 5] = [Act::Silu, Act::Gelu, Act::Relu2, Act::Tanh, Act::Sigmoid];
const ROWS: [usize; 11] = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 40];
const TOKENS: [usize; 8] = [1, 2, 3, 4, 5, 7, 8, 9];
/// For [`MANY_ROWS`] alone: so many that blocks are unpacked once for all of them, and more than have room at a time.
const MANY_TOKENS: [usize; 2] = [35, 131];
const MANY_ROWS: usize = 17;

#[test]
fn blocks_of_two_tokens_lie_in_one_and_come_apart() {
    let quads = |first: i8| core::array::from_fn(|i| core::array::from_fn(|j| first + (4 * i + j) as i8));
    let tokens = [Act32 { q: quads(0), d: 0.5, sum: 7 }, Act32 { q: quads(-100), d: -2.0, sum: -9 }];
    let both = TwoTokens32::from(tokens);
    let eight = |first: i8| (first..first + 8).collect::<Vec<_>>();
    let quants = [0, 16, 8, 24].map(|i| [eight(i), eight(i - 100)].concat()).concat();
    let mut bytes: Vec<u8> = bytemuck::cast_slice(&quants).to_vec();
    bytes.extend([0.5f32, -2.0].map(f32::to_ne_bytes).concat());
    bytes.extend([7i32, -9].map(i32::to_ne_bytes).concat());
    assert_eq!(bytemuck::bytes_of(&both), bytes);
    assert_eq!(bytemuck::bytes_of(&<[Act32; 2]>::from(both)), bytemuck::bytes_of(&tokens));
}

#[test]
fn linear_has_the_same_bits_everywhere() {
    let mut rng = Rng(1);
    for &ty in WeightType::ALL {
        let elems = ty.block_elems();
        let cols: &[usize] = if elems == 1 { &[1, 15, 16, 17, 100] } else { &[elems, 2 * elems, 3 * elems] };
        for &cols in cols {
            for rows in ROWS {
                let bytes = weights(&mut rng, ty, rows * cols / elems);
                let w = Weight::new(ty, &bytes, cols).expect("whole rows");
                let many = MANY_TOKENS.into_iter().filter(|_| rows == MANY_ROWS);
                for tokens in TOKENS.into_iter().chain(many) {
                    let first = rng.below(6);
                    let x: Vec<_> = (first..first + tokens).map(|t| activations(&mut rng, t, cols)).collect();
                    let x = panel(&x);
                    same_bits(&format!("{} {rows}x{cols}", ty.name()), rows, tokens, |kernels, executor| {
                        linear(kernels, w, &Activations::new(kernels, &x, tokens, None), executor)
                    });
                    let Some(other) = interleaved(ty, &bytes, cols) else { continue };
                    let other = Weight::new(ty, &other, cols).expect("whole rows").interleaved();
                    same_bits(
                        &format!("{} {rows}x{cols} interleaved", ty.name()),
                        rows,
                        tokens,
                        |kernels, executor| {
                            let w = if kernels.interleaves() { other } else { w };
                            linear(kernels, w, &Activations::new(kernels, &x, tokens, None), executor)
                        },
                    );
                }
            }
        }
    }
}

#[test]
fn a_chunk_is_its_tokens_one_by_one() {
    let mut rng = Rng(2);
    let kernels = *all_kernels().last().expect("the oracle");
    for &ty in WeightType::ALL {
        let (rows, cols, tokens) = (23, 512, 11);
        let bytes = weights(&mut rng, ty, rows * cols / ty.block_elems());
        let w = Weight::new(ty, &bytes, cols).expect("whole rows");
        let x: Vec<_> = (0..tokens).map(|t| activations(&mut rng, t, cols)).collect();
        let all = linear(kernels, w, &Activations::new(kernels, &panel(&x), tokens, None), &Inline);
        for (t, x) in x.into_iter().enumerate() {
            let one = linear(kernels, w, &Activations::new(kernels, &panel(&[x]), 1, None), &Inline);
            assert_eq!(
                bits(&vector(&all, tokens, t, rows)),
                bits(&vector(&one, 1, 0, rows)),
                "{} token {t}",
                ty.name()
            );
        }
    }
}

#[test]
fn gated_has_the_same_bits_everywhere() {
    use WeightType::*;
    let mut rng = Rng(3);
    let same = WeightType::ALL.iter().map(|&ty| [ty, ty]);
    let mixed = [[Q4_1, Q8_0], [Q4K, Q6K], [F16, Q4K], [Q5_0, Q4K], [BF16, F32]];
    for [gate, up] in same.chain(mixed) {
        for act in ACTS {
            for (rows, tokens) in [(1, 1), (7, 3), (16, 4), (33, 5), (40, 1), (100, 8)] {
                let cols = 512;
                let [g, u] = [gate, up].map(|ty| weights(&mut rng, ty, rows * cols / ty.block_elems()));
                let w = [(gate, &g), (up, &u)].map(|(ty, b)| Weight::new(ty, b, cols).expect("whole rows"));
                let x: Vec<_> = (0..tokens).map(|t| activations(&mut rng, 5 + t, cols)).collect();
                let x = panel(&x);
                let what = format!("{} {} {act:?} {rows} rows", gate.name(), up.name());
                same_bits(&what, rows, tokens, |kernels, executor| {
                    let x = Activations::new(kernels, &x, tokens, None);
                    let mut y = vec![[f32::NAN; LANES]; rows.div_ceil(LANES) * tokens];
                    gated(kernels, w, act, &x, &mut y, executor);
                    y
                });
            }
        }
    }
}

/// A norm's weights of `width` elements, as whole groups.
fn norm_weights(rng: &mut Rng, width: usize) -> Vec<Group> {
    panel(&[rng.vector(width, 2.0)])
}

#[test]
fn norms_and_sums_have_the_same_bits_everywhere() {
    let mut rng = Rng(4);
    for width in [1, 15, 16, 17, 32, 100, 256, 512, 576] {
        let weight = norm_weights(&mut rng, width);
        let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width, eps: 1e-5 };
        for tokens in [1, 2, 3, 5, 6] {
            let [x, y] =
                [0, 1].map(|i| panel(&Vec::from_iter((0..tokens).map(|t| activations(&mut rng, t + i, width)))));
            for norm in [None, Some(norm)] {
                same_bits(&format!("prepare {width}, {tokens} tokens"), width, tokens, |kernels, _| {
                    let a = Activations::new(kernels, &x, tokens, norm);
                    let oracle = Activations::new(all_kernels()[0], &x, tokens, norm);
                    assert_eq!(a.quants, oracle.quants, "{:?}: {width}, {tokens} tokens", kernels.isa());
                    a.float
                });
                same_bits(&format!("add {width}, {tokens} tokens"), width, tokens, |kernels, _| {
                    let (mut x, mut y) = (x.clone(), y.clone());
                    kernels.add(&mut x, &mut y, tokens, norm, 1.0);
                    x
                });
            }
        }
    }
}

#[test]
fn norms_and_sums_agree_with_f64() {
    let mut rng = Rng(5);
    for kernels in all_kernels() {
        for (width, tokens) in [(16, 1), (100, 3), (576, 2)] {
            let weight = norm_weights(&mut rng, width);
            let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width, eps: 1e-2 };
            let [x, y] = [0.3, 5.0].map(|scale| Vec::from_iter((0..tokens).map(|_| rng.vector(width, scale))));
            let plain = |v: &[f32]| -> Vec<f64> {
                let mean = v.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / width as f64;
                let weight = vector(&weight, 1, 0, width);
                v.iter().zip(weight).map(|(&v, w)| f64::from(v) / (mean + 1e-2).sqrt() * f64::from(w)).collect()
            };
            let prepared = Activations::new(kernels, &panel(&x), tokens, Some(norm)).float;
            let mut sum = panel(&x);
            kernels.add(&mut sum, &mut panel(&y), tokens, Some(norm), 1.0);
            let mut bare = panel(&x);
            kernels.add(&mut bare, &mut panel(&y), tokens, None, 1.0);
            for t in 0..tokens {
                let got = [&prepared, &sum, &bare].map(|p| vector(p, tokens, t, width));
                let (normal_x, normal_y) = (plain(&x[t]), plain(&y[t]));
                for e in 0..width {
                    let x64 = f64::from(x[t][e]);
                    let want = [normal_x[e], x64 + normal_y[e], x64 + f64::from(y[t][e])];
                    for (got, want) in got.iter().map(|g| f64::from(g[e])).zip(want) {
                        assert!((got - want).abs() <= 1e-6 * want.abs().max(0.5), "{got} {want}");
                    }
                }
            }
        }
    }
}

#[test]
fn gates_agree_with_f64() {
    let mut rng = Rng(6);
    let (rows, cols, tokens) = (37, 48, 5);
    let [gate, up] = [2.0, 0.5].map(|scale| rng.vector(rows * cols, scale));
    let x: Vec<_> = (0..tokens).map(|_| rng.vector(cols, 1.0)).collect();
    let dot = |w: &[f32], x: &[f32]| -> f64 { w.iter().zip(x).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum() };
    for kernels in all_kernels() {
        for act in ACTS {
            let w =
                [&gate, &up].map(|w| Weight::new(WeightType::F32, bytemuck::cast_slice(w), cols).expect("whole rows"));
            let input = Activations::new(kernels, &panel(&x), tokens, None);
            let mut y = vec![[f32::NAN; LANES]; rows.div_ceil(LANES) * tokens];
            kernels.gated(w, act, &input.input(ActKind::Float), &mut y, &Inline);
            for (t, x) in x.iter().enumerate() {
                for (row, got) in vector(&y, tokens, t, rows).into_iter().enumerate() {
                    let [g, u] = [&gate, &up].map(|w| dot(&w[row * cols..][..cols], x));
                    let activated = match act {
                        Act::Silu => g / (1.0 + (-g).exp()),
                        Act::Gelu => {
                            let inner = (2.0 / core::f64::consts::PI).sqrt() * (g + 0.044_715 * g * g * g);
                            0.5 * g * (1.0 + inner.tanh())
                        }
                        Act::Relu2 => g.max(0.0).powi(2),
                        Act::Tanh => g.tanh(),
                        Act::Sigmoid => 1.0 / (1.0 + (-g).exp()),
                    };
                    let (want, got) = (activated * u, f64::from(got));
                    assert!((got - want).abs() <= 3e-6 * (1.0 + want.abs()), "{act:?} {g} {u}: {got}, not {want}");
                }
            }
        }
    }
}

#[test]
fn an_input_can_be_quantised_anew() {
    let mut rng = Rng(7);
    let tokens = 3;
    let x = panel(&Vec::from_iter((0..tokens).map(|_| rng.vector(512, 1.0))));
    for kernels in all_kernels() {
        let want = Activations::new(kernels, &x, tokens, None);
        let (mut float, mut words) =
            (vec![[0.0; LANES]; x.len()], vec![0; InputBuffer::quant_words(512, tokens, kernels.act_form())]);
        let mut buffer = InputBuffer::new(&mut float, &mut words);
        buffer.fill(kernels, &x, tokens, None, ActKind::Float);
        for kind in [ActKind::Q8x256, ActKind::Q8x32, ActKind::Float, ActKind::Q8x256] {
            let got = buffer.input(kernels, kind);
            assert_eq!(got.float, want.float);
            assert!(kind == ActKind::Float || got.kind == kind);
            assert_eq!(got.quants, want.input(got.kind).quants);
        }
    }
}

/// Values that are not finite give the same finite results, and NaN in the same places.
#[test]
fn values_that_are_not_finite_have_the_same_bits_everywhere() {
    let mut rng = Rng(11);
    let odd = [f32::NAN, f32::from_bits(0x7FC0_0011), f32::from_bits(0xFFC0_1234), f32::INFINITY, f32::NEG_INFINITY];
    for &ty in WeightType::ALL {
        let (rows, cols) = (17, 512);
        let bytes = weights(&mut rng, ty, rows * cols / ty.block_elems());
        let w = Weight::new(ty, &bytes, cols).expect("whole rows");
        for odd in odd {
            let mut x = rng.vector(cols, 3.0);
            (x[5], x[300]) = (odd, 1.0e30);
            let x = panel(&[x]);
            same_bits(&format!("{} with {odd}", ty.name()), rows, 1, |kernels, executor| {
                linear(kernels, w, &Activations::new(kernels, &x, 1, None), executor)
            });
        }
    }
    for odd in odd {
        let gates = panel(&[rng.vector(16, 4.0).into_iter().chain([odd; 16]).collect()]);
        let eye: Vec<u8> = (0..32 * 32).flat_map(|i| (f32::from(i % 33 == 0)).to_le_bytes()).collect();
        let w = Weight::new(WeightType::F32, &eye, 32).expect("whole rows");
        for act in ACTS {
            same_bits(&format!("{act:?} of {odd}"), 32, 1, |kernels, executor| {
                let x = Activations::new(kernels, &gates, 1, None);
                let mut y = vec![[0.0; LANES]; 2];
                kernels.gated([w, w], act, &x.input(ActKind::Float), &mut y, executor);
                y
            });
        }
    }
}
