//! `flashlet inspect`: the metadata and the tensors of a model file.

use core::fmt::Write;

use clap::Args;
use flashlet::flash::Source;
use flashlet::gguf::{Gguf, Str, TensorInfo, Value};
use flashlet::session::Residency;
use serde_json::{Map, json};

use crate::engine::{ModelArgs, about_file, check_names, open_file};
use crate::failure::Failure;
use crate::hardware::source::{FileFlash, ModelFile};
use crate::io::output::{print, print_json};
use crate::sim::wait;
use crate::size::show;

#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Characters of a string value in the table.
const WIDTH: usize = 80;
/// Bytes of a string that are read at most.
const MOST_BYTES: u64 = 1 << 20;

/// Runs the command.
pub(crate) fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    let file = open_file(&args.model, Residency::Auto)?;
    let contents = Contents::read(&file)?;
    if args.json { print_json(&contents.json()) } else { print(&contents.text(&file)) }
}

/// Everything but the weights.
struct Contents {
    gguf: Gguf,
    metadata: Vec<(String, Shown)>,
    tensors: Vec<(String, TensorInfo)>,
}

/// A metadata value.
enum Shown {
    Scalar(serde_json::Value),
    Text(String),
    Array { elem: String, len: u64 },
}

/// Bytes and tensors of one type.
struct TypeTotal {
    name: &'static str,
    tensors: usize,
    bytes: u64,
}

impl Contents {
    fn read(file: &ModelFile) -> Result<Contents, Failure> {
        let path = file.path().display();
        let mut source = file.source();
        let gguf = wait(Gguf::open(&mut source)).map_err(|error| about_file(file, &mut source, error))?;
        check_names(&gguf, &mut source).map_err(|error| about_file(file, &mut source, error))?;
        let mut metadata = Vec::new();
        let mut kvs = gguf.kvs();
        while let Some((key, value)) = wait(kvs.next(&mut source)).map_err(|error| Failure::about(&path, error))? {
            metadata.push((text(&mut source, key, file)?, shown(&mut source, value, file)?));
        }
        let mut tensors = Vec::new();
        let mut walk = gguf.tensors();
        while let Some(info) = wait(walk.next(&mut source)).map_err(|error| Failure::about(&path, error))? {
            tensors.push((text(&mut source, info.name, file)?, info));
        }
        Ok(Contents { gguf, metadata, tensors })
    }

    /// Totals by type, the largest first.
    fn types(&self) -> Vec<TypeTotal> {
        let mut types: Vec<TypeTotal> = Vec::new();
        for (_, info) in &self.tensors {
            let name = info.ggml_type.name();
            let at = types.iter().position(|t| t.name == name).unwrap_or_else(|| {
                types.push(TypeTotal { name, tensors: 0, bytes: 0 });
                types.len() - 1
            });
            types[at].tensors += 1;
            types[at].bytes = types[at].bytes.saturating_add(info.bytes);
        }
        types.sort_by_key(|t| core::cmp::Reverse(t.bytes));
        types
    }

    fn json(&self) -> serde_json::Value {
        let metadata: Map<_, _> = self.metadata.iter().map(|(key, value)| (key.clone(), value.json())).collect();
        let tensor = |(name, info): &(String, TensorInfo)| {
            json!({
                "name": name, "type": info.ggml_type.name(), "shape": shape(info),
                "offset": info.offset, "bytes": info.bytes,
            })
        };
        let types: Map<_, _> = self
            .types()
            .iter()
            .map(|t| (t.name.to_owned(), json!({ "tensors": t.tensors, "bytes": t.bytes })))
            .collect();
        json!({
            "version": self.gguf.version(), "alignment": self.gguf.alignment(),
            "data_offset": self.gguf.data_offset(), "metadata": metadata,
            "tensors": self.tensors.iter().map(tensor).collect::<Vec<_>>(), "types": types,
        })
    }

    fn text(&self, file: &ModelFile) -> String {
        let mut out = format!(
            "{}: GGUF v{}, {}, {} keys, {} tensors, data at byte {}, alignment {}\n\nmetadata\n",
            file.path().display(),
            self.gguf.version(),
            show(file.size()),
            self.metadata.len(),
            self.tensors.len(),
            self.gguf.data_offset(),
            self.gguf.alignment(),
        );
        let width = self.metadata.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0).min(48);
        for (key, value) in &self.metadata {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  {:<width$}  {}", printable(key), value.text());
        }
        out += "\ntensors\n";
        let width = self.tensors.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, info) in &self.tensors {
            let shape: Vec<String> = shape(info).iter().map(u64::to_string).collect();
            let (kind, size) = (info.ggml_type.name(), show(info.bytes));
            let _ = writeln!(out, "  {:<width$}  {kind:<7}  {:>16}  {size:>10}", printable(name), shape.join(" x "));
        }
        out += "\nbytes by type\n";
        for t in self.types() {
            let _ = writeln!(out, "  {:<7}  {:>5} tensors  {:>10}", t.name, t.tensors, show(t.bytes));
        }
        out
    }
}

impl Shown {
    fn json(&self) -> serde_json::Value {
        match self {
            Shown::Scalar(value) => value.clone(),
            Shown::Text(text) => json!(text),
            Shown::Array { elem, len } => json!({ "type": elem, "len": len }),
        }
    }

    fn text(&self) -> String {
        match self {
            Shown::Scalar(value) => value.to_string(),
            Shown::Text(text) => cut(&printable(text), WIDTH),
            Shown::Array { elem, len } => format!("{elem}[{len}]"),
        }
    }
}

fn shape(info: &TensorInfo) -> &[u64] {
    let n = info.n_dims as usize;
    info.ne.get(..n).unwrap_or(&info.ne)
}

fn shown(source: &mut Source<'_, FileFlash<'_>>, value: Value, file: &ModelFile) -> Result<Shown, Failure> {
    Ok(match value {
        Value::U8(x) => Shown::Scalar(json!(x)),
        Value::I8(x) => Shown::Scalar(json!(x)),
        Value::U16(x) => Shown::Scalar(json!(x)),
        Value::I16(x) => Shown::Scalar(json!(x)),
        Value::U32(x) => Shown::Scalar(json!(x)),
        Value::I32(x) => Shown::Scalar(json!(x)),
        Value::U64(x) => Shown::Scalar(json!(x)),
        Value::I64(x) => Shown::Scalar(json!(x)),
        Value::F32(x) => Shown::Scalar(json!(shortest(x))),
        Value::F64(x) => Shown::Scalar(json!(x)),
        Value::Bool(x) => Shown::Scalar(json!(x)),
        Value::Str(string) => Shown::Text(text(source, string, file)?),
        Value::Array(array) => Shown::Array { elem: array.elem.name().to_owned(), len: array.len },
        _ => Shown::Text("?".into()),
    })
}

/// The double whose decimal digits are those of `x`: 1e-6, not 9.999999974752427e-7.
fn shortest(x: f32) -> f64 {
    x.to_string().parse().unwrap_or_else(|_| x.into())
}

/// A string of the file; invalid UTF-8 is replaced, and an absurdly long one is cut.
fn text(source: &mut Source<'_, FileFlash<'_>>, string: Str, file: &ModelFile) -> Result<String, Failure> {
    let mut bytes = vec![0; usize::try_from(string.len.min(MOST_BYTES)).unwrap_or(0)];
    wait(source.read(string.offset, &mut bytes)).map_err(|error| Failure::about(file.path().display(), error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `text` on one line, without anything that could act on a terminal.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

/// `text` cut at `width` characters.
fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cut_and_made_harmless() {
        assert_eq!(cut("größer", 6), "größer");
        assert_eq!(cut("größer", 4), "größ...");
        assert_eq!(shortest(1e-6), 1e-6);
        assert_eq!(printable("a\n\x1b[31mé"), "a\\n\\u{1b}[31mé");
    }
}
