//! The section on what is busy while one token is made.

use super::chart::figure;
use super::data::Data;
use super::markup::Markup;
use super::scale::{grouped, percent};
use super::table::{finding, table};
use super::timeline::{Load, Stretch, Timeline, show_time};
use crate::predict::Trace;
use crate::sim::Time;
use crate::size::show;

pub(super) fn token(m: &mut Markup, data: &Data) {
    let trace = &data.trace;
    let stretches = trace.stretches();
    let all = trace.load(0, trace.time());
    let share = |part: Time, of: Time| percent(part as f64 / of.max(1) as f64);
    let hidden = if all.bus > 0 {
        format!(
            "The token reads {} in {} transfers; {} of the bus’s time is hidden behind computation, and for {} of the token’s {} the processor waits for the bus.",
            show(all.bytes),
            grouped(all.reads),
            share(all.both, all.bus),
            share(all.time - all.processor, all.time),
            show_time(all.time),
        )
    } else {
        format!("The token moves nothing over the bus: its {} are the processor’s alone.", show_time(all.time))
    };
    let waits = match all.memory {
        0 => String::new(),
        memory => format!(
            " {} of the processor’s time is waiting for weights that it reads in place.",
            share(memory, all.processor)
        ),
    };
    finding(m, format_args!("{hidden}{waits}"));
    let label = format!(
        "Two lanes over the {} of the token at position {}: how busy the bus and the processor are at each moment",
        show_time(all.time),
        trace.position
    );
    figure(m, &label, &Timeline { trace, stretches: &stretches, from: 0, to: trace.time(), each: false });
    if let Some((middle, most)) = busiest(trace, &stretches) {
        m.leaf(
            "p",
            &[("class", &"note")],
            format_args!(
                "Each transfer and computation of {}, {}:",
                middle.name,
                if most { "which reads most" } else { "in the middle" }
            ),
        );
        let label = format!("Two lanes over {}: each of its transfers and computations", middle.name);
        let (from, to) = (middle.from, middle.to);
        figure(m, &label, &Timeline { trace, stretches: &stretches, from, to, each: true });
    }
    let columns = ["Part", "Time", "Share", "Read", "Bus busy", "Processor busy", "Both"];
    table(m, "Utilisation", &columns, |m| utilisation(m, data, &stretches, &all));
}

/// The layer that reads most, nearest to the middle; whether there is one that does.
fn busiest<'s>(trace: &Trace, stretches: &'s [Stretch]) -> Option<(&'s Stretch, bool)> {
    let layers: Vec<&Stretch> = stretches.iter().filter(|stretch| stretch.is_layer).collect();
    let read = |layer: &&Stretch| trace.load(layer.from, layer.to).bus;
    let most = layers.iter().map(read).max()?;
    let busy: Vec<&Stretch> = layers.iter().copied().filter(|layer| read(layer) >= most / 100 * 98).collect();
    busy.get(busy.len() / 2).map(|layer| (*layer, busy.len() < layers.len()))
}

fn utilisation(m: &mut Markup, data: &Data, stretches: &[Stretch], all: &Load) {
    let mut one = |name: &str, load: Load| {
        let share = |part: Time| percent(part as f64 / load.time.max(1) as f64);
        m.element("tr", &[], |m| {
            m.leaf("th", &[("scope", &"row")], name);
            m.leaf("td", &[], show_time(load.time));
            m.leaf("td", &[], percent(load.time as f64 / all.time.max(1) as f64));
            m.leaf("td", &[], show(load.bytes));
            m.leaf("td", &[], share(load.bus));
            m.leaf("td", &[], share(load.processor));
            m.leaf("td", &[], share(load.both));
        });
    };
    for part in stretches.chunk_by(|a, b| a.is_layer && b.is_layer) {
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let name = if first.is_layer { format!("all {} layers", part.len()) } else { first.name.clone() };
        one(&name, data.trace.load(first.from, last.to));
    }
    one("the token", *all);
}
