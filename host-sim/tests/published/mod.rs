//! Published rates, and files of the shapes of the models that were run: whole headers, and tensors that are all holes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use flashlet::internal::quant::WeightType;
use serde::Deserialize;

use crate::gguf_bytes::{F32, GgufBytes, STRING, U32};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Published {
    pub(crate) model: BTreeMap<String, Shape>,
    pub(crate) rate: Vec<Rate>,
}

/// A rate that somebody published; the comment at the top of rates.toml explains the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    pub(crate) board: String,
    pub(crate) engine: String,
    pub(crate) model: String,
    pub(crate) weights: String,
    pub(crate) tensor_bytes: Option<u64>,
    pub(crate) decode: Option<f64>,
    pub(crate) prefill_512: Option<f64>,
    #[serde(default)]
    pub(crate) changes: Vec<[String; 2]>,
    #[serde(default)]
    pub(crate) flags: Vec<String>,
    pub(crate) calibrates: Option<String>,
    pub(crate) source: String,
    pub(crate) why: Option<String>,
}

/// The shape of a model.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    arch: String,
    layers: u64,
    embd: u64,
    heads: u64,
    kv_heads: u64,
    head_dim: u64,
    ff: u64,
    vocab: u64,
    tied: bool,
    #[serde(default)]
    pub(crate) left_out_bytes: u64,
}

/// A tensor of a file.
struct Tensor {
    name: String,
    dims: Vec<u64>,
    ty: WeightType,
}

impl Tensor {
    fn bytes(&self) -> u64 {
        self.dims.iter().product::<u64>() / self.ty.block_elems() as u64 * self.ty.block_bytes() as u64
    }
}

fn format(name: &str) -> WeightType {
    *WeightType::ALL.iter().find(|ty| ty.name() == name).unwrap_or_else(|| unreachable!("{name} is no format"))
}

/// The layers whose most sensitive matrices get more bits in llama.cpp's mixed formats.
fn more_bits(layer: u64, layers: u64) -> bool {
    layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2
}

impl Shape {
    /// The format that llama.cpp's quantize gives a matrix for the choice `weights` (src/llama-quant.cpp). `matrix` is its
    /// name without the layer, or `output` for the head, which may be the embedding.
    fn format(&self, weights: &str, matrix: &str, layer: u64, cols: u64) -> WeightType {
        let plain = weights.trim_end_matches("_S").trim_end_matches("_M").trim_end_matches("_L");
        let first = |part: u64| layer < self.layers / part;
        let more = more_bits(layer, self.layers);
        let float = matches!(weights, "F32" | "F16" | "BF16");
        let ty = match (matrix, weights) {
            _ if float => weights,
            ("output", "Q8_0") => "Q8_0",
            ("output", _) => "Q6_K",
            ("attn_v" | "ffn_down", "Q4_K_M" | "Q5_K_M") if more => "Q6_K",
            ("attn_v", "Q4_K_S") if layer < 4 => "Q5_K",
            ("ffn_down", "Q4_K_S") if first(8) => "Q5_K",
            ("attn_v", "Q3_K_M") => ["Q5_K", "Q4_K"][usize::from(layer >= 2)],
            ("ffn_down", "Q3_K_M") => ["Q5_K", "Q4_K"][usize::from(!first(16))],
            ("attn_output", "Q3_K_M") => "Q4_K",
            ("attn_v" | "ffn_down" | "attn_output", "Q3_K_L") => "Q5_K",
            ("attn_v", "IQ4_NL") if self.heads / self.kv_heads >= 4 => "Q5_K",
            ("ffn_down", "IQ4_NL") if first(8) => "Q5_K",
            _ => plain,
        };
        // Rows that are no whole number of blocks of 256 take a format of smaller blocks.
        let whole = cols.is_multiple_of(format(ty).block_elems() as u64);
        format(match ty {
            _ if whole => ty,
            "Q3_K" => "IQ4_NL",
            "Q4_K" => "Q5_0",
            "Q5_K" => "Q5_1",
            _ => "Q8_0",
        })
    }

    fn tensors(&self, weights: &str) -> Vec<Tensor> {
        let (embd, ff) = (self.embd, self.ff);
        let [q, kv] = [self.heads, self.kv_heads].map(|heads| heads * self.head_dim);
        let gemma = self.arch == "gemma3";
        let vector = |name: String, n: u64| Tensor { name, dims: vec![n], ty: format("F32") };
        let table = |name: &str, role: &str| {
            let ty = self.format(weights, role, 0, embd);
            Tensor { name: format!("{name}.weight"), dims: vec![embd, self.vocab], ty }
        };
        let mut out = vec![table("token_embd", if self.tied { "output" } else { "token_embd" })];
        out.extend((!self.tied).then(|| table("output", "output")));
        out.push(vector("output_norm.weight".into(), embd));
        // Only the models of Llama 3 have divisors; the vocabulary tells them from others.
        let divided = self.vocab == 128_256;
        out.extend(divided.then(|| vector("rope_freqs.weight".into(), self.head_dim / 2)));
        for layer in 0..self.layers {
            let name = |part: &str| format!("blk.{layer}.{part}.weight");
            let matrices = [
                ("attn_q", embd, q),
                ("attn_k", embd, kv),
                ("attn_v", embd, kv),
                ("attn_output", q, embd),
                ("ffn_gate", embd, ff),
                ("ffn_up", embd, ff),
                ("ffn_down", ff, embd),
            ];
            let matrix = |(part, cols, rows)| Tensor {
                name: name(part),
                dims: vec![cols, rows],
                ty: self.format(weights, part, layer, cols),
            };
            out.extend(matrices.map(matrix));
            out.extend(["attn_norm", "ffn_norm"].map(|part| vector(name(part), embd)));
            if gemma {
                out.extend(["post_attention_norm", "post_ffw_norm"].map(|part| vector(name(part), embd)));
                out.extend(["attn_q_norm", "attn_k_norm"].map(|part| vector(name(part), self.head_dim)));
            }
        }
        out
    }

    /// Writes a file of this shape to `path`, without the weights; returns the bytes of its tensors.
    pub(crate) fn write(&self, weights: &str, path: &Path) -> u64 {
        let key = |name: &str| format!("{}.{name}", self.arch);
        let mut file = GgufBytes::default().key("general.architecture", STRING, &GgufBytes::string(&self.arch));
        for (name, n) in [
            ("context_length", 4096),
            ("embedding_length", self.embd),
            ("block_count", self.layers),
            ("feed_forward_length", self.ff),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", self.kv_heads),
            ("attention.key_length", self.head_dim),
            ("attention.value_length", self.head_dim),
        ] {
            file = file.key(&key(name), U32, &(n as u32).to_le_bytes());
        }
        if self.arch == "gemma3" {
            file = file.key(&key("attention.sliding_window"), U32, &512_u32.to_le_bytes());
        }
        file = file.key(&key("attention.layer_norm_rms_epsilon"), F32, &1e-6_f32.to_le_bytes());
        let tokens: Vec<Vec<u8>> = (0..self.vocab).map(|i| GgufBytes::string(&format!("t{i}"))).collect();
        file = file.key("tokenizer.ggml.model", STRING, &GgufBytes::string("llama"));
        file = file.array("tokenizer.ggml.tokens", STRING, &tokens);
        let tensors = self.tensors(weights);
        for tensor in &tensors {
            file = file.tensor(&tensor.name, &tensor.dims, tensor.ty.id(), tensor.bytes());
        }
        let (header, data_bytes) = file.header();
        let mut out = File::create(path).expect("the folder can be written");
        out.write_all(&header).expect("there is room");
        out.set_len(header.len() as u64 + data_bytes).expect("the file system has holes");
        tensors.iter().map(Tensor::bytes).sum()
    }
}
