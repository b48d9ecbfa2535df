//! Follows arbitrary tables of a grammar through arbitrary texts.
//!
//! An input is a length and so many bytes of tables, then a text. Beyond not panicking: tables that are opened are followed to
//! an answer or a typed error, a byte is taken exactly if it is among those that may come next, and a copy of a place gives the
//! same answers. Values are written or refused.
#![no_main]

use flashlet::text::grammar::{Grammar, Matcher};
use flashlet::text::{Converter, Step};
use flashlet_fuzz::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let len = usize::from(input.byte()) | usize::from(input.byte()) << 8;
    let Ok(grammar) = Grammar::open(input.bytes(len)) else { return };
    let mut matcher = Matcher::new(&grammar);
    let mut converter = Converter::new();
    converter.restart(&grammar);
    let has_values = grammar.values().next().is_some();
    for &byte in input.0 {
        match converter.take(&grammar, byte) {
            Ok(Step::Keep) => {}
            Ok(_) => assert!(has_values),
            Err(_) => break,
        }
    }
    let _ = converter.end(&grammar);
    for &byte in input.0 {
        let mut copy = matcher.clone();
        assert_eq!(copy.may_end(&grammar), matcher.may_end(&grammar));
        let next = copy.next_bytes(&grammar);
        let accepts = matcher.take(&grammar, byte);
        if let (Ok(next), Ok(accepts)) = (next, accepts) {
            assert_eq!(next[usize::from(byte / 32)] >> (byte % 32) & 1 != 0, accepts, "byte {byte}");
        }
        if accepts != Ok(true) {
            break;
        }
        assert_eq!(copy.take(&grammar, byte), Ok(true));
    }
});
