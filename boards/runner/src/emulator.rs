//! A run of the emulator.

use core::time::Duration;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

/// Runs the emulator for at most `limit`, shows what the firmware says, and returns it.
pub(crate) fn run(mut emulator: Command, limit: Duration) -> Result<String, String> {
    // Semihosting writes to standard error.
    emulator.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = emulator.spawn().map_err(|error| format!("{:?}: {error}", emulator.get_program()))?;
    let mut stderr = child.stderr.take().ok_or("no pipe to the emulator")?;
    let reader = thread::spawn(move || {
        let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
        while let Ok(n @ 1..) = stderr.read(&mut part) {
            print!("{}", String::from_utf8_lossy(&part[..n]));
            bytes.extend_from_slice(&part[..n]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let end = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(50)),
            Ok(None) => break Err(format!("not done after {} s", limit.as_secs())),
            Err(error) => break Err(error.to_string()),
        }
    };
    if status.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let output = reader.join().map_err(|_| "the reader failed")?;
    match status? {
        status if status.success() => Ok(output),
        status => Err(format!("it ended with {status}")),
    }
}
