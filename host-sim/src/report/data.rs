//! Everything that a report shows, before it is drawn.

use flashlet::arena::Region;
use flashlet::kernels::KvType;
use flashlet::weights::Verify;
use flashlet::{Options, Plan};

use super::scale::{Round, Scale};
use super::tensors::{TensorLine, tensors};
use crate::boards::Board;
use crate::digits::three_digits;
use crate::engine::{Context, EngineArgs, Extras, Misfit, Opened, Room};
use crate::failure::Failure;
use crate::hardware::source::ModelFile;
use crate::io::progress::Meter;
use crate::io::shell::command_line;
use crate::predict::{Lab, Lengths, Range, Speed, Trace};
use crate::sim::{Resource, wait};
use crate::size::show;

/// Arenas that are simulated, and arenas that are only planned for: those show where tensors get pinned.
const ARENAS: usize = 40;
const PLANS: usize = 240;
/// Positions, and contexts, that are simulated.
const POSITIONS: u32 = 16;
const CONTEXTS: [f64; 7] = [0.0625, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0];
/// Bandwidths, as powers of two of the board's: from an eighth to eight times.
const OCTAVES: [f64; 13] = [-3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0];
/// Halvings of an interval of bandwidths in which what bounds speed changes.
const HALVINGS: u32 = 7;

/// A point of a curve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// The arena's bytes, a position, a context, or bytes a second.
    pub(super) x: f64,
    pub(super) speed: Speed,
}

/// Bytes of weights that are pinned in an arena of a given size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pinned {
    pub(super) arena: usize,
    pub(super) bytes: u64,
}

/// A bandwidth at which another part of the board begins to limit the speed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) bytes_per_s: f64,
    pub(super) below: Resource,
    pub(super) above: Resource,
}

/// A change to the board or to the options, with the speed that it would bring.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) what: String,
    pub(super) prefill: Option<Speed>,
    pub(super) decode: Speed,
}

/// The contents of a report.
pub(crate) struct Data {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) file_bytes: u64,
    pub(super) arch: &'static str,
    pub(super) n_layer: u32,
    pub(super) ctx_train: u32,
    pub(super) board: &'static Board,
    /// The flags that make `bench` measure the same.
    pub(super) flags: String,
    pub(super) refused: Option<Misfit>,
    /// The arena that everything below is about: the board's, or the least if that is too small.
    pub(super) arena: usize,
    pub(super) plan: Plan,
    pub(super) lengths: Lengths,
    pub(super) prefill: Option<Speed>,
    pub(super) prefill_range: Option<Range>,
    pub(super) decode: Speed,
    pub(super) decode_range: Range,
    pub(super) changes: Vec<Change>,
    pub(super) trace: Trace,
    /// Decode against the arena's size; the point at `arena` is one of them unless that is far beyond what helps.
    pub(super) arenas: Vec<Point>,
    pub(super) pinned: Vec<Pinned>,
    pub(super) positions: Vec<Point>,
    /// The last token of shorter contexts, whose caches leave room for weights.
    pub(super) contexts: Vec<Point>,
    pub(super) bandwidths: Vec<Point>,
    pub(super) turns: Vec<Turn>,
    pub(super) tensors: Vec<TensorLine>,
}

impl Data {
    /// Bytes of all matrices.
    pub(super) fn matrix_bytes(&self) -> u64 {
        let weights = self.plan.residency;
        self.tensors.iter().filter(|t| t.is_matrix).map(|t| t.bytes).sum::<u64>().max(weights.pinned_bytes)
    }

    /// The KV cache's bytes for a token of context.
    pub(super) fn kv_bytes_per_token(&self) -> f64 {
        self.plan.usage.bytes(Region::KvCache) as f64 / f64::from(self.plan.ctx.max(1))
    }

    /// Plans and simulates everything.
    ///
    /// # Errors
    /// A file that cannot be read, or options that it cannot have. A model that is too large is no error.
    pub(crate) fn gather(file: &ModelFile, board: &'static Board, args: &EngineArgs) -> Result<Data, Failure> {
        let opened = Opened::new(file, args)?;
        let options = opened.options(args, None, args.ctx.unwrap_or(0), Extras::NONE)?;
        let mut lab = Lab::new(opened);
        let mut meter = Meter::new("report");
        let too_small = lab.plan(&options, board.arena)?.err();
        let arena = too_small.map_or(board.arena, |too_small| too_small.need);
        let plan = lab.plan(&options, arena)?;
        let plan = plan.map_err(|least| Failure::new(format!("{} bytes do not fit {}", least.need, least.have)))?;
        let refused = lab.opened().misfit(&options, too_small, Room::Board(board), Context::ANY.least);
        lab.opened().warn_of(&plan);
        let lengths = Lengths::within(plan.ctx);
        // A model too large for the board may also be too large to simulate here: the error then says that it does not fit the board.
        let unfit = |error| refused.as_ref().map_or(error, |refused| Failure::new(refused.message()));
        let forecast = lab.forecast(board, &plan, lengths).map_err(unfit)?;
        let (decode, decode_range) = forecast.decode.ok_or_else(|| Failure::new("the simulator has no clock"))?;
        let (prefill, prefill_range) = forecast.prefill.unzip();
        // Checks take a board no time, but this machine: what only compares plans leaves them out.
        let unchecked = Options { verify: Verify::Never, ..options };
        let mut sweeps = Sweeps { lab: &mut lab, board, options: unchecked, arena, plan, lengths, meter: &mut meter };
        sweeps.plan = sweeps.lab.plan(&unchecked, arena)?.unwrap_or(plan);
        let (arenas, pinned) = sweeps.arenas()?;
        let (positions, contexts) = sweeps.contexts()?;
        let (bandwidths, turns) = sweeps.bandwidths()?;
        // The least of those in which as much is pinned as ever is.
        let all = pinned.iter().map(|p| p.bytes).max().unwrap_or(0);
        let most = pinned.iter().find(|p| p.bytes == all).map_or(arena, |p| p.arena);
        let changes = sweeps.changes(most)?;
        let trace = lab.trace(board, &plan, lengths.n_prompt)?;
        let tensors = tensors(lab.opened(), &plan)?;
        let opened = lab.opened();
        let config = *opened.model.config();
        Ok(Data {
            name: name(opened)?,
            file: file.path().file_name().map_or_else(|| "?".into(), |name| name.to_string_lossy().into_owned()),
            file_bytes: file.size(),
            arch: config.arch.name,
            n_layer: config.hyper.n_layer,
            ctx_train: config.hyper.ctx_train,
            board,
            flags: flags(args, &plan, lengths),
            refused,
            arena,
            plan,
            lengths,
            prefill,
            prefill_range,
            decode,
            decode_range,
            changes,
            trace,
            arenas,
            pinned,
            positions,
            contexts,
            bandwidths,
            turns,
            tensors,
        })
    }
}

/// The flags with which `bench` measures the same.
fn flags(args: &EngineArgs, plan: &Plan, Lengths { n_prompt, n_gen }: Lengths) -> String {
    let lengths = ["-p".to_owned(), n_prompt.to_string(), "-n".to_owned(), n_gen.to_string()];
    command_line(&[&args.on_board(plan.ctx)[..], &lengths].concat())
}

/// The model's name in the file, or else the name of the file.
fn name(opened: &mut Opened<'_>) -> Result<String, Failure> {
    /// Bytes of a name that are read at most.
    const MOST: u64 = 200;
    let path = opened.file.path();
    let error = |error: &dyn core::fmt::Display| Failure::about(path.display(), error);
    let found = wait(opened.model.gguf().find(&mut opened.source, &["general.name"])).map_err(|e| error(&e))?;
    let Some(text) = found.and_then(|value| value.as_str()).filter(|text| text.len > 0) else {
        let name = if opened.file.is_built_in() { None } else { path.file_stem() };
        return Ok(name.map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned()));
    };
    let mut bytes = vec![0; text.len.min(MOST) as usize];
    wait(opened.source.read(text.offset, &mut bytes)).map_err(|e| error(&e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Simulations that vary one quantity at a time.
struct Sweeps<'s, 'f> {
    lab: &'s mut Lab<'f>,
    board: &'static Board,
    options: Options,
    arena: usize,
    plan: Plan,
    lengths: Lengths,
    meter: &'s mut Meter,
}

impl Sweeps<'_, '_> {
    /// The meter counts tenths of a report.
    fn done(&mut self, tenths: u64) {
        self.meter.update(tenths, 10);
    }

    /// Speed from the least arena to one where everything is pinned, and what is pinned there.
    fn arenas(&mut self) -> Result<(Vec<Point>, Vec<Pinned>), Failure> {
        let least = self.lab.plan(&self.options, 0)?.map_or_else(|too_small| too_small.need, |plan| plan.arena_bytes);
        let unbounded = self.lab.plan(&self.options, isize::MAX as usize)?;
        // Some more than what everything takes, and the board's own arena unless that is far away.
        let most = unbounded.map_or(least, |plan| plan.arena_bytes).max(least);
        let most = (most + most / 16).max(self.arena.min(most.saturating_mul(2))).max(least + least / 2);
        let scale = Scale::fitting(least as f64, most as f64, Round::Binary);
        let sizes = |n: usize| {
            let sizes = (0..=n).map(move |i| scale.value(i as f64 / n as f64) as usize);
            sizes.map(move |bytes| bytes.clamp(least, most)).collect::<Vec<_>>()
        };
        let mut pinned = Vec::new();
        for arena in sizes(PLANS) {
            if let Ok(plan) = self.lab.plan(&self.options, arena)? {
                pinned.push(Pinned { arena, bytes: plan.residency.pinned_bytes });
            }
        }
        let mut arenas = sizes(ARENAS);
        arenas.extend((self.arena <= most).then_some(self.arena));
        arenas.sort_unstable();
        arenas.dedup();
        let mut points = Vec::new();
        for (i, &arena) in arenas.iter().enumerate() {
            if let Ok(plan) = self.lab.plan(&self.options, arena)? {
                let speed = self.lab.decode(self.board, &plan, self.lengths)?;
                points.push(Point { x: arena as f64, speed });
            }
            self.done(1 + i as u64 * 4 / arenas.len() as u64);
        }
        Ok((points, pinned))
    }

    /// Speed at positions of this context, and at the end of shorter contexts that fit the board.
    fn contexts(&mut self) -> Result<(Vec<Point>, Vec<Point>), Failure> {
        let ctx = self.plan.ctx;
        let mut positions: Vec<u32> =
            (0..=POSITIONS).map(|i| (u64::from(ctx - 1) * u64::from(i) / u64::from(POSITIONS)) as u32).collect();
        positions.dedup();
        let speeds = self.lab.at_positions(self.board, &self.plan, &positions)?;
        let point = |(&x, speed): (&u32, Speed)| Point { x: f64::from(x), speed };
        let here = positions.iter().zip(speeds).map(point).collect();
        self.done(6);
        let mut shorter = Vec::new();
        let mut contexts = CONTEXTS.map(|share| ((f64::from(ctx) * share) as u32).max(1)).to_vec();
        contexts.dedup();
        for ctx in contexts {
            // In the board's own arena, even where the whole context does not fit that.
            let Ok(plan) = self.lab.plan(&Options { ctx, ..self.options }, self.board.arena)? else { continue };
            let speeds = self.lab.at_positions(self.board, &plan, &[ctx - 1])?;
            shorter.extend(speeds.into_iter().map(|speed| Point { x: f64::from(ctx), speed }));
        }
        self.done(7);
        Ok((here, shorter))
    }

    /// Speed with slower and faster flash, and where something else begins to bind.
    fn bandwidths(&mut self) -> Result<(Vec<Point>, Vec<Turn>), Failure> {
        let mut points = Vec::new();
        for octaves in OCTAVES {
            points.push(self.at_bandwidth(self.board.flash.bytes_per_s * octaves.exp2())?);
        }
        let mut turns = Vec::new();
        for pair in points.windows(2) {
            let [mut below, mut above] = [pair[0], pair[1]];
            let bound = [below, above].map(|point| point.speed.bound_by());
            if bound[0] == bound[1] {
                continue;
            }
            for _ in 0..HALVINGS {
                let middle = self.at_bandwidth((below.x * above.x).sqrt())?;
                if middle.speed.bound_by() == bound[0] { below = middle } else { above = middle }
            }
            turns.push(Turn { bytes_per_s: above.x, below: bound[0], above: bound[1] });
        }
        self.done(8);
        Ok((points, turns))
    }

    fn at_bandwidth(&self, bytes_per_s: f64) -> Result<Point, Failure> {
        let mut board = self.board.clone();
        board.flash.bytes_per_s = bytes_per_s;
        Ok(Point { x: bytes_per_s, speed: self.lab.decode(&board, &self.plan, self.lengths)? })
    }

    /// The speed that each change of a designer would bring by itself.
    fn changes(&mut self, most: usize) -> Result<Vec<Change>, Failure> {
        let mut changes = Vec::new();
        let (board, arena, options, lengths) = (self.board, self.arena, self.options, self.lengths);
        let mut try_one =
            |lab: &mut Lab<'_>, what: String, board: &Board, options: Options, arena: usize| -> Result<(), Failure> {
                // Options that the model cannot have are no change to propose.
                if let Ok(Ok(plan)) = lab.plan(&options, arena) {
                    let [prefill, decode] = lab.speeds(board, &plan, lengths)?;
                    changes.extend(decode.map(|decode| Change { what, prefill, decode }));
                }
                Ok(())
            };
        let show = |bytes: usize| show(bytes as u64);
        if self.plan.residency.streamed_bytes + self.plan.residency.mapped_bytes > 0 {
            let double = arena.saturating_mul(2);
            try_one(self.lab, format!("Twice the arena: {}", show(double)), board, options, double)?;
            // Weights that must be streamed stay where they are in any arena.
            let resident = |plan: Plan| plan.residency.streamed_bytes + plan.residency.mapped_bytes == 0;
            if double < most && self.lab.plan(&options, most)?.is_ok_and(resident) {
                try_one(self.lab, format!("An arena in which all weights fit: {}", show(most)), board, options, most)?;
            }
        }
        let ctx = self.plan.ctx / 2;
        if ctx >= lengths.n_prompt + lengths.n_gen {
            try_one(self.lab, format!("Half the context: {ctx} tokens"), board, Options { ctx, ..options }, arena)?;
        }
        for &kv in KvType::ALL.iter().skip_while(|&&kv| kv != options.kv).skip(1) {
            let what = format!("A KV cache of {}", kv.name());
            try_one(self.lab, what, board, Options { kv, ..options }, arena)?;
        }
        let mut faster = board.clone();
        faster.flash.bytes_per_s *= 2.0;
        let rate = three_digits(faster.flash.bytes_per_s / 1e6);
        try_one(self.lab, format!("Twice the flash bandwidth: {rate} MB/s"), &faster, options, arena)?;
        if let Some(rate) = board.ram_bytes_per_s.filter(|_| self.plan.residency.pinned_bytes > 0) {
            let mut faster = board.clone();
            faster.ram_bytes_per_s = Some(rate * 2.0);
            let rate = three_digits(rate * 2.0 / 1e6);
            try_one(self.lab, format!("Twice the RAM’s bandwidth: {rate} MB/s"), &faster, options, arena)?;
        }
        let mut faster = board.clone();
        faster.hz *= 2.0;
        let rate = three_digits(faster.hz / 1e6);
        try_one(self.lab, format!("Twice the processor’s clock: {rate} MHz"), &faster, options, arena)?;
        self.done(9);
        Ok(changes)
    }
}
