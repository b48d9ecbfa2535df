//! The demo model's data: what it is measured on is not what it was trained on.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host-sim/demo").join(name);
    std::fs::read_to_string(path).expect("the file is there")
}

fn lines(name: &str) -> Vec<Value> {
    read(name).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn strings(value: &Value) -> Vec<String> {
    let strings = value.as_array().expect("a list").iter();
    strings.map(|text| text.as_str().expect("a string").to_owned()).collect()
}

#[test]
fn held_out_templates_are_not_trained_on() {
    let lists: Value = serde_json::from_str(&read("templates.json")).expect("JSON");
    let trained: HashSet<String> = strings(&lists["trained"]).into_iter().collect();
    let held_out: HashSet<String> = strings(&lists["held_out"]).into_iter().collect();
    assert!(trained.len() >= 800 && held_out.len() >= 100);
    assert!(trained.is_disjoint(&held_out));
    let samples = lines("heldout.jsonl");
    assert!(samples.len() >= 2000);
    let mut seen = HashSet::new();
    for sample in &samples {
        let ids = strings(&sample["templates"]);
        assert!(!ids.is_empty() && ids.iter().all(|id| held_out.contains(id) && !trained.contains(id)), "{sample}");
        seen.extend(ids);
    }
    // Hardly a held-out template goes untested.
    assert!(seen.len() * 10 >= held_out.len() * 9, "{} of {}", seen.len(), held_out.len());
}

#[test]
fn sentences_differ_and_answers_keep_to_the_schema() {
    let keys = "do device room what level by temp unit color at after_s for_s why".split(' ').collect::<Vec<_>>();
    let (held_out, handwritten) = (lines("heldout.jsonl"), lines("handwritten.jsonl"));
    assert_eq!(handwritten.len(), 60);
    let mut texts = HashSet::new();
    for sample in held_out.iter().chain(&handwritten) {
        let text = sample["text"].as_str().expect("a string");
        assert!(texts.insert(text.to_lowercase()), "twice: {text}");
        let json = sample["json"].as_str().expect("a string");
        let answer: Value = serde_json::from_str(json).expect("an answer is JSON");
        let actions = answer.as_array().cloned().unwrap_or_else(|| vec![answer.clone()]);
        assert!((1..=2).contains(&actions.len()), "{sample}");
        if let Some(category) = sample["category"].as_str() {
            assert_eq!(answer.is_array(), category == "double", "{sample}");
            assert_eq!(actions[0]["do"] == "none", category == "none", "{sample}");
        }
        for action in &actions {
            let action = action.as_object().expect("an object");
            assert!(action.keys().all(|key| keys.contains(&key.as_str())), "{sample}");
            assert!(
                action.contains_key("do") && action.contains_key("device") != action.contains_key("why"),
                "{sample}"
            );
        }
        // Keys come in the order of the schema; an action begins where `do` does.
        for action in json.split("{\"do\"").skip(1) {
            let places: Vec<usize> = keys[1..].iter().filter_map(|key| action.find(&format!("\"{key}\":"))).collect();
            assert!(places.is_sorted(), "{sample}");
        }
        // One line, no spaces: answers are compared byte for byte.
        assert!(!json.contains(char::is_whitespace), "{sample}");
    }
}
