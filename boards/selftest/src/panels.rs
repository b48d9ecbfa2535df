//! Quantised inputs, norms, sums and rotary positions.

use crate::check::Test;
use alloc::vec::Vec;
use core::fmt;
use flashlet::internal::kernels::{ExpSums, Group, HeadRotation, Input, Norm};
use flashlet::internal::quant::{Act, Act32, Act256, ActKind, TwoTokens32};
use flashlet::internal::simd::{LANES, sin_cos};
use flashlet::kernels::{Kernels, NormKind, RopeStyle};
use flashlet::simd::ActForm;
use flashlet_test_data::{Activations, Rng, activations, panel};

/// The blocks of an input in the form of pairs, as bytes.
fn as_bytes<A: Act>(input: &Input<'_>) -> Vec<A> {
    input.blocks::<A::Pairs>(A::KIND).iter().map(|block| (*block).into()).collect()
}

/// The blocks of 32 of an input whose blocks of each two tokens lie in one.
fn apart(input: &Input<'_>) -> Vec<Act32> {
    let mut blocks = input.blocks(ActKind::Q8x32).to_vec();
    for column in blocks.chunks_mut(input.tokens) {
        for two in column.as_chunks_mut::<2>().0 {
            *two = bytemuck::cast::<_, TwoTokens32>(*two).into();
        }
    }
    blocks
}

/// The values and quants of an input, as groups of one quant or sum each to an element.
fn prepared(kernels: &dyn Kernels, x: &[Group], tokens: usize, norm: Option<Norm<'_>>, kind: ActKind) -> Vec<Group> {
    let mut activations = Activations::new(x, tokens);
    let mut buffer = activations.fill(kernels, x, tokens, norm, kind);
    let input = buffer.input(kernels, kind);
    let mut out = input.float.to_vec();
    let mut push = |bytes: &[u8]| {
        for bytes in bytes.chunks(LANES) {
            let mut group = [0.0; LANES];
            for (value, byte) in group.iter_mut().zip(bytes) {
                *value = f32::from(*byte);
            }
            out.push(group);
        }
    };
    let (q8x32, q8x256) = match kernels.act_form() {
        ActForm::Bytes => (input.blocks(ActKind::Q8x32).to_vec(), input.blocks(ActKind::Q8x256).to_vec()),
        ActForm::Pairs => (as_bytes::<Act32>(&input), as_bytes::<Act256>(&input)),
        ActForm::TwoTokens => (apart(&input), input.blocks(ActKind::Q8x256).to_vec()),
    };
    push(bytemuck::cast_slice(&q8x32));
    push(bytemuck::cast_slice(&q8x256));
    out
}

/// Scales of 256 values: one below which they count as zero, one at which denormal values are up to half a quant or more,
/// ordinary ones, and one of the greatest numbers.
const SCALES: [f32; 6] = [1.0e-36, 2.0e-36, 5.0e-36, 1.0e-35, 1.0, 3.0e38];

/// Values whose quants lie between two numbers, denormal ones, and in every other panel one or more that are not finite.
fn difficult(rng: &mut Rng, scale: f32, tokens: usize, strange: &[f32]) -> Vec<Group> {
    let mut x = rng.panel(512, tokens, scale);
    for (i, x) in x.as_flattened_mut().iter_mut().enumerate() {
        match i % 5 {
            0 => *x = scale * (i % 128) as f32 / 127.0,
            1 => *x = scale * ((i % 254) as f32 - 126.5) / 127.0,
            2 => *x *= 1.0e-3,
            _ => {}
        }
    }
    for (strange, x) in strange.iter().zip(x.as_flattened_mut().iter_mut().skip(7).step_by(300)) {
        *x = *strange;
    }
    x
}

/// Quantised inputs at the ends of the range of floats.
fn difficult_inputs(test: &mut Test<'_>, rng: &mut Rng) -> fmt::Result {
    for scale in SCALES {
        for strange in [&[][..], &[f32::NAN], &[f32::INFINITY], &[f32::NEG_INFINITY, f32::NAN, f32::MIN_POSITIVE / 4.0]]
        {
            for tokens in [1, 3] {
                let x = difficult(rng, scale, tokens, strange);
                for kind in [ActKind::Q8x32, ActKind::Q8x256] {
                    let what = format_args!("{kind:?} of {tokens} tokens up to {scale}, with {strange:?}");
                    test.same_bits(what, |kernels| prepared(kernels, &x, tokens, None, kind))?;
                }
            }
        }
    }
    test.done("difficult inputs")
}

/// Sine and cosine are the same on every processor.
fn angles(test: &mut Test<'_>) -> fmt::Result {
    let angles = (0..256u32).map(|i| f64::from(i * i) * 0.7 - 11.0).chain([0.0, 1.0e-9, 4.0e9]);
    let group = |angle| {
        let (sin, cos) = sin_cos(angle);
        let mut group = [0.0; LANES];
        (group[0], group[1]) = (sin, cos);
        group
    };
    let angles: Vec<Group> = angles.map(group).collect();
    test.same_bits(format_args!("sine and cosine"), |_| angles.clone())?;
    test.done("sine and cosine")
}

/// Sums of exponentials, of tiles that begin and end within a group.
fn exponentials(test: &mut Test<'_>, rng: &mut Rng) -> fmt::Result {
    let mut logits = rng.panel(512, 1, 20.0);
    logits[3][1] = f32::NAN;
    logits[5][2] = f32::INFINITY;
    logits[9][7] = f32::NEG_INFINITY;
    for tile in [512, 100, 21] {
        test.same_bits(format_args!("exponentials of {tile} logits at once"), |kernels| {
            let mut sums = ExpSums::NONE;
            for (first, logits) in (0..).step_by(tile).zip(logits.as_flattened().chunks(tile)) {
                kernels.add_exponentials(first, logits, &mut sums);
            }
            let (max, relative): (Vec<f32>, Vec<f32>) = sums.lanes().unzip();
            [max, relative].map(|lanes| core::array::from_fn(|lane| lanes[lane])).to_vec()
        })?;
    }
    test.done("sums of exponentials")
}

pub(crate) fn run(test: &mut Test<'_>) -> fmt::Result {
    let mut rng = Rng(2);
    difficult_inputs(test, &mut rng)?;
    angles(test)?;
    exponentials(test, &mut rng)?;
    for tokens in [1, 2, 5] {
        for t in 0..6 {
            let x: Vec<_> = (t..t + tokens).map(|t| activations(&mut rng, t, 768)).collect();
            let x = panel(&x);
            let weight = rng.panel(768, 1, 2.0);
            let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width: 768, eps: 1e-5 };
            for norm in [None, Some(norm)] {
                for kind in [ActKind::Q8x32, ActKind::Q8x256] {
                    let what = format_args!("{kind:?} of {tokens} tokens, kind {t}");
                    test.same_bits(what, |kernels| prepared(kernels, &x, tokens, norm, kind))?;
                }
                let y = rng.panel(768, tokens, 4.0);
                test.same_bits(format_args!("sum of {tokens} tokens, kind {t}"), |kernels| {
                    let (mut x, mut y) = (x.clone(), y.clone());
                    kernels.add(&mut x, &mut y, tokens, norm, 1.0);
                    x
                })?;
            }
        }
    }
    test.done("quantising and norms")?;
    for style in [RopeStyle::Interleaved, RopeStyle::Halves] {
        for (head_dim, heads) in [(8, 3), (16, 1), (64, 3), (80, 2), (256, 2)] {
            for (pairs, tokens) in [(head_dim / 2, 1), (head_dim / 4, 3)] {
                let weight = rng.panel(head_dim, 1, 2.0);
                let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width: head_dim, eps: 1e-3 };
                let angle = |v: f32| [v, (1.0 - v.abs()) * 0.75];
                let angles: Vec<_> = (0..tokens * pairs).map(|_| angle(rng.float())).collect();
                let x = rng.panel(heads * head_dim, tokens, 2.0);
                for norm in [None, Some(norm)] {
                    let rotation =
                        HeadRotation { heads, head_dim, norm, norm_rows: false, style, angles: &angles, pairs };
                    test.same_bits(format_args!("{style:?} rotation of {heads} heads of {head_dim}"), |kernels| {
                        let mut x = x.clone();
                        kernels.rotate(&mut x, tokens, &rotation);
                        x
                    })?;
                }
            }
        }
    }
    test.done("rotary positions")
}
