use super::*;
use flashlet::text::grammar::Matcher;
use serde_json::json;
use std::path::Path;

fn parsed(text: &str) -> Result<Tools, String> {
    Tools::parse(Path::new("tools.json"), text)
}

const TOOLS: &str = r##"[
    {"type": "function", "function": {"name": "set_lamp", "description": "Sets a lamp.", "parameters": {"type": "object",
        "properties": {"room": {"enum": ["hall", "attic"]}, "level": {"$ref": "#/$defs/percent"}, "warmth": {"$ref": "#percent"}},
        "required": ["room"], "$defs": {"percent": {"$anchor": "percent", "type": "integer", "minimum": 0, "maximum": 100}}}}},
    {"name": "all_off"}
]"##;

#[test]
fn the_form_is_that_of_the_template() {
    for (name, form) in
        [("tagged_calls", Form::Tagged), ("headers_with_calls", Form::Bare), ("functions_in_braces", Form::Escaped)]
    {
        let path = format!("{}/../tests/fixtures/templates/{name}.jinja", env!("CARGO_MANIFEST_DIR"));
        let template = std::fs::read_to_string(path).expect("the fixture is there");
        assert_eq!(Form::of(&template).unwrap_or_else(|_| unreachable!("{name}")), form, "{name}");
    }
    assert!(Form::of("{{ messages }}").is_err());
}

fn accepts(form: Form, text: &str) -> bool {
    let compiled = form.grammar(&parsed(TOOLS).expect("tools")).unwrap_or_else(|_| unreachable!("supported"));
    let grammar = compiled.open().unwrap_or_else(|_| unreachable!("tables"));
    let mut matcher = Matcher::new(&grammar);
    matcher.take_all(&grammar, text.as_bytes()).expect("few readings") && matcher.may_end(&grammar)
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
fn answers_are_calls_as_functiongemma_writes_them() {
    let call = |text: &str| format!("<start_function_call>call:{text}<end_function_call>");
    let lamp = call("set_lamp{level:40,room:<escape>attic<escape>}");
    let off = call("all_off{}");
    let both = format!("{lamp}{off}");
    for right in [&lamp, &off, &both] {
        assert!(accepts(Form::Escaped, right), "{right}");
        assert!(accepts(Form::Escaped, &format!("{right}<start_function_response>")), "{right}");
        assert_eq!(Form::Escaped.calls(right).len(), right.matches("<end_function_call>").count());
    }
    let arguments = json!({"level": 40, "room": "attic"});
    assert_eq!(Form::Escaped.calls(&both)[0], Call { name: "set_lamp".into(), arguments });
    for wrong in [
        "",
        "set_lamp{}",
        &lamp.replace("attic", "cellar"),
        &lamp.replace("40", "101"),
        &lamp.replace(",room", ", room"),
        &call("set_lamp{room:<escape>attic<escape>,level:40}"),
        &call("set_lamp{level:40,room:\"attic\"}"),
        &call("all_off{x:1}"),
        &call("all_on{}"),
        &format!("{lamp} {off}"),
    ] {
        assert!(!accepts(Form::Escaped, wrong), "{wrong}");
    }
}

#[test]
fn strings_of_functiongemma_are_as_they_are() {
    let tools = r#"[{"name": "say", "parameters": {"properties": {
        "text": {"type": "string"}, "short": {"type": "string", "minLength": 2, "maxLength": 3}, "a": {"type": "array", "items": true},
        "more": {"type": "object", "additionalProperties": {"type": "integer"}}, "B": {"type": ["null", "boolean"]}}}}]"#;
    let compiled = Form::Escaped.grammar(&parsed(tools).expect("tools")).unwrap_or_else(|_| unreachable!("supported"));
    let grammar = compiled.open().unwrap_or_else(|_| unreachable!("tables"));
    let accepts = |text: &str| {
        let mut matcher = Matcher::new(&grammar);
        matcher.take_all(&grammar, text.as_bytes()).expect("few readings") && matcher.may_end(&grammar)
    };
    let call = |arguments: &str| format!("<start_function_call>call:say{arguments}<end_function_call>");
    for (right, value) in [
        ("{}", json!({})),
        ("{text:<escape>{\"a\": <b>,\n]<<escap>é<escape>}", json!({"text": "{\"a\": <b>,\n]<<escap>é"})),
        ("{short:<escape><é<escape>}", json!({"short": "<é"})),
        ("{short:<escape><<<<escape>,text:<escape><escape>}", json!({"short": "<<<", "text": ""})),
        (
            "{a:[1,<escape>x<escape>,{k:[]},[null,2.5]],B:true}",
            json!({"a": [1, "x", {"k": []}, [null, 2.5]], "B": true}),
        ),
        ("{more:{x-1:3,y:4}}", json!({"more": {"x-1": 3, "y": 4}})),
    ] {
        assert!(accepts(&call(right)), "{right}");
        assert_eq!(Form::Escaped.calls(&call(right)), [Call { name: "say".into(), arguments: value }], "{right}");
    }
    for wrong in [
        "{short:<escape><<escape>}",
        "{short:<escape>abcd<escape>}",
        "{more:{x y:3}}",
        "{text:<escape>a<escape>b<escape>}",
        "{text:<escape>a}",
        "{B:true,a:[1]}",
    ] {
        assert!(!accepts(&call(wrong)), "{wrong}");
    }
    let deep = call(&format!("{{a:{}", "[".repeat(100_000)));
    assert_eq!(Form::Escaped.calls(&deep), []);
    assert_eq!(Form::Escaped.calls("<start_function_call>call:say{text:<escape>a"), []);
}

#[test]
fn a_file_without_functions_is_refused() {
    for (text, words) in [
        ("[]", "no functions"),
        ("{}", "a JSON list"),
        ("[{}]", "function 1: it has no \"name\""),
        ("[{\"name\": \"a b\"}]", "is not one of letters"),
        ("[{\"name\": \"a\", \"parameters\": 3}]", "no schema"),
        ("[{\"name\": \"a\", \"parameters\": {\"type\": \"string\"}}]", "not the schema of an object"),
        ("[{\"name\": \"a\", \"parameters\": {\"type\": [\"null\", \"array\"]}}]", "not the schema of an object"),
        ("[{\"name\": \"a\"}, {\"name\": \"a\"}]", "function 2: there is another \"a\""),
    ] {
        let error = parsed(text).expect_err(text);
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn a_refused_schema_is_told_of_its_function() {
    let tools = r#"[{"name": "a"}, {"name": "b", "parameters": {"properties": {"x": {"type": "array", "uniqueItems": true}}}}]"#;
    for form in [Form::Tagged, Form::Bare, Form::Escaped] {
        let tools = parsed(tools).expect("tools");
        let error = form.grammar(&tools).expect_err("repeated items cannot be counted").to_string();
        let right = "tools.json: the parameters of \"b\": keyword \"uniqueItems\" at #/properties/x: ";
        assert!(error.starts_with(right), "{error}");
    }
}

#[test]
fn errors_show_references_as_the_file_has_them() {
    let text =
        r##"[{"name": "off"}, {"name": "f", "parameters": {"properties": {"x": {"$ref": "#/$defs/nowhere"}}}}]"##;
    let tools = parsed(text).expect("tools");
    for form in [Form::Tagged, Form::Escaped] {
        let Err(error) = form.grammar(&tools) else { unreachable!("the reference leads nowhere") };
        let error = error.to_string();
        assert!(
            error.contains(r#"the parameters of "f": keyword "$ref" at #/properties/x: "#) && !error.contains("anyOf"),
            "{error}"
        );
        assert!(error.contains("#/$defs/nowhere"), "{error}");
    }
}
