//! The square root by the FPU.

/// The square root, correctly rounded.
#[inline(always)]
pub(crate) fn sqrt(x: f32) -> f32 {
    let mut bits = x.to_bits();
    // SAFETY: targets with this ABI have an FPU; registers alone.
    unsafe {
        core::arch::asm!("vmov s0, {v}", "vsqrt.f32 s0, s0", "vmov {v}, s0", v = inlateout(reg) bits, out("s0") _,
            options(pure, nomem, nostack, preserves_flags));
    }
    f32::from_bits(bits)
}
