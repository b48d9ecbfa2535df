//! Bytes as bars.

use super::chart::{LINE, Picture, bold_width, label, line, rect, text_width};
use super::markup::Markup;
use super::words::capital;
use crate::size::show;

/// A part of a bar.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) class: &'static str,
    pub(super) bytes: u64,
}

/// One bar of parts, in proportion, with what has room written in it.
pub(super) struct Map {
    pub(super) title: String,
    pub(super) segments: Vec<Segment>,
    /// A place in the bar, in bytes, and what it means.
    pub(super) mark: Option<(u64, String)>,
}

const BAR: f64 = 46.0;

impl Map {
    fn total(&self) -> f64 {
        let sum: u64 = self.segments.iter().map(|s| s.bytes).sum();
        sum.max(self.mark.as_ref().map_or(0, |mark| mark.0)).max(1) as f64
    }

    /// The top of the bar.
    fn top(&self) -> f64 {
        LINE + 5.0
    }
}

impl Picture for Map {
    fn height(&self, _width: f64) -> f64 {
        self.top() + BAR + self.mark.as_ref().map_or(2.0, |_| LINE + 10.0)
    }

    fn draw(&self, m: &mut Markup, width: f64) {
        label(m, [0.0, 11.0], "start", "title", &self.title);
        let scale = width / self.total();
        let mut x = 0.0;
        for segment in self.segments.iter().filter(|s| s.bytes > 0) {
            let wide = segment.bytes as f64 * scale;
            // A gap where there is room for one.
            let gap = if wide > 3.0 { 1.0 } else { 0.0 };
            rect(m, segment.class, [x, self.top()], [(wide - gap).max(0.5), BAR]);
            let has_room = |text: &&str| text_width(text) + 8.0 < wide;
            // "Tiles" says enough of "Streaming tiles".
            let short = capital(segment.name.rsplit(' ').next().unwrap_or_default());
            let name = [segment.name.as_str(), short.as_str()].into_iter().find(has_room);
            let bytes = show(segment.bytes);
            // Not under the mark.
            let mark = self.mark.as_ref().map_or(0.0, |mark| mark.0 as f64 * scale);
            let left = if (x..x + 90.0).contains(&mark) && mark + 95.0 < x + wide { mark } else { x };
            let class = if segment.class == "free" { "tick" } else { "inside" };
            for (y, text) in [(19.0, name), (35.0, Some(bytes.as_str()).filter(has_room))] {
                if let Some(text) = text {
                    label(m, [left + 5.0, self.top() + y], "start", class, text);
                }
            }
            x += wide;
        }
        if let Some((bytes, text)) = &self.mark {
            let x = *bytes as f64 * scale;
            line(m, "limit", [x, self.top() - 3.0], [x, self.top() + BAR + 8.0]);
            let (at, anchor) = if x + bold_width(text) < width { (x, "start") } else { (x.min(width), "end") };
            label(m, [at, self.top() + BAR + LINE + 6.0], anchor, "marked", text);
        }
    }
}

/// Several bars of parts, each with its name and its total.
pub(super) struct Rows {
    pub(super) rows: Vec<(String, Vec<Segment>)>,
    /// The key to the colours.
    pub(super) key: Vec<(&'static str, &'static str)>,
}

const ROW: f64 = 24.0;

impl Rows {
    fn total(segments: &[Segment]) -> u64 {
        segments.iter().map(|s| s.bytes).sum()
    }
}

impl Picture for Rows {
    fn height(&self, _width: f64) -> f64 {
        LINE + 6.0 + ROW * self.rows.len() as f64
    }

    fn draw(&self, m: &mut Markup, width: f64) {
        let mut x = 0.0;
        for (class, name) in &self.key {
            rect(m, class, [x, 2.0], [10.0, 10.0]);
            label(m, [x + 15.0, 11.0], "start", "tick", name);
            x += text_width(name) + 34.0;
        }
        let left = self.rows.iter().map(|(name, _)| text_width(name)).fold(40.0, f64::max) + 6.0;
        let right = 64.0;
        let most = self.rows.iter().map(|(_, segments)| Rows::total(segments)).max().unwrap_or(0).max(1);
        let scale = (width - left - right) / most as f64;
        for (i, (name, segments)) in self.rows.iter().enumerate() {
            let top = LINE + 6.0 + ROW * i as f64;
            label(m, [left - 6.0, top + 14.0], "end", "tick", name);
            let mut x = left;
            for segment in segments.iter().filter(|s| s.bytes > 0) {
                let wide = segment.bytes as f64 * scale;
                rect(m, segment.class, [x, top + 2.0], [wide.max(0.5), ROW - 7.0]);
                x += wide;
            }
            label(m, [x + 5.0, top + 14.0], "start", "tick", &show(Rows::total(segments)));
        }
    }
}
