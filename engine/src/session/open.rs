//! The short way from a file to a session.

use super::error::Error;
use super::model::Model;
use super::plan::Options;
use super::run::Session;
use crate::arena::aligned;
use crate::flash::{Flash, Source, apart};
use crate::kernels::{Inline, detect};

#[cfg_attr(feature = "blocking", macros::blocking)]
impl<'a, 'm: 'a, F: Flash> Session<'a, 'm, F> {
    /// Opens the model in `source`, plans how it uses `arena` and makes it ready, with the best kernels that there are, on one
    /// core. The steps, to look at the plan or to choose otherwise: [`Model::open`], [`Model::plan`] and [`Session::new`].
    ///
    /// # Errors
    /// [`Error`]: as of the three.
    pub async fn open(mut source: Source<'m, F>, arena: &'a mut [u8], options: &Options) -> Result<Self, Error> {
        let arena = aligned(arena);
        let model = apart!(Model::open(&mut source))?;
        let plan = apart!(model.plan(&mut source, options, Some(arena.len())))?;
        let mut progress = |_| {};
        apart!(Session::new(source, model, plan, arena, detect(), &Inline, &mut progress))
    }
}
