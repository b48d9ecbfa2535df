//! Chat templates, which are written in Jinja, and their evaluation.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::{Arc, mpsc};
use std::thread;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value, context};
use minijinja_contrib::pycompat;

use super::clock::strftime_now;
use super::json;
use super::message::Message;

/// Steps that a template may take: some hundred times as many as the longest conversations need.
const FUEL: u64 = 20_000_000;

/// The longest time that a template may take. Fuel counts steps, and a single step on a list that was doubled many times may never end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of stack that the engine of templates may use.
const STACK: usize = 8 << 20;

/// A template, compiled, with the texts of the tokens that it names.
pub(super) struct Template {
    environment: Arc<Environment<'static>>,
    source: String,
    bos: String,
    eos: String,
    /// Set when it writes the date.
    dated: Arc<AtomicBool>,
    /// The model is to answer without thinking first, where the template can ask for that.
    without_thinking: Cell<bool>,
    /// Contents are lists of parts, as templates of models that see pictures have them.
    typed: bool,
    /// Functions that the model may call, or nothing.
    tools: Value,
    /// An earlier rendering took too long. Later ones fail at once.
    is_endless: Cell<bool>,
}

impl Template {
    /// Compiles `source`, which may write the model's tokens `bos` and `eos`.
    ///
    /// # Errors
    /// A mistake in the template.
    pub(super) fn new(source: &str, bos: String, eos: String) -> Result<Template, Error> {
        let mut environment = Environment::new();
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.set_fuel(Some(FUEL));
        environment.set_unknown_method_callback(pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        let dated = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&dated);
        environment.add_function("strftime_now", move |format: String| {
            noted.store(true, Ordering::Relaxed);
            strftime_now(format)
        });
        environment.add_filter("tojson", tojson);
        // As Jinja2 has it: strings are sequences, and so are mappings, whose length is known; `none` has no elements.
        environment
            .add_test("iterable", |value: &Value| is_text(value) || !value.is_none() && value.try_iter().is_ok());
        environment.add_test("sequence", |value: &Value| {
            is_text(value) || matches!(value.kind(), ValueKind::Seq | ValueKind::Map)
        });
        environment.add_template_owned(NAME, without_generation_blocks(source))?;
        Ok(Template {
            environment: Arc::new(environment),
            source: source.to_owned(),
            bos,
            eos,
            dated,
            without_thinking: Cell::new(false),
            typed: false,
            tools: Value::from(()),
            is_endless: Cell::new(false),
        })
    }

    /// The same template, which gets contents as lists of parts from now on.
    pub(super) fn typed(mut self) -> Template {
        self.typed = true;
        self
    }

    /// The template as it is written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Asks the model to answer without thinking from now on, or no more, where the template can.
    pub(super) fn set_without_thinking(&self, without: bool) {
        self.without_thinking.set(without);
    }

    /// Shows the model `tools` from now on, functions that it may call.
    pub(super) fn set_tools(&mut self, tools: Value) {
        self.tools = tools;
    }

    /// True if it wrote the date in something that it rendered.
    pub(super) fn is_dated(&self) -> bool {
        self.dated.load(Ordering::Relaxed)
    }

    /// The text of the token that texts begin with.
    pub(super) fn bos(&self) -> &str {
        &self.bos
    }

    /// Renders `messages`; with `generation` up to where the model's answer begins.
    ///
    /// # Errors
    /// The template's report of a conversation that it does not take, or a mistake in the template.
    pub(super) fn render(&self, messages: &[Message], generation: bool) -> Result<String, Error> {
        let messages: Vec<Value> = messages.iter().map(|message| self.shown(message)).collect();
        let context = context! {
            messages,
            add_generation_prompt => generation,
            bos_token => &self.bos,
            eos_token => &self.eos,
            tools => &self.tools,
            documents => (),
            enable_thinking => if self.without_thinking.get() { Value::from(false) } else { Value::UNDEFINED },
        };
        let environment = Arc::clone(&self.environment);
        let render = move || environment.get_template(NAME)?.render(context);
        let rendered = if self.is_endless.get() { None } else { within(PATIENCE, render)? };
        self.is_endless.set(rendered.is_none());
        let endless = || failed(format!("it takes longer than {} seconds", PATIENCE.as_secs()));
        rendered.ok_or_else(endless)?
    }

    /// A message as the template gets it.
    fn shown(&self, message: &Message) -> Value {
        let Message { role, content, tool_calls, name, tool_call_id, .. } = message;
        let mut members = vec![("role", Value::from(role))];
        // Templates ask whether a message has these.
        match self.typed {
            _ if content.is_empty() && !tool_calls.is_empty() => {}
            true => members.push(("content", Value::from(vec![context! { type => "text", text => content }]))),
            false => members.push(("content", Value::from(content))),
        }
        if !tool_calls.is_empty() {
            members.push(("tool_calls", Serde(tool_calls).into()));
        }
        let others = [("name", name), ("tool_call_id", tool_call_id)];
        members.extend(others.into_iter().filter_map(|(key, text)| Some((key, Value::from(text.as_ref()?)))));
        Value::from_pairs(members)
    }
}

/// Does `work` on a thread of its own. If it takes longer than `patience`, it is left alone there, and nothing is returned.
fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>, Error> {
    let (done, finished) = mpsc::sync_channel(1);
    let begin = thread::Builder::new().stack_size(STACK).spawn(move || done.send(work()));
    begin.map_err(|error| failed(format!("no thread can be started for it: {error}")))?;
    Ok(finished.recv_timeout(patience).ok())
}

fn failed(why: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}

/// An error in one line: the template's own words where it has some.
pub(super) fn explained(error: &Error) -> String {
    let what = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    match error.line() {
        Some(line) => format!("{what} (line {line} of the template)"),
        None => what,
    }
}

/// The template's name in the environment.
const NAME: &str = "chat_template";

fn is_text(value: &Value) -> bool {
    value.kind() == ValueKind::String
}

/// Ends the rendering with the template's own words.
fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

/// Writes a value as JSON, as Python does.
fn tojson(value: &Value, arguments: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = arguments.get("indent")?;
    // Templates written for Python may say more, which changes nothing here.
    for known in ["ensure_ascii", "separators", "sort_keys"] {
        let _: Option<Value> = arguments.get(known)?;
    }
    arguments.assert_all_used()?;
    Ok(Value::from_safe_string(json::written(value, indent)?))
}

/// `source` with the blocks that mark answers for training, which have no effect otherwise, written as conditions that hold.
fn without_generation_blocks(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        out.push_str(before);
        let end = tag.find("%}").map_or(tag.len(), |end| end + 2);
        let (tag, after) = tag.split_at(end);
        match tag.trim_matches(['{', '%', '-', '+', '}']).trim() {
            "generation" => out.push_str(&tag.replace("generation", "if true")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", "endif")),
            _ => out.push_str(tag),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_without_an_end_is_left_alone() {
        assert_eq!(within(PATIENCE, || 3).expect("there are threads"), Some(3));
        let endless = || -> i32 {
            loop {
                thread::sleep(PATIENCE);
            }
        };
        assert_eq!(within(Duration::from_millis(1), endless).expect("there are threads"), None);
    }
}
