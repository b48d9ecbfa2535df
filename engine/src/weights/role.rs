//! The tensors of a model by role and by name.

/// True if models have more tensors than those of a plain transformer.
pub(crate) const VARIANTS: bool = cfg!(feature = "attention-variants");

/// True if layers may have inputs of their own, other layers' keys and values, or narrower heads than others.
pub(crate) const PER_LAYER: bool = cfg!(feature = "per-layer-inputs");

/// True if models have recurrent layers.
pub(crate) const RECURRENT: bool = cfg!(feature = "_recurrent");

/// Declares the tensors of layers, with their names behind `blk.N.`: those of plain transformers, then all others.
macro_rules! layer_tensors {
    ($($plain:ident $plain_name:literal,)+; variants $($more:ident $more_name:literal,)+) => {
        /// A tensor of a layer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[expect(missing_docs, reason = "the field's own names")]
        #[repr(u8)]
        pub enum LayerTensor { $($plain,)+ $($more,)+ }

        impl LayerTensor {
            /// All that models can have.
            pub const ALL: &[LayerTensor] = if VARIANTS {
                &[$(LayerTensor::$plain,)+ $(LayerTensor::$more,)+]
            } else {
                &[$(LayerTensor::$plain,)+]
            };

            /// The number of those of plain transformers, which come first.
            const PLAIN: usize = [$($plain_name,)+].len();
        }

        /// The names behind `blk.N.`, in the order of the tensors.
        const NAMES: &[&str] =
            if VARIANTS { &[$($plain_name,)+ $($more_name,)+] } else { &[$($plain_name,)+] };
    };
}

layer_tensors! {
    AttnNorm "attn_norm.weight",
    Q "attn_q.weight",
    K "attn_k.weight",
    V "attn_v.weight",
    AttnOut "attn_output.weight",
    FfnNorm "ffn_norm.weight",
    Gate "ffn_gate.weight",
    Up "ffn_up.weight",
    Down "ffn_down.weight",
    ; variants
    AttnNormBias "attn_norm.bias",
    Qkv "attn_qkv.weight",
    QkvBias "attn_qkv.bias",
    QBias "attn_q.bias",
    KBias "attn_k.bias",
    VBias "attn_v.bias",
    QNorm "attn_q_norm.weight",
    KNorm "attn_k_norm.weight",
    AttnOutBias "attn_output.bias",
    PostAttnNorm "post_attention_norm.weight",
    FfnNormBias "ffn_norm.bias",
    GateBias "ffn_gate.bias",
    UpBias "ffn_up.bias",
    DownBias "ffn_down.bias",
    PostFfnNorm "post_ffw_norm.weight",
    ShortConvIn "shortconv.in_proj.weight",
    ShortConvTaps "shortconv.conv.weight",
    ShortConvOut "shortconv.out_proj.weight",
    SsmIn "ssm_in.weight",
    SsmConvTaps "ssm_conv1d.weight",
    SsmConvBias "ssm_conv1d.bias",
    SsmX "ssm_x.weight",
    SsmStep "ssm_dt.weight",
    SsmStepBias "ssm_dt.bias",
    SsmA "ssm_a",
    SsmD "ssm_d",
    SsmNorm "ssm_norm.weight",
    SsmOut "ssm_out.weight",
    BareFfnNorm "ffn_norm",
    AttnNorm2 "attn_norm_2.weight",
    AttnNorm2Bias "attn_norm_2.bias",
    TimeLerp "time_mix_lerp_fused.weight",
    TimeReceptance "time_mix_receptance.weight",
    TimeW1 "time_mix_w1.weight",
    TimeW2 "time_mix_w2.weight",
    TimeW0 "time_mix_w0.weight",
    TimeKey "time_mix_key.weight",
    TimeValue "time_mix_value.weight",
    TimeV1 "time_mix_v1.weight",
    TimeV2 "time_mix_v2.weight",
    TimeV0 "time_mix_v0.weight",
    TimeA1 "time_mix_a1.weight",
    TimeA2 "time_mix_a2.weight",
    TimeA0 "time_mix_a0.weight",
    TimeG1 "time_mix_g1.weight",
    TimeG2 "time_mix_g2.weight",
    TimeKK "time_mix_k_k.weight",
    TimeKA "time_mix_k_a.weight",
    TimeRK "time_mix_r_k.weight",
    TimeNorm "time_mix_ln.weight",
    TimeNormBias "time_mix_ln.bias",
    TimeOut "time_mix_output.weight",
    ChannelLerp "channel_mix_lerp_k.weight",
    ChannelKey "channel_mix_key.weight",
    ChannelValue "channel_mix_value.weight",
    InputGate "inp_gate.weight",
    InputProj "proj.weight",
    PostInputNorm "post_norm.weight",
    OutputScale "layer_output_scale.weight",
}

impl LayerTensor {
    /// The name behind `blk.N.`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(self as usize).copied().unwrap_or_default()
    }

    /// True for the tensors of plain transformers.
    #[must_use]
    pub fn is_plain(self) -> bool {
        (self as usize) < Self::PLAIN
    }

    /// The bias that is added to the output of this matrix or norm.
    #[must_use]
    pub fn bias(self) -> Option<LayerTensor> {
        Some(match self {
            LayerTensor::AttnNorm => LayerTensor::AttnNormBias,
            LayerTensor::Qkv => LayerTensor::QkvBias,
            LayerTensor::Q => LayerTensor::QBias,
            LayerTensor::K => LayerTensor::KBias,
            LayerTensor::V => LayerTensor::VBias,
            LayerTensor::AttnOut => LayerTensor::AttnOutBias,
            LayerTensor::FfnNorm => LayerTensor::FfnNormBias,
            LayerTensor::AttnNorm2 => LayerTensor::AttnNorm2Bias,
            LayerTensor::Gate => LayerTensor::GateBias,
            LayerTensor::Up => LayerTensor::UpBias,
            LayerTensor::Down => LayerTensor::DownBias,
            _ => return None,
        })
    }
}

/// A bit for each tensor of a layer.
#[cfg(feature = "attention-variants")]
pub type TensorBits = u128;
/// A bit for each tensor of a layer.
#[cfg(not(feature = "attention-variants"))]
pub type TensorBits = u32;

/// A set of tensors of layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerTensors(TensorBits);

impl LayerTensors {
    /// Adds a tensor.
    pub fn insert(&mut self, tensor: LayerTensor) {
        self.0 |= 1 << tensor as u32;
    }

    /// True if the tensor is in the set.
    #[must_use]
    pub fn contains(self, tensor: LayerTensor) -> bool {
        VARIANTS && self.0 >> tensor as u32 & 1 == 1
    }
}

const _: () = assert!(LayerTensor::ALL.len() <= TensorBits::BITS as usize);

/// A tensor's place in a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Role {
    /// One row a token of the vocabulary.
    TokenEmbd,
    /// Divisors of the rotary frequencies.
    RopeFreqs,
    /// A tensor of a layer.
    Layer(u32, LayerTensor),
    /// Divisors of the rotary frequencies in sessions of more tokens than the model was first trained with.
    RopeFactorsLong,
    /// Divisors of the rotary frequencies in other sessions.
    RopeFactorsShort,
    /// The last norm.
    OutputNorm,
    /// Its bias.
    OutputNormBias,
    /// The head; where it is missing, the embedding serves.
    Output,
    /// A norm that is named after the embedding; LFM2 has its last norm there.
    TokenEmbdNorm,
    /// Its bias.
    TokenEmbdNormBias,
    /// One row a token of the vocabulary: the token's part of the inputs of all layers.
    PerLayerTokenEmbd,
    /// The matrix that gives the hidden state's part of the inputs of all layers.
    PerLayerModelProj,
    /// The norm of that part of each layer's input.
    PerLayerProjNorm,
}

/// The tensors that belong to no layer, with their names, in the order of [`Role::id`].
const GLOBALS: &[(Role, &str)] = &[
    (Role::TokenEmbd, "token_embd.weight"),
    (Role::RopeFreqs, "rope_freqs.weight"),
    (Role::OutputNorm, "output_norm.weight"),
    (Role::Output, "output.weight"),
    #[cfg(feature = "attention-variants")]
    (Role::OutputNormBias, "output_norm.bias"),
    #[cfg(feature = "attention-variants")]
    (Role::RopeFactorsLong, "rope_factors_long.weight"),
    #[cfg(feature = "attention-variants")]
    (Role::RopeFactorsShort, "rope_factors_short.weight"),
    #[cfg(feature = "attention-variants")]
    (Role::TokenEmbdNorm, "token_embd_norm.weight"),
    #[cfg(feature = "attention-variants")]
    (Role::TokenEmbdNormBias, "token_embd_norm.bias"),
    #[cfg(feature = "per-layer-inputs")]
    (Role::PerLayerTokenEmbd, "per_layer_token_embd.weight"),
    #[cfg(feature = "per-layer-inputs")]
    (Role::PerLayerModelProj, "per_layer_model_proj.weight"),
    #[cfg(feature = "per-layer-inputs")]
    (Role::PerLayerProjNorm, "per_layer_proj_norm.weight"),
];

impl Role {
    /// The role that a tensor name says; `None` for a name that no supported architecture has.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Role> {
        if let Some((role, _)) = GLOBALS.iter().find(|(_, global)| global.as_bytes() == name) {
            return Some(*role);
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
        let tensor = NAMES.iter().position(|name| name.as_bytes() == rest)?;
        LayerTensor::ALL.get(tensor).map(|tensor| Role::Layer(layer, *tensor))
    }

    /// True for a table of which passes read the rows of their tokens and nothing else. It may be larger than all other
    /// weights together, so it is never pinned.
    #[must_use]
    pub fn is_table_of_rows(self) -> bool {
        PER_LAYER && self == Role::PerLayerTokenEmbd
    }

    /// The number of the tables of which passes read the rows of their tokens.
    pub const TABLES: usize = 1 + PER_LAYER as usize;

    /// The tensor's place among those tables: the embedding is the first, whether or not it is the head too.
    #[must_use]
    pub fn table(self) -> Option<usize> {
        match self {
            Role::TokenEmbd => Some(0),
            role if role.is_table_of_rows() => Some(1),
            _ => None,
        }
    }

    /// The bit of the tensor in a set of those of its layer, or of those that belong to no layer.
    pub(crate) fn bit(self) -> TensorBits {
        1 << self.id()
    }

    /// A number that tells the tensor from others of its layer, or from those that belong to no layer.
    pub(crate) fn id(self) -> u8 {
        match self {
            Role::Layer(_, tensor) => tensor as u8,
            Role::TokenEmbd => 0,
            Role::RopeFreqs => 1,
            Role::OutputNorm => 2,
            Role::Output => 3,
            Role::OutputNormBias => 4,
            Role::RopeFactorsLong => 5,
            Role::RopeFactorsShort => 6,
            Role::TokenEmbdNorm => 7,
            Role::TokenEmbdNormBias => 8,
            Role::PerLayerTokenEmbd => 9,
            Role::PerLayerModelProj => 10,
            Role::PerLayerProjNorm => 11,
        }
    }

    /// The tensor with the number `id` of this layer, or of no layer.
    pub(super) fn from_id(layer: Option<u32>, id: u8) -> Role {
        let global = GLOBALS.get(usize::from(id)).map_or(Role::Output, |(role, _)| *role);
        let tensor = layer.zip(LayerTensor::ALL.get(usize::from(id)));
        tensor.map_or(global, |(layer, tensor)| Role::Layer(layer, *tensor))
    }
}

impl core::fmt::Display for Role {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Role::Layer(layer, tensor) => write!(f, "blk.{layer}.{}", tensor.name()),
            global => f.write_str(GLOBALS.get(usize::from(global.id())).map_or("", |(_, name)| name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn names_of_layers_with_up_to_four_digits_are_parsed() {
        let q = |layer| Some(Role::Layer(layer, LayerTensor::Q));
        let names = [
            ("blk.0.attn_q.weight", q(0)),
            ("blk.9999.attn_q.weight", q(9999)),
            ("blk.10000.attn_q.weight", None),
            ("blk..attn_q.weight", None),
            ("blk.1a.attn_q.weight", None),
            ("blk.-1.attn_q.weight", None),
            ("blk.3.ffn_norm.weight", Some(Role::Layer(3, LayerTensor::FfnNorm))),
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

    #[test]
    fn ids_tell_tensors_apart() {
        for (i, &(role, _)) in GLOBALS.iter().enumerate() {
            assert_eq!((usize::from(role.id()), Role::from_id(None, role.id())), (i, role));
        }
        for &tensor in LayerTensor::ALL {
            let role = Role::Layer(7, tensor);
            assert_eq!(Role::from_id(Some(7), role.id()), role);
        }
    }
}
