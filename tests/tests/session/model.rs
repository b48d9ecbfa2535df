//! The fixtures, and one way to run all tokens of one.

use flashlet::flash::{Flash, SliceFlash, Source, block_on};
use flashlet::kernels::{Executor, Inline, Kernels};
use flashlet::model::Want;
use flashlet::simd::Scalar;
use flashlet::{Error, Model, Options, Plan, Session};
use std::path::Path;

/// The fixtures of `make_models.py` and, from `arch-` on, of `make_architectures.py`, `make_recurrent.py`, `make_rwkv.py` and
/// `make_gemma4.py`.
pub(crate) const NAMES: [&str; 46] = [
    "llama-f32-gqa",
    "llama-f32-linear",
    "llama-f16-mqa",
    "llama-bf16-yarn",
    "llama-mixed32",
    "llama-mixed256",
    "gemma3-f16",
    "gemma3-q8_0",
    "arch-ernie4_5",
    "arch-exaone4",
    "arch-exaone4-windows",
    "arch-gemma2",
    "arch-gemma3-array",
    "arch-gemma3-no-window",
    "arch-gemma3-pattern",
    "arch-gptneox",
    "arch-gptneox-sequential",
    "arch-granite",
    "arch-granite-unrotated",
    "arch-llama-biases",
    "arch-minicpm",
    "arch-minicpm-defaults",
    "arch-olmo2",
    "arch-olmo3",
    "arch-phi3",
    "arch-phi3-long",
    "arch-phi3-short",
    "arch-qwen2",
    "arch-qwen3",
    "arch-smollm3",
    "arch-stablelm",
    "arch-stablelm-parallel",
    "arch-lfm2",
    "arch-lfm2-q8_0",
    "arch-mamba",
    "arch-mamba-normalised",
    "arch-mamba2",
    "arch-mamba2-q8_0",
    "arch-falcon-h1",
    "arch-granite-hybrid",
    "arch-rwkv7",
    "arch-rwkv7-q8_0",
    "arch-gemma4",
    "arch-gemma4-values",
    "arch-gemma4-q8_0",
    "arch-gemma4-wide",
];

/// Those without 64 layers, for tests whose time grows with the number of tensors.
pub(crate) fn shallow() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().filter(|name| *name != "arch-exaone4-windows")
}

/// A model, some tokens, and llama.cpp's logits after each of them.
pub(crate) struct Fixture {
    pub(crate) name: &'static str,
    pub(crate) file: Vec<u8>,
    pub(crate) ids: Vec<u32>,
    pub(crate) logits: Vec<Vec<f32>>,
}

impl Fixture {
    pub(crate) fn load(name: &'static str) -> Fixture {
        let read = |extension: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models");
            std::fs::read(folder.join(format!("{name}.{extension}"))).expect("the fixture is there")
        };
        let golden = read("logits");
        let (words, _) = golden.as_chunks::<4>();
        let word = |i: usize| u32::from_le_bytes(words[i]);
        let (tokens, vocab) = (word(0) as usize, word(1) as usize);
        let (halves, _) = golden[4 * (2 + tokens)..].as_chunks::<2>();
        let logits: Vec<f32> = halves.iter().map(|h| half::f16::from_le_bytes(*h).to_f32()).collect();
        assert_eq!(logits.len(), tokens * vocab, "{name}");
        Fixture {
            name,
            file: read("gguf"),
            ids: (2..2 + tokens).map(word).collect(),
            logits: logits.chunks(vocab).map(<[f32]>::to_vec).collect(),
        }
    }

    pub(crate) fn mapped(&self) -> Source<'_, SliceFlash<'_>> {
        Source::with_mapping(SliceFlash(&self.file), &self.file)
    }
}

/// Memory that starts where an arena does.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

pub(crate) struct Memory {
    lines: Vec<Line>,
    bytes: usize,
}

impl Memory {
    /// Filled with NaN bit patterns: nothing may be read before it is written.
    pub(crate) fn new(bytes: usize) -> Memory {
        Memory { lines: vec![Line([0xff; 64]); bytes.div_ceil(64)], bytes }
    }

    pub(crate) fn arena(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.bytes]
    }
}

/// How a session is run.
#[derive(Clone)]
pub(crate) struct Run<'r> {
    pub(crate) options: Options,
    pub(crate) arena_bytes: Option<usize>,
    pub(crate) kernels: &'r dyn Kernels,
    pub(crate) executor: &'r dyn Executor,
    /// Lengths of the pieces that the tokens are fed in, used in turn; all at once if empty.
    pub(crate) pieces: &'r [usize],
}

impl Default for Run<'_> {
    fn default() -> Self {
        let options = Options { ctx: 96, ..Options::default() };
        Run { options, arena_bytes: None, kernels: &Scalar, executor: &Inline, pieces: &[] }
    }
}

/// Logits that arrive tile by tile: each must come exactly once.
pub(crate) struct Logits(pub(crate) Vec<Vec<f32>>);

impl Logits {
    pub(crate) fn new(tokens: usize, vocab: usize) -> Logits {
        Logits(vec![vec![f32::NAN; vocab]; tokens])
    }

    pub(crate) fn take(&mut self, position: u32, first: u32, values: &[f32]) {
        assert!(!values.is_empty());
        for (old, new) in self.0[position as usize][first as usize..][..values.len()].iter_mut().zip(values) {
            assert!(old.is_nan(), "logits of position {position} from {first} on come twice");
            assert!(new.is_finite(), "position {position} from {first} on: {new}");
            *old = *new;
        }
        let row = &self.0[position as usize];
        assert!(!row[..first as usize].iter().any(|l| l.is_nan()), "ids come in order");
    }

    pub(crate) fn complete(self) -> Vec<Vec<f32>> {
        assert!(self.0.iter().flatten().all(|l| !l.is_nan()), "some logits never came");
        self.0
    }
}

/// The logits of all positions, and the plan that they were made with.
pub(crate) fn try_run<F: Flash>(
    mut source: Source<'_, F>,
    ids: &[u32],
    run: &Run<'_>,
) -> Result<(Vec<Vec<f32>>, Plan), Error> {
    let future = async {
        let model = Model::open(&mut source).await?;
        let plan = model.plan(&mut source, &run.options, run.arena_bytes).await?;
        let mut memory = Memory::new(plan.arena_bytes);
        let mut session =
            Session::new(source, model, plan, memory.arena(), run.kernels, run.executor, &mut |_| {}).await?;
        let mut logits = Logits::new(ids.len(), session.n_vocab() as usize);
        let mut rest = ids;
        let mut pieces = run.pieces.iter().copied().cycle();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(pieces.next().unwrap_or(rest.len()).min(rest.len()));
            session.feed(now, Want::All, &mut |position, first, values| logits.take(position, first, values)).await?;
            rest = later;
            assert_eq!(session.position() as usize, ids.len() - rest.len());
        }
        Ok((logits.complete(), plan))
    };
    block_on(future, || ())
}

/// [`try_run`] where nothing goes wrong.
pub(crate) fn run<F: Flash>(source: Source<'_, F>, ids: &[u32], run: &Run<'_>) -> (Vec<Vec<f32>>, Plan) {
    try_run(source, ids, run).expect("the session runs")
}

/// Asserts that two runs gave the same bits.
pub(crate) fn assert_same(want: &[Vec<f32>], have: &[Vec<f32>], what: &str) {
    assert_eq!(want.len(), have.len());
    for (position, (want, have)) in want.iter().zip(have).enumerate() {
        let at = want.iter().zip(have).position(|(a, b)| a.to_bits() != b.to_bits());
        if let Some(id) = at {
            let (a, b) = (want[id], have[id]);
            assert!(at.is_none(), "{what}: position {position}, token {id}: {a} became {b}");
        }
    }
}
