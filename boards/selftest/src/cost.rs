//! Costs of kernels: of matrix products, of attention, of everything else, and of checksums.

use alloc::{vec, vec::Vec};
use core::fmt::{self, Write};
use core::hint::black_box;
use flashlet::internal::kernels::{Attention, HeadRotation, KvBlocks, Norm, WriteKv};
use flashlet::internal::quant::{ActKind, Weight, WeightType};
use flashlet::internal::simd::LANES;
use flashlet::kernels::{Act, Inline, Kernels, KvType, NormKind, RopeStyle};
use flashlet_test_data::{Activations, Rng, interleaved, weights};

/// The shape of the weights.
const ROWS: usize = 32;
const COLS: usize = 512;

/// Tokens of a product: one, as in an answer, and several, as in a prompt.
const TOKENS: [usize; 2] = [1, 8];

/// Counts what `kernels` cost in units of `clock`, instructions where the clock counts these. Each kernel runs `repeats`
/// times. The lines are `cost ISA NAME VALUES`:
///
/// - a format's name, with the cost of a byte of weights for one token and for each of eight, their preparation left out;
///   then the same for pinned weights, if the kernels want them interleaved;
/// - `attention-` and a cache's format, with the cost of a product with a cached element;
/// - `element`, with that of an element of a vector in norms, sums, rotations and the like, on average;
/// - `checksum`, with that of a byte.
///
/// # Errors
/// Those of `out`.
pub fn costs(kernels: &dyn Kernels, repeats: u32, clock: &mut dyn FnMut() -> u64, out: &mut dyn Write) -> fmt::Result {
    let mut meter = Meter { isa: kernels.isa().name(), repeats, clock, out, overhead: 0 };
    meter.overhead = meter.ticks(&mut || ());
    let mut rng = Rng(9);
    for &ty in WeightType::ALL {
        meter.products(kernels, ty, &mut rng)?;
    }
    for &ty in KvType::ALL {
        meter.attention(kernels, ty, &mut rng)?;
    }
    meter.elements(kernels, &mut rng)?;
    let bytes: Vec<u8> = (0..4096).map(|_| rng.bits() as u8).collect();
    let ticks = meter.ticks(&mut || {
        black_box(kernels.crc32c(0, &bytes));
    });
    meter.line(format_args!("checksum"), &[(ticks, bytes.len())])
}

struct Meter<'a> {
    isa: &'static str,
    repeats: u32,
    clock: &'a mut dyn FnMut() -> u64,
    out: &'a mut dyn Write,
    /// Ticks between two readings of the clock.
    overhead: u64,
}

impl Meter<'_> {
    /// The ticks of all runs of `work`.
    fn ticks(&mut self, work: &mut dyn FnMut()) -> u64 {
        let start = (self.clock)();
        for _ in 0..self.repeats {
            work();
        }
        ((self.clock)() - start).saturating_sub(self.overhead)
    }

    /// Writes a line; each value is given as the ticks of all runs, and what one run counts.
    fn line(&mut self, name: fmt::Arguments<'_>, values: &[(u64, usize)]) -> fmt::Result {
        write!(self.out, "cost {} {name}", self.isa)?;
        for &(ticks, units) in values {
            let units = units as u64 * u64::from(self.repeats);
            let thousandths = (ticks * 1000 + units / 2) / units;
            write!(self.out, " {}.{:03}", thousandths / 1000, thousandths % 1000)?;
        }
        writeln!(self.out)
    }

    fn products(&mut self, kernels: &dyn Kernels, ty: WeightType, rng: &mut Rng) -> fmt::Result {
        let bytes = weights(rng, ty, ROWS * COLS / ty.block_elems());
        let pinned = if kernels.interleaves() { interleaved(ty, &bytes, COLS) } else { None };
        let of_file = Weight::new(ty, &bytes, COLS);
        let pinned = pinned.as_ref().and_then(|bytes| Weight::new(ty, bytes, COLS)).map(Weight::interleaved);
        let mut values = vec![];
        for w in [of_file, pinned].into_iter().flatten() {
            for tokens in TOKENS {
                let x = rng.panel(COLS, tokens, 3.0);
                let mut activations = Activations::new(&x, tokens);
                let mut buffer = activations.fill(kernels, &x, tokens, None, ty.act_kind());
                let input = buffer.input(kernels, ty.act_kind());
                let mut y = vec![[0.0; LANES]; ROWS / LANES * tokens];
                let ticks = self.ticks(&mut || kernels.linear(w, &input, &mut y, &Inline));
                values.push((ticks, bytes.len() * tokens));
            }
        }
        self.line(format_args!("{}", ty.name()), &values)
    }

    /// One token's attention over 128 positions, three query heads of 64 to a key head.
    fn attention(&mut self, kernels: &dyn Kernels, ty: KvType, rng: &mut Rng) -> fmt::Result {
        let (positions, head_dim, n_head) = (128, 64, 3);
        let (blocks, n_head_kv) = (positions / LANES, 1);
        let bytes = blocks * ty.block_bytes(head_dim);
        let (mut keys, mut values) = (vec![0; bytes], vec![0; bytes]);
        let [k, v] = [(); 2].map(|()| rng.panel(head_dim, positions, 2.0));
        let cache = KvBlocks { keys: &mut keys[..], values: &mut values[..], ty, blocks, n_head_kv, head_dim };
        kernels.write_kv(&mut WriteKv { cache, keys: &k, values: &v, tokens: positions, position: 0 });
        let cache = KvBlocks { keys: &keys[..], values: &values[..], ty, blocks, n_head_kv, head_dim };
        let queries = rng.panel(n_head * head_dim, 1, 2.0);
        let position = positions - 1;
        let job = Attention {
            cache,
            queries: &queries,
            tokens: 1,
            n_head,
            position,
            window: None,
            scale: 0.125,
            soft_cap: 0.0,
        };
        let mut y = vec![[0.0; LANES]; queries.len()];
        let ticks = self.ticks(&mut || kernels.attention(&job, &mut y, &Inline));
        // A product with a key and one with a value for each position.
        self.line(format_args!("attention-{}", ty.name()), &[(ticks, 2 * positions * n_head * head_dim)])
    }

    /// Vectors of one token, each through what a layer does beside products and attention: a norm and quantising, a sum, a
    /// rotation, the cache, a gate.
    fn elements(&mut self, kernels: &dyn Kernels, rng: &mut Rng) -> fmt::Result {
        let (head_dim, heads) = (64, COLS / 64);
        let [mut x, mut y, weight] = [(); 3].map(|()| rng.panel(COLS, 1, 2.0));
        let norm = Norm { kind: NormKind::Rms, weight: &weight, bias: &[], width: COLS, eps: 1e-5 };
        let mut activations = Activations::new(&x, 1);
        let prepare = self.ticks(&mut || {
            activations.fill(kernels, &x, 1, Some(norm), ActKind::Q8x32);
        });
        let add = self.ticks(&mut || kernels.add(&mut x, &mut y, 1, None, 1.0));
        let (pairs, style) = (head_dim / 2, RopeStyle::Halves);
        let angles = vec![[0.8, 0.6]; pairs];
        let rotation = HeadRotation { heads, head_dim, norm: None, norm_rows: false, style, angles: &angles, pairs };
        let rotate = self.ticks(&mut || kernels.rotate(&mut x, 1, &rotation));
        let ty = KvType::DEFAULT;
        let (mut keys, mut values) =
            (vec![0; heads * ty.block_bytes(head_dim)], vec![0; heads * ty.block_bytes(head_dim)]);
        let write_kv = self.ticks(&mut || {
            let (keys_of, values_of) = (&mut keys[..], &mut values[..]);
            let cache = KvBlocks { keys: keys_of, values: values_of, ty, blocks: 1, n_head_kv: heads, head_dim };
            kernels.write_kv(&mut WriteKv { cache, keys: &x, values: &y, tokens: 1, position: 0 });
        });
        let ticks = prepare + add + rotate + write_kv + self.gate(kernels, rng)?;
        self.line(format_args!("element"), &[(ticks, COLS * (4 + 2))])
    }

    /// The ticks of a gate of `COLS` elements: what two products with it take, without two products.
    fn gate(&mut self, kernels: &dyn Kernels, rng: &mut Rng) -> Result<u64, fmt::Error> {
        let (ty, cols) = (WeightType::Q8_0, 32);
        let bytes = weights(rng, ty, COLS);
        let w = Weight::new(ty, &bytes, cols).ok_or(fmt::Error)?;
        let x = rng.panel(cols, 1, 2.0);
        let mut activations = Activations::new(&x, 1);
        let mut buffer = activations.fill(kernels, &x, 1, None, ty.act_kind());
        let input = buffer.input(kernels, ty.act_kind());
        let mut y = vec![[0.0; LANES]; COLS / LANES];
        let gated = self.ticks(&mut || kernels.gated([w, w], Act::Silu, &input, &mut y, &Inline));
        let linear = self.ticks(&mut || kernels.linear(w, &input, &mut y, &Inline));
        Ok(gated.saturating_sub(2 * linear))
    }
}
