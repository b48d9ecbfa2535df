//! The smallest board's arithmetic on doubles, which is this machine's.

#[path = "../../boards/support/src/double.rs"]
mod double;

/// Numbers around every boundary: zeros, denormals, ones, the largest, infinities, NaN; of floats too.
const BOUNDARIES: [u64; 22] = [
    0,
    1,
    2,
    0x000F_FFFF_FFFF_FFFF,
    0x0010_0000_0000_0000,
    0x0010_0000_0000_0001,
    0x3690_0000_0000_0000,
    0x3690_0000_0000_0001,
    0x36A0_0000_0000_0000,
    0x380F_FFFF_FFFF_FFFF,
    0x3FEF_FFFF_FFFF_FFFF,
    0x3FF0_0000_0000_0000,
    0x3FF0_0000_0000_0001,
    0x4330_0000_0000_0001,
    0x4340_0000_0000_0000,
    0x47EF_FFFF_EFFF_FFFF,
    0x47EF_FFFF_F000_0000,
    0x47F0_0000_0000_0000,
    0x7FE0_0000_0000_0000,
    0x7FEF_FFFF_FFFF_FFFF,
    0x7FF0_0000_0000_0000,
    0x7FF8_0000_0000_0000,
];

fn check(a: u64, b: u64) {
    let (x, y) = (f64::from_bits(a), f64::from_bits(b));
    let is = |got: u64, want: f64| if want.is_nan() { f64::from_bits(got).is_nan() } else { got == want.to_bits() };
    assert!(is(double::add(a, b), x + y), "{x:e} + {y:e}");
    assert!(is(double::mul(a, b), x * y), "{x:e} * {y:e}");
    assert!(is(double::div(a, b), x / y), "{x:e} / {y:e}");
    let (got, want) = (double::to_float(a), x as f32);
    assert!(if want.is_nan() { f32::from_bits(got).is_nan() } else { got == want.to_bits() }, "{x:e} as a float");
}

#[test]
fn doubles_are_this_machines() {
    const SIGN: u64 = 1 << 63;
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ state >> 29
    };
    for a in BOUNDARIES {
        for b in BOUNDARIES {
            for (a, b) in [(a, b), (a ^ SIGN, b), (a, b ^ SIGN)] {
                check(a, b);
            }
        }
        for _ in 0..10_000 {
            let b = random();
            check(a, b);
            check(b, a);
        }
    }
    for _ in 0..500_000 {
        let (a, b) = (random(), random());
        // Exponents that are far apart, near each other, and equal but for the sign.
        check(a, b);
        check(a, a & 0xFFE0_0000_0000_0000 | b >> 11);
        check(a, a ^ SIGN ^ b & 0xFF);
    }
}
