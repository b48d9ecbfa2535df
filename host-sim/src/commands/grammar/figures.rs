//! Figures of a compiled grammar, as the commands show them.

use flashlet::text::grammar::Matcher;
use flashlet_grammar::{Compiled, value_mark};
use serde::Serialize;

use crate::failure::Failure;
use crate::io::output::Listing;

/// Figures of a compiled grammar.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) states: usize,
    pub(crate) table_bytes: usize,
    /// Bytes of a place in a text.
    pub(crate) stack_bytes: usize,
    /// Levels to which rules nest.
    pub(crate) depth: u16,
    /// Readings that were proved to be enough; absent where a text may have more, which ends in an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) readings: Option<u16>,
    /// Tokens of the longest answer, at most; absent where texts may be of any length, and where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) longest: Option<u32>,
    /// Values, as they are marked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
}

impl Figures {
    /// The figures of `compiled`.
    pub(crate) fn of(compiled: &Compiled) -> Result<Figures, Failure> {
        let grammar = compiled.open()?;
        Ok(Figures {
            states: grammar.n_states(),
            table_bytes: compiled.tables.len(),
            stack_bytes: size_of::<Matcher>(),
            depth: grammar.depth(),
            readings: Some(grammar.readings()).filter(|&readings| readings > 0),
            longest: compiled.room.or(grammar.longest()),
            values: grammar.values().map(|value| value_mark(&value)).collect(),
        })
    }

    /// The figures in a line.
    pub(crate) fn line(&self) -> String {
        let Figures { states, table_bytes, stack_bytes, values, .. } = self;
        let longest = self.longest.map_or(String::new(), |longest| format!(", answers of up to {longest} tokens"));
        let values = match values.len() {
            0 => String::new(),
            n => format!(", {n} value{}", if n == 1 { "" } else { "s" }),
        };
        format!("{states} states, {table_bytes} bytes of tables, {stack_bytes} of stack{longest}{values}")
    }

    /// Writes a line for each figure.
    pub(crate) fn list(&self, out: &mut Listing) -> Result<(), Failure> {
        out.write(format_args!("states       {}\n", self.states))?;
        out.write(format_args!("table bytes  {}\n", self.table_bytes))?;
        out.write(format_args!("stack bytes  {}\n", self.stack_bytes))?;
        out.write(format_args!("depth        {}\n", self.depth))?;
        match self.readings {
            Some(readings) => out.write(format_args!("readings     {readings} at most\n"))?,
            None => out.write(format_args!("readings     not proved to be bounded\n"))?,
        }
        match self.longest {
            Some(longest) => out.write(format_args!("longest      {longest} tokens at most\n"))?,
            None => out.write(format_args!(
                "longest      not known: texts may be of any length, or too many to be counted\n"
            ))?,
        }
        self.values.iter().try_for_each(|value| out.write(format_args!("value        {value}\n")))
    }
}
