//! Tables, and the numbers in their cells.

use core::fmt::Display;

use super::chart::class_of;
use super::markup::{Attributes, Markup};
use super::scale::grouped;
use crate::digits::three_digits;
use crate::sim::Resource;
use crate::size::show;

/// The sentence that says what a section found.
pub(super) fn finding(m: &mut Markup, text: impl Display) {
    m.leaf("p", &[("class", &"finding")], text);
}

/// A table; where it is wider than the page, it scrolls by itself.
pub(super) fn table(m: &mut Markup, caption: &str, columns: &[&str], body: impl FnOnce(&mut Markup)) {
    let attributes: Attributes<'_> =
        &[("class", &"scroll"), ("tabindex", &"0"), ("role", &"region"), ("aria-label", &caption)];
    m.element("div", attributes, |m| {
        m.element("table", &[], |m| {
            m.leaf("caption", &[], caption);
            m.element("thead", &[], |m| {
                m.element("tr", &[], |m| columns.iter().for_each(|column| m.leaf("th", &[("scope", &"col")], column)));
            });
            m.element("tbody", &[], body);
        });
    });
}

/// A number for people, with its exact value for programs.
pub(super) fn value(m: &mut Markup, name: &'static str, exact: impl Display, shown: impl Display) {
    m.leaf("data", &[("class", &name), ("value", &exact)], shown);
}

/// Bytes in a cell of their own, short, and exactly in the next.
pub(super) fn bytes_cells(m: &mut Markup, name: &'static str, bytes: u64) {
    m.leaf("td", &[], show(bytes));
    m.element("td", &[], |m| value(m, name, bytes, grouped(bytes)));
}

/// The swatch of what bounds speed, with its name.
pub(super) fn bound_cell(m: &mut Markup, resource: Resource) {
    m.element("td", &[], |m| {
        m.leaf("span", &[("class", &format_args!("swatch {}", class_of(resource)))], "");
        m.text(resource.name());
    });
}

/// A rate for people, with its exact value for programs.
pub(super) fn rate_value(m: &mut Markup, name: &'static str, rate: f64) {
    let exact = if rate.is_finite() { rate.to_string() } else { String::new() };
    value(m, name, exact, three_digits(rate));
}
