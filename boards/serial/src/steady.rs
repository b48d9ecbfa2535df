//! A line that survives its errors.

use core::convert::Infallible;
use embedded_io_async::{ErrorType, Read};

/// Reads on after an error: UART drivers report a lost byte or a break once, and then go on.
#[derive(Debug)]
pub struct Steady<R>(pub R);

impl<R> ErrorType for Steady<R> {
    type Error = Infallible;
}

impl<R: Read> Read for Steady<R> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            if let Ok(bytes) = self.0.read(buf).await {
                return Ok(bytes);
            }
        }
    }
}
