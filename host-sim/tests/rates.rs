//! Published rates against the simulator's: `flashlet bench --board` on files of the published shapes.
//!
//! The table of all of them is rates.md. `FLASHLET_UPDATE=1 cargo test -p flashlet-sim --test rates` writes it.

mod binary;
mod folder;
#[allow(dead_code, reason = "other tests use the rest of it")]
mod gguf_bytes;
mod published;

use core::fmt::Write;
use std::collections::BTreeSet;
use std::path::Path;

use binary::flashlet_with;
use folder::Folder;
use published::{Published, Rate};
use serde::Deserialize;

const RATES: &str = include_str!("../rates.toml");
const BOARDS: &str = include_str!("../boards.toml");
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/rates.md");

/// Factors within which a prediction is near, and beyond which rates.toml says why it is not.
const NEAR: f64 = 1.2;
const FAR: f64 = 1.5;

/// A range of `bench --json`.
#[derive(Clone, Debug, Deserialize)]
struct Range {
    low: f64,
    likely: f64,
    high: f64,
    assumption: Option<String>,
}

/// A published rate of one stage, with what the simulator says.
struct Row<'r> {
    rate: &'r Rate,
    published: f64,
    range: Range,
}

impl Row<'_> {
    fn ratio(&self) -> f64 {
        self.range.likely / self.published
    }

    fn is_within(&self, factor: f64) -> bool {
        (1.0 / factor..=factor).contains(&self.ratio())
    }

    fn is_in_range(&self) -> bool {
        (self.range.low..=self.range.high).contains(&self.published)
    }

    fn is_test(&self) -> bool {
        self.rate.calibrates.is_none()
    }
}

/// The profile of `rate`'s board with its changes, as a file in `folder` if it has any.
fn board(rate: &Rate, folder: &Folder) -> String {
    if rate.changes.is_empty() {
        return rate.board.clone();
    }
    let name = format!("name = \"{}\"\n", rate.board);
    let block = BOARDS.split("[[board]]\n").find(|block| block.starts_with(&name)).expect("a board");
    let mut block = block.split("\n[").next().expect("text before").to_owned();
    for [from, to] in &rate.changes {
        assert_eq!(block.matches(&**from).count(), 1, "{}: {from} once", rate.board);
        block = block.replace(&**from, to);
    }
    let path = folder.path(&format!("{}.toml", rate.board));
    std::fs::write(&path, block).expect("the folder can be written");
    path
}

/// The range of `stage` that `bench` prints with these flags.
fn bench(model: &str, board: &str, rate: &Rate, stage: &str, lengths: [&str; 4]) -> Range {
    let flags: Vec<&str> = rate.flags.iter().map(|flag| &**flag).collect();
    let args = [&["bench", "-m", model, "--board", board, "--json"], &lengths[..], &flags].concat();
    let (code, out, err) = flashlet_with(b"", &args);
    assert_eq!(code, 0, "{} {} on {}: {err}", rate.model, rate.weights, rate.board);
    let report: serde_json::Value = serde_json::from_str(&out).expect("one object");
    serde_json::from_value(report["board"][stage]["range"].clone()).expect("a range")
}

/// All rows of decode and of prefill.
fn predictions(rates: &Published) -> [Vec<Row<'_>>; 2] {
    let folder = Folder::new("rates");
    let [mut decode, mut prefill] = [Vec::new(), Vec::new()];
    let mut models = BTreeSet::new();
    for rate in &rates.rate {
        let shape = &rates.model[&rate.model];
        let name = format!("{}-{}.gguf", rate.model, rate.weights);
        let model = folder.path(&name);
        let bytes = shape.write(&rate.weights, Path::new(&model)) + shape.left_out_bytes;
        if let Some(tensor_bytes) = rate.tensor_bytes {
            assert_eq!(bytes, tensor_bytes, "{name} is another file");
        }
        models.insert(name);
        let board = board(rate, &folder);
        if let Some(published) = rate.decode {
            // In the middle of 128 tokens.
            let range = bench(&model, &board, rate, "decode", ["-p", "62", "-n", "4"]);
            decode.push(Row { rate, published, range });
        }
        if let Some(published) = rate.prefill_512 {
            let range = bench(&model, &board, rate, "prefill", ["-p", "512", "-n", "0"]);
            prefill.push(Row { rate, published, range });
        }
    }
    let written = folder.names().iter().filter(|name| name.ends_with(".gguf")).count();
    assert_eq!(written, models.len(), "a file for each shape");
    [decode, prefill]
}

/// A number with three digits.
fn digits(n: f64) -> String {
    let decimals = (2 - n.abs().log10().floor() as i32).max(0) as usize;
    format!("{n:.decimals$}")
}

fn table(out: &mut String, rows: &[Row<'_>]) {
    out.push_str(
        "| board | engine | model | low | likely | high | most depends on | published | likely / published |\n",
    );
    out.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        let Rate { board, engine, model, weights, .. } = row.rate;
        let Range { low, likely, high, assumption } = &row.range;
        let [low, likely, high, published] = [*low, *likely, *high, row.published].map(digits);
        let on = assumption.as_deref().map_or("".into(), |field| format!("`{field}`"));
        let ratio = match row.is_test() {
            true => format!("{:.2}", row.ratio()),
            false => format!("{:.2}, calibrates", row.ratio()),
        };
        let _ = writeln!(
            out,
            "| {board} | {engine} | {model} {weights} | {low} | {likely} | {high} | {on} | {published} | {ratio} |"
        );
    }
}

/// A sentence on how many of `rows` are near.
fn share(what: &str, rows: &[&Row<'_>]) -> String {
    let count = |f: &dyn Fn(&Row<'_>) -> bool| rows.iter().filter(|row| f(row)).count();
    let mut ratios: Vec<f64> = rows.iter().map(|row| row.ratio()).collect();
    ratios.sort_by(f64::total_cmp);
    format!(
        "- {what}: {} of {} within 20 %, {} of {} in their range; likely / published from {:.2} to {:.2}, in the middle {:.2}\n",
        count(&|row| row.is_within(NEAR)),
        rows.len(),
        count(&|row| row.is_in_range()),
        rows.len(),
        ratios[0],
        ratios[ratios.len() - 1],
        ratios[ratios.len() / 2],
    )
}

fn is_pi_4_or_5(row: &Row<'_>) -> bool {
    matches!(&*row.rate.board, "raspi4b" | "raspi5")
}

fn document([decode, prefill]: &[Vec<Row<'_>>; 2]) -> String {
    let tests = |rows: &'_ [Row<'_>], pi: bool| -> Vec<usize> {
        (0..rows.len()).filter(|&i| rows[i].is_test() && is_pi_4_or_5(&rows[i]) == pi).collect()
    };
    let pick = |rows: &[Row<'_>], pi: bool, what: &str| {
        let rows: Vec<&Row<'_>> = tests(rows, pi).into_iter().map(|i| &rows[i]).collect();
        share(what, &rows)
    };
    let mut out = String::from(
        "# Predictions and published rates\n\n\
         Tokens per second that `flashlet bench --board` predicts for flashlet, and those that others published for their\n\
         engines with models of the same shapes ([`rates.toml`](rates.toml), which has the sources). Decode is in the\n\
         middle of 128 tokens, prefill of 512. How the ranges are made, and how far to trust them, is in the\n\
         [README](README.md#how-far-to-trust-a-prediction). This page is written by\n\
         `FLASHLET_UPDATE=1 cargo test -p flashlet-sim --test rates`; without the variable the test compares it.\n\n\
         Rates that calibrate a profile are shown, and counted nowhere:\n\n",
    );
    out += &pick(decode, true, "decode on Raspberry Pi 4 and 5");
    out += &pick(decode, false, "decode on other boards");
    out += &pick(prefill, true, "prefill on Raspberry Pi 4 and 5");
    out.push_str("\n## Decode\n\n");
    table(&mut out, decode);
    out.push_str("\n## Prefill\n\n");
    table(&mut out, prefill);
    out.push_str(
        "\n## What is off\n\n\
         Prefill: other engines' matrix products, and for flashlet the cycles of an instruction are a guess on these\n\
         processors. Decode by more than 1.5 times:\n\n",
    );
    for row in decode {
        let Rate { board, engine, model, weights, why, .. } = row.rate;
        if let Some(why) = why {
            let _ = writeln!(out, "- {board}, {model} {weights} by {engine}, {:.2} times: {why}", row.ratio());
        }
    }
    out
}

#[test]
fn predictions_are_compared_with_what_others_published() {
    let rates: Published = toml::from_str(RATES).expect("rates.toml");
    assert!(rates.rate.iter().all(|rate| !rate.source.is_empty() && (rate.decode.or(rate.prefill_512)).is_some()));
    let all = predictions(&rates);
    let pis: Vec<&Row<'_>> = all[0].iter().filter(|row| row.is_test() && is_pi_4_or_5(row)).collect();
    let near = pis.iter().filter(|row| row.is_within(NEAR)).count();
    let now = document(&all);
    println!("{now}");
    assert!(near * 100 >= pis.len() * 85, "only {near} of {} are within 20 %", pis.len());
    // Nothing is explained that needs no explanation.
    for row in &all[0] {
        assert_eq!(
            row.is_within(FAR),
            row.rate.why.is_none(),
            "{} {}: {}",
            row.rate.board,
            row.rate.model,
            row.ratio()
        );
    }
    if std::env::var_os("FLASHLET_UPDATE").is_some() {
        std::fs::write(TABLE, &now).expect("the page can be written");
    }
    let page = std::fs::read_to_string(TABLE).unwrap_or_default();
    assert!(page == now, "rates.md is stale: FLASHLET_UPDATE=1 cargo test -p flashlet-sim --test rates writes it");
}
