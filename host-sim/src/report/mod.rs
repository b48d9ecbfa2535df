//! A report on a model on a board, as one HTML page.
//!
//! The planner and the simulator are asked many times ([`data`]); the page ([`page`], [`curves`]) says what they
//! answered, in words, pictures and tables. It is one file and fetches nothing.

mod bars;
mod chart;
mod curves;
mod data;
mod markup;
mod page;
mod scale;
mod summary;
mod table;
mod tensors;
#[cfg(test)]
mod tests;
mod timeline;
mod token;
mod words;

pub(crate) use data::Data;
pub(crate) use page::page;
