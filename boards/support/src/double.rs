//! Arithmetic on doubles in few bytes of code, in place of the compiler's own, which takes 3 KB and is faster. Rounded to
//! nearest, ties to even. What is not a number is one NaN.

/// Bits of a double and of a float behind the point, and the exponent's bias.
const DOUBLE: Format = Format { fraction: 52, bias: 1023 };
const FLOAT: Format = Format { fraction: 23, bias: 127 };

const SIGN: u64 = 1 << 63;
const INFINITY: u64 = 0x7FF << 52;
const NAN: u64 = INFINITY | 1 << 51;

#[derive(Clone, Copy)]
struct Format {
    fraction: u32,
    bias: i32,
}

impl Format {
    #[inline(never)]
    /// The bits, without a sign, of the number nearest to `mantissa * 2^exponent`. The mantissa's lowest bit stands for all
    /// that lie behind it.
    fn round(self, mantissa: u64, exponent: i32) -> u64 {
        if mantissa == 0 {
            return 0;
        }
        let zeros = mantissa.leading_zeros();
        let mantissa = mantissa << zeros;
        let biased = exponent - zeros as i32 + 63 + self.bias;
        if biased > 2 * self.bias {
            return ((2 * self.bias + 1) as u64) << self.fraction;
        }
        // A number too small for the leading one to be implied has fewer bits.
        let missing = (1 - biased).max(0) as u32;
        let drop = 63 - self.fraction + missing;
        if drop > 64 {
            return 0;
        }
        let (kept, rest) = (mantissa.checked_shr(drop).unwrap_or(0), mantissa << (64 - drop));
        let up = rest > SIGN || rest == SIGN && kept & 1 == 1;
        // The leading one counts in the exponent's lowest bit.
        let exponent = (biased - 1).max(0) as u64;
        (exponent << self.fraction) + kept + u64::from(up)
    }
}

#[inline(never)]
/// A finite number that is not 0: the mantissa, with its highest bit at 62, and the exponent that goes with it.
fn parts(bits: u64) -> (u64, i32) {
    let exponent = (bits >> 52 & 0x7FF) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if exponent == 0 { (fraction, 1) } else { (fraction | 1 << 52, exponent) };
    let shift = mantissa.leading_zeros() - 1;
    (mantissa << shift, exponent - 1075 - shift as i32)
}

fn is_finite(bits: u64) -> bool {
    bits & INFINITY != INFINITY
}

fn is_nan(bits: u64) -> bool {
    bits & !SIGN > INFINITY
}

fn is_zero(bits: u64) -> bool {
    bits & !SIGN == 0
}

pub(crate) fn add(a: u64, b: u64) -> u64 {
    if !is_finite(a) || !is_finite(b) {
        return match (is_finite(a), is_finite(b)) {
            _ if is_nan(a) || is_nan(b) => NAN,
            (false, false) if a != b => NAN,
            (false, _) => a,
            _ => b,
        };
    }
    if is_zero(a) || is_zero(b) {
        return match (is_zero(a), is_zero(b)) {
            (true, true) => a & b,
            (true, _) => b,
            _ => a,
        };
    }
    let (a, b) = if a & !SIGN < b & !SIGN { (b, a) } else { (a, b) };
    let ((large, exponent), (small, below)) = (parts(a), parts(b));
    let apart = (exponent - below) as u32;
    let small = if apart > 62 { 1 } else { small >> apart | u64::from(small & ((1 << apart) - 1) != 0) };
    let sum = if (a ^ b) & SIGN == 0 { large + small } else { large - small };
    // A difference of equal numbers is plus zero.
    if sum == 0 { 0 } else { a & SIGN | DOUBLE.round(sum, exponent) }
}

pub(crate) fn mul(a: u64, b: u64) -> u64 {
    let sign = (a ^ b) & SIGN;
    if !is_finite(a) || !is_finite(b) {
        return if is_nan(a) || is_nan(b) || is_zero(a) || is_zero(b) { NAN } else { sign | INFINITY };
    }
    if is_zero(a) || is_zero(b) {
        return sign;
    }
    let ((a, exponent), (b, more)) = (parts(a), parts(b));
    // The upper half of the product; the lower one is of interest if it is not 0.
    let (low, high) = (|x: u64| x & 0xFFFF_FFFF, |x: u64| x >> 32);
    let (right, left) = (low(a) * high(b), high(a) * low(b));
    let lowest = low(a) * low(b);
    let middle = high(lowest) + low(right) + low(left);
    let upper = high(a) * high(b) + high(right) + high(left) + high(middle);
    sign | DOUBLE.round(upper | u64::from(low(middle) | low(lowest) != 0), exponent + more + 64)
}

pub(crate) fn div(a: u64, b: u64) -> u64 {
    let sign = (a ^ b) & SIGN;
    let (zero, infinite) = (is_zero(a) || !is_finite(b), !is_finite(a) || is_zero(b));
    if zero || infinite {
        return match () {
            () if is_nan(a) || is_nan(b) || zero && infinite => NAN,
            () if zero => sign,
            () => sign | INFINITY,
        };
    }
    let ((mut rest, exponent), (divisor, less)) = (parts(a), parts(b));
    let mut quotient = 0;
    for _ in 0..62 {
        quotient <<= 1;
        if rest >= divisor {
            rest -= divisor;
            quotient |= 1;
        }
        rest <<= 1;
    }
    sign | DOUBLE.round(quotient | u64::from(rest != 0), exponent - less - 61)
}

/// The nearest float.
pub(crate) fn to_float(a: u64) -> u32 {
    let sign = (a >> 32) as u32 & 1 << 31;
    sign | match () {
        () if is_nan(a) => 0x7FC0_0000,
        () if !is_finite(a) => 0x7F80_0000,
        () if is_zero(a) => 0,
        () => {
            let (mantissa, exponent) = parts(a);
            FLOAT.round(mantissa, exponent) as u32
        }
    }
}

/// The routines that compilers call on Arm cores; doubles are passed in pairs of core registers.
#[cfg(target_arch = "arm")]
mod calls {
    macro_rules! calls {
        ($($name:ident($($arg:ident),+) -> $out:ty = $function:ident;)+) => {$(
            // SAFETY: the name is that of the routine of Arm's run-time ABI that does this.
            #[unsafe(no_mangle)]
            extern "aapcs" fn $name($($arg: u64),+) -> $out {
                super::$function($($arg),+)
            }
        )+};
    }

    calls! {
        __aeabi_dadd(a, b) -> u64 = add;
        __aeabi_dmul(a, b) -> u64 = mul;
        __aeabi_ddiv(a, b) -> u64 = div;
        __aeabi_d2f(a) -> u32 = to_float;
    }
}
