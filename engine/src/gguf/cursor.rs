//! Sequential reading through one small window.

use super::error::{GgufError, Problem};
use super::limits::MAX_NESTING;
use super::name::NameAt;
use super::value::Value;
use super::value_type::ValueType;
use crate::flash::{Flash, FlashError, MAX_READ_ALIGN, Source};

/// Bytes read from flash at a time; each walk holds this many. Without streaming the flash is mapped, and a read is a copy.
pub const WINDOW_BYTES: usize = if cfg!(feature = "stream") { 512 } else { 2 * MAX_READ_ALIGN };

const _: () = assert!(WINDOW_BYTES.is_multiple_of(MAX_READ_ALIGN) && WINDOW_BYTES >= 2 * MAX_READ_ALIGN);

/// A failure that does not know yet which key or tensor it is in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Flash(FlashError),
    Bad { offset: u64, problem: Problem },
}

impl Fault {
    pub(super) fn header(self) -> GgufError {
        match self {
            Fault::Flash(error) => GgufError::Flash(error),
            Fault::Bad { offset, problem } => GgufError::Header { offset, problem },
        }
    }

    pub(super) fn key(self, index: u32, name: NameAt) -> GgufError {
        match self {
            Fault::Flash(error) => GgufError::Flash(error),
            Fault::Bad { offset, problem } => GgufError::Key { index, name, offset, problem },
        }
    }

    pub(super) fn tensor(self, index: u32, name: NameAt) -> GgufError {
        match self {
            Fault::Flash(error) => GgufError::Flash(error),
            Fault::Bad { offset, problem } => GgufError::Tensor { index, name, offset, problem },
        }
    }

    pub(super) fn value(self) -> GgufError {
        match self {
            Fault::Flash(error) => GgufError::Flash(error),
            Fault::Bad { offset, problem } => GgufError::Value { offset, problem },
        }
    }
}

/// A step failed. Its cursor keeps the [`Fault`], so that what steps return stays small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed;

/// Aligned, so that a refill is one transfer.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "stream", repr(align(64)))]
struct Window([u8; WINDOW_BYTES]);

const _: () = assert!(align_of::<Window>() >= MAX_READ_ALIGN || cfg!(not(feature = "stream")));

/// A position in the file and the bytes around it.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pos: u64,
    /// The offset in the file of the window's first byte.
    start: u64,
    /// Bytes in the window.
    len: usize,
    window: Window,
    fault: Fault,
}

#[cfg_attr(feature = "blocking", macros::blocking)]
impl Cursor {
    pub(super) fn new(pos: u64) -> Self {
        Cursor {
            pos,
            start: pos,
            len: 0,
            window: Window([0; WINDOW_BYTES]),
            fault: Fault::Bad { offset: pos, problem: Problem::Nesting },
        }
    }

    /// Keeps what is wrong.
    #[cold]
    pub(super) fn bad(&mut self, offset: u64, problem: Problem) -> Failed {
        self.fault = Fault::Bad { offset, problem };
        Failed
    }

    /// The fault that was noted.
    pub(super) fn fault(&self, _: Failed) -> Fault {
        self.fault
    }

    pub(super) fn pos(&self) -> u64 {
        self.pos
    }

    /// Bytes from the position on that the window shows.
    fn ahead(&self) -> &[u8] {
        let shown = self.window.0.get(..self.len).unwrap_or_default();
        let from = self.pos.checked_sub(self.start).and_then(|n| usize::try_from(n).ok());
        from.and_then(|from| shown.get(from..)).unwrap_or_default()
    }

    /// Moves the window to the position, where the file must go on.
    async fn refill<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<(), Failed> {
        let size = source.size();
        if self.pos >= size {
            return Err(self.bad(self.pos, Problem::Truncated { need: 1, size }));
        }
        let start = self.pos & !(F::READ_ALIGN.saturating_sub(1) as u64);
        let len = size.saturating_sub(start).min(WINDOW_BYTES as u64) as usize;
        self.len = 0;
        if let Err(error) = source.read(start, self.window.0.get_mut(..len).unwrap_or_default()).await {
            self.fault = Fault::Flash(error);
            return Err(Failed);
        }
        self.start = start;
        self.len = len;
        Ok(())
    }

    /// The offset `need` bytes from here, which is not past the end of the file.
    fn end<F: Flash>(&mut self, source: &Source<'_, F>, need: u64) -> Result<u64, Failed> {
        let size = source.size();
        let end = self.pos.checked_add(need).filter(|&end| end <= size);
        end.ok_or_else(|| self.bad(self.pos, Problem::Truncated { need, size }))
    }

    /// The next `N` bytes.
    async fn fixed<const N: usize, F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<[u8; N], Failed> {
        let mut bytes = [0; N];
        self.read(source, &mut bytes).await?;
        Ok(bytes)
    }

    pub(super) async fn u32<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<u32, Failed> {
        Ok(u32::from_le_bytes(self.fixed(source).await?))
    }

    pub(super) async fn u64<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<u64, Failed> {
        Ok(u64::from_le_bytes(self.fixed(source).await?))
    }

    /// Passes over `bytes` bytes, which must lie inside the file.
    pub(super) fn skip<F: Flash>(&mut self, source: &Source<'_, F>, bytes: u64) -> Result<(), Failed> {
        self.pos = self.end(source, bytes)?;
        Ok(())
    }

    /// Moves to `pos`, which an earlier walk reached.
    pub(super) fn jump(&mut self, pos: u64) {
        self.pos = pos;
    }

    /// Fills `dst`.
    pub(super) async fn read<F: Flash>(&mut self, source: &mut Source<'_, F>, dst: &mut [u8]) -> Result<(), Failed> {
        self.end(source, dst.len() as u64)?;
        let mut rest = dst;
        while !rest.is_empty() {
            if self.ahead().is_empty() {
                self.refill(source).await?;
            }
            let ahead = self.ahead();
            let (part, tail) = rest.split_at_mut_checked(ahead.len().min(rest.len())).unwrap_or_default();
            part.iter_mut().zip(ahead).for_each(|(to, from)| *to = *from);
            self.pos = self.pos.saturating_add(part.len() as u64);
            rest = tail;
        }
        Ok(())
    }

    /// A number or boolean of type `elem`.
    pub(super) async fn scalar<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        elem: ValueType,
    ) -> Result<Value, Failed> {
        let at = self.pos;
        let mut bytes = [0; 8];
        let width = elem.scalar_bytes().and_then(|n| bytes.get_mut(..n as usize)).unwrap_or_default();
        self.read(source, width).await?;
        Value::scalar(elem, bytes).map_err(|problem| self.bad(at, problem))
    }

    /// The header of an array: type and number of elements, at most as many as the file has room for.
    pub(super) async fn array<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<(ValueType, u64), Failed> {
        let elem = self.value_type(source).await?;
        let at = self.pos;
        let len = self.u64(source).await?;
        let size = source.size();
        let bytes = len.checked_mul(elem.min_bytes()).and_then(|bytes| self.pos.checked_add(bytes));
        match bytes {
            Some(end) if end <= size => Ok((elem, len)),
            _ => Err(self.bad(at, Problem::ArrayLength { len, size })),
        }
    }

    pub(super) async fn value_type<F: Flash>(&mut self, source: &mut Source<'_, F>) -> Result<ValueType, Failed> {
        let at = self.pos;
        let id = self.u32(source).await?;
        ValueType::from_id(id).ok_or_else(|| self.bad(at, Problem::ValueType(id)))
    }

    /// Passes over the elements of an array, checking each.
    pub(super) async fn elements<F: Flash>(
        &mut self,
        source: &mut Source<'_, F>,
        elem: ValueType,
        len: u64,
    ) -> Result<(), Failed> {
        // Arrays that were entered and the elements left in each: nesting is bounded here, by a
        // count, not by the stack.
        let mut open = heapless::Vec::<(ValueType, u64), MAX_NESTING>::new();
        let mut inner = Some((elem, len));
        loop {
            if let Some(entered) = inner.take() {
                open.push(entered).map_err(|_| self.bad(self.pos, Problem::Nesting))?;
            }
            let Some((elem, left)) = open.last_mut() else { return Ok(()) };
            match *elem {
                ValueType::Array if *left > 0 => {
                    *left = left.saturating_sub(1);
                    inner = Some(self.array(source).await?);
                    continue;
                }
                ValueType::Array => {}
                ValueType::Str => self.strings(source, *left).await?,
                ValueType::Bool => self.bools(source, *left).await?,
                scalar => self.skip(source, left.saturating_mul(scalar.min_bytes()))?,
            }
            open.pop();
        }
    }

    async fn strings<F: Flash>(&mut self, source: &mut Source<'_, F>, len: u64) -> Result<(), Failed> {
        for _ in 0..len {
            let bytes = self.u64(source).await?;
            self.skip(source, bytes)?;
        }
        Ok(())
    }

    async fn bools<F: Flash>(&mut self, source: &mut Source<'_, F>, len: u64) -> Result<(), Failed> {
        for _ in 0..len {
            let at = self.pos;
            let [byte] = self.fixed(source).await?;
            if byte > 1 {
                return Err(self.bad(at, Problem::Bool(byte)));
            }
        }
        Ok(())
    }
}
