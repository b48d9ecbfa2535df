//! Recurrent layers: against plain `f64` arithmetic, and all instruction sets, executors and chunks against the scalar oracle
//! bit for bit.

use core::ops::Range;
use flashlet::internal::kernels::{Convolution, Group, HeadScan, Recurrence, Scan, TimeMix, TokenShift};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Act, Executor, Inline, Kernels};
use flashlet_tests::kernel::{Reversed, Rng, TwoThreads, all_kernels, bits, close, panel, vector};

const TOKENS: usize = 7;
/// Lengths of the chunks that the tokens are fed in.
const CHUNKS: [&[usize]; 4] = [&[7], &[3, 4], &[1; 7], &[5, 1, 1]];

type Tokens = Vec<Vec<f32>>;

fn tokens(rng: &mut Rng, n: usize, scale: f32) -> Tokens {
    (0..TOKENS).map(|_| rng.vector(n, scale)).collect()
}

/// One step of a chunk of tokens: the kernels, the executor, the tokens, the state, and the panel of inputs that become outputs.
type Step<'a> = dyn Fn(&dyn Kernels, &dyn Executor, Range<usize>, &mut [Group], &mut [Group]) + 'a;

/// Feeds `x` in all chunks to all kernels on all executors, which must agree in outputs and final state; returns the outputs.
fn same_bits(what: &str, x: &Tokens, state_groups: usize, step: &Step<'_>) -> Tokens {
    let run = |kernels: &dyn Kernels, executor: &dyn Executor, chunks: &[usize]| {
        let (mut state, mut out, mut start) = (vec![[0.0; LANES]; state_groups], vec![], 0);
        for &n in chunks {
            let mut y = panel(&x[start..start + n]);
            step(kernels, executor, start..start + n, &mut state, &mut y);
            for t in 0..n {
                let all = vector(&y, n, t, x[0].len().next_multiple_of(LANES));
                assert!(all[x[0].len()..].iter().all(|x| *x == 0.0), "{what}: padding is not zero");
                out.push(all[..x[0].len()].to_vec());
            }
            start += n;
        }
        (out, state)
    };
    let (want, state) = run(all_kernels()[0], &Inline, CHUNKS[0]);
    assert!(state_groups == 0 || state.as_flattened().iter().any(|x| *x != 0.0), "{what}: nothing is kept");
    for kernels in all_kernels() {
        for executor in [&Inline as &dyn Executor, &Reversed, &TwoThreads] {
            for chunks in CHUNKS {
                let (got, got_state) = run(kernels, executor, chunks);
                let what = format!("{what} {:?}, {} threads, chunks {chunks:?}", kernels.isa(), executor.threads());
                assert_eq!(bits(&got.concat()), bits(&want.concat()), "{what}");
                assert_eq!(bits(got_state.as_flattened()), bits(state.as_flattened()), "{what}: state");
            }
        }
    }
    want
}

/// Asserts that all tokens of `got` are those of `want` but for `tolerance`.
fn all_close(what: &str, got: &Tokens, want: &[Vec<f64>], tolerance: f64) {
    for (t, (got, want)) in got.iter().zip(want).enumerate() {
        close(&format!("{what}, token {t}"), got, want, tolerance);
    }
}

/// The panel of one vector.
fn row(x: &[f32]) -> Vec<Group> {
    panel(&[x.to_vec()])
}

/// A panel of `n` vectors, whose element `c` of vector `k` is number `c * n + k`: rows of a file with `n` columns.
fn columns(rows: &[f32], n: usize) -> Vec<Group> {
    panel(&Vec::from_iter((0..n).map(|k| rows.iter().skip(k).step_by(n).copied().collect())))
}

fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn convolutions_agree_with_f64() {
    let mut rng = Rng(1);
    for (channels, kernel) in [(5, 3), (16, 4), (40, 2), (64, 4), (24, 1), (1040, 3)] {
        let x = tokens(&mut rng, channels, 2.0);
        let [before, after] = [0, 1].map(|_| tokens(&mut rng, channels, 1.0));
        let (rows, bias) = (rng.vector(channels * kernel, 1.0), rng.vector(channels, 1.0));
        let (taps, bias_panel) = (columns(&rows, kernel), row(&bias));
        for (act, gates) in [(None, false), (Some(Act::Silu), false), (None, true)] {
            let what = format!("convolution of {channels} channels and {kernel} taps, {act:?}, gates {gates}");
            let groups = Convolution::state_groups(channels, kernel);
            let got = same_bits(&what, &x, groups, &|kernels, executor, range, window, x| {
                let [before, after] =
                    [&before, &after].map(|all| if gates { panel(&all[range.clone()]) } else { vec![] });
                let bias = if gates { &[][..] } else { &bias_panel };
                let (taps, before, after, tokens) = (&taps[..], &before[..], &after[..], range.len());
                let job = Convolution { taps, kernel, bias, act, before, after, window, x, tokens };
                kernels.recur(Recurrence::Convolution(job), executor);
            });
            let input = |t: usize, c: usize| f64::from(x[t][c]) * if gates { f64::from(before[t][c]) } else { 1.0 };
            let want = Vec::from_iter((0..TOKENS).map(|t| {
                let of_channel = |c: usize| {
                    let seen = (0..kernel).filter(|k| t + k + 1 >= kernel);
                    let sum: f64 = seen.map(|k| f64::from(rows[c * kernel + k]) * input(t + k + 1 - kernel, c)).sum();
                    let sum = if gates { sum } else { sum + f64::from(bias[c]) };
                    let sum = if act.is_some() { silu(sum) } else { sum };
                    if gates { sum * f64::from(after[t][c]) } else { sum }
                };
                (0..channels).map(of_channel).collect()
            }));
            all_close(&what, &got, &want, 2e-6);
        }
    }
}

/// The scan of Mamba 1 or 2 by its definition, where channel `c` has the step size, rate and share of `head(c)`, and the
/// weights of `group(c)`.
struct PlainScan<'a> {
    n_state: usize,
    head: &'a dyn Fn(usize) -> usize,
    group: &'a dyn Fn(usize) -> usize,
    /// The rate of state `n` of a channel.
    a: &'a dyn Fn(usize, usize) -> f64,
    d: &'a [f32],
    dt_bias: &'a [f32],
    dt: &'a Tokens,
    b: &'a Tokens,
    c: &'a Tokens,
    z: Option<&'a Tokens>,
}

impl PlainScan<'_> {
    fn run(&self, x: &Tokens) -> Vec<Vec<f64>> {
        let mut state = vec![vec![0.0; self.n_state]; x[0].len()];
        let of_token = |t: usize| {
            let of_channel = |(channel, state): (usize, &mut Vec<f64>)| {
                let (head, group) = ((self.head)(channel), (self.group)(channel));
                let dt = (f64::from(self.dt[t][head]) + f64::from(self.dt_bias[head])).exp().ln_1p();
                let input = f64::from(x[t][channel]);
                let mut y = input * f64::from(self.d[head]);
                for (n, h) in state.iter_mut().enumerate() {
                    let [b, c] = [self.b, self.c].map(|all| f64::from(all[t][group * self.n_state + n]));
                    *h = *h * (dt * (self.a)(channel, n)).exp() + b * input * dt;
                    y += *h * c;
                }
                y * self.z.map_or(1.0, |z| silu(f64::from(z[t][channel])))
            };
            state.iter_mut().enumerate().map(of_channel).collect()
        };
        (0..TOKENS).map(of_token).collect()
    }
}

#[test]
fn scans_of_mamba_1_agree_with_f64() {
    let mut rng = Rng(2);
    for (channels, n_state, gated) in [(5, 3, true), (16, 16, true), (40, 17, false), (64, 8, true), (1040, 16, true)] {
        let [x, dt, z] = [2.0, 3.0, 2.0].map(|scale| tokens(&mut rng, channels, scale));
        let [b, c] = [0, 1].map(|_| tokens(&mut rng, n_state, 1.0));
        let rates: Vec<_> = rng.vector(channels * n_state, 4.0).iter().map(|a| -a.abs()).collect();
        let [d, dt_bias] = [0, 1].map(|_| rng.vector(channels, 1.0));
        let (a, d_panel, bias_panel) = (columns(&rates, n_state), row(&d), row(&dt_bias));
        let what = format!("scan of {channels} channels, states of {n_state}");
        let groups = Scan::state_groups(channels, n_state);
        let got = same_bits(&what, &x, groups, &|kernels, executor, range, state, x| {
            let [dt, b, c, z] = [&dt, &b, &c, &z].map(|all| panel(&all[range.clone()]));
            let z = if gated { &z[..] } else { &[] };
            let (dt, b, c, dt_bias, tokens) = (&dt[..], &b[..], &c[..], &bias_panel[..], range.len());
            let job = Scan { n_state, a: &a, d: &d_panel, dt_bias, dt, b, c, z, state, x, tokens };
            kernels.recur(Recurrence::Scan(job), executor);
        });
        let rate = |channel: usize, n: usize| f64::from(rates[channel * n_state + n]);
        let (dt, b, c, z) = (&dt, &b, &c, gated.then_some(&z));
        let plain = PlainScan { n_state, head: &|c| c, group: &|_| 0, a: &rate, d: &d, dt_bias: &dt_bias, dt, b, c, z };
        all_close(&what, &got, &plain.run(&x), 5e-6);
    }
}

#[test]
fn scans_of_mamba_2_agree_with_f64() {
    let mut rng = Rng(3);
    let shapes = [(4, 8, 2, 5), (3, 8, 1, 16), (2, 16, 1, 16), (6, 24, 3, 20), (4, 64, 2, 32), (24, 32, 1, 17)];
    for (n_head, head_dim, n_group, n_state) in shapes {
        let [x, z] = [0, 1].map(|_| tokens(&mut rng, n_head * head_dim, 2.0));
        let dt = tokens(&mut rng, n_head, 3.0);
        let [b, c] = [0, 1].map(|_| tokens(&mut rng, n_group * n_state, 1.0));
        let rates: Vec<_> = rng.vector(n_head, 4.0).iter().map(|a| -a.abs()).collect();
        let [d, dt_bias] = [0, 1].map(|_| rng.vector(n_head, 1.0));
        let [a, d_panel, bias_panel] = [&rates, &d, &dt_bias].map(|v| row(v));
        for gated in [true, false] {
            let what = format!("{n_head} heads of {head_dim}, {n_group} groups, states of {n_state}, gated {gated}");
            let groups = HeadScan::state_groups(n_head, head_dim, n_state);
            let got = same_bits(&what, &x, groups, &|kernels, executor, range, state, x| {
                let [dt, b, c, z] = [&dt, &b, &c, &z].map(|all| panel(&all[range.clone()]));
                let z = if gated { &z[..] } else { &[] };
                let (a, d, dt_bias, tokens) = (&a[..], &d_panel[..], &bias_panel[..], range.len());
                let (dt, b, c) = (&dt[..], &b[..], &c[..]);
                let job = HeadScan { n_head, head_dim, n_group, n_state, a, d, dt_bias, dt, b, c, z, state, x, tokens };
                kernels.recur(Recurrence::HeadScan(job), executor);
            });
            let head = |channel: usize| channel / head_dim;
            let group = |channel: usize| channel / head_dim * n_group / n_head;
            let rate = |channel: usize, _| f64::from(rates[channel / head_dim]);
            let (dt, b, c, z) = (&dt, &b, &c, gated.then_some(&z));
            let plain =
                PlainScan { n_state, head: &head, group: &group, a: &rate, d: &d, dt_bias: &dt_bias, dt, b, c, z };
            all_close(&what, &got, &plain.run(&x), 1e-5);
        }
    }
}

#[test]
fn token_shifts_agree_with_f64() {
    let mut rng = Rng(4);
    for width in [5, 16, 40] {
        let (x, lerp) = (tokens(&mut rng, width, 2.0), rng.vector(width, 1.0));
        let lerp_panel = row(&lerp);
        let got =
            same_bits("token shift", &x, TokenShift::state_groups(width), &|kernels, executor, range, state, y| {
                let (x, tokens) = (y.to_vec(), range.len());
                let job = TokenShift { x: &x, previous: state, lerp: &lerp_panel, y, tokens };
                kernels.recur(Recurrence::TokenShift(job), executor);
                TokenShift::keep_last(&x, tokens, state);
            });
        let want = Vec::from_iter((0..TOKENS).map(|t| {
            let previous = |i: usize| if t == 0 { 0.0 } else { f64::from(x[t - 1][i]) };
            let of = |i: usize| f64::from(x[t][i]) + (previous(i) - f64::from(x[t][i])) * f64::from(lerp[i]);
            (0..width).map(of).collect()
        }));
        all_close("token shift", &got, &want, 1e-6);
    }
}

/// Panels of RWKV 7's time mix: r, w, k, v, a and g of every token.
type Panels = [Tokens; 6];
/// Its weights: k_k, k_a, r_k, and the norm's weight and bias.
type Vectors = [Vec<f32>; 5];

/// The time mix of RWKV 7 by its definition.
fn plain_time_mix([r, w, k, v, a, g]: &Panels, vectors: &Vectors, dim: usize, eps: f64) -> Vec<Vec<f64>> {
    let [k_k, k_a, r_k, norm_weight, norm_bias] =
        vectors.each_ref().map(|v| Vec::from_iter(v.iter().map(|&v| f64::from(v))));
    let width = r[0].len();
    let mut state = vec![0.0; width * dim];
    let mut out = vec![];
    for t in 0..TOKENS {
        let [r, w, k, v, a, g] = [r, w, k, v, a, g].map(|all| Vec::from_iter(all[t].iter().map(|&x| f64::from(x))));
        let mut y = vec![0.0; width];
        for head in (0..width).step_by(dim) {
            let elements = head..head + dim;
            let mut direction = Vec::from_iter(elements.clone().map(|e| k[e] * k_k[e]));
            let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
            direction.iter_mut().for_each(|x| *x /= length);
            let keys = Vec::from_iter(elements.clone().map(|e| k[e] * (1.0 + (a[e] - 1.0) * k_a[e])));
            let decay = |e: usize| (-(-0.5f64).exp() * sigmoid(w[e])).exp();
            for i in elements.clone() {
                let row = &mut state[i * dim..][..dim];
                let along: f64 = row.iter().zip(&direction).map(|(s, d)| s * d).sum();
                for (j, s) in row.iter_mut().enumerate() {
                    *s = *s * decay(head + j) + v[i] * keys[j] - along * direction[j] * a[head + j];
                    y[i] += *s * r[head + j];
                }
            }
            let of_head = &mut y[elements.clone()];
            let mean = of_head.iter().sum::<f64>() / dim as f64;
            let variance = of_head.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / dim as f64;
            let bonus: f64 = elements.clone().map(|e| keys[e - head] * r[e] * r_k[e]).sum();
            for e in elements {
                let norm = (y[e] - mean) / (variance + eps).sqrt() * norm_weight[e] + norm_bias[e];
                y[e] = (norm + v[e] * bonus) * g[e];
            }
        }
        out.push(y);
    }
    out
}

#[test]
fn time_mixes_of_rwkv_7_agree_with_f64() {
    let mut rng = Rng(5);
    for (n_head, head_dim) in [(3, 8), (2, 16), (5, 24), (2, 64), (24, 16)] {
        let width = n_head * head_dim;
        let mut panels: Panels = [1.0, 4.0, 1.0, 1.0, 1.0, 1.0].map(|scale| tokens(&mut rng, width, scale));
        // Rates lie between 0 and 1.
        panels[4].iter_mut().flatten().for_each(|a| *a = a.abs());
        let vectors: Vectors = [0; 5].map(|_| rng.vector(width, 1.0));
        let [k_k, k_a, r_k, norm_weight, norm_bias] = vectors.each_ref().map(|v| row(v));
        let eps = 64e-5;
        let what = format!("{n_head} heads of {head_dim}");
        let groups = TimeMix::state_groups(n_head, head_dim);
        let got = same_bits(&what, &panels[0], groups, &|kernels, executor, range, state, r| {
            let [_, w, k, v, a, g] = panels.each_ref().map(|all| panel(&all[range.clone()]));
            let tokens = range.len();
            let (k_k, k_a, r_k, norm_weight, norm_bias) =
                (&k_k[..], &k_a[..], &r_k[..], &norm_weight[..], &norm_bias[..]);
            let (w, k, v, a, g) = (&w[..], &k[..], &v[..], &a[..], &g[..]);
            let job = TimeMix {
                n_head,
                head_dim,
                k_k,
                k_a,
                r_k,
                norm_weight,
                norm_bias,
                eps,
                w,
                k,
                v,
                a,
                g,
                state,
                r,
                tokens,
            };
            kernels.recur(Recurrence::TimeMix(job), executor);
        });
        // The norm magnifies errors where a head's outputs are much alike.
        all_close(&what, &got, &plain_time_mix(&panels, &vectors, head_dim, f64::from(eps)), 1e-4);
    }
}
