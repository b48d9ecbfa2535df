//! The page: its frame, the summary and the arena.

use flashlet::arena::Region;

use super::bars::{Map, Segment};
use super::chart::figure;
use super::curves;
use super::data::Data;
use super::markup::Markup;
use super::scale::{percent, seconds};
use super::table::{bound_cell, bytes_cells, finding, rate_value, table, value};
use super::token::token;
use super::words::{capital, lower};
use crate::digits::three_digits;
use crate::predict::{Range, Speed};
use crate::size::show;

const SECTIONS: [(&str, &str); 7] = [
    ("summary", "Summary"),
    ("arena", "Arena map"),
    ("token", "One token: flash traffic and overlap"),
    ("by-arena", "Speed against the arena’s size"),
    ("by-context", "Speed against context"),
    ("by-bandwidth", "Speed against flash bandwidth"),
    ("tensors", "Bytes by tensor"),
];

/// The whole page.
pub(crate) fn page(data: &Data) -> String {
    let mut m = Markup::new();
    let title = format!("{} on {}", data.name, data.board.name);
    m.element("html", &[("lang", &"en"), ("xmlns", &"http://www.w3.org/1999/xhtml")], |m| {
        m.element("head", &[], |m| {
            m.void("meta", &[("charset", &"utf-8")]);
            m.void("meta", &[("name", &"viewport"), ("content", &"width=device-width, initial-scale=1")]);
            m.leaf("title", &[], format_args!("{title}: flashlet report"));
            m.style(include_str!("style.css"));
        });
        m.element("body", &[], |m| {
            m.element("header", &[], |m| {
                m.leaf("h1", &[], &title);
                m.leaf("p", &[], format_args!("{}: {}", data.board.name, data.board.what));
                m.element("nav", &[("aria-label", &"Sections")], |m| {
                    for (id, name) in SECTIONS {
                        m.leaf("a", &[("href", &format_args!("#{id}"))], name);
                        m.text(" ");
                    }
                });
            });
            m.element("main", &[], |m| {
                let bodies: [fn(&mut Markup, &Data); 7] = [
                    summary,
                    arena,
                    token,
                    curves::by_arena,
                    curves::by_context,
                    curves::by_bandwidth,
                    curves::by_tensor,
                ];
                for ((id, name), body) in SECTIONS.into_iter().zip(bodies) {
                    let heading = format!("{id}-heading");
                    m.element("section", &[("id", &id), ("aria-labelledby", &heading)], |m| {
                        m.leaf("h2", &[("id", &heading)], name);
                        body(m, data);
                    });
                }
            });
            m.element("footer", &[], |m| footer(m, data));
        });
    });
    m.finish()
}

fn footer(m: &mut Markup, data: &Data) {
    m.leaf(
        "p",
        &[],
        format_args!(
            "flashlet {}. All times are simulated: the engine ran its own passes against the clock of the board’s profile, \
             which is a prediction. Decode is the mean of {} tokens after a prompt of {}, unless said otherwise.",
            env!("CARGO_PKG_VERSION"),
            data.lengths.n_gen,
            data.lengths.n_prompt
        ),
    );
    if data.refused.is_none() {
        m.element("p", &[], |m| {
            m.text("The same numbers: ");
            m.leaf("code", &[], format_args!("flashlet bench {}", data.flags));
        });
    }
}

fn row(m: &mut Markup, name: &str, cell: impl FnOnce(&mut Markup)) {
    m.element("tr", &[], |m| {
        m.leaf("th", &[("scope", &"row")], name);
        m.element("td", &[], cell);
    });
}

fn summary(m: &mut Markup, data: &Data) {
    let (name, board) = (&data.name, &data.board.name);
    m.element("p", &[("class", &"verdict")], |m| match &data.refused {
        None => {
            m.leaf("span", &[("class", &"fits")], "It fits. ");
            let left = data.arena.saturating_sub(data.plan.arena_bytes);
            m.text(format_args!("{} of the arena’s {} are left.", show(left as u64), show(data.arena as u64)));
        }
        Some(refused) => {
            m.leaf("span", &[("class", &"not")], "It does not fit. ");
            for message in &refused.messages {
                m.text(format_args!("{}. ", capital(message.trim_start_matches("the model does not fit: "))));
            }
        }
    });
    let spent = data.decode.spent;
    let [time, bus, compute, memory] = spent.all_seconds();
    let best = data.changes.iter().max_by(|a, b| a.decode.rate.total_cmp(&b.decode.rate));
    let best = best.filter(|best| best.decode.rate > data.decode.rate * 1.005).map_or_else(
        || " No single change below makes it faster.".to_owned(),
        |best| {
            let more = percent(best.decode.rate / data.decode.rate - 1.0);
            format!(" What would bring most: {} (+{more}).", lower(&best.what))
        },
    );
    let condition = match &data.refused {
        None => String::new(),
        Some(refused) if refused.arena.is_some() => {
            format!("In the least arena that would do, {}, and everything else as it is: ", show(data.arena as u64))
        }
        Some(_) => "If the flash had room for the file: ".to_owned(),
    };
    let waits =
        if memory > 0.0 { format!(" ({} of it waits for weights)", percent(memory / compute)) } else { String::new() };
    let text = format!(
        "{condition}{name} makes {} tokens/s on {board}. It is bound by {}: of a token’s {}, the bus is busy {}, the processor {}{waits}.{best}",
        three_digits(data.decode.rate),
        data.decode.bound_by().name(),
        seconds(time / f64::from(data.decode.tokens)),
        percent(bus / time),
        percent(compute / time),
    );
    finding(m, text);
    m.element("table", &[("class", &"facts")], |m| {
        m.element("tbody", &[], |m| key_numbers(m, data));
    });
    changes(m, data);
}

fn key_numbers(m: &mut Markup, data: &Data) {
    let plan = &data.plan;
    row(m, "Model", |m| {
        let Data { arch, n_layer, ctx_train, file, .. } = data;
        m.text(format_args!("{file}: {arch}, {n_layer} layers, trained for {ctx_train} tokens, "));
        value(m, "file-bytes", data.file_bytes, show(data.file_bytes));
    });
    row(m, "Flash", |m| {
        let chip = &data.board.flash;
        let how = if chip.mapped { ", used in place" } else { "" };
        m.text(format_args!("{} at {} MB/s{how}, room for ", chip.kind, three_digits(chip.bytes_per_s / 1e6)));
        value(m, "flash-have-bytes", chip.bytes, show(chip.bytes as u64));
    });
    match data.refused.as_ref().and_then(|refused| refused.arena) {
        Some(too_small) => row(m, "Arena", |m| {
            m.text("needs ");
            value(m, "need-bytes", too_small.need, show(too_small.need as u64));
            m.text(" at least, has ");
            value(m, "have-bytes", too_small.have, show(too_small.have as u64));
        }),
        None => row(m, "Arena", |m| {
            value(m, "arena-bytes", plan.arena_bytes, show(plan.arena_bytes as u64));
            m.text(" of ");
            value(m, "have-bytes", data.arena, show(data.arena as u64));
        }),
    }
    row(m, "Context", |m| {
        value(m, "ctx", plan.ctx, plan.ctx);
        m.text(format_args!(" tokens, KV cache in {}", data.plan.kv.name()));
    });
    row(m, "Prefill", |m| match data.prefill.as_ref().zip(data.prefill_range.as_ref()) {
        Some((prefill, range)) => speed(m, ["prefill-rate", "prefill-low", "prefill-high"], prefill, range),
        None => m.text("no prompt fits"),
    });
    row(m, "Decode", |m| speed(m, ["decode-rate", "decode-low", "decode-high"], &data.decode, &data.decode_range));
    row(m, "Flash per token", |m| {
        value(m, "flash-bytes-per-token", plan.flash_bytes_per_pass, show(plan.flash_bytes_per_pass));
        m.text(" over the bus");
        if plan.residency.mapped_bytes > 0 {
            m.text(format_args!("; {} are read in place", show(plan.residency.mapped_bytes)));
        }
    });
    row(m, "Passes", |m| {
        let passes = data.lengths.n_prompt.div_ceil(plan.chunk.max(1));
        value(m, "passes", passes, passes);
        m.text(format_args!(
            " over the weights for the prompt of {} tokens ({} at a time), then one a token",
            data.lengths.n_prompt, plan.chunk
        ));
    });
}

/// A speed and its range, whose values are called `names`.
fn speed(m: &mut Markup, names: [&'static str; 3], speed: &Speed, range: &Range) {
    rate_value(m, names[0], speed.rate);
    m.text(format_args!(" tokens/s, bound by {}; from ", speed.bound_by().name()));
    rate_value(m, names[1], range.low);
    m.text(" to ");
    rate_value(m, names[2], range.high);
    m.text(format_args!(", which {}", range.depends_on()));
}

fn changes(m: &mut Markup, data: &Data) {
    let columns = ["Change", "Decode, tokens/s", "Gain", "Prefill, tokens/s", "Bound by"];
    table(m, "What one change by itself would bring", &columns, |m| {
        let now = ("As it is".to_owned(), data.prefill, data.decode);
        let changed = data.changes.iter().map(|c| (c.what.clone(), c.prefill, c.decode));
        for (what, prefill, decode) in [now].into_iter().chain(changed) {
            m.element("tr", &[], |m| {
                m.leaf("th", &[("scope", &"row")], what);
                m.leaf("td", &[], three_digits(decode.rate));
                m.leaf("td", &[], signed_percent(decode.rate / data.decode.rate - 1.0));
                m.leaf("td", &[], prefill.map_or("–".into(), |prefill| three_digits(prefill.rate)));
                bound_cell(m, decode.bound_by());
            });
        }
    });
}

fn signed_percent(share: f64) -> String {
    if share.abs() < 0.0005 {
        return "0\u{a0}%".into();
    }
    let sign = if share < 0.0 { "−" } else { "+" };
    format!("{sign}{}", percent(share.abs()))
}

/// The colour of a region.
const fn class_of_region(region: Region) -> &'static str {
    match region {
        Region::Tables => "tables",
        Region::Pinned => "pinned",
        Region::Tiles => "tiles",
        Region::KvCache => "kv",
        Region::State => "state",
        Region::Activations => "values",
        Region::TokenizerIndex => "index",
        _ => "logits",
    }
}

fn arena(m: &mut Markup, data: &Data) {
    let usage = &data.plan.usage;
    let have = data.refused.as_ref().and_then(|refused| refused.arena).map_or(data.arena, |too_small| too_small.have);
    let mut segments: Vec<Segment> = Region::ALL
        .iter()
        .map(|&region| Segment {
            name: capital(region.name()),
            class: class_of_region(region),
            bytes: usage.bytes(region) as u64,
        })
        .collect();
    let largest = segments.iter().max_by_key(|s| s.bytes).map_or("nothing", |s| &s.name).to_lowercase();
    let largest = largest.replace("kv ", "KV ");
    let largest_bytes = segments.iter().map(|s| s.bytes).max().unwrap_or(0);
    let free = have.saturating_sub(data.plan.arena_bytes) as u64;
    segments.push(Segment { name: "Free".into(), class: "free", bytes: free });
    let of = if have < data.plan.arena_bytes { "of the least arena" } else { "of what is used" };
    finding(
        m,
        format_args!(
            "The largest region is the one for {largest}: {}, {} {of}. A token of context takes {}.",
            show(largest_bytes),
            percent(largest_bytes as f64 / data.plan.arena_bytes.max(1) as f64),
            show(data.kv_bytes_per_token().round() as u64),
        ),
    );
    let mark =
        (have < data.plan.arena_bytes).then(|| (have as u64, format!("{} has {}", data.board.name, show(have as u64))));
    let title = if mark.is_some() { "The least arena that would do" } else { "The board’s arena" };
    let title = format!("{title}, {}", show((data.plan.arena_bytes as u64).max(have as u64)));
    let label = format!("{title}, as a bar of its regions; the table below has the same numbers");
    let weights = data.places();
    figure(m, &label, &Map { title, segments: segments.clone(), mark });
    let weights_title = format!("Weights, {}", show(weights.iter().map(|s| s.bytes).sum()));
    let label = format!("{weights_title}, as a bar by where they lie; the table below has the same numbers");
    figure(m, &label, &Map { title: weights_title, segments: weights.clone(), mark: None });
    table(m, "Regions of the arena", &["Region", "Size", "Bytes", "Share"], |m| {
        part_rows(m, &segments, "region-bytes");
    });
    table(m, "Weights, by where they lie while the model runs", &["Place", "Size", "Bytes", "Share"], |m| {
        part_rows(m, &weights, "weight-bytes");
    });
}

fn part_rows(m: &mut Markup, parts: &[Segment], name: &'static str) {
    let total: u64 = parts.iter().map(|part| part.bytes).sum();
    for part in parts {
        m.element("tr", &[], |m| {
            m.element("th", &[("scope", &"row")], |m| {
                m.leaf("span", &[("class", &format_args!("swatch {}", part.class))], "");
                m.text(&part.name);
            });
            bytes_cells(m, name, part.bytes);
            m.leaf("td", &[], percent(part.bytes as f64 / total.max(1) as f64));
        });
    }
}
