//! Quantised inputs, norms, sums and rotary positions.

use crate::check::Test;
use alloc::vec::Vec;
use core::fmt;
use flashlet::kernels::{Group, HeadRotation, Input, Kernels, Norm, RopeStyle};
use flashlet::quant::{Act, Act32, Act256, ActKind};
use flashlet::simd::{ActForm, LANES};
use flashlet_test_data::{Activations, Rng, activations, panel};

/// The blocks of an input in the form of pairs, as bytes.
fn as_bytes<A: Act>(input: &Input<'_>) -> Vec<A> {
    input.blocks::<A::Pairs>(A::KIND).iter().map(|block| (*block).into()).collect()
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
    };
    push(bytemuck::cast_slice(&q8x32));
    push(bytemuck::cast_slice(&q8x256));
    out
}

pub(crate) fn run(test: &mut Test<'_>) -> fmt::Result {
    let mut rng = Rng(2);
    for tokens in [1, 2, 5] {
        for t in 0..6 {
            let x: Vec<_> = (t..t + tokens).map(|t| activations(&mut rng, t, 768)).collect();
            let x = panel(&x);
            let weight = rng.panel(768, 1, 2.0);
            let norm = Norm { weight: &weight, width: 768, eps: 1e-5 };
            for norm in [None, Some(norm)] {
                for kind in [ActKind::Q8x32, ActKind::Q8x256] {
                    let what = format_args!("{kind:?} of {tokens} tokens, kind {t}");
                    test.same_bits(what, |kernels| prepared(kernels, &x, tokens, norm, kind))?;
                }
                let y = rng.panel(768, tokens, 4.0);
                test.same_bits(format_args!("sum of {tokens} tokens, kind {t}"), |kernels| {
                    let (mut x, mut y) = (x.clone(), y.clone());
                    kernels.add(&mut x, &mut y, tokens, norm);
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
                let norm = Norm { weight: &weight, width: head_dim, eps: 1e-3 };
                let angle = |v: f32| [v, (1.0 - v.abs()) * 0.75];
                let angles: Vec<_> = (0..tokens * pairs).map(|_| angle(rng.float())).collect();
                let x = rng.panel(heads * head_dim, tokens, 2.0);
                for norm in [None, Some(norm)] {
                    let rotation = HeadRotation { heads, head_dim, norm, style, angles: &angles, pairs };
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
