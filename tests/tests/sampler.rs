//! The sampler against llama.cpp's: which tokens are kept, and how often each is drawn (`tests/fixtures/make_sampler.py`).

use flashlet::SamplerConfig;
use flashlet::text::Sampler;
use serde_json::Value;

/// Draws of each case.
const DRAWS: u32 = 30_000;
/// Expected draws of a token that must then come at least once: it stays out once in e^20 seeds.
const SURE: f64 = 20.0;

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap_or_else(|| unreachable!("{key} is a number"))
}

/// Counts how often each token is drawn.
fn draw(config: SamplerConfig, logits: &[f32]) -> Vec<u32> {
    let mut sampler = Sampler::new(config);
    let mut counts = vec![0; logits.len()];
    for _ in 0..DRAWS {
        sampler.begin(&[]);
        for (first, tile) in (0..).step_by(100).zip(logits.chunks(100)) {
            sampler.push(first, tile);
        }
        counts[sampler.finish() as usize] += 1;
    }
    counts
}

/// The value that Pearson's statistic of so many degrees of freedom passes once in ten thousand seeds (Wilson, Hilferty).
fn bound(freedom: f64) -> f64 {
    let x = 2.0 / (9.0 * freedom);
    freedom * (1.0 - x + 3.72 * x.sqrt()).powi(3)
}

#[test]
fn tokens_are_kept_and_drawn_as_llama_cpp_does() {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../fixtures/sampler.json")).expect("the fixture is a list of cases");
    assert!(cases.len() > 12);
    for (seed, case) in (1..).zip(&cases) {
        let logits = case["logits"].as_array().expect("a list").iter();
        let logits: Vec<f32> = logits.map(|logit| logit.as_f64().expect("a number") as f32).collect();
        let config = SamplerConfig {
            top_k: number(case, "top_k") as u32,
            top_p: number(case, "top_p") as f32,
            min_p: number(case, "min_p") as f32,
            temperature: number(case, "temperature") as f32,
            seed,
            ..SamplerConfig::GREEDY
        };
        let counts = draw(config, &logits);
        let mut expected = vec![0.0; logits.len()];
        for pair in case["kept"].as_array().expect("a list") {
            let (id, p) = (pair[0].as_u64().expect("an id"), pair[1].as_f64().expect("a probability"));
            expected[id as usize] = p * f64::from(DRAWS);
        }
        let (mut chi, mut kept) = (0.0, 0);
        for (id, (&count, &expected)) in counts.iter().zip(&expected).enumerate() {
            let count = f64::from(count);
            if expected == 0.0 {
                assert_eq!(count, 0.0, "{config:?}: llama.cpp drops token {id}");
            } else {
                assert!(count > 0.0 || expected < SURE, "{config:?}: llama.cpp keeps token {id}");
                chi += (count - expected).powi(2) / expected;
                kept += 1;
            }
        }
        assert!(kept > 1 && chi < bound(f64::from(kept - 1)), "{config:?}: {chi} with {kept} tokens");
    }
}
