use super::*;
use std::vec;
use std::vec::Vec;

const PLAIN: SamplerConfig = SamplerConfig { temperature: 1.0, ..SamplerConfig::GREEDY };

fn pick(sampler: &mut Sampler, recent: &[u32], logits: &[f32]) -> u32 {
    sampler.begin(recent);
    // Uneven tiles: how logits are cut must not matter.
    let mut id = 0;
    for tile in logits.chunks(3) {
        sampler.push(id, tile);
        id += tile.len() as u32;
    }
    sampler.finish()
}

fn once(config: SamplerConfig, recent: &[u32], logits: &[f32]) -> u32 {
    pick(&mut Sampler::new(config), recent, logits)
}

/// Counts how often each token comes in `n` draws.
fn counts(config: SamplerConfig, logits: &[f32], n: u32) -> Vec<u32> {
    let mut sampler = Sampler::new(config);
    let mut counts = vec![0; logits.len()];
    for _ in 0..n {
        counts[pick(&mut sampler, &[], logits) as usize] += 1;
    }
    counts
}

/// Pearson's statistic against the probabilities, those of 0 left out (and checked to be).
fn chi_square(counts: &[u32], probabilities: &[f64]) -> f64 {
    let n: u32 = counts.iter().sum();
    let mut sum = 0.0;
    for (&count, &p) in counts.iter().zip(probabilities) {
        if p == 0.0 {
            assert_eq!(count, 0, "{counts:?}");
        } else {
            let expected = p * f64::from(n);
            sum += (f64::from(count) - expected).powi(2) / expected;
        }
    }
    sum
}

fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let weights: Vec<f64> = logits.iter().map(|&l| (f64::from(l) / temperature).exp()).collect();
    let all: f64 = weights.iter().sum();
    weights.iter().map(|w| w / all).collect()
}

const LOGITS: [f32; 8] = [0.5, 2.0, -1.0, 1.5, 0.0, 2.0, -3.0, 1.0];

#[test]
fn greedy_takes_the_largest_and_of_equals_the_lowest_id() {
    assert_eq!(once(SamplerConfig::GREEDY, &[], &LOGITS), 1);
    assert_eq!(once(SamplerConfig { temperature: -1.0, ..PLAIN }, &[], &[0.0; 9]), 0);
    assert_eq!(once(SamplerConfig { temperature: f32::NAN, ..PLAIN }, &[], &LOGITS), 1);
    // The same by other ways: one candidate.
    assert_eq!(once(SamplerConfig { top_k: 1, ..PLAIN }, &[], &LOGITS), 1);
    assert_eq!(once(SamplerConfig { top_p: 0.0, ..PLAIN }, &[], &LOGITS), 1);
    // Two are equally likely, and `min_p` of 1 keeps both.
    let both = counts(SamplerConfig { min_p: 1.0, ..PLAIN }, &LOGITS, 100);
    assert!(both[1] > 20 && both[5] > 20 && both[1] + both[5] == 100, "{both:?}");
}

#[test]
fn plain_temperature_draws_from_the_softmax() {
    // 7 degrees of freedom: 24.3 is passed once in a thousand seeds. These seeds are fixed.
    for (temperature, seed) in [(0.5, 1), (1.0, 2), (2.0, 3)] {
        let config = SamplerConfig { temperature, seed, ..PLAIN };
        let drawn = counts(config, &LOGITS, 50_000);
        let chi = chi_square(&drawn, &softmax(&LOGITS, temperature.into()));
        assert!(chi < 24.3, "{temperature}: {chi} {drawn:?}");
    }
}

#[test]
fn candidates_draw_from_the_softmax_too() {
    let config = SamplerConfig { temperature: 0.7, top_k: 100, seed: 4, ..PLAIN };
    let drawn = counts(config, &LOGITS, 50_000);
    let chi = chi_square(&drawn, &softmax(&LOGITS, f64::from(0.7_f32)));
    assert!(chi < 24.3, "{chi} {drawn:?}");
}

/// The chain as llama.cpp's documentation describes it, in f64 on sorted vectors.
fn reference(config: &SamplerConfig, logits: &[f32]) -> Vec<f64> {
    let mut sorted: Vec<usize> = (0..logits.len()).collect();
    sorted.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    if config.top_k > 0 {
        sorted.truncate(config.top_k as usize);
    }
    let kept = |ids: &[usize]| softmax(&ids.iter().map(|&id| logits[id]).collect::<Vec<_>>(), 1.0);
    if config.top_p < 1.0 {
        let mut sum = 0.0;
        let last = kept(&sorted).iter().position(|p| {
            sum += p;
            sum >= f64::from(config.top_p)
        });
        sorted.truncate(last.expect("the sum reaches any probability below 1") + 1);
    }
    let p = kept(&sorted);
    let n = p.iter().filter(|&&x| x >= f64::from(config.min_p) * p[0]).count().max(1);
    sorted.truncate(n);
    let drawn: Vec<f32> = sorted.iter().map(|&id| logits[id]).collect();
    let mut result = vec![0.0; logits.len()];
    for (&id, p) in sorted.iter().zip(softmax(&drawn, config.temperature.into())) {
        result[id] = p;
    }
    result
}

#[test]
fn filters_apply_in_llama_cpps_order() {
    let configs = [
        SamplerConfig { top_k: 3, ..PLAIN },
        SamplerConfig { top_p: 0.6, ..PLAIN },
        SamplerConfig { min_p: 0.3, ..PLAIN },
        // Of three candidates two have 0.7; of all tokens they have less, so that three stay.
        SamplerConfig { top_k: 3, top_p: 0.7, ..PLAIN },
        SamplerConfig { top_k: 5, top_p: 0.9, min_p: 0.35, temperature: 2.5, ..PLAIN },
        SamplerConfig { top_p: 0.95, min_p: 0.05, temperature: 0.8, ..PLAIN },
    ];
    for (seed, config) in (10..).zip(configs) {
        let config = SamplerConfig { seed, ..config };
        let expected = reference(&config, &LOGITS);
        assert!(expected.contains(&0.0));
        let chi = chi_square(&counts(config, &LOGITS, 30_000), &expected);
        assert!(chi < 24.3, "{config:?}: {chi}");
    }
}

#[test]
fn the_best_candidates_are_kept_whatever_the_order() {
    // 2000 logits in a scrambled order; only the best 40 may be drawn.
    let logits: Vec<f32> = (0..2000u32).map(|id| (id * 769 % 2000) as f32 * 1e-3).collect();
    let config = SamplerConfig { top_k: 40, ..PLAIN };
    let drawn = counts(config, &logits, 4000);
    for (logit, count) in logits.iter().zip(&drawn) {
        assert!(*count == 0 || *logit > 1.9595, "{logit}");
    }
    assert!(drawn.iter().filter(|&&count| count > 0).count() == 40);
}

/// The candidates after logits in many orders, some of them equal.
#[test]
fn candidates_are_the_likeliest_and_of_equals_the_lowest_ids() {
    let mut random = 1u64;
    for (round, keep) in (0..50).flat_map(|round| [1, 2, 3, 5, 8, 13, 20].map(|keep| (round, keep))) {
        let logits: Vec<f32> = (0..40)
            .map(|_| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as f32 % 24.0
            })
            .collect();
        let mut want: Vec<u32> = (0..40).collect();
        want.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]).then(a.cmp(&b)));
        let mut sampler = Sampler::new(SamplerConfig { top_k: keep, ..PLAIN });
        sampler.begin(&[]);
        sampler.push(0, &logits);
        let have: Vec<u32> = sort(&mut sampler.candidates).iter().map(|candidate| candidate.id).collect();
        assert_eq!(have, want[..keep as usize], "round {round}: {logits:?}");
    }
}

#[test]
fn any_token_of_a_seed_can_be_drawn_first() {
    let mut sampler = Sampler::new(SamplerConfig { seed: 1, ..PLAIN });
    let tokens: Vec<u32> = (0..12).map(|_| pick(&mut sampler, &[], &LOGITS)).collect();
    for (n, token) in tokens.iter().enumerate().rev() {
        sampler.seek(n as u64);
        assert_eq!(pick(&mut sampler, &[], &LOGITS), *token, "{n}");
    }
}

#[test]
fn recent_tokens_are_penalised_once_whatever_their_sign() {
    let config = SamplerConfig { repeat_penalty: 2.0, repeat_last_n: 2, ..SamplerConfig::GREEDY };
    assert_eq!(once(config, &[], &[1.0, 1.9, -1.0]), 1);
    assert_eq!(once(config, &[1, 1], &[1.0, 1.9, -1.0]), 0);
    // Out of the last two.
    assert_eq!(once(config, &[1, 7, 8], &[1.0, 1.9, -1.0]), 1);
    assert_eq!(once(config, &[0], &[-1.0, -1.9, -3.0]), 1);
    assert_eq!(once(config, &[5, 4], &[0.0, 0.0, 0.0, 0.0, 9.0, 4.6]), 4);
    let last = SamplerConfig { repeat_last_n: u32::MAX, ..config };
    let many: Vec<u32> = (0..1000).collect();
    assert_eq!(once(last, &many, &[3.0, 2.0]), 0, "only the last 256 count");
}

#[test]
fn odd_logits_are_coped_with() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let configs = [
        SamplerConfig::GREEDY,
        PLAIN,
        SamplerConfig::default(),
        SamplerConfig { top_p: 0.9, ..PLAIN },
        SamplerConfig { temperature: 1e-30, ..PLAIN },
        SamplerConfig { temperature: f32::MIN_POSITIVE, ..SamplerConfig::default() },
    ];
    for config in configs {
        for seed in 0..20 {
            let config = SamplerConfig { seed, ..config };
            assert_eq!(once(config, &[], &[nan, -inf, 1.0, nan]), 2, "{config:?}");
            assert_eq!(once(config, &[], &[0.0, inf, -inf, nan, 5.0]), 1, "{config:?}");
            assert_eq!(once(config, &[], &[nan, nan]), 0);
            assert_eq!(once(config, &[], &[-inf, -inf]), 0);
            assert_eq!(once(config, &[], &[]), 0);
        }
    }
    let inflating = SamplerConfig { repeat_penalty: 0.0, ..SamplerConfig::GREEDY };
    assert_eq!(once(inflating, &[1], &[1.0, 2.0]), 1);
    assert_eq!(once(inflating, &[0], &[0.0, -1.0]), 0);
    let mut late = Sampler::new(SamplerConfig::GREEDY);
    late.begin(&[]);
    late.push(4, &[]);
    late.push(5, &[nan]);
    late.push(6, &[nan]);
    assert_eq!(late.finish(), 5);
}

/// A configuration of each way to pick a token, but for the greedy one.
const WAYS: [SamplerConfig; 5] = [
    PLAIN,
    SamplerConfig { top_k: 4, ..PLAIN },
    SamplerConfig { top_p: 0.99, ..PLAIN },
    SamplerConfig { min_p: 1e-6, ..PLAIN },
    SamplerConfig { top_k: 40, top_p: 0.95, min_p: 0.05, ..PLAIN },
];

#[test]
fn a_tiny_temperature_takes_the_likeliest() {
    // The limit of the softmax of logits / temperature: all of it is the largest's, whatever their sizes and order.
    let cases: [(&[f32], u32); 5] = [
        (&[12.5, 30.0, 17.25, 31.5, -4.0, 31.25], 3),
        (&[-5.0, -3.0, -1.0, -2.0], 2),
        (&[1.0, 1.000_000_1, 1.0], 1),
        (&[f32::MIN, f32::MAX / 2.0, f32::MAX], 2),
        (&[0.0, -0.5, 1e-3], 2),
    ];
    let subnormal = f32::from_bits(1);
    for temperature in [1e-20, 1e-30, 1e-37, f32::MIN_POSITIVE, 1e-38, 1e-40, subnormal] {
        for (way, (logits, want)) in WAYS.iter().flat_map(|way| cases.map(|case| (way, case))) {
            for seed in 0..10 {
                let config = SamplerConfig { temperature, seed, ..*way };
                assert_eq!(once(config, &[], logits), want, "{config:?}: {logits:?}");
            }
        }
    }
}

#[test]
fn temperatures_that_are_no_positive_numbers_take_the_likeliest_and_infinite_ones_any() {
    for temperature in [0.0, -0.0, -1.0, -f32::from_bits(1), f32::NEG_INFINITY, f32::NAN] {
        for way in WAYS {
            for seed in 0..10 {
                assert_eq!(once(SamplerConfig { temperature, seed, ..way }, &[], &LOGITS), 1, "{way:?} {temperature}");
            }
        }
    }
    for temperature in [f32::INFINITY, f32::MAX, 1e30] {
        for way in [PLAIN, SamplerConfig { top_k: 8, ..PLAIN }] {
            let drawn = counts(SamplerConfig { temperature, seed: 4, ..way }, &LOGITS, 20_000);
            let chi = chi_square(&drawn, &[1.0 / 8.0; 8]);
            assert!(chi < 24.3, "{way:?} {temperature}: {chi}");
        }
    }
}

#[test]
fn what_is_no_number_turns_off() {
    let odd = SamplerConfig { temperature: f32::NAN, min_p: f32::NAN, ..PLAIN };
    let sampler = Sampler::new(odd);
    assert_eq!((sampler.config().temperature, sampler.config().min_p), (0.0, 0.0));
    let drawn = counts(SamplerConfig { min_p: f32::NAN, top_k: 8, ..PLAIN }, &LOGITS, 200);
    assert!(drawn.iter().filter(|&&n| n > 0).count() > 4, "{drawn:?}");
}

#[test]
fn infinite_logits_count_as_the_largest_and_are_equally_likely() {
    let inf = f32::INFINITY;
    for way in WAYS {
        let drawn = counts(SamplerConfig { seed: 6, ..way }, &[0.0, inf, 1.0, inf, -inf], 2000);
        assert!(drawn[1] + drawn[3] == 2000 && drawn[1].abs_diff(1000) < 150, "{way:?}: {drawn:?}");
    }
}

#[test]
fn a_seed_gives_the_same_tokens_again_and_another_gives_others() {
    let run = |seed| {
        let mut sampler = Sampler::new(SamplerConfig { seed, ..PLAIN });
        (0..64).map(|_| pick(&mut sampler, &[], &LOGITS)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    // Worked out apart, in f64, from the definitions of SplitMix64 and of the Gumbel distribution.
    assert_eq!(run(1)[..12], [7, 3, 5, 3, 5, 1, 4, 3, 3, 3, 5, 7]);
}

#[test]
fn noise_never_passes_the_bound_that_skips_it() {
    for shift in 0..32 {
        for bits in [u32::MAX << shift, u32::MAX >> shift, 1 << shift, !(1 << shift), 0, u32::MAX] {
            let bound = (bits.leading_ones() + 1) as f32 * core::f32::consts::LN_2;
            let noise = gumbel(bits);
            assert!(noise.is_finite() && noise <= bound, "{bits:x}: {noise} {bound}");
            let u = (f64::from(bits) + 0.5) / 4_294_967_296.0;
            let exact = -(-u.ln()).ln();
            assert!((f64::from(noise) - exact).abs() < 1e-4, "{bits:x}: {noise} {exact}");
        }
    }
}

#[test]
fn tokens_that_are_not_allowed_count_as_minus_infinity() {
    let mut random = Random::new(5);
    let configs = [
        SamplerConfig::GREEDY,
        PLAIN,
        SamplerConfig { top_k: 5, ..PLAIN },
        SamplerConfig { top_p: 0.7, ..PLAIN },
        SamplerConfig { min_p: 0.2, repeat_penalty: 1.5, ..PLAIN },
        SamplerConfig::default(),
    ];
    for round in 0..400u32 {
        random.advance();
        let logits: Vec<f32> = (0..60).map(|id| random.unit(id) * 8.0 - 4.0).collect();
        let allowed: Vec<bool> = (0..60).map(|id| random.unit(100 + id) < 0.2 || id == round % 60).collect();
        let masked: Vec<f32> = logits
            .iter()
            .zip(&allowed)
            .map(|(&logit, &allowed)| if allowed { logit } else { f32::NEG_INFINITY })
            .collect();
        for config in configs {
            let config = SamplerConfig { seed: round.into(), ..config };
            let mut sampler = Sampler::new(config);
            sampler.begin(&[7, 9]);
            for (first, tile) in (0..).step_by(7).zip(logits.chunks(7)) {
                sampler.push_allowed(first, tile, &mut |id| allowed[id as usize]);
            }
            assert_eq!(
                sampler.finish_allowed().map(|picked| picked.id),
                Some(once(config, &[7, 9], &masked)),
                "{config:?}"
            );
        }
    }
    let mut sampler = Sampler::new(PLAIN);
    sampler.begin(&[]);
    sampler.push_allowed(0, &[1.0, 2.0], &mut |_| false);
    assert_eq!(sampler.finish_allowed(), None);
}

#[test]
fn a_greedy_answer_takes_the_lowest_of_the_likeliest_tokens_that_are_allowed() {
    const LOGITS: [f32; 8] = [f32::NAN, f32::NEG_INFINITY, f32::INFINITY, f32::MAX, f32::MIN, -1.0, 2.0, 2.0];
    let mut random = Random::new(11);
    for round in 0..2000u32 {
        random.advance();
        let kinds = 1 + round % LOGITS.len() as u32;
        let logits: Vec<f32> = (0..40).map(|id| LOGITS[(random.bits(id) % kinds) as usize]).collect();
        let allowed: Vec<bool> = (0..40).map(|id| random.unit(100 + id) < 0.3).collect();
        let clamped = |id: usize| logits[id].clamp(f32::MIN, f32::MAX);
        let may_come = (0..40).filter(|&id| allowed[id] && logits[id] > f32::NEG_INFINITY);
        let want = may_come.reduce(|best, id| if clamped(id) > clamped(best) { id } else { best });
        for tile in [1, 7, 40] {
            let mut sampler = Sampler::new(SamplerConfig::GREEDY);
            sampler.begin(&[]);
            for (first, logits) in (0..).step_by(tile).zip(logits.chunks(tile)) {
                sampler.push_allowed(first, logits, &mut |id| allowed[id as usize]);
            }
            let picked = sampler.finish_allowed().map(|picked| picked.id as usize);
            assert_eq!(picked, want, "{logits:?} {allowed:?} by {tile}");
        }
    }
}

#[cfg(feature = "probabilities")]
#[test]
fn a_penalised_token_has_the_logit_that_it_was_pushed_with() {
    for (logits, penalty) in [([3.0, -2.0, 1.0], 7.0), ([-3.0, -2.5, -9.0], 1.5)] {
        let config = SamplerConfig { repeat_penalty: penalty, ..SamplerConfig::GREEDY };
        let mut sampler = Sampler::new(config);
        sampler.begin(&[0, 1]);
        sampler.push(0, &logits);
        let picked = sampler.finish_allowed().expect("there are tokens");
        let raw = logits[picked.id as usize];
        assert!((sampler.raw_logit(picked) - raw).abs() < 1e-6, "{picked:?}");
    }
}
