//! Curves over an axis.

use super::markup::{Attributes, Markup, Px};
use super::scale::Scale;
use crate::sim::Resource;

/// A drawing that can be made for any width.
pub(super) trait Picture {
    fn height(&self, width: f64) -> f64;
    fn draw(&self, m: &mut Markup, width: f64);
}

/// Widths that pictures are drawn for: a desktop's, and a telephone's.
pub(super) const WIDTHS: [(&str, f64); 2] = [("wide", 720.0), ("narrow", 344.0)];
/// Height of a line of text.
pub(super) const LINE: f64 = 15.0;

/// Draws `picture` for each of the widths; `label` says what is to be seen.
pub(super) fn figure(m: &mut Markup, label: &str, picture: &dyn Picture) {
    m.element("figure", &[], |m| {
        for (class, width) in WIDTHS {
            let view = format!("0 0 {} {}", Px(width), Px(picture.height(width)));
            m.element("svg", &[("class", &class), ("viewBox", &view), ("role", &"img"), ("aria-label", &label)], |m| {
                picture.draw(m, width);
            });
        }
    });
}

/// The approximate width of `text` in the small letters of pictures.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 6.6
}

/// The approximate width of `text` in the bold letters of pictures' marks.
pub(super) fn bold_width(text: &str) -> f64 {
    text.chars().count() as f64 * 7.5
}

/// Text in a picture, at a place, beginning, centred or ending there.
pub(super) fn label(m: &mut Markup, [x, y]: [f64; 2], anchor: &'static str, class: &'static str, text: &str) {
    let (x, y) = (Px(x), Px(y));
    let attributes: Attributes<'_> = &[("x", &x), ("y", &y), ("text-anchor", &anchor), ("class", &class)];
    m.leaf("text", attributes, text);
}

/// A line in a picture.
pub(super) fn line(m: &mut Markup, class: &'static str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
    m.void("line", &[("class", &class), ("x1", &Px(x1)), ("y1", &Px(y1)), ("x2", &Px(x2)), ("y2", &Px(y2))]);
}

/// A rectangle in a picture.
pub(super) fn rect(m: &mut Markup, class: &'static str, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
    m.void(
        "rect",
        &[
            ("class", &class),
            ("x", &Px(x)),
            ("y", &Px(y)),
            ("width", &Px(width.max(0.0))),
            ("height", &Px(height.max(0.0))),
        ],
    );
}

/// The colour of what bounds speed.
pub(super) const fn class_of(resource: Resource) -> &'static str {
    match resource {
        Resource::Flash => "bus",
        Resource::Compute => "compute",
        Resource::Memory => "memory",
    }
}

/// The mark of what bounds speed: shapes tell it too, not colours alone.
fn mark(m: &mut Markup, resource: Resource, [x, y]: [f64; 2]) {
    match resource {
        Resource::Flash => m.void("circle", &[("class", &"bus"), ("cx", &Px(x)), ("cy", &Px(y)), ("r", &"3")]),
        Resource::Compute => rect(m, "compute", [x - 2.6, y - 2.6], [5.2, 5.2]),
        Resource::Memory => {
            let [x, y, r] = [x, y, 3.6].map(Px);
            let path = format!("M{x} {}l{r} {r}l-{r} {r}l-{r} -{r}z", Px(y.0 - r.0));
            m.void("path", &[("class", &"memory"), ("d", &path)]);
        }
    }
}

/// The quantity on the horizontal axis.
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) scale: Scale,
    pub(super) show: fn(f64) -> String,
}

/// A curve: places, values, and what bounds speed there.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) points: Vec<(f64, f64, Resource)>,
}

/// Steps from 0 to 1 below the curves.
pub(super) struct Steps {
    pub(super) title: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// Tokens a second over something.
pub(super) struct LineChart {
    pub(super) x: Axis,
    pub(super) series: Vec<Series>,
    /// Vertical lines and what they say.
    pub(super) marks: Vec<(f64, String)>,
    pub(super) steps: Option<Steps>,
}

const LEFT: f64 = 46.0;
const RIGHT: f64 = 16.0;
const PLOT: f64 = 210.0;
const STEPS: f64 = 56.0;
const BOTTOM: f64 = 40.0;

impl LineChart {
    /// Lines of text above the plot: the vertical axis's title, curves, what bounds speed, marks.
    fn top(&self, width: f64) -> f64 {
        let names = if self.series.len() > 1 { self.series.len() } else { 0 };
        LINE * (1 + names + self.bound_lines(width) + self.marks.len()) as f64 + 6.0
    }

    fn resources(&self) -> Vec<Resource> {
        let all = [Resource::Flash, Resource::Memory, Resource::Compute];
        let occurs = |r: &Resource| self.series.iter().any(|s| s.points.iter().any(|p| p.2 == *r));
        all.into_iter().filter(occurs).collect()
    }

    fn bound_lines(&self, width: f64) -> usize {
        if width < 500.0 { self.resources().len() } else { 1 }
    }
}

impl Picture for LineChart {
    fn height(&self, width: f64) -> f64 {
        self.top(width) + PLOT + self.steps.as_ref().map_or(0.0, |_| STEPS) + BOTTOM
    }

    fn draw(&self, m: &mut Markup, width: f64) {
        let top = self.top(width);
        let (bottom, plot_width) = (top + PLOT, width - LEFT - RIGHT);
        let floor = bottom + self.steps.as_ref().map_or(0.0, |_| STEPS);
        let highest = self.series.iter().flat_map(|s| &s.points).map(|p| p.1).fold(0.0, f64::max);
        let y = Scale::linear(0.0, if highest > 0.0 { highest * 1.06 } else { 1.0 }, super::scale::Round::Decimal);
        let at_x = |x: f64| LEFT + plot_width * self.x.scale.at(x);
        let at_y = |value: f64| bottom - PLOT * y.at(value);

        for tick in y.ticks(6) {
            line(m, "grid", [LEFT, at_y(tick)], [width - RIGHT, at_y(tick)]);
            label(m, [LEFT - 6.0, at_y(tick) + 4.0], "end", "tick", &super::scale::plain(tick));
        }
        let widest = self.x.scale.ticks(4).iter().map(|&t| text_width(&(self.x.show)(t))).fold(30.0, f64::max);
        for tick in self.x.scale.ticks((plot_width / (widest + 14.0)) as usize) {
            line(m, "grid", [at_x(tick), top], [at_x(tick), floor]);
            let text = (self.x.show)(tick);
            let half = text_width(&text) / 2.0;
            label(m, [at_x(tick).clamp(half, width - half), floor + 15.0], "middle", "tick", &text);
        }
        line(m, "axis", [LEFT, bottom], [width - RIGHT, bottom]);
        label(m, [LEFT + plot_width / 2.0, floor + 33.0], "middle", "title", &self.x.title);
        label(m, [4.0, 11.0], "start", "title", "tokens/s");

        let row = self.draw_legend(m, width);
        // Lines first: what they say is written over them.
        let rows = || self.marks.iter().zip(0..).map(|((x, text), i)| (at_x(*x), row + f64::from(i), text));
        for (x, row, _) in rows() {
            line(m, "mark", [x, LINE * row + 2.0], [x, floor]);
        }
        for (x, row, text) in rows() {
            // To the right, else to the left, else where it ends with the picture.
            let long = bold_width(text);
            let (x, anchor) = match x {
                x if x + 5.0 + long < width => (x + 5.0, "start"),
                x if x - 5.0 > long => (x - 5.0, "end"),
                _ => (width - 2.0, "end"),
            };
            label(m, [x, LINE * row + 11.0], anchor, "marked", text);
        }

        if let Some(steps) = &self.steps {
            self.draw_steps(m, steps, [width, bottom, floor], &at_x);
        }
        for series in &self.series {
            let places: Vec<_> = series.points.iter().map(|&(x, value, _)| (at_x(x), at_y(value))).collect();
            let path: Vec<String> = places.iter().map(|&(x, y)| format!("{} {}", Px(x), Px(y))).collect();
            if path.len() > 1 {
                m.void("path", &[("class", &series.class), ("d", &format!("M{}", path.join("L")))]);
            }
            for (&(x, y), &(_, _, resource)) in places.iter().zip(&series.points) {
                mark(m, resource, [x, y]);
            }
        }
    }
}

impl LineChart {
    /// Draws the names of curves and marks above the plot; returns the row of text below them.
    fn draw_legend(&self, m: &mut Markup, width: f64) -> f64 {
        let mut row = 1.0;
        if self.series.len() > 1 {
            for series in &self.series {
                let middle = LINE * row + 7.0;
                line(m, series.class, [4.0, middle], [28.0, middle]);
                label(m, [34.0, middle + 4.0], "start", "tick", series.name);
                row += 1.0;
            }
        }
        let mut x = 4.0;
        for resource in self.resources() {
            let text = format!("bound by {}", resource.name());
            mark(m, resource, [x + 4.0, LINE * row + 7.0]);
            label(m, [x + 12.0, LINE * row + 11.0], "start", "tick", &text);
            if self.bound_lines(width) > 1 { row += 1.0 } else { x += text_width(&text) + 34.0 }
        }
        row + if self.bound_lines(width) > 1 { 0.0 } else { 1.0 }
    }

    fn draw_steps(&self, m: &mut Markup, steps: &Steps, [width, bottom, floor]: [f64; 3], at_x: &dyn Fn(f64) -> f64) {
        let height = STEPS - 14.0;
        let at_y = |share: f64| floor - height * share.clamp(0.0, 1.0);
        line(m, "axis", [LEFT, floor], [width - RIGHT, floor]);
        label(m, [LEFT - 6.0, floor + 1.0], "end", "tick", "0");
        label(m, [LEFT - 6.0, at_y(1.0) + 7.0], "end", "tick", "100 %");
        let Some((first, rest)) = steps.points.split_first() else { return };
        let mut path = format!("M{} {}V{}", Px(at_x(first.0)), Px(floor), Px(at_y(first.1)));
        let mut last = first.1;
        for &(x, share) in rest {
            if share != last {
                path += &format!("H{}V{}", Px(at_x(x)), Px(at_y(share)));
                last = share;
            }
        }
        path += &format!("H{}V{}Z", Px(width - RIGHT), Px(floor));
        m.void("path", &[("class", &"pinned"), ("d", &path)]);
        label(m, [LEFT + 6.0, bottom + 25.0], "start", "over", steps.title);
    }
}
