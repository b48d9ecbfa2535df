//! `flashlet inspect`: the metadata and the tensors of a model file.

use core::fmt::Display;

use clap::Args;
use flashlet::flash::Source;
use flashlet::gguf::{Gguf, Str, TensorInfo, Value};
use flashlet::text::ChatPieces;
use flashlet::weights::Residency;
use serde_json::{Map, json};

use super::grammar::Figures;
use crate::engine::{Features, ModelArgs, about_file, carried_grammar, check_names, open_file};
use crate::failure::Failure;
use crate::hardware::source::{FileFlash, ModelFile};
use crate::io::output::Listing;
use crate::io::printable::printable;
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
/// Characters up to which keys and names widen their column.
const MAX_NAME_WIDTH: usize = 48;
/// Bytes of a string that are read at most.
const MOST_BYTES: u64 = 1 << 20;

/// Runs the command.
pub(crate) fn inspect(args: &InspectArgs) -> Result<(), Failure> {
    let file = open_file(&args.model, Residency::Auto)?;
    let mut contents = Contents::open(&file)?;
    // A file that is broken further on prints nothing but the error.
    let survey = contents.survey()?;
    let mut out = Listing::new();
    if args.json {
        contents.json(&survey, &mut out)?
    } else {
        contents.text(&survey, &mut out)?
    }
    out.finish()
}

/// Everything but the weights. It is read once more for each walk, as it may be larger than memory.
struct Contents<'f> {
    file: &'f ModelFile,
    source: Source<'f, FileFlash<'f>>,
    gguf: Gguf,
}

/// Sizes of the tables, and totals.
#[derive(Default)]
struct Survey {
    keys: usize,
    tensors: usize,
    /// Characters of the longest key and of the longest name of a tensor.
    key_width: usize,
    name_width: usize,
    /// The types, the largest first.
    types: Vec<TypeTotal>,
    /// The file has a chat template.
    has_template: bool,
    /// It has the template's pieces too.
    has_pieces: bool,
    /// The grammar that it carries, or what is wrong with it.
    grammar: Option<Result<Figures, String>>,
    /// The engine's features that firmware for this model turns on; `None` if the engine cannot run the file.
    features: Option<Features>,
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

type Visit<'v, T> = &'v mut dyn FnMut(&str, T) -> Result<(), Failure>;

impl<'f> Contents<'f> {
    fn open(file: &'f ModelFile) -> Result<Contents<'f>, Failure> {
        let mut source = file.source();
        let gguf = wait(Gguf::open(&mut source)).map_err(|error| about_file(file, &mut source, error))?;
        check_names(&gguf, &mut source).map_err(|error| about_file(file, &mut source, error))?;
        Ok(Contents { file, source, gguf })
    }

    fn failure(&self, error: impl Display) -> Failure {
        Failure::about(self.file.path().display(), error)
    }

    fn keys(&mut self, visit: Visit<'_, Shown>) -> Result<(), Failure> {
        let gguf = self.gguf.clone();
        let mut walk = gguf.kvs();
        while let Some((key, value)) = wait(walk.next(&mut self.source)).map_err(|error| self.failure(error))? {
            visit(&self.string(key)?, self.value(value)?)?;
        }
        Ok(())
    }

    fn tensors(&mut self, visit: Visit<'_, TensorInfo>) -> Result<(), Failure> {
        let gguf = self.gguf.clone();
        let mut walk = gguf.tensors();
        while let Some(info) = wait(walk.next(&mut self.source)).map_err(|error| self.failure(error))? {
            visit(&self.string(info.name)?, info)?;
        }
        Ok(())
    }

    fn survey(&mut self) -> Result<Survey, Failure> {
        let mut survey = Survey::default();
        let width = |text: &str| printable(text).chars().count().min(MAX_NAME_WIDTH);
        self.keys(&mut |key, _| {
            survey.keys += 1;
            survey.has_template |= key == "tokenizer.chat_template";
            survey.has_pieces |= key.starts_with(ChatPieces::PREFIX);
            survey.key_width = survey.key_width.max(width(key));
            Ok(())
        })?;
        self.tensors(&mut |name, info| {
            survey.tensors += 1;
            survey.name_width = survey.name_width.max(width(name));
            survey.count(info);
            Ok(())
        })?;
        survey.types.sort_by_key(|t| core::cmp::Reverse(t.bytes));
        let carried = carried_grammar(&self.gguf, &mut self.source).transpose();
        survey.grammar = carried.map(|carried| Figures::of(&carried?)).map(|of| of.map_err(|error| error.to_string()));
        let has_values = matches!(&survey.grammar, Some(Ok(figures)) if !figures.values.is_empty());
        survey.features = Features::of(&mut self.source, has_values);
        Ok(survey)
    }

    fn json(&mut self, survey: &Survey, out: &mut Listing) -> Result<(), Failure> {
        let gguf = &self.gguf;
        let (version, alignment, data_offset) = (gguf.version(), gguf.alignment(), gguf.data_offset());
        out.write(format_args!(
            r#"{{"version":{version},"alignment":{alignment},"data_offset":{data_offset},"metadata":{{"#
        ))?;
        let mut comma = "";
        self.keys(&mut |key, value| {
            out.write(format_args!("{comma}{}:{}", json!(key), value.json()))?;
            comma = ",";
            Ok(())
        })?;
        out.write(format_args!(r#"}},"tensors":["#))?;
        let mut comma = "";
        self.tensors(&mut |name, info| {
            let tensor = json!({
                "name": name, "type": info.ggml_type.name(), "shape": shape(&info),
                "offset": info.offset, "bytes": info.bytes,
            });
            out.write(format_args!("{comma}{tensor}"))?;
            comma = ",";
            Ok(())
        })?;
        let total = |t: &TypeTotal| (t.name.to_owned(), json!({ "tensors": t.tensors, "bytes": t.bytes }));
        let types: Map<_, _> = survey.types.iter().map(total).collect();
        let chat = json!({ "template": survey.has_template, "pieces": survey.has_pieces });
        let grammar = match &survey.grammar {
            None => json!(null),
            Some(Ok(figures)) => json!(figures),
            Some(Err(error)) => json!({ "error": error }),
        };
        let (types, features) = (json!(types), json!(survey.features));
        out.write(format_args!("],\"types\":{types},\"chat\":{chat},\"grammar\":{grammar},\"features\":{features}}}\n"))
    }

    fn text(&mut self, survey: &Survey, out: &mut Listing) -> Result<(), Failure> {
        out.write(format_args!(
            "{}: GGUF v{}, {}, {} keys, {} tensors, data at byte {}, alignment {}\nchat template: {}\n{}{}\nmetadata\n",
            printable(&self.file.path().display().to_string()),
            self.gguf.version(),
            show(self.file.size()),
            survey.keys,
            survey.tensors,
            self.gguf.data_offset(),
            self.gguf.alignment(),
            survey.chat(),
            survey.grammar(),
            survey.features.as_ref().map(Features::lines).unwrap_or_default(),
        ))?;
        let width = survey.key_width;
        self.keys(&mut |key, value| out.write(format_args!("  {:<width$}  {}\n", printable(key), value.text())))?;
        out.write(format_args!("\ntensors\n"))?;
        let width = survey.name_width;
        self.tensors(&mut |name, info| {
            let shape: Vec<String> = shape(&info).iter().map(u64::to_string).collect();
            let (name, kind, size) = (printable(name), info.ggml_type.name(), show(info.bytes));
            out.write(format_args!("  {name:<width$}  {kind:<7}  {:>16}  {size:>10}\n", shape.join(" x ")))
        })?;
        out.write(format_args!("\nbytes by type\n"))?;
        for TypeTotal { name, tensors, bytes } in &survey.types {
            out.write(format_args!("  {name:<7}  {tensors:>5} tensors  {:>10}\n", show(*bytes)))?;
        }
        Ok(())
    }

    fn value(&mut self, value: Value) -> Result<Shown, Failure> {
        Ok(match value {
            Value::U8(x) => Shown::Scalar(json!(x)),
            Value::I8(x) => Shown::Scalar(json!(x)),
            Value::U16(x) => Shown::Scalar(json!(x)),
            Value::I16(x) => Shown::Scalar(json!(x)),
            Value::U32(x) => Shown::Scalar(json!(x)),
            Value::I32(x) => Shown::Scalar(json!(x)),
            Value::U64(x) => Shown::Scalar(json!(x)),
            Value::I64(x) => Shown::Scalar(json!(x)),
            Value::F32(x) => Shown::number(shortest(x)),
            Value::F64(x) => Shown::number(x),
            Value::Bool(x) => Shown::Scalar(json!(x)),
            Value::Str(string) => Shown::Text(self.string(string)?),
            Value::Array(array) => Shown::Array { elem: array.elem.name().to_owned(), len: array.len },
            _ => Shown::Text("?".into()),
        })
    }

    /// A string of the file; an absurdly long one is cut.
    fn string(&mut self, string: Str) -> Result<String, Failure> {
        let mut bytes = vec![0; usize::try_from(string.len.min(MOST_BYTES)).unwrap_or(0)];
        wait(self.source.read(string.offset, &mut bytes)).map_err(|error| self.failure(error))?;
        Ok(with_escapes(&bytes))
    }
}

impl Survey {
    /// The state of the chat template, for people.
    fn chat(&self) -> &'static str {
        match (self.has_template, self.has_pieces) {
            (_, true) => "packed as pieces, which boards use",
            (true, false) => "not packed as pieces: boards use it if they know it",
            (false, false) => "none",
        }
    }

    /// A line about the grammar; none without one.
    fn grammar(&self) -> String {
        match &self.grammar {
            None => String::new(),
            Some(Ok(figures)) => format!("grammar: {}\n", figures.line()),
            Some(Err(error)) => format!("grammar: unusable: {}\n", printable(error)),
        }
    }

    /// Counts `info` among the tensors of its type.
    fn count(&mut self, info: TensorInfo) {
        let name = info.ggml_type.name();
        let types = &mut self.types;
        let at = types.iter().position(|t| t.name == name).unwrap_or_else(|| {
            types.push(TypeTotal { name, tensors: 0, bytes: 0 });
            types.len() - 1
        });
        types[at].tensors += 1;
        types[at].bytes = types[at].bytes.saturating_add(info.bytes);
    }
}

impl Shown {
    /// A number; as a text if it is none that JSON has.
    fn number(x: f64) -> Shown {
        if x.is_finite() { Shown::Scalar(json!(x)) } else { Shown::Text(x.to_string()) }
    }

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

/// The double whose decimal digits are those of `x`: 1e-6, not 9.999999974752427e-7.
fn shortest(x: f32) -> f64 {
    x.to_string().parse().unwrap_or_else(|_| x.into())
}

/// `bytes` as a text in which bytes that are no UTF-8 stand as `\xHH`, so that different names stay different.
fn with_escapes(bytes: &[u8]) -> String {
    let invalid = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    bytes.utf8_chunks().map(|chunk| format!("{}{}", chunk.valid(), invalid(chunk.invalid()))).collect()
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
    fn strings_and_numbers_are_short() {
        assert_eq!(cut("größer", 6), "größer");
        assert_eq!(cut("größer", 4), "größ...");
        assert_eq!(shortest(1e-6), 1e-6);
        assert_eq!(with_escapes("größer".as_bytes()), "größer");
        assert_eq!(with_escapes(b"a\xff\xc3b\xe2\x82"), "a\\xff\\xc3b\\xe2\\x82");
    }
}
