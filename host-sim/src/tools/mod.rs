//! Tools: functions that a model may call, shown to it by its chat template. Its answer is one call or several, in the form in
//! which models of its family were taught to write them.

mod call;
mod escaped;
mod form;
mod list;
#[cfg(test)]
mod tests;

pub(crate) use call::Call;
pub(crate) use form::Form;
pub(crate) use list::Tools;
