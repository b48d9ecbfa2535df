//! Rust source to tokens: just enough to look for names without being fooled by comments and strings.

/// A token that the rules look at. Numbers and lifetimes are dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An identifier or keyword; raw identifiers without their `r#`.
    Name(String),
    /// A string literal's contents, escapes as written.
    Text(String),
    /// One punctuation character.
    Punct(char),
    /// `::`
    Path,
}

/// A token and the line it starts on, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(&self.kind, Kind::Name(n) if n == name)
    }

    pub(crate) fn is_punct(&self, c: char) -> bool {
        self.kind == Kind::Punct(c)
    }
}

struct Cursor {
    chars: Vec<char>,
    at: usize,
    line: usize,
}

impl Cursor {
    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    fn done(&self) -> bool {
        self.at >= self.chars.len()
    }

    fn next(&mut self) -> char {
        let c = self.peek(0);
        self.at += 1;
        self.line += usize::from(c == '\n');
        c
    }

    fn skip(&mut self, n: usize) {
        (0..n).for_each(|_| _ = self.next());
    }

    fn take_while(&mut self, mut keep: impl FnMut(char) -> bool) -> String {
        let mut out = String::new();
        while !self.done() && keep(self.peek(0)) {
            out.push(self.next());
        }
        out
    }

    /// Everything up to the closing quote, which is consumed; the opening one already was.
    fn quoted(&mut self, quote: char) -> String {
        let mut out = String::new();
        while !self.done() {
            match self.next() {
                c if c == quote => break,
                '\\' => out.extend(['\\', self.next()]),
                c => out.push(c),
            }
        }
        out
    }

    /// The contents of `"..."` followed by `hashes` hash signs; the opening quote was consumed.
    fn raw_quoted(&mut self, hashes: usize) -> String {
        let mut out = String::new();
        while !self.done() {
            let c = self.next();
            if c == '"' && (0..hashes).all(|i| self.peek(i) == '#') {
                self.skip(hashes);
                break;
            }
            out.push(c);
        }
        out
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        while !self.done() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => (depth, self.at) = (depth + 1, self.at + 2),
                ('*', '/') => {
                    (depth, self.at) = (depth - 1, self.at + 2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => _ = self.next(),
            }
        }
    }

    /// After a `'`: a character literal is consumed, of a lifetime only the quote is.
    fn char_or_lifetime(&mut self) {
        if self.peek(0) == '\\' || self.peek(1) == '\'' {
            self.quoted('\'');
        } else if is_name(self.peek(0)) {
            self.take_while(is_name);
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Splits `source` into tokens. Comments, doc comments included, are not tokens.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut c = Cursor { chars: source.chars().collect(), at: 0, line: 1 };
    let mut out = Vec::new();
    while !c.done() {
        let line = c.line;
        let kind = match (c.peek(0), c.peek(1)) {
            ('/', '/') => {
                c.take_while(|ch| ch != '\n');
                continue;
            }
            ('/', '*') => {
                c.block_comment();
                continue;
            }
            (':', ':') => {
                c.skip(2);
                Kind::Path
            }
            ('"', _) => {
                c.skip(1);
                Kind::Text(c.quoted('"'))
            }
            ('\'', _) => {
                c.skip(1);
                c.char_or_lifetime();
                continue;
            }
            (d, _) if d.is_ascii_digit() => {
                // A range's dots are left alone; letters cover suffixes, exponents and hexadecimal.
                c.take_while(is_name);
                continue;
            }
            (n, _) if is_name(n) => match name_or_literal(&mut c) {
                Some(kind) => kind,
                None => continue,
            },
            (s, _) if s.is_whitespace() => {
                c.skip(1);
                continue;
            }
            (p, _) => {
                c.skip(1);
                Kind::Punct(p)
            }
        };
        out.push(Token { kind, line });
    }
    out
}

/// An identifier, or the literal that it is the prefix of; `None` for a byte character.
fn name_or_literal(c: &mut Cursor) -> Option<Kind> {
    let name = c.take_while(is_name);
    let raw = matches!(name.as_str(), "r" | "br" | "cr");
    let hashes = (0..).take_while(|&i| c.peek(i) == '#').count();
    if raw && c.peek(hashes) == '"' {
        c.skip(hashes + 1);
        return Some(Kind::Text(c.raw_quoted(hashes)));
    }
    if name == "r" && hashes == 1 && is_name(c.peek(1)) {
        c.skip(1);
        return Some(Kind::Name(c.take_while(is_name)));
    }
    match (name.as_str(), c.peek(0)) {
        ("b" | "c", '"') => {
            c.skip(1);
            Some(Kind::Text(c.quoted('"')))
        }
        ("b", '\'') => {
            c.skip(1);
            c.quoted('\'');
            None
        }
        _ => Some(Kind::Name(name)),
    }
}

#[test]
fn comments_strings_and_lifetimes_hide_nothing_and_show_nothing() {
    let source = r####"
        // unsafe one
        /* unsafe /* nested unsafe */ still unsafe */
        /// unsafe doc
        a("unsafe \" unsafe", r#"unsafe " unsafe"#, b"unsafe", br"unsafe", 'u', '\'', '"', b'\'', '\u{41}');
        fn b<'unsafe_life>(x: &'static str, r#unsafe: u8) -> f32 { 1.0e-5_f32 + 0xffu8 as f32 }
        c::d!(0..n, "end");
    "####;
    let names: Vec<String> = tokens(source)
        .into_iter()
        .filter_map(|t| match t.kind {
            Kind::Name(n) => Some(n),
            _ => None,
        })
        .collect();
    let want = "a fn b x str unsafe u8 f32 as f32 c d n";
    assert_eq!(names.join(" "), want);
    let texts = tokens(source).iter().filter(|t| matches!(t.kind, Kind::Text(_))).count();
    assert_eq!(texts, 5);
    let end = tokens(source).into_iter().find(|t| t.kind == Kind::Text("end".into())).expect("the last string is seen");
    assert_eq!(end.line, 7);
}
