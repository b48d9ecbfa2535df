//! Polling: a stack frame for a future, a yield to others, and running a future without an executor.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

/// Polls a future in a stack frame of its own. Compilers put all futures that are polled in one place into one frame, so
/// that steps which come one after another would take stack for all of them at once.
pub fn apart<'f, F: Future>(mut future: Pin<&'f mut F>) -> impl Future<Output = F::Output> + use<'f, F> {
    poll_fn(move |context| poll_apart(future.as_mut(), context))
}

/// Polls a future like [`apart`] and writes its output to `output`. A returned output is moved from frame to frame, which
/// takes stack for each if it is large.
pub fn apart_into<'f, F: Future>(
    mut future: Pin<&'f mut F>,
    output: &'f mut Poll<F::Output>,
) -> impl Future<Output = ()> + use<'f, F> {
    poll_fn(move |context| poll_into(future.as_mut(), context, output))
}

#[inline(never)]
fn poll_into<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>, output: &mut Poll<F::Output>) -> Poll<()> {
    *output = future.poll(context);
    if output.is_ready() { Poll::Ready(()) } else { Poll::Pending }
}

#[inline(never)]
fn poll_apart<F: Future>(future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(context)
}

/// Lets the futures that are polled along with this one, and other tasks, run once.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a future to its end on this thread, calling `idle` whenever it is pending: a spin hint, or nothing.
///
/// A pass is pending not only when it waits for a read, but also when it lets others run ([`yield_now`]). An `idle` that
/// sleeps needs a waker that ends the sleep: see [`block_on_with`].
pub fn block_on<T>(future: impl Future<Output = T>, idle: impl FnMut()) -> T {
    block_on_with(future, Waker::noop(), idle)
}

/// Runs a future to its end on this thread, calling `idle` whenever it is pending.
///
/// A future that can go on at once wakes `waker` before it is pending: `idle` must not sleep then. On an Arm core a waker
/// that sends an event (`sev`) makes the `wfe` that follows return. Elsewhere the waker sets a flag that `idle` looks at.
pub fn block_on_with<T>(future: impl Future<Output = T>, waker: &Waker, mut idle: impl FnMut()) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => idle(),
        }
    }
}
