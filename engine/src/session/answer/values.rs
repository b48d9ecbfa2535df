//! Values of an answer on their way to the caller.

use super::text::Text;
use crate::text::Follower;
use crate::text::grammar::Grammar;
use crate::text::values::ValueError;

/// Writes values in place of what was said for them, in the text that a token added; the last one too where the answer `ends`.
///
/// # Errors
/// [`ValueError`]: a value is refused, or there is no room for it. The text ends in front of it.
pub(super) fn convert(
    text: &mut Text<'_>,
    (grammar, follower): (&Grammar<'_>, &mut Follower),
    ends: bool,
) -> Result<(), ValueError> {
    let converter = &mut follower.converter;
    text.convert(grammar, converter)?;
    if ends && let Some(written) = converter.end(grammar)? {
        text.push_value(&written)?;
    }
    Ok(())
}
