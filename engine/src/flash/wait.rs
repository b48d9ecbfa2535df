//! Waiting for what reads the model's file, in builds with and without the feature `blocking`.

/// Awaits a future of the engine. With the feature `blocking` it is no future but a result, and that is the value.
///
/// For code that works in either build:
///
/// ```
/// use flashlet::flash::{Flash, FlashError, Source, wait};
///
/// async fn magic<F: Flash>(source: &mut Source<'_, F>) -> Result<[u8; 4], FlashError> {
///     let mut magic = [0; 4];
///     wait!(source.read(0, &mut magic))?;
///     Ok(magic)
/// }
/// ```
#[cfg(not(feature = "blocking"))]
#[doc(hidden)]
#[macro_export]
macro_rules! wait {
    ($future:expr) => {
        $future.await
    };
}

/// The value of a function of the engine. Without the feature `blocking` it is a future, which is awaited.
#[cfg(feature = "blocking")]
#[doc(hidden)]
#[macro_export]
macro_rules! wait {
    ($value:expr) => {
        $value
    };
}

/// Waits as [`wait!`] does, in a stack frame of its own: see [`apart`](super::apart).
#[cfg(not(feature = "blocking"))]
macro_rules! apart {
    ($future:expr) => {
        $crate::flash::poll::apart(::core::pin::pin!($future)).await
    };
}

/// Waits as [`wait!`] does, in a stack frame of its own.
#[cfg(feature = "blocking")]
macro_rules! apart {
    ($value:expr) => {
        $crate::flash::wait::call_apart(|| $value)
    };
}

pub(crate) use apart;
#[doc(inline)]
pub use wait;

#[cfg(feature = "blocking")]
#[inline(never)]
pub(crate) fn call_apart<T>(function: impl FnOnce() -> T) -> T {
    function()
}
