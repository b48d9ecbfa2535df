//! The sections on what speed depends on, and on tensors.

use super::bars::{Rows, Segment};
use super::chart::{Axis, LineChart, Series, Steps, figure};
use super::data::{Data, Point};
use super::markup::Markup;
use super::scale::{Round, Scale, bytes, percent, plain};
use super::table::{bound_cell, bytes_cells, finding, table};
use super::tensors::{Kind, Place, TensorLine};
use super::words::{capital, lower};
use crate::digits::three_digits;
use crate::size::show;

/// Rates that differ by less are called the same.
const SAME: f64 = 0.01;

fn ends(points: &[Point]) -> Option<(&Point, &Point)> {
    points.first().zip(points.last())
}

fn series(name: &'static str, class: &'static str, points: &[Point]) -> Series {
    Series { name, class, points: points.iter().map(|p| (p.x, p.speed.rate, p.speed.bound_by())).collect() }
}

fn rate(point: &Point) -> String {
    three_digits(point.speed.rate)
}

/// The numbers behind a curve; `here` is where the board is.
fn numbers(m: &mut Markup, column: &str, points: &[Point], here: f64, show: &dyn Fn(f64) -> String) {
    m.element("details", &[], |m| {
        m.leaf("summary", &[], format_args!("The curve’s {} numbers: {}", points.len(), lower(column)));
        table(m, "Decode", &[column, "tokens/s", "Bus busy", "Processor busy", "Bound by"], |m| {
            for point in points {
                let class = if point.x == here { "here" } else { "there" };
                let [time, bus, compute, _] = point.speed.spent.all_seconds();
                m.element("tr", &[("class", &class)], |m| {
                    m.leaf("th", &[("scope", &"row")], show(point.x));
                    m.leaf("td", &[], rate(point));
                    m.leaf("td", &[], percent(bus / time));
                    m.leaf("td", &[], percent(compute / time));
                    bound_cell(m, point.speed.bound_by());
                });
            }
        });
    });
}

pub(super) fn by_arena(m: &mut Markup, data: &Data) {
    let Some((least, most)) = ends(&data.arenas) else { return };
    let too_small = data.refused.as_ref().and_then(|refused| refused.arena);
    let best = data.arenas.iter().filter(|p| p.x >= data.arena as f64).map(|p| p.speed.rate).fold(0.0, f64::max);
    let here = data.decode.rate;
    let [x, y] = [least, most].map(|p| format!("{} tokens/s at {}", rate(p), bytes(p.x)));
    let gain = match best / here - 1.0 {
        gain if gain < SAME => "more RAM brings nothing".to_owned(),
        gain => format!("more RAM brings at most {} more", percent(gain)),
    };
    let whose = if too_small.is_some() { "Beyond the least arena" } else { "Beyond the board’s" };
    let smaller = data.arenas.iter().filter(|p| p.x < data.arena as f64 && p.speed.rate > here * (1.0 + SAME));
    let smaller = smaller.max_by(|a, b| a.speed.rate.total_cmp(&b.speed.rate)).map_or(String::new(), |p| {
        format!(
            " Larger is not always faster: {} tokens/s at {}, with other tiles and other pinned tensors.",
            rate(p),
            bytes(p.x)
        )
    });
    finding(m, format_args!("From {x} to {y}. {whose}, {gain}.{smaller}"));
    let range = (least.x, most.x);
    let all = data.matrix_bytes().max(1) as f64;
    let share = |p: &super::data::Pinned| (p.arena as f64, p.bytes as f64 / all);
    let pins = data.pinned.iter().any(|p| p.bytes > 0);
    let steps = pins.then(|| Steps { title: "weights pinned", points: data.pinned.iter().map(share).collect() });
    let name = &data.board.name;
    let have = too_small.map_or(data.arena, |too_small| too_small.have) as f64;
    let mark = match have {
        have if have < range.0 => (range.0, format!("{name} has {} only", bytes(have))),
        have if have > range.1 => (range.1, format!("{name} has more: {}", bytes(have))),
        have => (have, format!("{name}: {}", bytes(have))),
    };
    let chart = LineChart {
        x: Axis { title: "arena".into(), scale: Scale::fitting(range.0, range.1, Round::Binary), show: bytes },
        series: vec![series("decode", "curve", &data.arenas)],
        marks: vec![mark],
        steps,
    };
    figure(m, &format!("Decode speed over the arena’s size: from {x} to {y}"), &chart);
    numbers(m, "Arena, bytes", &data.arenas, data.arena as f64, &|x| super::scale::grouped(x as u64));
}

pub(super) fn by_context(m: &mut Markup, data: &Data) {
    let Some((first, last)) = ends(&data.positions) else { return };
    let slower = 1.0 - last.speed.rate / first.speed.rate;
    let [x, y] = [first, last].map(|p| format!("{} tokens/s at position {}", rate(p), plain(p.x)));
    let change = if slower < SAME { "no slower".to_owned() } else { format!("{} slower", percent(slower)) };
    let too_small = data.refused.as_ref().is_some_and(|refused| refused.arena.is_some());
    let shorter = match data.contexts.last() {
        _ if data.plan.residency.mapped_bytes + data.plan.residency.streamed_bytes == 0 => {
            " All weights are pinned already: a shorter context saves memory, not time at the same position.".to_owned()
        }
        _ if !too_small && data.contexts.len() > 1 => {
            let nearest = |context: &Point| {
                let of = |p: &&Point| (p.x - (context.x - 1.0)).abs();
                data.positions.iter().min_by(|a, b| of(a).total_cmp(&of(b))).map_or(0.0, |p| p.speed.rate)
            };
            let most = data.contexts.iter().map(|c| c.speed.rate / nearest(c) - 1.0).fold(0.0, f64::max);
            if most > 2.0 * SAME {
                " A shorter context leaves more of the arena to weights, which is the dashed curve’s lead.".to_owned()
            } else {
                " A shorter context would leave more of the arena to weights, but bring little.".to_owned()
            }
        }
        Some(longest) if too_small => {
            format!(" On the board as it is, a context of {} tokens fits of those tried.", plain(longest.x))
        }
        None => " On the board as it is, no context that was tried fits.".to_owned(),
        _ => String::new(),
    };
    finding(m, format_args!("From {x} to {y}: {change}, for attention reads every token before.{shorter}"));
    let mut all = vec![series("each position of this plan’s context", "curve", &data.positions)];
    if !data.contexts.is_empty() {
        all.push(series("the last position, planned for a context that ends there", "other", &data.contexts));
    }
    let most = f64::from(data.plan.ctx);
    let chart = LineChart {
        x: Axis { title: "position".into(), scale: Scale::linear(0.0, most, Round::Decimal), show: plain },
        series: all,
        marks: Vec::new(),
        steps: None,
    };
    figure(m, &format!("Decode speed over the position: from {x} to {y}"), &chart);
    numbers(m, "Position", &data.positions, f64::NAN, &plain);
    if !data.contexts.is_empty() {
        numbers(m, "Context, tokens", &data.contexts, most, &plain);
    }
}

pub(super) fn by_bandwidth(m: &mut Markup, data: &Data) {
    let Some((least, most)) = ends(&data.bandwidths) else { return };
    let here = data.decode.rate;
    let per_s = |x: f64| format!("{} MB/s", three_digits(x / 1e6));
    let turns = match data.turns.as_slice() {
        [] => format!("Over the whole range decode is bound by {}.", least.speed.bound_by().name()),
        turns => turns
            .iter()
            .map(|t| {
                let (at, times) = (per_s(t.bytes_per_s), three_digits(t.bytes_per_s / data.board.flash.bytes_per_s));
                format!(
                    "Up to {at} ({times} times the board’s) decode is bound by {}, beyond it by {}.",
                    t.below.name(),
                    t.above.name()
                )
            })
            .collect::<Vec<_>>()
            .join(" "),
    };
    let gain = match most.speed.rate / here - 1.0 {
        gain if gain < SAME => "faster flash brings nothing".to_owned(),
        gain => format!("flash of eight times the bandwidth brings {} more", percent(gain)),
    };
    let loss = match 1.0 - least.speed.rate / here {
        loss if loss < SAME => "an eighth costs nothing".to_owned(),
        loss => format!("an eighth costs {}", percent(loss)),
    };
    finding(m, format_args!("{turns} {}; {loss}.", capital(&gain)));
    let name = &data.board.name;
    let chip = data.board.flash.bytes_per_s;
    let mut marks = vec![(chip, format!("{name}: {}", per_s(chip)))];
    marks.extend(
        data.turns
            .iter()
            .map(|t| (t.bytes_per_s, format!("{}: bound by {} beyond", per_s(t.bytes_per_s), t.above.name()))),
    );
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let chart = LineChart {
        x: Axis {
            title: "flash bandwidth, MB/s".into(),
            scale: Scale::log(least.x, most.x, Round::Decimal),
            show: |x| plain(x / 1e6),
        },
        series: vec![series("decode", "curve", &data.bandwidths)],
        marks,
        steps: None,
    };
    let [x, y] = [least, most].map(|p| format!("{} tokens/s at {}", rate(p), per_s(p.x)));
    figure(m, &format!("Decode speed over the flash’s bandwidth: from {x} to {y}"), &chart);
    numbers(m, "Flash, MB/s", &data.bandwidths, chip, &|x| three_digits(x / 1e6));
}

const fn class_of(place: Place) -> &'static str {
    match place {
        Place::Pinned => "pinned",
        Place::Streamed => "bus",
        Place::Mapped => "memory",
        Place::Tables => "tables",
    }
}

/// Bytes of `tensors` by place.
fn by_place<'t>(tensors: impl Iterator<Item = &'t TensorLine>) -> Vec<Segment> {
    let mut segments =
        Place::ALL.map(|place| Segment { name: capital(place.name()), class: class_of(place), bytes: 0 }).to_vec();
    for tensor in tensors {
        let at = Place::ALL.iter().position(|&place| place == tensor.place).unwrap_or(0);
        segments[at].bytes += tensor.bytes;
    }
    segments
}

impl Data {
    /// All weights by where they lie.
    pub(super) fn places(&self) -> Vec<Segment> {
        by_place(self.tensors.iter())
    }
}

pub(super) fn by_tensor(m: &mut Markup, data: &Data) {
    let tied = !data.tensors.iter().any(|t| t.kind == Kind::Head);
    let of = |kind: Kind| data.tensors.iter().filter(move |t| t.kind == kind);
    let total: u64 = data.tensors.iter().map(|t| t.bytes).sum();
    let bytes_of = |kind: Kind| of(kind).map(|t| t.bytes).sum::<u64>();
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|&kind| bytes_of(kind) > 0).collect();
    let Some(&largest) = kinds.iter().max_by_key(|&&kind| bytes_of(kind)) else { return };
    let share = |bytes: u64| percent(bytes as f64 / total.max(1) as f64);
    let places: Vec<String> = data
        .places()
        .iter()
        .filter(|s| s.bytes > 0)
        .map(|s| format!("{} {}", share(s.bytes), s.name.to_lowercase().replace("tables", "in tables")))
        .collect();
    finding(
        m,
        format_args!(
            "The largest kind is {}: {}, {} of all weights. Of all bytes, {}.",
            largest.name(tied),
            show(bytes_of(largest)),
            share(bytes_of(largest)),
            places.join(", ")
        ),
    );
    let row = |&kind: &Kind| (kind.name(tied).to_owned(), by_place(of(kind)));
    let occur = |place: &Place| data.tensors.iter().any(|t| t.place == *place);
    let key = Place::ALL.into_iter().filter(occur).map(|place| (class_of(place), place.name())).collect();
    let rows = Rows { rows: kinds.iter().map(row).collect(), key };
    figure(m, "Bytes of each kind of tensor, by where they lie; the table below has the same numbers", &rows);
    let columns = ["Kind", "Tensors", "Formats", "Size", "Bytes", "Share"];
    table(m, "Kinds of tensors", &columns, |m| {
        for &kind in &kinds {
            let mut formats: Vec<&str> = Vec::new();
            of(kind).for_each(|t| formats.extend((!formats.contains(&t.format)).then_some(t.format)));
            m.element("tr", &[], |m| {
                m.leaf("th", &[("scope", &"row")], kind.name(tied));
                m.leaf("td", &[], of(kind).count());
                m.leaf("td", &[], formats.join(", "));
                bytes_cells(m, "kind-bytes", bytes_of(kind));
                m.leaf("td", &[], share(bytes_of(kind)));
            });
        }
    });
    m.element("details", &[], |m| {
        m.leaf("summary", &[], format_args!("All {} tensors", data.tensors.len()));
        let columns = ["Tensor", "Format", "Columns × rows", "Bytes", "Place"];
        table(m, "In the order of the file", &columns, |m| {
            data.tensors.iter().for_each(|tensor| tensor_row(m, tensor))
        });
    });
}

fn tensor_row(m: &mut Markup, tensor: &TensorLine) {
    m.element("tr", &[], |m| {
        m.leaf("th", &[("scope", &"row")], &tensor.name);
        m.leaf("td", &[], tensor.format);
        let [columns, rows] = tensor.dims;
        m.leaf("td", &[], format_args!("{columns} × {rows}"));
        m.leaf("td", &[], super::scale::grouped(tensor.bytes));
        m.element("td", &[], |m| {
            m.leaf("span", &[("class", &format_args!("swatch {}", class_of(tensor.place)))], "");
            m.text(tensor.place.name());
        });
    });
}
