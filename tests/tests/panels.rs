//! Norms, functions of elements and copies of panels: against plain `f64` arithmetic, and all instruction sets against the
//! scalar oracle bit for bit.

use core::slice;
use flashlet::internal::kernels::{Group, Map, Norm};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Act, Kernels, NormKind};
use flashlet_tests::kernel::{Rng, all_kernels, bits, close, panel, vector};

/// The panel after `change` on every instruction set, which must agree; its padding is zero where `n` elements are used.
fn same_bits(
    what: &str,
    x: &[Group],
    tokens: usize,
    n: usize,
    change: impl Fn(&dyn Kernels, &mut [Group]),
) -> Vec<Group> {
    let run = |kernels: &dyn Kernels| {
        let mut x = x.to_vec();
        change(kernels, &mut x);
        x
    };
    let oracle = run(all_kernels()[0]);
    for kernels in all_kernels() {
        let got = run(kernels);
        assert_eq!(bits(got.as_flattened()), bits(oracle.as_flattened()), "{what} {:?}", kernels.isa());
    }
    for (i, group) in oracle.iter().enumerate() {
        let padding = group.iter().skip(n.saturating_sub(i / tokens * LANES));
        assert!(padding.into_iter().all(|x| *x == 0.0), "{what}: padding is not zero");
    }
    oracle
}

fn to_f64(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// A norm by its definition.
fn normalised(x: &[f32], norm: &Norm<'_>) -> Vec<f64> {
    let (x, n) = (to_f64(x), norm.width as f64);
    let mean = if norm.kind == NormKind::Layer { x.iter().sum::<f64>() / n } else { 0.0 };
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let factor = 1.0 / (variance + f64::from(norm.eps)).sqrt();
    let of = |row: &[Group], i: usize, without: f64| {
        if row.is_empty() { without } else { f64::from(row[i / LANES][i % LANES]) }
    };
    x.iter().enumerate().map(|(i, x)| (x - mean) * factor * of(norm.weight, i, 1.0) + of(norm.bias, i, 0.0)).collect()
}

#[test]
fn norms_of_every_kind_agree_with_f64() {
    let mut rng = Rng(1);
    for (width, tokens) in [(1, 2), (15, 1), (16, 3), (40, 2), (576, 5), (100, 17)] {
        let [weight, bias] = [0, 1].map(|_| panel(&[rng.vector(width, 2.0)]));
        // far from 0, so that a mean matters
        let mut shifted =
            || Vec::from_iter((0..tokens).map(|_| rng.vector(width, 1.0).iter().map(|x| x + 3.0).collect()));
        let (x, y): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (shifted(), shifted());
        for kind in [NormKind::Rms, NormKind::Layer] {
            for (weight, bias) in [(&weight[..], &[][..]), (&weight, &bias), (&[], &bias), (&[], &[])] {
                let norm = Norm { kind, weight, bias, width, eps: 1e-3 };
                let what = format!("{kind:?} of {width}, weights {}, bias {}", weight.len(), bias.len());
                let mapped = same_bits(&what, &panel(&x), tokens, width, |kernels, x| {
                    kernels.map(x, tokens, Map::Norm(norm));
                });
                let summed = same_bits(&what, &panel(&x), tokens, width, |kernels, x| {
                    kernels.add(x, &mut panel(&y), tokens, Some(norm), 0.25);
                });
                let plain = same_bits(&what, &panel(&x), tokens, width, |kernels, x| {
                    kernels.add(x, &mut panel(&y), tokens, None, 0.25);
                });
                for t in 0..tokens {
                    close(&what, &vector(&mapped, tokens, t, width), &normalised(&x[t], &norm), 3e-6);
                    let sum = |y: Vec<f64>| Vec::from_iter(x[t].iter().zip(y).map(|(&x, y)| f64::from(x) + 0.25 * y));
                    close(&what, &vector(&summed, tokens, t, width), &sum(normalised(&y[t], &norm)), 3e-6);
                    close(&what, &vector(&plain, tokens, t, width), &sum(to_f64(&y[t])), 1e-6);
                }
            }
        }
    }
}

#[test]
fn norms_of_parts_agree_with_f64() {
    let mut rng = Rng(4);
    for (width, parts, tokens) in [(16, 3, 2), (8, 5, 1), (24, 2, 3), (5, 7, 2), (40, 1, 1), (320, 2, 2)] {
        let n = width * parts;
        let [weights, biases] = [0, 1].map(|_| rng.vector(n, 2.0));
        let (weight, bias) = (panel(slice::from_ref(&weights)), panel(slice::from_ref(&biases)));
        let x = Vec::from_iter((0..tokens).map(|_| rng.vector(n, 1.0).iter().map(|x| x + 1.0).collect::<Vec<f32>>()));
        for kind in [NormKind::Rms, NormKind::Layer] {
            for with in [true, false] {
                let what = format!("{parts} parts of {width}, {kind:?}, weights {with}");
                let (weight, bias) = if with { (&weight[..], &bias[..]) } else { (&[][..], &[][..]) };
                let norm = Norm { kind, weight, bias, width, eps: 1e-3 };
                let got = same_bits(&what, &panel(&x), tokens, n, |kernels, x| {
                    kernels.map(x, tokens, Map::PartNorm(norm, parts));
                });
                for (t, x) in x.iter().enumerate() {
                    let of_part = |part: usize| {
                        let [x, weight, bias] = [x, &weights, &biases].map(|all| all[part * width..][..width].to_vec());
                        let (weight, bias) = (panel(&[weight]), panel(&[bias]));
                        let (weight, bias) = if with { (&weight[..], &bias[..]) } else { (&[][..], &[][..]) };
                        normalised(&x, &Norm { weight, bias, ..norm })
                    };
                    let want: Vec<_> = (0..parts).flat_map(of_part).collect();
                    close(&what, &vector(&got, tokens, t, n), &want, 3e-6);
                }
            }
        }
    }
}

/// The definition of a map, of an element of which token and which place in the vector.
type Wanted<'a> = dyn Fn(f64, usize, usize) -> f64 + 'a;

#[test]
fn maps_agree_with_f64() {
    let mut rng = Rng(2);
    let silu = |x: f64| x / (1.0 + (-x).exp());
    let gelu = |x: f64| 0.5 * x * (1.0 + ((2.0 / core::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh());
    for (width, tokens) in [(7, 1), (16, 3), (40, 2), (130, 5)] {
        let x: Vec<_> = (0..tokens).map(|_| rng.vector(width, 9.0)).collect();
        let gates: Vec<_> = (0..tokens).map(|_| rng.vector(width, 2.0)).collect();
        let others: Vec<_> = (0..tokens).map(|_| rng.vector(width, 9.0)).collect();
        let (bias, gate, other) = (panel(&[rng.vector(width, 1.0)]), panel(&gates), panel(&others));
        let maps: [(Map<'_>, &Wanted<'_>); 11] = [
            (Map::Bias(&bias), &|x, _, e| x + f64::from(bias[e / LANES][e % LANES])),
            (Map::Scale(0.3), &|x, _, _| x * f64::from(0.3f32)),
            (Map::SoftCap(4.0), &|x, _, _| 4.0 * (x / 4.0).tanh()),
            (Map::Act(Act::Silu), &|x, _, _| silu(x)),
            (Map::Act(Act::Gelu), &|x, _, _| gelu(x)),
            (Map::Act(Act::Relu2), &|x, _, _| x.max(0.0).powi(2)),
            (Map::Act(Act::Tanh), &|x, _, _| x.tanh()),
            (Map::Act(Act::Sigmoid), &|x, _, _| 1.0 / (1.0 + (-x).exp())),
            (Map::Gate(Act::Silu, &gate), &|x, t, e| silu(x) * f64::from(gates[t][e])),
            (Map::Lerp { y: &other, share: &gate }, &|x, t, e| {
                x + (f64::from(others[t][e]) - x) * f64::from(gates[t][e])
            }),
            (Map::Gate(Act::Relu2, &gate), &|x, t, e| x.max(0.0).powi(2) * f64::from(gates[t][e])),
        ];
        for (i, (map, want)) in maps.into_iter().enumerate() {
            let what = format!("map {i} of {width} elements, {tokens} tokens");
            let padded = matches!(map, Map::Act(Act::Sigmoid));
            let used = if padded { width.next_multiple_of(LANES) } else { width };
            let got = same_bits(&what, &panel(&x), tokens, used, |kernels, x| kernels.map(x, tokens, map));
            for (t, x) in x.iter().enumerate() {
                let want: Vec<_> = x.iter().enumerate().map(|(e, &x)| want(f64::from(x), t, e)).collect();
                close(&what, &vector(&got, tokens, t, width), &want, 1e-6);
            }
        }
    }
}

#[test]
fn values_that_are_not_finite_have_the_same_bits_in_maps() {
    let x = panel(&[vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 1e38, -1e38, 1e-45, -100.0]]);
    for map in [Map::SoftCap(30.0), Map::Act(Act::Silu), Map::Act(Act::Gelu), Map::Act(Act::Relu2)] {
        let got = same_bits(&format!("{map:?}"), &x, 1, 8, |kernels, x| kernels.map(x, 1, map));
        assert!(got[0][0].is_nan(), "{map:?}");
    }
}

#[test]
fn parts_of_vectors_are_copied() {
    let mut rng = Rng(3);
    let width = 75;
    for tokens in [1, 3] {
        let x: Vec<_> = (0..tokens).map(|_| rng.vector(width, 1.0)).collect();
        let from = panel(&x);
        for first in [0, 1, 8, 15, 16, 17, 32, 40, 59, 74] {
            for n in [1, 8, 15, 16, 17, 32, 33, 75] {
                let n = n.min(width - first);
                let mut to = vec![[f32::NAN; LANES]; n.div_ceil(LANES) * tokens];
                all_kernels()[0].copy_rows(&from, first, n, tokens, &mut to);
                for (t, x) in x.iter().enumerate() {
                    let mut want = x[first..][..n].to_vec();
                    want.resize(n.next_multiple_of(LANES), 0.0);
                    assert_eq!(vector(&to, tokens, t, want.len()), want, "{first} {n}, token {t}");
                }
            }
        }
    }
}
