//! Packs a fixture's model with some bytes changed, or an arbitrary file.
//!
//! An input's first byte holds the options, the second selects the model, and the bytes to be changed follow; from 128 on the
//! rest of the input is the file. Beyond not panicking: a whole model is packed; the packed file opens, begins its tensors
//! at the page asked for, and has every tensor of the file with the same bytes.
#![no_main]

use flashlet::Model;
use flashlet::flash::{SliceFlash, Source, block_on};
use flashlet::gguf::{Gguf, GgufError};
use flashlet_fuzz::{Input, MODELS};
use flashlet_sim::pack::{Options, pack};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let flags = input.byte();
    let options = Options {
        page: [None, Some(32), Some(256), Some(4096)][usize::from(flags % 4)],
        strip: flags & 4 != 0,
        checksums: flags & 8 != 0,
        index: flags & 16 != 0,
        chat: flags & 32 != 0,
        ..Options::default()
    };
    let kind = input.byte();
    let mut whole = false;
    let file = if kind < 128 {
        let mut file = MODELS[usize::from(kind) % MODELS.len()].to_vec();
        whole = !input.change(&mut file);
        file
    } else {
        input.0.to_vec()
    };
    let mut out = Vec::new();
    let mut progress = |done, total| assert!(done <= total);
    match pack(&mut Source::with_mapping(SliceFlash(&file), &file), &options, &mut out, &mut progress) {
        Ok(report) => {
            let opened = block_on(Model::open(&mut Source::new(SliceFlash(&out))), || ());
            assert!(opened.is_ok(), "{:?}", opened.err());
            assert!(options.page.is_none_or(|page| page == report.page));
            let packed = tensors(&out, report.page).expect("the packed file opened");
            assert_eq!(packed, tensors(&file, 1).expect("the file was packed"));
        }
        Err(error) => {
            assert!(!whole, "{error}");
            assert!(!error.to_string().is_empty());
        }
    }
});

/// All tensors by name: type, shape and bytes. Each starts at a multiple of `page`.
fn tensors(file: &[u8], page: u32) -> Result<BTreeMap<Vec<u8>, (String, &[u8])>, GgufError> {
    block_on(
        async {
            let mut source = Source::new(SliceFlash(file));
            let gguf = Gguf::open(&mut source).await?;
            let (mut walk, mut found) = (gguf.tensors(), BTreeMap::new());
            while let Some(info) = walk.next(&mut source).await? {
                assert!(info.offset.is_multiple_of(page.into()), "{info:?}");
                let bytes = &file[info.offset as usize..][..info.bytes as usize];
                let kind = format!("{:?} {:?}", info.ggml_type, info.ne);
                found.insert(info.name_bytes.to_vec(), (kind, bytes));
            }
            Ok(found)
        },
        || (),
    )
}
