//! Keys and tensors whose names occur twice.

use super::*;

/// A file of keys without values of interest, and one of tensors without elements of interest.
fn named(keys: &[&[u8]], tensors: &[&str]) -> File {
    let file = File::new(tensors.len() as u64, keys.len() as u64);
    let file = keys.iter().fold(file, |file, key| file.str(key).u32(0).bytes(&[1]));
    let tensors = tensors.iter().zip(0..);
    tensors.fold(file, |file, (name, i)| file.tensor(name, &[1], 0, i * 32)).data(32, 32 * 40)
}

#[test]
fn names_that_occur_twice_are_refused_and_named() {
    assert_eq!(named(&[b"a", b""], &[]).problem(), Problem::KeyLength(0));
    let error = named(&[b"a", b"b", b"a"], &[]).open().expect_err("twice");
    assert!(matches!(error, GgufError::Key { index: 2, problem: Problem::DuplicateKey { first: 0 }, .. }), "{error}");
    let error = named(&[b"a"], &["t", "u", "v", "u"]).open().expect_err("twice");
    assert!(
        matches!(error, GgufError::Tensor { index: 3, problem: Problem::DuplicateName { first: 1 }, .. }),
        "{error}"
    );
    // Not text, and the same for longer than what is hashed at once.
    let long = |last: u8| [&[0xff; 200][..], &[last]].concat();
    assert!(named(&[&long(1), &long(2)], &["long", "longer"]).open().is_ok());
    assert_eq!(named(&[&long(1), &long(2), &long(1)], &[]).problem(), Problem::DuplicateKey { first: 0 });
}

/// A file without tensors, opened without a look for names that occur twice.
fn unchecked(source: &mut Source<'_, SliceFlash<'_>>, n_kv: u32) -> Gguf {
    let (tensors_offset, alignment, skips) = block_on(check_keys(source, n_kv), || ()).expect("good but for names");
    Gguf { version: 3, n_kv, n_tensors: 0, alignment, tensors_offset, data_offset: 0, skips }
}

/// Every pair of thirty names, with tables for all of them, for few and for one.
#[test]
fn names_are_compared_however_small_the_table() {
    let all: heapless::Vec<heapless::String<8>, 30> =
        (0..30).map(|i| heapless::format!("k{i}").expect("short")).collect();
    for (slots, first, second) in
        [0, 1, 2, 3, 16, 60].iter().flat_map(|&slots| (0..30).flat_map(move |b| (0..b).map(move |a| (slots, a, b))))
    {
        let name = |i: usize| all[if i == second { first } else { i }].as_str();
        let keys: heapless::Vec<&[u8], 30> = (0..30).map(|i| name(i).as_bytes()).collect();
        let file = named(&keys, &[]);
        let mut source = file.source();
        let gguf = unchecked(&mut source, 30);
        let mut table = [0; 60];
        let found = block_on(gguf.check_names(&mut source, &mut table[..slots]), || ());
        let error = found.expect_err("one occurs twice");
        let GgufError::Key { index, problem, .. } = error else { unreachable!("{error}") };
        assert_eq!((index, problem), (second as u32, Problem::DuplicateKey { first: first as u32 }), "{slots} slots");
    }
}

/// `n` names take `2 * n / table.len()` passes over the header.
#[test]
fn half_of_a_table_is_filled_in_a_pass() {
    let keys = [b'a', b'b', b'c', b'd', b'e', b'f', b'g', b'h'].map(|letter| [letter]);
    let file = named(&keys.each_ref().map(|key| &key[..]), &[]);
    let gguf = unchecked(&mut file.source(), 8);
    for (slots, passes) in [(16, 1), (8, 2), (4, 4)] {
        let (mut source, mut table) = (file.source(), [0; 16]);
        block_on(gguf.check_names(&mut source, &mut table[..slots]), || ()).expect("all names differ");
        let read = source.stats.bytes_read / file.0.len().min(WINDOW_BYTES) as u64;
        assert_eq!(read, passes, "{slots} slots");
    }
}

/// [`Gguf::find_all`] finds repeated keys without the help of [`Gguf::check_names`].
#[test]
fn a_key_that_is_looked_up_and_occurs_twice_is_named() {
    let file = named(&[b"p.other", b"p.a", b"q.a", b"p.b", b"p.a"], &[]);
    let mut source = file.source();
    let gguf = unchecked(&mut source, 5);
    let mut find = |names: &[&str], take: &mut dyn FnMut(&PrefixedKey<'_>) -> bool| {
        block_on(gguf.find_all(&mut source, ["p", "."], names, &mut [None; 2], take), || ())
    };
    let error = find(&["b", "a"], &mut |_| true).expect_err("p.a occurs twice");
    assert!(matches!(error, GgufError::Key { index: 4, problem: Problem::DuplicateKey { first: 1 }, .. }), "{error}");
    // Keys that are left out, or that are not looked up, may.
    assert_eq!(find(&["b", "a"], &mut |key| key.is("p.b")), Ok(()));
    assert_eq!(find(&["b"], &mut |_| true), Ok(()));
}
