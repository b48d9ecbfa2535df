//! From an image in flash to a session.

use crate::board::Board;
#[cfg(feature = "chat-pieces")]
use crate::chat;
use crate::log::{info, warning};
use crate::output::{LineError, Message, Output};
use core::fmt;
use core::mem;
use core::pin::pin;
use core::task::Poll;
use embedded_io_async::Write;
use flashlet::arena::{ALIGN, Region};
use flashlet::flash::{Flash, FlashError, Source, apart, apart_into, wait};
use flashlet::gguf::Gguf;
use flashlet::session::Named;
use flashlet::text::ChatTemplate;
use flashlet::{Error, Model, Options, Plan, Session};

/// The flash, lent to a session.
pub(crate) struct Lent<'f, F>(&'f mut F);

impl<F: Flash> Flash for Lent<'_, F> {
    const READ_ALIGN: usize = F::READ_ALIGN;
    const READ_RETRIES: u32 = F::READ_RETRIES;

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read(&mut self, offset: u64, dst: &mut [u8]) -> impl Future<Output = Result<(), FlashError>> {
        self.0.read(offset, dst)
    }
}

/// A model that answers.
pub(crate) struct Loaded<'l, 'a, 'm, F: Flash> {
    pub(crate) session: &'l mut Session<'a, 'm, Lent<'a, F>>,
    /// The model's chat template, if it has one that is known.
    pub(crate) template: Option<ChatTemplate>,
}

/// Why there is no model.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoModel {
    Engine(Named),
    /// The end of the model's data, up to this byte, is erased flash.
    Erased {
        end: u64,
    },
    Line(LineError),
}

impl<E: Into<Named>> From<E> for NoModel {
    fn from(error: E) -> NoModel {
        NoModel::Engine(error.into())
    }
}

impl fmt::Display for NoModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoModel::Engine(error) => error.fmt(f),
            NoModel::Erased { end } => {
                write!(f, "the flash is erased where the model ends, before byte {end}: the image was cut")
            }
            NoModel::Line(_) => f.write_str("the line failed"),
        }
    }
}

/// The state of the end of the model's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Data,
    Zeros,
    Erased,
}

/// The part of the data's end that is looked at: at least one block of any format, so that erased bytes, were they
/// weights, would be scales that are not numbers.
const TAIL: u64 = 512;

async fn tail<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Result<(Tail, u64), Error> {
    let (mut tensors, mut end) = (gguf.tensors(), 0);
    while let Some(tensor) = wait!(tensors.next(source))? {
        end = tensor.offset.saturating_add(tensor.bytes).max(end);
    }
    let mut at = end.saturating_sub(TAIL).max(gguf.data_offset()).min(end);
    let (mut erased, mut zeros) = (at < end, at < end);
    let mut buffer = [0; 64];
    while at < end {
        let now = (end - at).min(buffer.len() as u64);
        let bytes = wait!(source.view(at, now as usize, &mut buffer))?;
        erased &= bytes.iter().all(|&byte| byte == 0xFF);
        zeros &= bytes.iter().all(|&byte| byte == 0);
        at += now;
    }
    Ok((
        if erased {
            Tail::Erased
        } else if zeros {
            Tail::Zeros
        } else {
            Tail::Data
        },
        end,
    ))
}

/// Stands for what cannot be: outputs are looked at once their futures were awaited.
const NOT_AWAITED: Error = Error::PlanMismatch;

/// A session in the place that it is made in, once it is there.
pub(crate) type Slot<'a, 'm, F> = Poll<Result<Session<'a, 'm, Lent<'a, F>>, Error>>;

/// Finds the model in `flash`, says what it is and how it will use `arena`, and makes it ready in `slot`. `arena` starts where the engine
/// asks for it, see [`aligned`].
pub(crate) async fn load<'l, 'a, 'm: 'a, F: Flash, W: Write>(
    board: &Board<'a, 'm>,
    ctx: Option<u32>,
    flash: &'a mut F,
    arena: &'a mut [u8],
    out: &mut Output<W>,
    slot: &'l mut Slot<'a, 'm, F>,
) -> Result<Loaded<'l, 'a, 'm, F>, NoModel> {
    let mut found = Poll::Pending;
    apart_into(pin!(find(board, ctx, flash, arena.len(), out)), &mut found).await;
    let template = apart(pin!(make(board, &mut found, arena, slot))).await?;
    match slot {
        Poll::Ready(Ok(session)) => Ok(Loaded { session, template }),
        Poll::Ready(Err(error)) => Err((*error).into()),
        Poll::Pending => Err(NOT_AWAITED.into()),
    }
}

/// Makes the session of what was found in its place.
#[cfg(not(feature = "blocking"))]
async fn make<'a, 'm: 'a, F: Flash>(
    board: &Board<'a, 'm>,
    found: &mut Poll<Result<Found<'a, 'm, F>, NoModel>>,
    arena: &'a mut [u8],
    slot: &mut Slot<'a, 'm, F>,
) -> Result<Option<ChatTemplate>, NoModel> {
    let (Board { kernels, executor, .. }, mut ignored) = (*board, |_| {});
    let template;
    // Pinned where it is made, from parts that go out of scope: a session that is moved, or parts that stay, take 4 KB of stack.
    let session = pin!({
        let Poll::Ready(found) = mem::replace(found, Poll::Pending) else { return Err(NOT_AWAITED.into()) };
        let Found { source, model, plan, template: its_template } = found?;
        template = its_template;
        let arena = arena.split_at_mut(plan.arena_bytes.min(arena.len())).0;
        Session::new(source, model, plan, arena, kernels, executor, &mut ignored)
    });
    apart_into(session, slot).await;
    Ok(template)
}

/// Makes the session of what was found in its place. It is made at once, so that no future holds its parts.
#[cfg(feature = "blocking")]
async fn make<'a, 'm: 'a, F: Flash>(
    board: &Board<'a, 'm>,
    found: &mut Poll<Result<Found<'a, 'm, F>, NoModel>>,
    arena: &'a mut [u8],
    slot: &mut Slot<'a, 'm, F>,
) -> Result<Option<ChatTemplate>, NoModel> {
    let Poll::Ready(found) = mem::replace(found, Poll::Pending) else { return Err(NOT_AWAITED.into()) };
    let Found { source, model, plan, template } = found?;
    let arena = arena.split_at_mut(plan.arena_bytes.min(arena.len())).0;
    *slot = Poll::Ready(Session::new(source, model, plan, arena, board.kernels, board.executor, &mut |_| {}));
    Ok(template)
}

/// The part of `arena` that starts where the engine asks for it.
pub(crate) fn aligned(arena: &mut [u8]) -> &mut [u8] {
    arena.split_at_mut(arena.as_ptr().align_offset(ALIGN).min(arena.len())).1
}

/// A model in flash, and how it is to use the arena.
struct Found<'a, 'm, F> {
    source: Source<'m, Lent<'a, F>>,
    model: Model,
    plan: Plan,
    template: Option<ChatTemplate>,
}

/// Finds the model in `flash`, and says how it will use `arena_bytes` bytes of memory.
async fn find<'a, 'm: 'a, F: Flash, W: Write>(
    board: &Board<'_, 'm>,
    ctx: Option<u32>,
    flash: &'a mut F,
    arena_bytes: usize,
    out: &mut Output<W>,
) -> Result<Found<'a, 'm, F>, NoModel> {
    let flash = Lent(flash);
    let mut source = match board.mapped {
        Some(bytes) => Source::with_mapping(flash, bytes),
        None => Source::new(flash),
    };
    let model = match wait!(Model::open(&mut source)) {
        Ok(model) => model,
        Err(error) => return Err(wait!(error.named(&mut source)).into()),
    };
    let (tail, end) = tail(model.gguf(), &mut source).await?;
    if tail == Tail::Erased {
        return Err(NoModel::Erased { end });
    }
    let plan = plan(&model, &mut source, board, ctx, arena_bytes).await?;
    let mut say = |number, message: &mut Message| match number {
        0 if tail == Tail::Zeros => {
            warning!("the model's data ends in zeros before byte {}", end);
            writeln!(message, "warning: the model's data ends in zeros before byte {end}: was the image cut?");
            true
        }
        0 => true,
        _ => write_plan(&plan, arena_bytes, number - 1, message),
    };
    out.say(&mut say).await.map_err(NoModel::Line)?;
    let (template, error) = match wait!(ChatTemplate::find(model.gguf(), &mut source)) {
        Ok((template, error)) => (Some(template), error),
        Err(error) => (None, Some(error)),
    };
    #[cfg(feature = "chat-pieces")]
    {
        chat::write(template.as_ref(), error, out.gather());
        out.send_gathered().await.map_err(NoModel::Line)?;
    }
    #[cfg(not(feature = "chat-pieces"))]
    let _ = error;
    info!("plan: {} bytes of {}, {} tokens", plan.arena_bytes, arena_bytes, plan.ctx);
    Ok(Found { source, model, plan, template })
}

/// The plan for `ctx` tokens, or for those that the board asks for; where it does not care, for as many as fit.
async fn plan<F: Flash>(
    model: &Model,
    source: &mut Source<'_, F>,
    board: &Board<'_, '_>,
    ctx: Option<u32>,
    arena_bytes: usize,
) -> Result<Plan, Error> {
    let options = Options { ctx: ctx.unwrap_or(board.options.ctx), ..board.options };
    match wait!(model.plan(source, &options, Some(arena_bytes))) {
        Err(Error::DoesNotFit { fitting_ctx, .. }) if fitting_ctx > 0 && options.ctx == 0 => {
            wait!(model.plan(source, &Options { ctx: fitting_ctx, ..options }, Some(arena_bytes)))
        }
        planned => planned,
    }
}

/// Writes the use that `plan` makes of an arena of `have` bytes, in two messages.
pub(crate) fn write_plan(plan: &Plan, have: usize, number: usize, message: &mut Message) -> bool {
    match number {
        0 => {
            write!(message, "plan: {} bytes of {have}", plan.arena_bytes);
            for region in Region::ALL {
                let bytes = plan.usage.bytes(region);
                if bytes > 0 {
                    write!(message, ", {} {bytes}", region.name());
                }
            }
        }
        1 => {
            let r = plan.residency;
            writeln!(
                message,
                "\nweights: {} bytes mapped, {} pinned, {} streamed; {} read for each token\ncontext: {} tokens, {} of a prompt at once",
                r.mapped_bytes, r.pinned_bytes, r.streamed_bytes, plan.flash_bytes_per_pass, plan.ctx, plan.chunk
            );
        }
        _ => return false,
    }
    true
}
