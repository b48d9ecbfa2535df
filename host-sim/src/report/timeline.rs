//! A picture of the busy times of bus and processor during a token.

use super::chart::{LINE, Picture, label, line, rect, text_width};
use super::markup::{Markup, Px};
use super::scale::{Round, Scale, seconds};
use crate::predict::Trace;
use crate::sim::{Busy, Interval, Time, Work};

const PICOSECOND: f64 = 1e-12;

/// A part of a pass: the embedding, a layer, or the head.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) name: String,
    pub(super) is_layer: bool,
    pub(super) from: Time,
    pub(super) to: Time,
}

/// The busy time of bus and processor in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) time: Time,
    pub(super) bus: Time,
    pub(super) processor: Time,
    /// The processor's time that is spent waiting for weights in place.
    pub(super) memory: Time,
    /// Both at the same time.
    pub(super) both: Time,
    /// Bytes of the transfers that began.
    pub(super) bytes: u64,
    pub(super) reads: u64,
}

impl Trace {
    /// The time of the pass.
    pub(super) fn time(&self) -> Time {
        self.intervals.iter().map(|i| i.to).max().unwrap_or(0).max(self.spent.now)
    }

    /// Its embedding, if that takes time, its layers and its head.
    pub(super) fn stretches(&self) -> Vec<Stretch> {
        let name = |section: usize| match section.checked_sub(1) {
            None => "embedding".to_owned(),
            Some(layer) if section < self.section_ends.len() => format!("layer {layer}"),
            Some(_) => "head".to_owned(),
        };
        let begins = [0].into_iter().chain(self.section_ends.iter().copied());
        let ends = self.section_ends.iter().copied().chain([self.time()]);
        let stretches = begins.zip(ends).enumerate().map(|(section, (from, to))| {
            let is_layer = (1..self.section_ends.len()).contains(&section);
            Stretch { name: name(section), is_layer, from, to }
        });
        stretches.skip_while(|stretch| stretch.to == 0 && !stretch.is_layer).collect()
    }

    /// The busy time of bus and processor from `from` to `to`.
    pub(super) fn load(&self, from: Time, to: Time) -> Load {
        let mut load = Load { time: to.saturating_sub(from), ..Load::default() };
        let within = |i: &Interval| i.to.min(to).saturating_sub(i.from.max(from));
        let (mut bus, mut processor) = (Vec::new(), Vec::new());
        for i in &self.intervals {
            match i.busy {
                Busy::Bus { bytes } => {
                    load.bus += within(i);
                    if (from..to).contains(&i.from) {
                        (load.bytes, load.reads) = (load.bytes + bytes, load.reads + 1);
                    }
                    bus.push(i);
                }
                Busy::Processor { memory, .. } => {
                    load.processor += within(i);
                    let length = (i.to - i.from).max(1);
                    load.memory += (memory as f64 * within(i) as f64 / length as f64) as Time;
                    processor.push(i);
                }
            }
        }
        // Neither a bus nor a processor does two things at a time, and both lists rise.
        let (mut a, mut b) = (bus.iter().peekable(), processor.iter().peekable());
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            load.both += x.to.min(y.to).min(to).saturating_sub(x.from.max(y.from).max(from));
            if x.to <= y.to { _ = a.next() } else { _ = b.next() }
        }
        load
    }
}

/// The kinds of the processor's time, as classes of the style sheet and in words.
pub(super) const PROCESSOR: [(&str, &str); 4] =
    [("memory", "waits for weights"), ("compute", "matrix products"), ("attention", "attention"), ("rest", "the rest")];

/// An interval of the processor in two: waiting, then work. Each is an index into [`PROCESSOR`] and a span.
fn pieces(interval: &Interval) -> [(usize, Time, Time); 2] {
    let Busy::Processor { work, memory } = interval.busy else { return [(0, 0, 0); 2] };
    let class = match work {
        Work::Product => 1,
        Work::Attention => 2,
        Work::Elements | Work::Checksum => 3,
    };
    let middle = interval.from.saturating_add(memory).min(interval.to);
    [(0, interval.from, middle), (class, middle, interval.to)]
}

/// Two lanes over a stretch of time.
pub(super) struct Timeline<'t> {
    pub(super) trace: &'t Trace,
    pub(super) stretches: &'t [Stretch],
    pub(super) from: Time,
    pub(super) to: Time,
    /// Draws each transfer and computation, not the share of each moment that is busy.
    pub(super) each: bool,
}

const LANE: f64 = 44.0;
/// The tops of the lanes: below the names of the stretches, and the name of each lane.
const LANES: [f64; 2] = [LINE * 2.0 + 8.0, LINE * 3.0 + 14.0 + LANE];

impl Timeline<'_> {
    fn key_lines(&self, width: f64) -> f64 {
        if width < 500.0 { 2.0 } else { 1.0 }
    }
}

impl Picture for Timeline<'_> {
    fn height(&self, width: f64) -> f64 {
        LANES[1] + LANE + 40.0 + LINE * self.key_lines(width)
    }

    fn draw(&self, m: &mut Markup, width: f64) {
        let length = (self.to - self.from).max(1) as f64;
        let at = |time: Time| (time.saturating_sub(self.from) as f64 / length).min(1.0) * (width - 2.0) + 1.0;
        let floor = LANES[1] + LANE;
        let load = self.trace.load(self.from, self.to);
        let share = |part: Time| super::scale::percent(part as f64 / length);
        let names = [format!("bus: busy {}", share(load.bus)), format!("processor: busy {}", share(load.processor))];
        for (top, name) in LANES.into_iter().zip(&names) {
            label(m, [1.0, top - 5.0], "start", "title", name);
            rect(m, "idle", [1.0, top], [width - 2.0, LANE]);
        }
        if self.each {
            self.draw_each(m, &at)
        } else {
            self.draw_shares(m, width)
        }

        self.draw_stretches(m, width, &at);

        let scale = Scale::linear(self.from as f64 * PICOSECOND, self.to as f64 * PICOSECOND, Round::Decimal);
        for tick in scale.ticks((width / 80.0) as usize) {
            let x = 1.0 + (width - 2.0) * scale.at(tick);
            line(m, "axis", [x, floor], [x, floor + 4.0]);
            let text = time_tick(tick, self.to as f64 * PICOSECOND);
            let half = text_width(&text) / 2.0;
            label(m, [x.clamp(half, width - half), floor + 17.0], "middle", "tick", &text);
        }
        let (mut x, mut y) = (1.0, floor + 36.0);
        let occurs = [load.bus > 0, load.memory > 0, true, true, true];
        let key = [("bus", "transfer")].into_iter().chain(PROCESSOR).zip(occurs);
        for ((class, name), _) in key.filter(|(_, occurs)| *occurs) {
            if x + text_width(name) + 15.0 > width {
                (x, y) = (1.0, y + LINE);
            }
            rect(m, class, [x, y - 9.0], [10.0, 10.0]);
            label(m, [x + 15.0, y], "start", "tick", name);
            x += text_width(name) + 30.0;
        }
    }
}

impl Timeline<'_> {
    /// Draws the begins of the stretches, and the names of those that have room.
    fn draw_stretches(&self, m: &mut Markup, width: f64, at: &dyn Fn(Time) -> f64) {
        let seen: Vec<&Stretch> = self.stretches.iter().filter(|s| s.to > self.from && s.from < self.to).collect();
        let lanes = LANES.map(|top| [top, top + LANE]);
        for stretch in &seen {
            let x = at(stretch.from);
            lanes.iter().for_each(|&[top, bottom]| line(m, "bound", [x, top], [x, bottom]));
        }
        let name = |m: &mut Markup, x: f64, text: &str| {
            line(m, "bound", [x, 3.0], [x, LINE - 1.0]);
            label(m, [x + 3.0, 11.0], "start", "tick", text);
        };
        let Some((last, others)) = seen.split_last() else { return };
        let end = if text_width(&last.name) + 6.0 < width - at(last.from) { at(last.from) } else { width };
        if end < width || others.is_empty() {
            name(m, at(last.from), &last.name);
        }
        let (embedding, layers) = others.split_at(others.iter().take_while(|s| !s.is_layer).count());
        for stretch in embedding.iter().filter(|s| text_width(&s.name) + 6.0 < at(s.to) - at(s.from)) {
            name(m, at(stretch.from), &stretch.name);
        }
        // "layer 7", or "7", of every first, second, fifth, ...
        let each = layers.first().map_or(width, |first| at(first.to) - at(first.from));
        let every = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|&n| each * f64::from(n) > 26.0).unwrap_or(1000);
        for (i, layer) in layers.iter().enumerate().step_by(every as usize) {
            let short = layer.name.trim_start_matches("layer ");
            let x = at(layer.from);
            let next = at(layers.get(i + every as usize).map_or(last.from, |next| next.from)).min(end);
            let long = if i == 0 || each > 60.0 { layer.name.as_str() } else { short };
            let fitting = [long, short].into_iter().find(|text| x + 6.0 + text_width(text) < next);
            if let Some(text) = fitting {
                name(m, x, text);
            }
        }
    }

    /// Each transfer, and each computation.
    fn draw_each(&self, m: &mut Markup, at: &dyn Fn(Time) -> f64) {
        let mut paths = vec![Vec::<(f64, f64)>::new(); 1 + PROCESSOR.len()];
        let mut add = |class: usize, from: Time, to: Time| {
            let (from, to) = (from.max(self.from), to.min(self.to));
            if from >= to {
                return;
            }
            let (x, mut end) = (at(from), at(to));
            // A seam shows where one ends and the next begins, if both are wide enough.
            end -= if end - x > 3.0 { 0.7 } else { 0.0 };
            match paths[class].last_mut() {
                Some(last) if x - last.1 < 0.3 => last.1 = end.max(last.1),
                _ => paths[class].push((x, end)),
            }
        };
        for interval in &self.trace.intervals {
            match interval.busy {
                Busy::Bus { .. } => add(0, interval.from, interval.to),
                Busy::Processor { .. } => pieces(interval).into_iter().for_each(|(c, from, to)| add(c + 1, from, to)),
            }
        }
        let classes = ["bus"].into_iter().chain(PROCESSOR.map(|(class, _)| class));
        for (i, (class, spans)) in classes.zip(&paths).enumerate() {
            let top = LANES[usize::from(i > 0)];
            let one = |&(x, end): &(f64, f64)| {
                // No narrower than what a tenth of a pixel shows.
                let wide = (end - x).max(0.2);
                format!("M{} {}h{}v{LANE}h-{}z", Px(x), Px(top), Px(wide), Px(wide))
            };
            let path: String = spans.iter().map(one).collect();
            if !path.is_empty() {
                m.void("path", &[("class", &class), ("d", &path)]);
            }
        }
    }

    /// Draws the share of each moment that is busy.
    fn draw_shares(&self, m: &mut Markup, width: f64) {
        let moments = (width / 2.4) as usize;
        let length = (self.to - self.from).max(1) as f64 / moments as f64;
        let mut shares = vec![[0.0; 1 + PROCESSOR.len()]; moments];
        let mut add = |class: usize, from: Time, to: Time| {
            let [from, to] = [from, to].map(|t| t.saturating_sub(self.from) as f64 / length);
            let mut i = from as usize;
            while i < moments && (i as f64) < to {
                shares[i][class] += (to.min(i as f64 + 1.0) - from.max(i as f64)).max(0.0);
                i += 1;
            }
        };
        for interval in &self.trace.intervals {
            match interval.busy {
                Busy::Bus { .. } => add(0, interval.from, interval.to),
                Busy::Processor { .. } => pieces(interval).into_iter().for_each(|(c, from, to)| add(c + 1, from, to)),
            }
        }
        let step = (width - 2.0) / moments as f64;
        let mut floors = vec![[0.0; 2]; moments];
        let classes = ["bus"].into_iter().chain(PROCESSOR.map(|(class, _)| class));
        for (class, name) in classes.enumerate() {
            let lane = usize::from(class > 0);
            if shares.iter().all(|s| s[class] == 0.0) {
                continue;
            }
            let y = |share: f64| Px(LANES[lane] + LANE * (1.0 - share.clamp(0.0, 1.0)));
            let mut above = String::new();
            let mut below = String::new();
            for (i, (share, floor)) in shares.iter().zip(&mut floors).enumerate() {
                let (low, high) = (floor[lane], (floor[lane] + share[class]).min(1.0));
                floor[lane] = high;
                let [x, next] = [i, i + 1].map(|i| Px(1.0 + step * i as f64));
                above += &format!("L{x} {}H{next}", y(high));
                below = format!("L{next} {}H{x}", y(low)) + &below;
            }
            let path = format!("M1 {}{above}{below}Z", Px(LANES[lane] + LANE));
            m.void("path", &[("class", &name), ("d", &path)]);
        }
    }
}

/// A time on an axis that ends at `last`, in its unit.
fn time_tick(time: f64, last: f64) -> String {
    let (factor, unit) = match last {
        _ if last >= 2.0 => (1.0, "s"),
        _ if last >= 2e-3 => (1e3, "ms"),
        _ => (1e6, "µs"),
    };
    format!("{} {unit}", super::scale::plain((time * factor * 1e4).round() / 1e4))
}

/// Picoseconds in words.
pub(super) fn show_time(time: Time) -> String {
    seconds(time as f64 * PICOSECOND)
}
