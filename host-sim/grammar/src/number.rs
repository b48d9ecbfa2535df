//! Numbers of JSON: decimal values, and sets of their spellings as automata.

use core::cmp::Ordering;

use super::dfa::{Dfa, TooLarge};

/// Most digits of a number, before and after the point together.
const MAX_DIGITS: usize = 20;

/// Largest divisor of `multipleOf`, in units of its last place.
const MAX_DIVISOR: usize = 1000;

/// A decimal value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Digits before the point, without leading zeros, and after it, without trailing ones.
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

impl Decimal {
    /// The value of a number as JSON spells it; `None` if it has hundreds of digits.
    pub(crate) fn parse(text: &str) -> Option<Decimal> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().ok().filter(|exponent: &i32| exponent.abs() < 400)?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|byte| byte.wrapping_sub(b'0')).collect();
        if digits.iter().any(|&digit| digit > 9) || digits.len() > 400 {
            return None;
        }
        let point = whole.len() as i32 + exponent;
        let digit = |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
        let mut whole: Vec<u8> = (point.min(0)..point).map(digit).collect();
        let mut fraction: Vec<u8> = (point..point.max(digits.len() as i32)).map(digit).collect();
        let zeros = whole.iter().take_while(|&&digit| digit == 0).count();
        whole.drain(..zeros);
        while fraction.last() == Some(&0) {
            fraction.pop();
        }
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Decimal { negative: negative && !is_zero, whole, fraction })
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.fraction.is_empty()
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    /// The value as a small whole number.
    pub(crate) fn to_usize(&self) -> Option<usize> {
        let fits = !self.negative && self.is_integer() && self.whole.len() < 10;
        fits.then(|| self.whole.iter().fold(0, |n, &digit| n * 10 + usize::from(digit)))
    }

    /// The value's spelling without an exponent.
    pub(crate) fn text(&self) -> String {
        let digits = |digits: &[u8]| digits.iter().map(|&digit| char::from(b'0' + digit)).collect::<String>();
        let mut text = if self.negative { "-".to_owned() } else { String::new() };
        text += &if self.whole.is_empty() { "0".to_owned() } else { digits(&self.whole) };
        if !self.fraction.is_empty() {
            text = text + "." + &digits(&self.fraction);
        }
        text
    }

    fn cmp_magnitude(&self, other: &Decimal) -> Ordering {
        let by_whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(&other.whole));
        by_whole.then_with(|| self.fraction.cmp(&other.fraction))
    }

    pub(crate) fn cmp(&self, other: &Decimal) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }
}

/// Rows of an automaton that is put together by hand.
struct Rows(Vec<[u16; 256]>, Vec<bool>);

impl Rows {
    fn new() -> Rows {
        Rows(vec![[0; 256]], vec![false])
    }

    fn add(&mut self, accepts: bool) -> u16 {
        self.0.push([0; 256]);
        self.1.push(accepts);
        (self.0.len() - 1) as u16
    }

    fn on(&mut self, from: u16, bytes: impl IntoIterator<Item = u8>, to: u16) {
        bytes.into_iter().for_each(|byte| self.0[usize::from(from)][usize::from(byte)] = to);
    }

    fn dfa(self, start: u16) -> Dfa {
        Dfa::from_rows(&self.0, self.1, start)
    }
}

/// Whole numbers as JSON spells them, without a point.
pub(crate) fn integers() -> Dfa {
    let mut rows = Rows::new();
    let (start, minus, zero) = (rows.add(false), rows.add(false), rows.add(true));
    rows.on(start, [b'-'], minus);
    rows.on(start, [b'0'], zero);
    rows.on(minus, [b'0'], zero);
    let mut at = rows.add(true);
    rows.on(start, b'1'..=b'9', at);
    rows.on(minus, b'1'..=b'9', at);
    for _ in 1..MAX_DIGITS {
        let next = rows.add(true);
        rows.on(at, b'0'..=b'9', next);
        at = next;
    }
    rows.dfa(start)
}

/// Numbers of at most 20 digits; with `exponents` those that have one too, as far as a double holds them.
pub(crate) fn decimals(exponents: bool) -> Dfa {
    let mut rows = Rows::new();
    let (start, minus) = (rows.add(false), rows.add(false));
    rows.on(start, [b'-'], minus);
    // States after n digits: before the point, behind the point, behind it with digits there.
    let [whole, point, fraction] =
        [true, false, true].map(|accepts| (0..=MAX_DIGITS).map(|_| rows.add(accepts)).collect::<Vec<_>>());
    let zero = rows.add(true);
    for from in [start, minus] {
        rows.on(from, [b'0'], zero);
        rows.on(from, b'1'..=b'9', whole[1]);
    }
    rows.on(zero, [b'.'], point[1]);
    for n in 1..MAX_DIGITS {
        rows.on(whole[n], b'0'..=b'9', whole[n + 1]);
        rows.on(whole[n], [b'.'], point[n]);
        rows.on(point[n], b'0'..=b'9', fraction[n + 1]);
        rows.on(fraction[n], b'0'..=b'9', fraction[n + 1]);
    }
    if exponents {
        let [e, sign, one, more, two, last] = [false, false, true, true, true, true].map(|accepts| rows.add(accepts));
        for &from in whole[1..].iter().chain(&fraction[2..]).chain([&zero]) {
            rows.on(from, *b"eE", e);
        }
        rows.on(e, *b"+-", sign);
        for from in [e, sign] {
            rows.on(from, [b'0'], more);
            rows.on(from, b'3'..=b'9', more);
            rows.on(from, [b'1'], one);
            rows.on(from, [b'2'], two);
        }
        // 279 at most: 20 digits before it stay below the largest double.
        let last_two = rows.add(true);
        rows.on(one, b'0'..=b'9', last_two);
        rows.on(two, b'0'..=b'7', last_two);
        rows.on(two, b'8'..=b'9', last);
        rows.on(more, b'0'..=b'9', last);
        rows.on(last_two, b'0'..=b'9', last);
    }
    rows.dfa(start)
}

/// Spellings without exponent of the values that compare to `bound` as one of `orders`.
pub(crate) fn compared(bound: &Decimal, orders: &[Ordering]) -> Dfa {
    let mut rows = Rows::new();
    let start = rows.add(false);
    let (positive, negative) = if bound.negative {
        let reversed: Vec<_> = orders.iter().map(|order| order.reverse()).collect();
        (
            magnitude(&mut rows, None, orders, Ordering::Greater),
            magnitude(&mut rows, Some(bound), &reversed, Ordering::Less),
        )
    } else {
        // Every negative number is less; minus zero is not needed.
        (magnitude(&mut rows, Some(bound), orders, Ordering::Less), magnitude(&mut rows, None, orders, Ordering::Less))
    };
    let (of_positive, of_negative) = (rows.0[usize::from(positive)], negative);
    rows.0[usize::from(start)] = of_positive;
    rows.on(start, [b'-'], of_negative);
    rows.dfa(start)
}

/// The state in which the spelling of a magnitude begins. Without a bound all compare as `all`.
fn magnitude(rows: &mut Rows, bound: Option<&Decimal>, orders: &[Ordering], all: Ordering) -> u16 {
    let order_of = |order: Ordering| orders.contains(&order);
    let start = rows.add(false);
    let Some(bound) = bound else {
        let any = rows.add(order_of(all));
        rows.on(start, b'0'..=b'9', any);
        rows.on(any, (b'0'..=b'9').chain([b'.']), any);
        return start;
    };
    let decided = [Ordering::Less, Ordering::Greater].map(|order| {
        let state = rows.add(order_of(order));
        rows.on(state, b'0'..=b'9', state);
        state
    });
    let decide = |order: Ordering| decided[usize::from(order == Ordering::Greater)];
    // Behind the point, equal so far.
    let rest = |n: usize| if bound.fraction.len() > n { Ordering::Less } else { Ordering::Equal };
    let equal: Vec<u16> = (0..=bound.fraction.len()).map(|n| rows.add(order_of(rest(n)))).collect();
    for (n, &state) in equal.iter().enumerate() {
        let digit = bound.fraction.get(n).copied().unwrap_or(0);
        let next = equal.get(n + 1).copied().unwrap_or(state);
        for byte in b'0'..=b'9' {
            let order = (byte - b'0').cmp(&digit);
            rows.on(state, [byte], if order == Ordering::Equal { next } else { decide(order) });
        }
    }
    // Before the point, after n digits that compare so to the bound's first n.
    let whole: &[u8] = if bound.whole.is_empty() { &[0] } else { &bound.whole };
    let ends = |n: usize, order: Ordering| n.cmp(&whole.len()).then(order);
    let orders_of = [Ordering::Less, Ordering::Equal, Ordering::Greater];
    let mut states = vec![[0; 3]; whole.len() + 2];
    for (n, row) in states.iter_mut().enumerate().skip(1) {
        for (slot, order) in row.iter_mut().zip(orders_of) {
            let end = match ends(n, order) {
                Ordering::Equal => rest(0),
                order => order,
            };
            *slot = rows.add(order_of(end));
        }
    }
    let place = |order: Ordering| (order as i8 + 1) as usize;
    for n in 0..whole.len() + 2 {
        for order in orders_of {
            let from = if n == 0 { start } else { states[n][place(order)] };
            let next = (n + 1).min(whole.len() + 1);
            for byte in b'0'..=b'9' {
                let digit = whole.get(n).copied().unwrap_or(0);
                let order = if n == 0 { Ordering::Equal } else { order }.then((byte - b'0').cmp(&digit));
                rows.on(from, [byte], states[next][place(order)]);
            }
            if n > 0 {
                let to = match ends(n, order) {
                    Ordering::Equal => equal[0],
                    order => decide(order),
                };
                rows.on(from, [b'.'], to);
            }
        }
    }
    start
}

/// Spellings without exponent of the multiples of `divisor`; `None` if it has more than three digits that count or is not above 0.
pub(crate) fn multiples(divisor: &Decimal) -> Option<Dfa> {
    let places = divisor.fraction.len();
    // The divisor as a whole number: its digits without the decimal point.
    let digits = divisor
        .whole
        .iter()
        .chain(&divisor.fraction)
        .fold(0_usize, |n, &digit| n.saturating_mul(10).saturating_add(digit.into()));
    let m = Some(digits).filter(|m| !divisor.negative && (1..=MAX_DIVISOR).contains(m) && places < MAX_DIGITS)?;
    let mut rows = Rows::new();
    let (start, minus) = (rows.add(false), rows.add(false));
    let divides = |remainder: usize, left: usize| (0..left).fold(remainder, |n, _| n * 10 % m) == 0;
    let mut states = |n: usize, accepts: bool| -> Vec<u16> {
        (0..m).map(|remainder| rows.add(accepts && divides(remainder, places - n))).collect()
    };
    // A state for each remainder of the digits so far, divided by `m`: before the decimal point, right behind it, and after each
    // decimal place.
    let (whole, point) = (states(0, true), states(0, false));
    let fractions: Vec<Vec<u16>> = (1..=places).map(|n| states(n, true)).collect();
    rows.on(start, [b'-'], minus);
    for digit in 0..10 {
        let byte = b'0' + digit as u8;
        rows.on(start, [byte], whole[digit % m]);
        rows.on(minus, [byte], whole[digit % m]);
        for remainder in 0..m {
            let next = (remainder * 10 + digit) % m;
            rows.on(whole[remainder], [byte], whole[next]);
            for (from, to) in core::iter::once(&point).chain(&fractions).zip(&fractions) {
                rows.on(from[remainder], [byte], to[next]);
            }
        }
    }
    (0..m).for_each(|remainder| rows.on(whole[remainder], [b'.'], point[remainder]));
    // More decimal places than the divisor has must be zeros.
    let zeros = rows.add(true);
    rows.on(fractions.last().unwrap_or(&point)[0], [b'0'], zeros);
    rows.on(zeros, [b'0'], zeros);
    Some(rows.dfa(start).minimal())
}

/// Spellings without exponent that have a digit other than 0 behind the point.
pub(crate) fn fractions() -> Dfa {
    let mut rows = Rows::new();
    let [start, whole, point, fraction] = [false, false, false, true].map(|accepts| rows.add(accepts));
    rows.on(start, [b'-'], whole);
    for from in [start, whole] {
        rows.on(from, b'0'..=b'9', whole);
    }
    rows.on(whole, [b'.'], point);
    rows.on(point, [b'0'], point);
    rows.on(point, b'1'..=b'9', fraction);
    rows.on(fraction, b'0'..=b'9', fraction);
    rows.dfa(start)
}

/// The spellings of `set` that are not those of `value`.
pub(crate) fn without(set: &Dfa, value: &Decimal) -> Result<Dfa, TooLarge> {
    let mut equal = compared(value, &[Ordering::Equal]);
    if value.is_zero() {
        equal = equal.or(&compared(value, &[Ordering::Less]).and(&negative_zero())?)?;
    }
    set.minus(&equal)
}

/// Spellings that begin with a minus.
pub(crate) fn negative() -> Dfa {
    let mut rows = Rows::new();
    let [start, minus] = [false, true].map(|accepts| rows.add(accepts));
    rows.on(start, [b'-'], minus);
    rows.on(minus, 0..=127, minus);
    rows.dfa(start)
}

/// Spellings of zero with a minus, without exponent.
pub(crate) fn negative_zero() -> Dfa {
    let mut rows = Rows::new();
    let [start, minus, zero] = [false, false, true].map(|accepts| rows.add(accepts));
    rows.on(start, [b'-'], minus);
    rows.on(minus, [b'0'], zero);
    rows.on(zero, *b"0.", zero);
    rows.dfa(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_exact() {
        for (text, plain) in
            [("1e3", "1000"), ("-12.50", "-12.5"), ("1e-7", "0.0000001"), ("-0.0", "0"), ("25e-1", "2.5")]
        {
            assert_eq!(Decimal::parse(text).map(|value| value.text()).as_deref(), Some(plain), "{text}");
        }
        assert!(Decimal::parse("1e999").is_none());
    }

    #[test]
    fn comparisons_are_those_of_the_values() {
        let texts =
            ["0", "0.5", "-0.5", "1", "-1", "9", "10", "10.25", "10.3", "10.2", "99", "100", "-10.25", "-99.99"];
        for bound in texts {
            let bound_value: f64 = bound.parse().expect("it is a number");
            for text in texts.iter().copied().chain(["10.250", "1.0", "0.0", "-100.0", "12345.678"]) {
                let value: f64 = text.parse().expect("it is a number");
                for order in [Ordering::Less, Ordering::Equal, Ordering::Greater] {
                    let dfa = compared(&Decimal::parse(bound).expect("it is short"), &[order]);
                    assert_eq!(dfa.contains(text), value.partial_cmp(&bound_value) == Some(order), "{text} {bound}");
                }
            }
        }
    }

    #[test]
    fn spellings_are_those_of_json() {
        let numbers = decimals(true);
        for right in ["0", "-0", "10", "0.5", "-12.25", "1e5", "1E-07", "12.5e+20", "1e279", "99999999999999999999"] {
            assert!(numbers.contains(right), "{right}");
        }
        for wrong in ["", "-", "01", "1.", ".5", "+1", "1e", "1e280", "1e999", "999999999999999999999", "0x1"] {
            assert!(!numbers.contains(wrong), "{wrong}");
        }
        assert!(integers().contains("-120") && !integers().contains("1.0"));
        let seven = multiples(&Decimal::parse("7").expect("it is short")).expect("it is small");
        assert!(["0", "7", "-49", "700", "14.0"].iter().all(|n| seven.contains(n)) && !seven.contains("8"));
    }

    #[test]
    fn multiples_are_exact() {
        for (divisor, right, wrong) in [
            ("0.01", &["0", "-3", "0.07", "19.99", "1.5", "1.500"][..], &["0.001", "1.005", "1.", ".5"][..]),
            ("2.5", &["0", "2.5", "5", "7.50", "-10.0"], &["1", "2.4", "2.55", "25.1"]),
            ("0.05", &["0.05", "0.1", "1", "3.95"], &["0.01", "3.99", "0.055"]),
            ("20", &["0", "20", "-140", "40.00"], &["10", "20.5", "4"]),
        ] {
            let divisor = Decimal::parse(divisor).expect("it is short");
            let dfa = multiples(&divisor).expect("it is small");
            assert!(right.iter().all(|text| dfa.contains(text)), "{divisor:?} {right:?}");
            assert!(!wrong.iter().any(|text| dfa.contains(text)), "{divisor:?} {wrong:?}");
        }
        for divisor in ["0", "-1", "1001", "0.1001", "1e-25"] {
            assert!(multiples(&Decimal::parse(divisor).expect("it is short")).is_none(), "{divisor}");
        }
    }
}
