//! The tensors of a model by role and by name.

/// The weight matrices of a layer, in the order in which a pass uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(missing_docs, reason = "the field's own names")]
pub enum LayerMatrix {
    Q,
    K,
    V,
    AttnOut,
    Gate,
    Up,
    Down,
}

/// The vectors of a layer: weights of norms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(missing_docs, reason = "the field's own names")]
pub enum LayerVector {
    AttnNorm,
    FfnNorm,
    QNorm,
    KNorm,
    PostAttnNorm,
    PostFfnNorm,
}

/// A tensor's place in a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Role {
    /// One row a token of the vocabulary.
    TokenEmbd,
    /// The head; where it is missing, the embedding serves.
    Output,
    /// The last norm.
    OutputNorm,
    /// Divisors of the rotary frequencies.
    RopeFreqs,
    /// A matrix of a layer.
    Matrix(u32, LayerMatrix),
    /// A vector of a layer.
    Vector(u32, LayerVector),
}

impl LayerMatrix {
    /// All, in the order of use.
    pub const ALL: [LayerMatrix; 7] = [
        LayerMatrix::Q,
        LayerMatrix::K,
        LayerMatrix::V,
        LayerMatrix::AttnOut,
        LayerMatrix::Gate,
        LayerMatrix::Up,
        LayerMatrix::Down,
    ];

    const fn name(self) -> &'static str {
        match self {
            LayerMatrix::Q => "attn_q.weight",
            LayerMatrix::K => "attn_k.weight",
            LayerMatrix::V => "attn_v.weight",
            LayerMatrix::AttnOut => "attn_output.weight",
            LayerMatrix::Gate => "ffn_gate.weight",
            LayerMatrix::Up => "ffn_up.weight",
            LayerMatrix::Down => "ffn_down.weight",
        }
    }
}

impl LayerVector {
    /// All.
    pub const ALL: [LayerVector; 6] = [
        LayerVector::AttnNorm,
        LayerVector::FfnNorm,
        LayerVector::QNorm,
        LayerVector::KNorm,
        LayerVector::PostAttnNorm,
        LayerVector::PostFfnNorm,
    ];

    const fn name(self) -> &'static str {
        match self {
            LayerVector::AttnNorm => "attn_norm.weight",
            LayerVector::FfnNorm => "ffn_norm.weight",
            LayerVector::QNorm => "attn_q_norm.weight",
            LayerVector::KNorm => "attn_k_norm.weight",
            LayerVector::PostAttnNorm => "post_attention_norm.weight",
            LayerVector::PostFfnNorm => "post_ffw_norm.weight",
        }
    }
}

impl Role {
    /// True if the tensor is a matrix, which is mapped, pinned or streamed. Vectors are always copied.
    #[must_use]
    pub fn is_matrix(self) -> bool {
        matches!(self, Role::TokenEmbd | Role::Output | Role::Matrix(..))
    }

    /// The role that a tensor name says; `None` for a name that no supported architecture has.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Role> {
        match name {
            b"token_embd.weight" => return Some(Role::TokenEmbd),
            b"output.weight" => return Some(Role::Output),
            b"output_norm.weight" => return Some(Role::OutputNorm),
            b"rope_freqs.weight" => return Some(Role::RopeFreqs),
            _ => {}
        }
        let rest = name.strip_prefix(b"blk.")?;
        let dot = rest.iter().position(|&b| b == b'.')?;
        let (digits, rest) = rest.split_at_checked(dot)?;
        let rest = rest.get(1..)?;
        if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let layer =
            digits.iter().fold(0u32, |n, &d| n.saturating_mul(10).saturating_add(u32::from(d.saturating_sub(b'0'))));
        if let Some(m) = LayerMatrix::ALL.into_iter().find(|m| m.name().as_bytes() == rest) {
            return Some(Role::Matrix(layer, m));
        }
        LayerVector::ALL.into_iter().find(|v| v.name().as_bytes() == rest).map(|v| Role::Vector(layer, v))
    }
}

impl core::fmt::Display for Role {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Role::TokenEmbd => f.write_str("token_embd.weight"),
            Role::Output => f.write_str("output.weight"),
            Role::OutputNorm => f.write_str("output_norm.weight"),
            Role::RopeFreqs => f.write_str("rope_freqs.weight"),
            Role::Matrix(layer, m) => write!(f, "blk.{layer}.{}", m.name()),
            Role::Vector(layer, v) => write!(f, "blk.{layer}.{}", v.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn names_of_layers_with_up_to_four_digits_are_parsed() {
        let q = |layer| Some(Role::Matrix(layer, LayerMatrix::Q));
        let names = [
            ("blk.0.attn_q.weight", q(0)),
            ("blk.9999.attn_q.weight", q(9999)),
            ("blk.10000.attn_q.weight", None),
            ("blk..attn_q.weight", None),
            ("blk.1a.attn_q.weight", None),
            ("blk.-1.attn_q.weight", None),
            ("blk.3.ffn_norm.weight", Some(Role::Vector(3, LayerVector::FfnNorm))),
            ("blk.0.attn_q", None),
            ("blk.0attn_q.weight", None),
            ("output_norm.weight", Some(Role::OutputNorm)),
            ("output_norm", None),
        ];
        for (name, role) in names {
            assert_eq!(Role::parse(name.as_bytes()), role, "{name}");
            assert!(role.is_none_or(|role| role.to_string() == name), "{name}");
        }
    }
}
