//! Files that are no models: their format by name, and the next step.

use flashlet::Error;
use flashlet::flash::{Flash, Source};
use flashlet::gguf::{Gguf, GgufError, Problem, Value};

use crate::sim::wait;

/// Bytes at the start of a file that its format is told by.
const HEAD: usize = 512;
/// The most bytes of a text that is shown whole.
const SHORT: u64 = 120;

// The steps after a file that is no model for the engine.
const OLD: &str = "take a GGUF of the model, or convert this one with llama.cpp's convert_llama_ggml_to_gguf.py";
const CONVERT: &str = "take a GGUF of the model, or make one with llama.cpp's convert_hf_to_gguf.py";
const UNPACK: &str = "unpack it first";
const MODEL: &str = "take the model's own file";
const ADAPTER: &str =
    "merge it into the model that it was made for with llama.cpp's llama-export-lora, and use the result";
const ENDIAN: &str = "convert it with gguf-py's gguf-convert-endian, or take a little-endian GGUF of the model";
const DOWNLOAD: &str = "download it again";

/// Formats by bytes at an offset, with their names and the next step.
const FORMATS: &[(usize, &[u8], &str, &str)] = &[
    (0, b"lmgg", "an old ggml file (llama.cpp before August 2023, whisper.cpp)", OLD),
    (0, b"fmgg", "an old ggmf file (llama.cpp before August 2023)", OLD),
    (0, b"tjgg", "an old ggjt file (llama.cpp before August 2023)", OLD),
    // The same three, written on a machine of the other byte order.
    (0, b"ggml", "an old ggml file (llama.cpp before August 2023, whisper.cpp)", OLD),
    (0, b"ggmf", "an old ggmf file (llama.cpp before August 2023)", OLD),
    (0, b"ggjt", "an old ggjt file (llama.cpp before August 2023)", OLD),
    (0, b"algg", "an old ggla file, a LoRA adapter (llama.cpp before 2024)", ADAPTER),
    (0, b"nsgg", "a saved session of llama.cpp", MODEL),
    (0, b"qsgg", "a saved sequence of llama.cpp", MODEL),
    (0, b"FUGG", "a GGUF of the other byte order", ENDIAN),
    (
        0,
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer",
        "fetch the file that it stands for with `git lfs pull`",
    ),
    (0, &[0x1f, 0x8b], "a gzip file", UNPACK),
    (0, b"BZh", "a bzip2 file", UNPACK),
    (0, b"\xfd7zXZ\0", "an xz file", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file", UNPACK),
    (0, b"\x04\x22\x4d\x18", "an lz4 file", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"MZqFpD", "a llamafile", "take the GGUF out of it with `unzip`"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras)", CONVERT),
    (0, b"\x93NUMPY", "a NumPy array", CONVERT),
    (4, b"TFL3", "a TensorFlow Lite model", CONVERT),
    (0, b"PK\x05\x06", "an empty zip archive", UNPACK),
];

/// The format of a file that cannot be opened as a model, with the next step, if it is a known one.
pub(super) fn recognise<F: Flash>(source: &mut Source<'_, F>) -> Option<String> {
    let size = source.flash.size();
    let mut head = vec![0; HEAD.min(usize::try_from(size).unwrap_or(HEAD))];
    wait(source.read(0, &mut head)).ok()?;
    if head.starts_with(b"GGUF") {
        return wait(Gguf::open(source)).ok().and_then(|gguf| other_kind(&gguf, source));
    }
    let (what, next) = by_start(&head, size)?;
    Some(format!("not a GGUF model but {what}: {next}"))
}

/// The name of a file that starts with `head`, and the next step.
fn by_start(head: &[u8], size: u64) -> Option<(String, &'static str)> {
    let known = FORMATS.iter().find(|(at, bytes, ..)| head.get(*at..).is_some_and(|head| head.starts_with(bytes)));
    if let Some((_, _, what, next)) = known {
        return Some(((*what).into(), next));
    }
    if head.starts_with(b"PK\x03\x04") {
        // PyTorch's archive begins with the entry NAME/data.pkl.
        if head.windows(9).any(|name| name == b"/data.pkl") {
            return Some(("a PyTorch file (a zip archive)".into(), CONVERT));
        }
        if zip_name(head).ends_with(b".npy") {
            return Some(("NumPy arrays (a zip archive)".into(), CONVERT));
        }
        return Some(("a zip archive".into(), UNPACK));
    }
    if let [0x80, 2..=5, ..] = head {
        return Some(("a PyTorch file (a Python pickle)".into(), CONVERT));
    }
    // safetensors: the bytes of a JSON object, then the object.
    if let Some((length, [b'{', ..])) = head.split_first_chunk::<8>()
        && u64::from_le_bytes(*length) < 1 << 32
    {
        return Some(("a safetensors file".into(), CONVERT));
    }
    if head.len() >= 16 && head.iter().all(|&byte| byte == 0) {
        return Some(("a file of zeros, as downloads that did not end leave it".into(), DOWNLOAD));
    }
    by_text(head, size)
}

/// The name of a zip archive's first entry: its length is at byte 26, itself at byte 30.
fn zip_name(head: &[u8]) -> &[u8] {
    let length = head.get(26..28).map_or(0, |bytes| usize::from(bytes[0]) | usize::from(bytes[1]) << 8);
    head.get(30..30 + length).unwrap_or_default()
}

/// True for a section's line of TOML or INI: a bare name in brackets, which no JSON begins with.
fn is_section(line: &str) -> bool {
    let name = line.trim_end().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let name = name.map(|name| name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name));
    name.is_some_and(|name| {
        let bare = name.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c));
        bare && name.contains(char::is_alphabetic) && !["true", "false", "null"].contains(&name)
    })
}

/// The name of a text that starts with `head`, and the next step.
fn by_text(head: &[u8], size: u64) -> Option<(String, &'static str)> {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim();
    let starts = |tag: &str| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    if ["<!doctype html", "<html", "<head", "<!--"].into_iter().any(starts) {
        let next = "download the file itself, not the page that shows it (on Hugging Face the link with /resolve/ in place of /blob/)";
        return Some(("an HTML page".into(), next));
    }
    if starts("<?xml") || starts("<error") {
        return Some(("an XML text, such as a server's error message".into(), DOWNLOAD));
    }
    if is_section(text.lines().next().unwrap_or_default()) {
        return Some(("a TOML or INI text, such as a program's settings".into(), MODEL));
    }
    if text.starts_with(['{', '[']) {
        return Some(("a JSON text, such as a model's configuration or a server's error message".into(), MODEL));
    }
    // The cut may lie inside a character, which is then replaced.
    let text = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    let printable = |c: char| !c.is_control() && c != char::REPLACEMENT_CHARACTER || c.is_whitespace();
    if text.is_empty() || !text.chars().all(printable) {
        return None;
    }
    let what = if size <= SHORT { format!("a text ({:?})", text) } else { "a text".into() };
    Some((what, "take the model's own file, or download it again"))
}

/// The kind of a GGUF that is no model by itself, with the next step.
fn other_kind<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>) -> Option<String> {
    let [kind, arch] = ["general.type", "general.architecture"].map(|key| text(gguf, source, key));
    let kind = kind.unwrap_or_default();
    if kind == "adapter" {
        return Some(format!("a LoRA adapter, not a model: {ADAPTER}"));
    }
    if kind == "imatrix" {
        return Some(format!("an importance matrix, not a model: {MODEL}"));
    }
    if kind == "mmproj" || arch.is_some_and(|arch| arch == "clip") {
        return Some(format!("a projector for images or sound (mmproj), not a language model: {MODEL}"));
    }
    let [count, number] = ["split.count", "split.no"].map(|key| number(gguf, source, key));
    let count = count.filter(|&count| count > 1)?;
    let part = number.unwrap_or(0).saturating_add(1);
    Some(format!(
        "part {part} of {count} of a model: put the parts together with llama.cpp's `llama-gguf-split --merge FIRST-PART OUT`"
    ))
}

/// The text of `key`, unless it is longer than any that matters here.
fn text<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>, key: &str) -> Option<String> {
    let text = wait(gguf.find(source, &[key])).ok()??.as_str()?;
    let mut bytes = vec![0; usize::try_from(text.len).ok().filter(|&len| len <= 64)?];
    wait(source.read(text.offset, &mut bytes)).ok()?;
    String::from_utf8(bytes).ok()
}

fn number<F: Flash>(gguf: &Gguf, source: &mut Source<'_, F>, key: &str) -> Option<u64> {
    match wait(gguf.find(source, &[key])).ok()?? {
        Value::U16(n) => Some(n.into()),
        Value::U32(n) => Some(n.into()),
        Value::I32(n) => u64::try_from(n).ok(),
        Value::U64(n) => Some(n),
        _ => None,
    }
}

/// The step after an error in a file that is a GGUF, where there is one.
pub(super) fn next_step(error: &Error) -> Option<&'static str> {
    let Error::Gguf(
        GgufError::Header { problem, .. } | GgufError::Key { problem, .. } | GgufError::Tensor { problem, .. },
    ) = error
    else {
        return None;
    };
    match problem {
        Problem::Truncated { .. }
        | Problem::Counts { .. }
        | Problem::ArrayLength { .. }
        | Problem::OutsideFile { .. } => Some("the file is cut short or damaged: download it again"),
        Problem::Magic(_) => Some("take a GGUF of the model"),
        Problem::BigEndian => Some(ENDIAN),
        Problem::Version(0 | 1) => Some("take a newer GGUF of the model"),
        Problem::Version(_) => Some("a newer flashlet may read it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flashlet::flash::SliceFlash;

    fn recognised(bytes: &[u8]) -> Option<String> {
        recognise(&mut Source::new(SliceFlash(bytes)))
    }

    /// A file of at least a kilobyte that starts with `head`.
    fn file(head: &[u8]) -> Vec<u8> {
        let mut bytes = head.to_vec();
        bytes.resize(bytes.len().max(1000), 0xa5);
        bytes
    }

    #[test]
    fn formats_are_called_by_their_names() {
        // The first bytes as each format's specification has them.
        let tar = [&b"model.gguf"[..], &[0; 247], b"ustar\x0000"].concat();
        let arrays = b"PK\x03\x04\x14\0\0\0\0\0\xa4L|]?LB\x9d\x08\0\0\0\x08\0\0\0\x09\0\0\0arr_0.npy";
        let torch = b"PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\x12\0archive/data.pklFB\x0e\0";
        for (head, words) in [
            (&0x6767_6d6c_u32.to_le_bytes()[..], "old ggml file"),
            (&0x6767_6d66_u32.to_le_bytes(), "old ggmf file"),
            (&0x6767_6a74_u32.to_le_bytes(), "old ggjt file"),
            (&0x6767_6a74_u32.to_be_bytes(), "old ggjt file"),
            (&0x6767_6c61_u32.to_le_bytes(), "LoRA adapter"),
            (b"FUGG\0\0\0\x03", "other byte order"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 98362432\n", "git lfs pull"),
            (b"\x1f\x8b\x08\x08", "gzip file: unpack"),
            (b"BZh91AY&SY", "bzip2"),
            (b"\xfd7zXZ\0\0\x04", "xz"),
            (b"\x28\xb5\x2f\xfd\x24", "zstd"),
            (b"PK\x03\x04\x14\0\0\0\x08\0model.gguf", "a zip archive: unpack"),
            (arrays, "NumPy arrays (a zip archive): take a GGUF"),
            (torch, "PyTorch file (a zip archive): take a GGUF"),
            (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch file (a Python pickle)"),
            (b"\x40\0\0\0\0\0\0\0{\"__metadata__\":{\"format\":\"pt\"}}", "safetensors"),
            (&tar, "tar archive"),
            (b"<!DOCTYPE html>\n<html class=\"\">", "an HTML page: download the file itself"),
            (b"\n  <html><head>", "an HTML page"),
            (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "XML"),
            (b"{\"error\":\"Repository not found\"}", "JSON"),
            (b"[1, 2]", "JSON"),
            (b"[\"a\"]\n", "JSON"),
            (b"[true]", "JSON"),
            (b"[package]\nname = \"x\"\n", "a TOML or INI text"),
            (b"# Boards\n[[board]]\n", "a text"),
            (b"[[board]]\r\nname = 1\r\n", "a TOML or INI text"),
            (&[0; 1000], "zeros"),
        ] {
            let text = recognised(&file(head)).unwrap_or_default();
            assert!(text.starts_with("not a GGUF model but ") && text.contains(words), "{words}: {text}");
        }
        for text in ["Entry not found", "Invalid username or password."] {
            assert!(recognised(text.as_bytes()).is_some_and(|said| said.contains(text)), "{text}");
        }
        // Bytes of no format; a text that is cut inside a character.
        assert_eq!(recognised(b"\x01"), None);
        assert_eq!(recognised(&file(b"\xff\xfe\x01")), None);
        let long = "x".to_owned() + &"ä".repeat(400);
        assert!(recognised(long.as_bytes()).is_some_and(|said| said.contains("a text: ")));
    }
}
