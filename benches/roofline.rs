//! The kernels' speed beside the machine's limit.
//!
//! Measures, in turns, each kernel and its bound on the same threads: for one token the speed at
//! which the same bytes are merely read, for several the peak rate of the instruction set's own
//! integer dot product on registers. Matrices are repeated until no cache holds them. One token's attention
//! over 2048 positions is measured against reading its bytes, with a layer's weights read before each layer's
//! cache. Prints a table of medians and writes it, with a plot, to
//! `criterion/roofline/report/index.html` in the target folder.
//!
//! `cargo bench -p flashlet-benches --bench roofline -- [WORD ...]`: each word chooses among types
//! (`q4_k`), shapes (`32000x2048`), instruction sets (`avx2`), threads (`t1`), tokens (`n8`) and
//! layouts (`interleaved`, `rows`); `all` takes every type, the default is those of common files.
//! `attention` measures nothing else.

use core::fmt::Write;
use core::hint::black_box;
use std::time::Instant;

use flashlet::internal::quant::{Weight, WeightType};
use flashlet::internal::simd::{Isa, LANES, Op};
use flashlet::kernels::{Executor, Inline, Kernels, KvType, by_name};
use flashlet::simd::IsaName;
use flashlet_benches::{Activations, Heads, RandomWeight, output};
use flashlet_sim::memory::HostArena;
use flashlet_sim::pool::Pool;

/// Rows and columns of a 1.1-billion-parameter Llama.
const SHAPES: [(&str, usize, usize); 6] = [
    ("qkv", 6144, 2048),
    ("attention out", 2048, 2048),
    ("gate and up", 11264, 2048),
    ("down", 2048, 5632),
    ("head", 32000, 2048),
    ("smollm2 ffn", 1536, 576),
];
/// Models, a layer's heads over 2048 positions, layers, and bytes of a layer's weights.
const CACHES: [(&str, Heads, usize, usize); 3] = [
    ("SmolLM2-135M Q4_1", heads(9, 3, 64), 30, 3_300_000),
    ("Gemma 3 270M Q4_K_M", heads(4, 1, 256), 18, 14_000_000),
    ("TinyLlama 1.1B Q4_K_M", heads(32, 4, 64), 22, 30_000_000),
];
/// The types that common files are made of.
const HOT: [&str; 7] = ["q4_0", "q4_1", "q5_0", "q8_0", "q4_k", "q5_k", "q6_k"];
/// Bytes of a working set that no cache holds.
const BYTES: usize = 192 << 20;
/// Pairs of measurements, a bound and a kernel each.
const ROUNDS: usize = 7;

/// Runs `op` with the features of a named instruction set.
fn run_on<O: Op>(name: IsaName, op: O) -> Option<O::Out> {
    match name {
        IsaName::Scalar => Some(flashlet::simd::Scalar.run(op)),
        #[cfg(target_arch = "x86_64")]
        IsaName::Avx2 => flashlet::simd::Avx2::detect().map(|isa| isa.run(op)),
        #[cfg(target_arch = "x86_64")]
        IsaName::Avx512 => flashlet::simd::Avx512::detect().map(|isa| isa.run(op)),
        _ => None,
    }
}

/// Reads bytes and does next to nothing with them.
struct Read<'a>(&'a [u8]);

impl Op for Read<'_> {
    type Out = ();

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) {
        let lines = self.0.as_chunks::<4>().0.as_chunks::<LANES>().0;
        let mut all = [isa.splat(0); 8];
        for lines in lines.as_chunks::<8>().0 {
            for (all, line) in all.iter_mut().zip(lines) {
                for part in 0..LANES / I::ROWS {
                    *all = isa.xor(*all, isa.load(line, part));
                }
            }
        }
        let mut out = [0.0; LANES];
        for all in all {
            isa.f_store(isa.as_f32(all), &mut out);
            black_box(&out);
        }
    }
}

/// Integer dot products on registers, enough of them side by side to hide their latency.
struct Peak(usize);

impl Op for Peak {
    /// Products.
    type Out = usize;

    #[inline(always)]
    fn call<I: Isa>(self, isa: I) -> usize {
        let x = black_box([[3i8, -5, 7, 1]; 8]);
        let w = [isa.splat(black_box(0x0102_0304)); 8];
        let mut sums = [isa.splat(0); 12];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = isa.dot_u8::<15, 8>(*sum, &w, &x);
            }
        }
        let mut out = [0.0; LANES];
        for sum in sums {
            isa.f_store(isa.to_f32(sum), &mut out);
            black_box(&out);
        }
        self.0 * sums.len() * 8 * 4 * I::ROWS
    }
}

/// Bytes read a second by all threads of `executor`.
fn read_rate(isa: IsaName, bytes: &[u8], executor: &dyn Executor) -> f64 {
    let piece = (bytes.len() / executor.threads() / 16).max(1);
    let mut pieces = vec![0.0; bytes.len().div_ceil(piece)];
    let start = Instant::now();
    executor.for_rows(&mut pieces, 1, &|i, _| {
        let end = bytes.len().min((i + 1) * piece);
        run_on(isa, Read(&bytes[i * piece..end])).expect("the set is there");
    });
    bytes.len() as f64 / start.elapsed().as_secs_f64()
}

/// Products a second of all threads of `executor`.
fn peak_rate(isa: IsaName, executor: &dyn Executor) -> f64 {
    let mut done = vec![0.0; executor.threads()];
    let start = Instant::now();
    executor.for_rows(&mut done, 1, &|_, done| {
        done[0] = run_on(isa, Peak(100_000)).expect("the set is there") as f32;
    });
    done.iter().map(|&n| f64::from(n)).sum::<f64>() / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A kernel's measurements.
struct Row {
    isa: &'static str,
    threads: usize,
    tokens: usize,
    what: String,
    layout: &'static str,
    /// Giga-bytes or giga-products a second.
    rate: f64,
    bound: f64,
}

struct Bench<'a> {
    kernels: &'a dyn Kernels,
    executor: &'a dyn Executor,
    arena: &'a mut HostArena,
    rows: &'a mut Vec<Row>,
}

impl Bench<'_> {
    fn run(&mut self, ty: WeightType, (shape, rows, cols): (&str, usize, usize), tokens: usize, interleaved: bool) {
        let plain = RandomWeight::new(ty, rows, cols).expect("whole blocks");
        let bytes = if interleaved {
            flashlet_benches::interleaved(ty, plain.bytes(), cols).expect("a layout")
        } else {
            plain.bytes().to_vec()
        };
        let copies = BYTES.div_ceil(bytes.len());
        let memory = &mut self.arena.bytes()[..copies * bytes.len()];
        memory.chunks_exact_mut(bytes.len()).for_each(|copy| copy.copy_from_slice(&bytes));
        let matrices: Vec<Weight<'_>> = memory
            .chunks_exact(bytes.len())
            .map(|copy| Weight::new(ty, copy, cols).expect("whole rows"))
            .map(|w| if interleaved { w.interleaved() } else { w })
            .collect();
        let (isa, mut y) = (self.kernels.isa(), output(rows, tokens));
        let (mut rates, mut bounds) = (Vec::new(), Vec::new());
        Activations::with(self.kernels, cols, tokens, ty.act_kind(), |x| {
            for round in 0..=ROUNDS {
                let bound =
                    if tokens == 1 { read_rate(isa, memory, self.executor) } else { peak_rate(isa, self.executor) };
                let start = Instant::now();
                // A tenth of the copies is work enough where each weight meets several tokens.
                let matrices = &matrices[..matrices.len().div_ceil(tokens)];
                for &w in matrices {
                    self.kernels.linear(w, &x, &mut y, self.executor);
                }
                let seconds = start.elapsed().as_secs_f64();
                let work = if tokens == 1 { bytes.len() } else { rows * cols * tokens } * matrices.len();
                // The first round warms up.
                if round > 0 {
                    rates.push(work as f64 / seconds / 1e9);
                    bounds.push(bound / 1e9);
                }
            }
        });
        let row = Row {
            isa: isa.name(),
            threads: self.executor.threads(),
            tokens,
            what: format!("{} {shape} {rows}x{cols}", ty.name()),
            layout: if interleaved { "interleaved" } else { "rows" },
            rate: median(rates),
            bound: median(bounds),
        };
        println!("{}", line(&row));
        self.rows.push(row);
    }
}

const fn heads(n_head: usize, n_head_kv: usize, head_dim: usize) -> Heads {
    Heads { n_head, n_head_kv, head_dim, positions: 2048 }
}

/// One token's attention over all layers' caches, on one thread; in every other round their bytes are merely read.
fn attention(
    kernels: &dyn Kernels,
    arena: &mut HostArena,
    ty: KvType,
    (name, heads, layers, weights): (&str, Heads, usize, usize),
) -> Row {
    let layer = heads.bytes(ty);
    let (caches, rest) = arena.bytes().split_at_mut(layers * layer);
    caches.chunks_exact_mut(layer).for_each(|layer| heads.fill(kernels, ty, layer));
    let (queries, mut y) = (heads.queries(), output(heads.n_head * heads.head_dim, 1));
    let (isa, mut seconds) = (kernels.isa(), [Vec::new(), Vec::new()]);
    for round in 0..2 * ROUNDS + 2 {
        let mut taken = 0.0;
        for (layer, weights) in caches.chunks_exact(layer).zip(rest.chunks_exact(weights).cycle()) {
            run_on(isa, Read(weights)).expect("the set is there");
            let start = Instant::now();
            if round % 2 == 0 {
                run_on(isa, Read(layer)).expect("the set is there");
            } else {
                heads.attend(kernels, ty, layer, &queries, &mut y);
            }
            taken += start.elapsed().as_secs_f64();
        }
        // The first two warm up.
        if round > 1 {
            seconds[round % 2].push(taken);
        }
    }
    let [bound, rate] = seconds.map(|seconds| caches.len() as f64 / median(seconds) / 1e9);
    let what = format!("attention, {name}");
    Row { isa: isa.name(), threads: 1, tokens: 1, what, layout: ty.name(), rate, bound }
}

fn line(row: &Row) -> String {
    let Row { isa, threads, tokens, what, layout, rate, bound } = row;
    let unit = if *tokens == 1 { "GB/s" } else { "GMAC/s" };
    let percent = 100.0 * rate / bound;
    format!(
        "{isa:<7} {threads} thr {tokens:>3} tok  {what:<33} {layout:<11} {rate:7.1} of {bound:6.1} {unit:<6} {percent:4.0} %"
    )
}

/// The table and its bars as one page.
fn page(rows: &[Row]) -> String {
    let mut html = String::from(
        "<!doctype html><meta charset=utf-8><title>flashlet: roofline</title>\
         <style>body{font:14px sans-serif}td{padding:1px 8px}rect.all{fill:#ddd}rect.got{fill:#47a}</style>\
         <h1>Kernels against their bounds</h1><table>",
    );
    for row in rows {
        let width = (200.0 * row.rate / row.bound).min(240.0);
        let _ = write!(
            html,
            "<tr><td>{}<td>{} threads<td>{} tokens<td>{}<td>{}<td>{:.1} of {:.1}<td>\
             <svg width=240 height=12><rect class=all width=200 height=12 /><rect class=got width={width:.0} height=12 />\
             </svg><td>{:.0} %",
            row.isa,
            row.threads,
            row.tokens,
            row.what,
            row.layout,
            row.rate,
            row.bound,
            100.0 * row.rate / row.bound,
        );
    }
    html + "</table>"
}

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|w| !w.starts_with('-')).map(|w| w.to_lowercase()).collect();
    let asked = |all: &[&str], name: &str| {
        let any = words.iter().any(|w| all.iter().any(|a| a.eq_ignore_ascii_case(w)));
        !any || words.iter().any(|w| name.eq_ignore_ascii_case(w))
    };
    let types: Vec<&str> = WeightType::ALL.iter().map(|ty| ty.name()).collect();
    let shapes: Vec<String> = SHAPES.iter().map(|(_, r, c)| format!("{r}x{c}")).collect();
    let shapes: Vec<&str> = shapes.iter().map(String::as_str).collect();
    let isas: Vec<&str> = IsaName::ALL.iter().map(|isa| isa.name()).collect();
    let names: Vec<&str> = types.iter().chain(&shapes).chain(&isas).copied().collect();
    let known = ["all", "attention", "t1", "t2", "n1", "n8", "n32", "interleaved", "rows"];
    let attention_alone = words.iter().any(|w| w == "attention");
    if let Some(word) = words.iter().find(|w| !names.iter().chain(&known).any(|n| n.eq_ignore_ascii_case(w))) {
        eprintln!("error: nothing is called {word}");
        std::process::exit(2);
    }
    let mut arena = HostArena::new(BYTES + (128 << 20)).expect("memory for the weights");
    let pool = Pool::new(2).expect("a second thread");
    let mut rows = Vec::new();
    for isa in IsaName::ALL.into_iter().rev() {
        let Some(kernels) = by_name(isa).filter(|_| isa != IsaName::Scalar && asked(&isas, isa.name())) else {
            continue;
        };
        if attention_alone || words.is_empty() {
            for &ty in KvType::ALL {
                for caches in CACHES {
                    let row = attention(kernels, &mut arena, ty, caches);
                    println!("{}", line(&row));
                    rows.push(row);
                }
            }
        }
        if attention_alone {
            continue;
        }
        for (threads, executor) in [("t1", &Inline as &dyn Executor), ("t2", &pool)] {
            for (name, tokens) in [("n1", 1), ("n8", 8), ("n32", 32)] {
                for &ty in WeightType::ALL {
                    let hot = HOT.iter().any(|h| h.eq_ignore_ascii_case(ty.name())) || words.iter().any(|w| w == "all");
                    let named = words.iter().any(|w| ty.name().eq_ignore_ascii_case(w));
                    if !(named || hot && asked(&types, ty.name())) {
                        continue;
                    }
                    for shape in SHAPES {
                        for layout in [true, false] {
                            let layout_name = if layout { "interleaved" } else { "rows" };
                            if layout && !(kernels.interleaves() && ty.units().is_some())
                                || !asked(&["t1", "t2"], threads)
                                || !asked(&["n1", "n8", "n32"], name)
                                || !asked(&["interleaved", "rows"], layout_name)
                                || !asked(&shapes, &format!("{}x{}", shape.1, shape.2))
                                || !shape.2.is_multiple_of(ty.block_elems())
                            {
                                continue;
                            }
                            let mut bench = Bench { kernels, executor, arena: &mut arena, rows: &mut rows };
                            bench.run(ty, shape, tokens, layout);
                        }
                    }
                }
            }
        }
    }
    let folder = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), std::path::PathBuf::from);
    let folder = folder.join("criterion/roofline/report");
    let written =
        std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join("index.html"), page(&rows)));
    match written {
        Ok(()) => println!("{}", folder.join("index.html").display()),
        Err(error) => {
            eprintln!("error: {}: {error}", folder.display());
            std::process::exit(1);
        }
    }
}
