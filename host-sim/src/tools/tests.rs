use super::*;
use flashlet::text::grammar::Matcher;
use serde_json::json;

const TOOLS: &str = r##"[
    {"type": "function", "function": {"name": "set_lamp", "description": "Sets a lamp.", "parameters": {"type": "object",
        "properties": {"room": {"enum": ["hall", "attic"]}, "level": {"$ref": "#/$defs/percent"}}, "required": ["room"],
        "$defs": {"percent": {"type": "integer", "minimum": 0, "maximum": 100}}}}},
    {"name": "all_off"}
]"##;

fn accepts(form: Form, text: &str) -> bool {
    let compiled = form.grammar(&Tools::parse(TOOLS).expect("tools")).unwrap_or_else(|_| unreachable!("supported"));
    let grammar = compiled.open().unwrap_or_else(|_| unreachable!("tables"));
    let mut matcher = Matcher::new(&grammar);
    matcher.accepts_bytes(&grammar, text.as_bytes()).expect("few readings") && matcher.may_end(&grammar)
}

#[test]
fn answers_are_calls_of_the_tools() {
    let lamp = r#"{"name": "set_lamp", "arguments": {"room": "attic", "level": 40}}"#;
    let off = r#"{"name": "all_off", "arguments": {}}"#;
    let tagged = |call: &str| format!("<tool_call>\n{call}\n</tool_call>");
    for right in [tagged(lamp), tagged(off), format!("{}\n{}", tagged(lamp), tagged(off))] {
        assert!(accepts(Form::Tagged, &right), "{right}");
        assert_eq!(Form::Tagged.calls(&right).len(), right.matches("</tool_call>").count());
    }
    for wrong in [
        "",
        lamp,
        &tagged(&lamp.replace("attic", "cellar")),
        &tagged(&lamp.replace("40", "101")),
        &tagged(&off.replace("{}", "{\"x\": 1}")),
        &tagged(&off.replace("all_off", "all_on")),
        &format!("{} {}", tagged(lamp), tagged(off)),
        &format!("hello {}", tagged(lamp)),
    ] {
        assert!(!accepts(Form::Tagged, wrong), "{wrong}");
    }
    let bare = lamp.replace("arguments", "parameters");
    assert!(
        accepts(Form::Bare, &bare) && !accepts(Form::Bare, lamp) && !accepts(Form::Bare, &format!("{bare}\n{bare}"))
    );
    let call = Call { name: "set_lamp".into(), arguments: json!({"room": "attic", "level": 40}) };
    assert_eq!(Form::Bare.calls(&bare), core::slice::from_ref(&call));
    assert_eq!(Form::Tagged.calls(&format!("well {} then", tagged(lamp))), [call]);
    assert_eq!(Form::Tagged.calls("<tool_call>\n{\"name\": \"set_lamp\""), []);
}

#[test]
fn a_file_without_functions_is_refused() {
    for (text, words) in [
        ("[]", "no functions"),
        ("{}", "a JSON list"),
        ("[{}]", "function 1: it has no \"name\""),
        ("[{\"name\": \"a b\"}]", "is not one of letters"),
        ("[{\"name\": \"a\", \"parameters\": 3}]", "no schema"),
        ("[{\"name\": \"a\"}, {\"name\": \"a\"}]", "function 2: there is another \"a\""),
    ] {
        let error = Tools::parse(text).expect_err(text);
        assert!(error.contains(words), "{text}: {error}");
    }
}
