//! The commands, each with its arguments.

pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod eval;
pub(crate) mod grammar;
pub(crate) mod inspect;
pub(crate) mod pack;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod tokenize;
