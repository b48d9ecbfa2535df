//! Activation functions.

use crate::simd::{Floats, math};

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Act {
    /// `x * sigmoid(x)` (SwiGLU).
    Silu,
    /// The tanh approximation of GELU (GeGLU): `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`.
    Gelu,
    /// `max(x, 0)^2`. Needs the feature `attention-variants`, as those below.
    Relu2,
    /// `tanh(x)`
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
}

/// `act(x)`
#[inline(always)]
pub(super) fn activate<F: Floats>(f: F, act: Act, x: F::V) -> F::V {
    if cfg!(feature = "attention-variants") {
        match act {
            Act::Silu | Act::Gelu => {}
            Act::Relu2 => {
                // In this order NaN stays.
                let positive = f.max(f.splat(0.0), x);
                return f.mul(positive, positive);
            }
            Act::Tanh => return math::tanh(f, x),
            Act::Sigmoid => return math::sigmoid(f, x),
        }
    }
    let inner = match act {
        Act::Gelu => {
            // tanh(z) = 2 sigmoid(2z) - 1, so 0.5 x (1 + tanh(z)) = x sigmoid(2z).
            let cube = f.mul(f.mul(x, x), x);
            f.mul(f.splat(1.595_769), f.add(x, f.mul(f.splat(0.044_715), cube)))
        }
        _ => x,
    };
    f.mul(x, math::sigmoid(f, inner))
}
