//! Serial ports, polled: no interrupt, no buffer but the port's own.

use core::convert::Infallible;
use core::future::poll_fn;
use core::task::Poll;
use embedded_io_async::{ErrorType, Read, Write};

/// A port's registers.
pub trait Uart: Copy + 'static {
    /// A byte that came, if one did.
    fn receive(&self) -> Option<u8>;
    /// True if there is room for a byte to send.
    fn is_ready(&self) -> bool;
    /// Sends a byte, for which there is room.
    fn send(&self, byte: u8);

    /// Sends a byte once there is room.
    fn send_when_ready(&self, byte: u8) {
        while !self.is_ready() {
            core::hint::spin_loop();
        }
        self.send(byte);
    }
}

/// The receiving half of a port.
#[derive(Clone, Copy, Debug)]
pub struct Rx<U>(pub U);

/// The sending half of a port.
#[derive(Clone, Copy, Debug)]
pub struct Tx<U>(pub U);

impl<U> ErrorType for Rx<U> {
    type Error = Infallible;
}

impl<U> ErrorType for Tx<U> {
    type Error = Infallible;
}

impl<U: Uart> Read for Rx<U> {
    async fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|context| {
            let mut n = 0;
            for (slot, byte) in bytes.iter_mut().zip(core::iter::from_fn(|| self.0.receive())) {
                *slot = byte;
                n += 1;
            }
            if n > 0 || bytes.is_empty() {
                return Poll::Ready(Ok(n));
            }
            // Nothing else would wake it.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }
}

impl<U: Uart> Write for Tx<U> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for &byte in bytes {
            self.0.send_when_ready(byte);
        }
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

macro_rules! port {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            base: usize,
        }

        impl $name {
            fn read(self, offset: usize) -> u32 {
                // SAFETY: a register of the port that `new` was promised.
                unsafe { core::ptr::with_exposed_provenance::<u32>(self.base + offset).read_volatile() }
            }

            fn write(self, offset: usize, value: u32) {
                // SAFETY: a register of the port that `new` was promised.
                unsafe { core::ptr::with_exposed_provenance_mut::<u32>(self.base + offset).write_volatile(value) }
            }
        }
    };
}

port! {
    /// The UART of Arm's CMSDK, which MPS boards have.
    Cmsdk
}

impl Cmsdk {
    /// Switches the port at `base` on, at `clock_hz` / `divisor` baud.
    ///
    /// # Safety
    /// There is such a port, and nothing else uses it.
    #[must_use]
    pub unsafe fn new(base: usize, divisor: u32) -> Self {
        let port = Cmsdk { base };
        port.write(0x10, divisor);
        port.write(0x08, 0b11);
        port
    }
}

impl Uart for Cmsdk {
    fn receive(&self) -> Option<u8> {
        (self.read(0x04) & 2 != 0).then(|| self.read(0x00) as u8)
    }

    fn is_ready(&self) -> bool {
        self.read(0x04) & 1 == 0
    }

    fn send(&self, byte: u8) {
        self.write(0x00, byte.into());
    }
}

port! {
    /// Arm's PL011.
    Pl011
}

impl Pl011 {
    /// Switches the port at `base` on; the baud rate stays what it is.
    ///
    /// # Safety
    /// There is such a port, and nothing else uses it.
    #[must_use]
    pub unsafe fn new(base: usize) -> Self {
        let port = Pl011 { base };
        port.write(0x30, 0);
        port.write(0x2C, 0b111 << 4); // eight bits, FIFOs
        port.write(0x30, 0x301);
        port
    }
}

impl Uart for Pl011 {
    fn receive(&self) -> Option<u8> {
        (self.read(0x18) & 0x10 == 0).then(|| self.read(0x00) as u8)
    }

    fn is_ready(&self) -> bool {
        self.read(0x18) & 0x20 == 0
    }

    fn send(&self, byte: u8) {
        self.write(0x00, byte.into());
    }
}

/// A 16550 with registers of a byte.
#[derive(Clone, Copy, Debug)]
pub struct Ns16550 {
    base: usize,
}

impl Ns16550 {
    /// The port at `base`, with FIFOs; the baud rate stays what it is.
    ///
    /// # Safety
    /// There is such a port, and nothing else uses it.
    #[must_use]
    pub unsafe fn new(base: usize) -> Self {
        let port = Ns16550 { base };
        port.write(2, 0b111); // FIFOs on and empty
        port.write(3, 0b11); // eight bits
        port
    }

    fn read(self, offset: usize) -> u8 {
        // SAFETY: a register of the port that `new` was promised.
        unsafe { core::ptr::with_exposed_provenance::<u8>(self.base + offset).read_volatile() }
    }

    fn write(self, offset: usize, value: u8) {
        // SAFETY: a register of the port that `new` was promised.
        unsafe { core::ptr::with_exposed_provenance_mut::<u8>(self.base + offset).write_volatile(value) }
    }
}

impl Uart for Ns16550 {
    fn receive(&self) -> Option<u8> {
        (self.read(5) & 1 != 0).then(|| self.read(0))
    }

    fn is_ready(&self) -> bool {
        self.read(5) & 0x20 != 0
    }

    fn send(&self, byte: u8) {
        self.write(0, byte);
    }
}

port! {
    /// The USART of an STM32F1, F2 or F4.
    Stm32
}

impl Stm32 {
    /// Switches the port at `base` on, at its bus's frequency / `divisor` baud. Its clock and pins are the caller's.
    ///
    /// # Safety
    /// There is such a port, and nothing else uses it.
    #[must_use]
    pub unsafe fn new(base: usize, divisor: u32) -> Self {
        let port = Stm32 { base };
        port.write(0x08, divisor);
        port.write(0x0C, 0x200C); // on, sending, receiving
        port
    }
}

impl Uart for Stm32 {
    fn receive(&self) -> Option<u8> {
        // Reading the status and then the data also clears an overrun.
        (self.read(0x00) & 0x20 != 0).then(|| self.read(0x04) as u8)
    }

    fn is_ready(&self) -> bool {
        self.read(0x00) & 0x80 != 0
    }

    fn send(&self, byte: u8) {
        self.write(0x04, byte.into());
    }
}
