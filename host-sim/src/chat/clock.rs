//! The date that templates write.

use minijinja::{Error, ErrorKind};

/// The local time as C's `strftime` writes it in `format`.
///
/// # Errors
/// A format that is not a string of C, or yields more than a line.
#[cfg(unix)]
pub(super) fn strftime_now(format: String) -> Result<String, Error> {
    use std::ffi::CString;

    let invalid = || Error::new(ErrorKind::InvalidOperation, format!("{format:?} is no format of a date"));
    if format.is_empty() {
        return Ok(String::new());
    }
    let c_format = CString::new(format.as_str()).map_err(|_| invalid())?;
    let mut out = [0_u8; 256];
    // SAFETY: zeroes are a valid `tm`; both functions get pointers to what they read and write, and `strftime` the length of
    // its output.
    let n = unsafe {
        let now = libc::time(core::ptr::null_mut());
        let mut parts: libc::tm = core::mem::zeroed();
        libc::localtime_r(&raw const now, &raw mut parts);
        libc::strftime(out.as_mut_ptr().cast(), out.len(), c_format.as_ptr(), &raw const parts)
    };
    match out.get(..n) {
        Some(text) if n > 0 => Ok(String::from_utf8_lossy(text).into_owned()),
        _ => Err(invalid()),
    }
}

/// The local time, which this system does not tell.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub(super) fn strftime_now(_format: String) -> Result<String, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, "strftime_now is not supported on this system"))
}
