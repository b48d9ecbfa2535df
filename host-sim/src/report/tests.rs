//! A report's numbers are those of the planner and the simulator, and its page holds no others.

use clap::Parser;
use flashlet::Plan;
use flashlet::model::{Hyper, Want};
use roxmltree::{Document, ParsingOptions};

use super::data::Data;
use super::page::page;
use super::tensors::{Place, tensors};
use crate::boards::Board;
use crate::cli::{Cli, Command};
use crate::engine::{ComputeArgs, Context, Engine, EngineArgs, Extras, Misfit, Opened, open_model};
use crate::hardware::source::ModelFile;
use crate::measure::prefill_and_decode;
use crate::predict::{Lab, Lengths};
use crate::sim::{Busy, Resource, Spent, spent, wait};

/// The built-in model, the board, and the arguments that ask for them.
fn set_up(flags: &[&str]) -> (ModelFile, &'static Board, EngineArgs) {
    let cli = Cli::try_parse_from([&["flashlet", "report"], flags].concat()).expect("they are flags");
    let Command::Report(args) = cli.command else { unreachable!("that was asked for") };
    let file = open_model(&args.engine).expect("it is built in");
    (file, args.engine.board.expect("it was given"), args.engine)
}

fn plan(opened: &mut Opened<'_>, args: &EngineArgs) -> Plan {
    opened.plan(args, None, Context::ANY, Extras::NONE).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Boards that stream, read in place, pin everything, and pin it interleaved.
const BOARDS: [&[&str]; 5] = [
    &["--board", "weact-h743"],
    &["--board", "nrf52840-dk", "--kv", "q8_0", "--ctx", "40", "--tile", "8KiB"],
    &["--board", "pico2", "--kv", "q4_0"],
    &["--board", "mimxrt1170-evk"],
    &["--board", "raspi4b"],
];

#[test]
fn kernels_that_compute_nothing_take_as_long_as_those_that_do() {
    for flags in BOARDS {
        let (file, board, args) = set_up(flags);
        let mut opened = Opened::new(&file, &args).expect("a model");
        let plan = plan(&mut opened, &args);
        let lengths = Lengths { n_prompt: 21, n_gen: 3 };
        let compute = ComputeArgs { threads: Some(1), isa: None, n_gpu_layers: None };
        let mut machine = opened.machine(&plan, &args, &compute, None).expect("memory");
        let mut engine = Engine::load(opened, plan, &mut machine).expect("it loads");
        let real = prefill_and_decode(&mut engine, lengths.n_prompt, lengths.n_gen).expect("it computes");
        drop(engine);
        let lab = Lab::new(Opened::new(&file, &args).expect("a model"));
        let uncomputed = lab.speeds(board, &plan, lengths).expect("it runs");
        for (part, speed) in real.iter().zip(uncomputed) {
            assert_eq!(part.spent, speed.map(|speed| speed.spent), "{flags:?}");
        }
    }
}

#[test]
fn a_trace_adds_up() {
    for flags in BOARDS {
        let (file, board, args) = set_up(flags);
        let mut lab = Lab::new(Opened::new(&file, &args).expect("a model"));
        let plan = plan(lab.opened(), &args);
        let trace = lab.trace(board, &plan, 17).expect("it runs");
        let Spent { now, bus, compute, memory, bytes } = trace.spent;
        assert_eq!(trace.time(), now, "{flags:?}: the last computation ends the pass");
        let all = trace.load(0, now);
        assert_eq!((all.bus, all.processor, all.bytes), (bus, compute, bytes), "{flags:?}");
        assert!(all.memory.abs_diff(memory) < trace.intervals.len() as u128, "each share is rounded");
        assert_eq!(all.bytes, plan.flash_bytes_per_pass, "{flags:?}");
        // By hand: each transfer takes its latency and its bytes.
        let by_hand = all.reads as f64 * board.flash.latency_us * 1e-6 + bytes as f64 / board.flash.bytes_per_s;
        assert!((bus as f64 * 1e-12 - by_hand).abs() <= 1e-9, "{flags:?}: {bus} ps for {by_hand} s");

        let lanes = |of_bus: bool| trace.intervals.iter().filter(move |i| matches!(i.busy, Busy::Bus { .. }) == of_bus);
        for lane in [true, false] {
            assert!(lanes(lane).zip(lanes(lane).skip(1)).all(|(a, b)| a.from <= a.to && a.to <= b.from), "{flags:?}");
        }
        assert!(all.both <= bus.min(compute) && bus + compute - all.both <= now, "{flags:?}");

        let stretches = trace.stretches();
        let layers = lab.opened().model.config().hyper.n_layer;
        assert_eq!(stretches.iter().filter(|s| s.is_layer).count(), layers as usize, "{flags:?}");
        let parts = stretches.iter().map(|s| trace.load(s.from, s.to));
        let ([mut time, mut busy, mut both], mut read) = ([0; 3], 0);
        parts.for_each(|p| {
            (time, busy, both, read) = (time + p.time, busy + p.processor, both + p.both, read + p.bytes);
        });
        assert_eq!((time, busy, both, read), (now, compute, all.both, bytes), "{flags:?}");
    }
}

/// The model files of every architecture.
fn fixtures() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/models");
    let files = std::fs::read_dir(folder).expect("the fixtures are there").map(|file| file.expect("a file").path());
    files.filter(|file| file.extension().is_some_and(|e| e == "gguf")).map(|file| file.display().to_string()).collect()
}

#[test]
fn a_token_has_the_layers_of_its_model_in_every_architecture() {
    let files = fixtures();
    assert!(files.len() > 40, "{files:?}");
    // Pinned, streamed and mapped.
    for (file, board) in files.iter().flat_map(|file| ["raspi4b", "weact-h743", "mps3-an547"].map(|b| (file, b))) {
        let (file, board, args) = set_up(&["-m", file, "--board", board, "--ctx", "16"]);
        let mut lab = Lab::new(Opened::new(&file, &args).expect("a model"));
        let options = lab.opened().options(&args, None, 16, Extras::NONE).expect("they are options");
        let plan = lab.plan(&options, board.arena).expect("it is read").expect("it fits");
        let trace = lab.trace(board, &plan, 3).expect("it runs");
        let stretches = trace.stretches();
        let (layers, others): (Vec<_>, Vec<_>) = stretches.iter().partition(|stretch| stretch.is_layer);
        let Hyper { n_layer, layer_input_width, .. } = lab.opened().model.config().hyper;
        let name = file.path().display();
        assert_eq!(layers.len(), n_layer as usize, "{name} on {}", board.name);
        assert_eq!(layers.last().map(|last| last.name.clone()), Some(format!("layer {}", n_layer - 1)), "{name}");
        // Each computes, and so do the inputs of layers that are made of the embedding.
        assert!(layers.iter().all(|layer| trace.load(layer.from, layer.to).processor > 0), "{name} on {}", board.name);
        let embedding = others.iter().find(|stretch| stretch.name == "embedding");
        assert!(embedding.is_some_and(|s| trace.load(s.from, s.to).processor > 0) || layer_input_width == 0, "{name}");
        assert!(stretches.windows(2).all(|pair| pair[0].to == pair[1].from), "{name}: one follows the other");
    }
}

#[test]
fn tokens_that_are_skipped_count_as_those_that_are_run() {
    let positions = [0, 1, 6, 7, 13];
    for (file, board) in fixtures().iter().flat_map(|file| ["raspi4b", "weact-h743"].map(|board| (file, board))) {
        let (file, board, args) = set_up(&["-m", file, "--board", board, "--ctx", "16"]);
        let mut lab = Lab::new(Opened::new(&file, &args).expect("a model"));
        let options = lab.opened().options(&args, None, 16, Extras::NONE).expect("they are options");
        let plan = lab.plan(&options, board.arena).expect("it is read").expect("it fits");
        let (skipped, n_prompt) = (lab.at_positions(board, &plan, &positions).expect("it runs"), 11);
        let decode = lab.decode(board, &plan, Lengths { n_prompt, n_gen: 4 }).expect("it runs");
        let name = file.path().display();

        let opened = lab.opened().again();
        let compute = ComputeArgs { threads: Some(1), isa: None, n_gpu_layers: None };
        let mut machine = opened.machine(&plan, &args, &compute, None).expect("memory");
        let mut engine = Engine::load(opened, plan, &mut machine).expect("it loads");
        for (position, skipped) in positions.into_iter().zip(skipped) {
            let left = position - engine.session.position();
            let [_, token] = [left, 1].map(|n| {
                let before = spent().expect("it is simulated");
                wait(engine.session.feed(&vec![0; n as usize], Want::Last, &mut |_, _, _| {})).expect("it runs");
                spent().expect("it is simulated").since(&before)
            });
            assert_eq!(skipped.spent, token, "{name} on {}: position {position}", board.name);
        }
        let [_, run] = prefill_and_decode(&mut engine, n_prompt, 4).expect("it computes");
        assert_eq!(run.spent, Some(decode.spent), "{name} on {}", board.name);
    }
}

#[test]
fn tensors_lie_where_the_plan_says() {
    for flags in BOARDS {
        let (file, _, args) = set_up(flags);
        let mut opened = Opened::new(&file, &args).expect("a model");
        let plan = plan(&mut opened, &args);
        let tensors = tensors(&mut opened, &plan).expect("they are read once more");
        let bytes = |place| tensors.iter().filter(|t| t.place == place).map(|t| t.bytes).sum::<u64>();
        let residency = plan.residency;
        assert_eq!(bytes(Place::Streamed), residency.streamed_bytes, "{flags:?}");
        assert_eq!(bytes(Place::Mapped), residency.mapped_bytes, "{flags:?}");
        // Pinned tensors begin at multiples of 64.
        let padding = residency.pinned_bytes - bytes(Place::Pinned);
        assert!(padding < 64 * tensors.len() as u64, "{flags:?}: {padding}");
    }
}

fn gather(flags: &[&str]) -> Data {
    let (file, board, args) = set_up(flags);
    Data::gather(&file, board, &args).unwrap_or_else(|error| unreachable!("{error}"))
}

#[test]
fn curves_meet_at_the_board() {
    for flags in BOARDS {
        let data = gather(flags);
        let rate = data.decode.rate;
        assert!(rate.is_finite() && rate > 0.0);
        let middle = data.bandwidths[data.bandwidths.len() / 2];
        assert_eq!((middle.x, middle.speed.rate), (board_rate(&data), rate), "{flags:?}");
        if let Some(here) = data.arenas.iter().find(|p| p.x == data.arena as f64) {
            assert_eq!(here.speed.rate, rate, "{flags:?}");
        }
        // The last point of both curves over contexts is this plan's last position.
        let ends =
            [&data.positions, &data.contexts].map(|points| points.last().expect("it is short enough").speed.rate);
        assert_eq!(ends[0], ends[1], "{flags:?}");
        for points in [&data.arenas, &data.positions, &data.contexts, &data.bandwidths] {
            assert!(points.windows(2).all(|pair| pair[0].x < pair[1].x), "{flags:?}");
        }
        // Faster flash is never slower, nor is the first position: but where the bus binds, a token may take a little more
        // or less time as the reader's turns fall.
        assert!(data.bandwidths.windows(2).all(|pair| pair[0].speed.rate <= pair[1].speed.rate * 1.000_001));
        assert!(data.positions.windows(2).all(|pair| pair[0].speed.rate >= pair[1].speed.rate * 0.999));
    }
}

fn board_rate(data: &Data) -> f64 {
    data.board.flash.bytes_per_s
}

#[test]
fn what_bounds_speed_changes_where_the_report_says() {
    let data = gather(BOARDS[0]);
    let turn = data.turns.first().expect("flash binds this board, and something else binds a faster one");
    assert_eq!((turn.below, turn.above), (Resource::Flash, Resource::Compute));
    let near = |point: &&super::data::Point| (point.x / turn.bytes_per_s).ln().abs() < 0.36;
    let beside: Vec<_> =
        data.bandwidths.iter().filter(near).map(|p| (p.x < turn.bytes_per_s, p.speed.bound_by())).collect();
    assert!(beside.len() > 1, "{beside:?}");
    assert!(beside.iter().all(|&(below, by)| (by == Resource::Flash) == below), "{beside:?}");
}

#[test]
fn names_are_text_wherever_they_come_from() {
    const HOSTILE: &str = "<script src=\"http://x\">'&amp;\u{0}\u{202e}</script>";
    let mut data = gather(BOARDS[1]);
    let mut board = data.board.clone();
    board.name = HOSTILE.into();
    board.what = HOSTILE.into();
    data.board = Box::leak(Box::new(board));
    (data.name, data.file, data.flags) = (HOSTILE.into(), HOSTILE.into(), HOSTILE.into());
    data.tensors.iter_mut().for_each(|tensor| tensor.name = HOSTILE.into());
    data.refused = Some(Misfit { arena: None, flash: None, messages: vec![HOSTILE.into()] });
    // What does not fit has no command to measure the same.
    for fits in [false, true] {
        data.refused = data.refused.filter(|_| !fits);
        let html = page(&data);
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        let document = Document::parse_with_options(&html, options).expect("it is well-formed");
        assert!(document.descendants().all(|node| node.tag_name().name() != "script"));
        let harmless = HOSTILE.replace(['\u{0}', '\u{202e}'], "\u{fffd}");
        let cells = document.descendants().filter(|node| node.text() == Some(harmless.as_str())).count();
        assert!(cells >= data.tensors.len(), "the text is there, as text: {cells}");
        let command = document.descendants().any(|n| n.text() == Some(&format!("flashlet bench {harmless}")));
        assert_eq!(command, fits);
    }
}

#[test]
fn what_is_not_finite_is_not_written() {
    let mut data = gather(BOARDS[1]);
    data.decode.rate = f64::NAN;
    data.arenas[0].speed.rate = f64::INFINITY;
    data.positions[0].speed.rate = f64::NAN;
    data.bandwidths[0].x = f64::NAN;
    let html = page(&data);
    let body = html.split("</style>").nth(1).expect("it has a style sheet");
    let values = ["NaN", "inf"].iter().filter(|word| body.contains(*word)).collect::<Vec<_>>();
    assert!(values.is_empty(), "{values:?}");
}
