//! Grammars in GBNF, the notation of llama.cpp.
//!
//! A grammar is a list of rules `name ::= alternatives`; texts are those of rule `root`. Alternatives are sequences of literals
//! (`"..."`), classes of characters (`[a-z]`, `[^"]`, `.`), names of rules and groups, each with `*`, `+`, `?` or `{m,n}` behind
//! it if it repeats. `#` begins a comment. A comment `#!value RULE ACTION LEAST..MOST` marks a rule as a value, whose text becomes a
//! number.

mod build;
mod parse;
mod part;

use super::compile::compile;
use super::compiled::Compiled;
use super::refused::Refused;

/// Compiles the texts of rule `root` of a grammar in GBNF. Rules that contain themselves nest up to `depth` deep.
///
/// # Errors
/// [`Refused`]: the text is no such grammar, or one of a size that is not supported.
pub fn compile_gbnf(text: &str, depth: u16) -> Result<Compiled, Refused> {
    let rules = parse::parse(text)?;
    let (nfa, root) = build::build(&rules)?;
    compile(nfa, root, depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flashlet::text::grammar::{Grammar, Matcher};

    fn check(text: &str, right: &[&str], wrong: &[&str]) {
        let Compiled { tables, .. } = compile_gbnf(text, 32).expect(text);
        let grammar = Grammar::open(&tables).expect(text);
        let accepts = |text: &str| {
            let mut matcher = Matcher::new(&grammar);
            let taken = matcher.take_all(&grammar, text.as_bytes()).expect("there are few readings");
            taken && matcher.may_end(&grammar)
        };
        right.iter().for_each(|line| assert!(accepts(line), "{text}: {line}"));
        wrong.iter().for_each(|line| assert!(!accepts(line), "{text}: {line}"));
    }

    #[test]
    fn every_kind_of_part_means_what_it_says() {
        check("root ::= \"a\" | \"bc\" # a comment\n", &["a", "bc"], &["", "b", "abc"]);
        check("root ::= [a-c]+ [^a-c\\n]? .", &["ax", "abcx", "abcxé", "aa"], &["a", "x", "ax\n\n"]);
        check("root ::= x{2} (\",\" x){0,2}\nx ::= [0-9\\x41]", &["12", "1A,3,4"], &["1", "12,", "12,3,4,5"]);
        check("root ::=\n  \"x\" |\n  ( \"y\"\n  \"z\" )\n\nb ::= root", &["x", "yz"], &["y"]);
        check("root ::= [a-z]{3,2000}", &["abc", "abcdefgh"], &["ab", "abC"]);
        check("root ::= (\"a\"? \"b\"?){200,300}", &["", "ab", "bbb"], &["c"]);
        check("root ::= \"\\\"\\u00e9\\U0001F600\\\\\\t\"", &["\"é😀\\\t"], &["é"]);
        check("root ::= [\\]\\-a]+", &["]-a"], &["b", "\\"]);
    }

    #[test]
    fn rules_may_contain_themselves() {
        check("root ::= \"(\" root \")\" | \"\"", &["", "()", "((()))"], &["(", "())"]);
        check(
            "root ::= ws v ws\nws ::= [ \\t]*\nv ::= \"[\" (v (\",\" v)*)? \"]\"",
            &["[]", " [[],[[]]] "],
            &["[", "[,]"],
        );
        check("root ::= e\ne ::= t (\"+\" t)*\nt ::= [0-9]+ | \"(\" e \")\"", &["1+(2+3)", "((4))"], &["1+", "(1"]);
        check("root ::= \"a\" root | \"b\"", &["b", "aab"], &["a", "ab\n"]);
    }

    #[test]
    fn readings_go_on_in_parallel() {
        check(
            "root ::= (a | b) \"!\"\na ::= \"x\" c \"1\"\nb ::= \"x\" d \"2\"\nc ::= \"(\" c \")\" | \"y\"\nd ::= \"(\" d \")\" | \"y\"",
            &["x((y))1!", "xy2!"],
            &["xy3!", "x(y1!"],
        );
    }

    #[test]
    fn broken_grammars_are_refused() {
        for text in [
            "",
            "root ::= ",
            "root ::= \"a",
            "root ::= [a",
            "root ::= x",
            "a ::= \"b\"",
            "root ::= (\"a\"",
            "root = \"a\"",
            "root ::= \"a\"{3,2}",
            "root ::= root \"a\" | \"b\"",
            "root ::= x \"a\"\nx ::= y?\ny ::= root",
            "root ::= root",
            "root ::= \"\\q\"",
            "root ::= \"a\"{99999999}",
            "root ::= *",
        ] {
            let refused = compile_gbnf(text, 32).is_err();
            assert!(refused || text == "root ::= ", "{text}");
        }
    }
}
