//! The search for names that occur twice.
//!
//! Names are compared by 64-bit hashes. A pass over all names takes as many of the hashes as the table has room for, and
//! looks up those of the names that follow: `n` names and a table for `m` take `n / m` passes.

use super::error::{GgufError, Problem};
use super::kv::KvWalk;
use super::tensor::TensorWalk;
use super::value::Str;
use crate::flash::{Flash, FlashError, Source};
use core::ops::Range;

/// A walk over names that must differ.
pub(super) enum Names {
    Keys(KvWalk),
    Tensors(TensorWalk),
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Names {
    async fn next<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<Option<Str>, GgufError> {
        Ok(match self {
            Names::Keys(kvs) => kvs.next(source).await?.map(|(key, _)| key),
            Names::Tensors(tensors) => tensors.next(source).await?.map(|tensor| tensor.name),
        })
    }
}

/// The error of name `index`, which occurred before in the walk. (A walk that were an argument would lie in the future
/// twice.)
#[cfg_attr(feature = "blocking", macros::blocking)]
pub(super) async fn repeated<F: Flash>(
    walk: impl Fn() -> Names,
    source: &mut Source<'_, F>,
    index: u32,
    name: Str,
) -> Result<GgufError, GgufError> {
    let wanted = hash(source, name).await?;
    let (mut names, mut first) = (walk(), 0u32);
    while let Some(name) = names.next(source).await? {
        if hash(source, name).await? == wanted {
            break;
        }
        first = first.saturating_add(1);
    }
    let (name, offset) = (name.name_at(), name.offset);
    Ok(match names {
        Names::Keys(_) => GgufError::Key { index, name, offset, problem: Problem::DuplicateKey { first } },
        Names::Tensors(_) => GgufError::Tensor { index, name, offset, problem: Problem::DuplicateName { first } },
    })
}

/// Asserts that no name occurs twice; `walk` gives a walk over them. Half of `table`'s slots are filled in a pass, so that
/// searches in it stay short.
///
/// # Errors
/// [`Problem::DuplicateKey`], [`Problem::DuplicateName`]; flash failures.
#[cfg_attr(feature = "blocking", macros::blocking)]
pub(super) async fn check<F: Flash>(
    walk: impl Fn() -> Names,
    source: &mut Source<'_, F>,
    table: &mut [u64],
) -> Result<(), GgufError> {
    let mut one = [EMPTY];
    let table = if table.is_empty() { &mut one } else { table };
    let room = u32::try_from(table.len() / 2).unwrap_or(u32::MAX).max(1);
    let mut done = 0u32;
    loop {
        table.fill(EMPTY);
        let full = done.saturating_add(room);
        let (n, found) = pass(&walk, source, table, done..full).await?;
        if let Some(name) = found {
            return Err(repeated(&walk, source, n, name).await?);
        }
        if n <= full {
            return Ok(());
        }
        done = full;
    }
}

/// Takes the names with these indices into `table`, and looks up those that follow. Returns how many names there are, or the
/// index of one that was there before and the name.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn pass<F: Flash>(
    walk: impl Fn() -> Names,
    source: &mut Source<'_, F>,
    table: &mut [u64],
    taken: Range<u32>,
) -> Result<(u32, Option<Str>), GgufError> {
    let (mut names, mut index) = (walk(), 0u32);
    while let Some(name) = names.next(source).await? {
        if index >= taken.start {
            let hash = hash(source, name).await?;
            match slot(table, hash) {
                Some(slot) if *slot == hash => return Ok((index, Some(name))),
                Some(slot) if index < taken.end => *slot = hash,
                _ => {}
            }
        }
        index = index.saturating_add(1);
    }
    Ok((index, None))
}

/// A slot without a hash; no name has this one.
const EMPTY: u64 = 0;

/// FNV-1a of a name's bytes.
#[cfg_attr(feature = "blocking", macros::blocking)]
async fn hash<F: Flash>(source: &mut Source<'_, F>, name: Str) -> Result<u64, FlashError> {
    let (mut hash, mut at) = (0xcbf2_9ce4_8422_2325, name.offset);
    let end = name.offset.saturating_add(name.len);
    let mut piece = [0; 64];
    while at < end {
        let len = end.saturating_sub(at).min(piece.len() as u64);
        let bytes = source.view(at, len as usize, &mut piece).await?;
        hash = bytes.iter().fold(hash, |hash: u64, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        at = at.saturating_add(len);
    }
    Ok(hash.max(EMPTY.saturating_add(1)))
}

/// The slot that holds `hash`, or the first empty one where it would be looked for.
fn slot(table: &mut [u64], hash: u64) -> Option<&mut u64> {
    let start = hash.checked_rem(table.len() as u64)? as usize;
    let (before, from) = table.split_at_mut_checked(start)?;
    from.iter_mut().chain(before).find(|slot| **slot == hash || **slot == EMPTY)
}
