//! Arguments of the commands that generate text: the sampler, and the end of the text.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use flashlet::SamplerConfig;
use flashlet::text::{MAX_CANDIDATES, MAX_RECENT};

use crate::values::{at_least_zero, penalty, probability};

/// The sampler's settings.
#[derive(Args, Clone, Debug)]
pub(crate) struct SamplingArgs {
    /// Temperature; 0 always takes the likeliest token [default: 0.8; the built-in model: 0]
    #[arg(long, value_name = "T", value_parser = at_least_zero, help_heading = "Sampling")]
    pub(crate) temp: Option<f32>,
    /// Choose among the K likeliest tokens, at most 256; 0 for no limit, but where --top-p or --min-p limit them, the 256 likeliest
    #[arg(long, value_name = "K", default_value_t = 40, value_parser = clap::value_parser!(u32).range(..=MAX_CANDIDATES as i64), help_heading = "Sampling")]
    pub(crate) top_k: u32,
    /// Choose among the likeliest tokens that together have probability P; 1 for all
    #[arg(long, value_name = "P", default_value_t = 0.95, value_parser = probability, help_heading = "Sampling")]
    pub(crate) top_p: f32,
    /// Drop tokens less likely than P times the likeliest; 0 for none
    #[arg(long, value_name = "P", default_value_t = 0.05, value_parser = probability, help_heading = "Sampling")]
    pub(crate) min_p: f32,
    /// Divide the logits of recent tokens by R, from 0.001 to 1000; 1 leaves them
    #[arg(long, value_name = "R", default_value_t = 1.0, value_parser = penalty, help_heading = "Sampling")]
    pub(crate) repeat_penalty: f32,
    /// How many tokens count as recent, at most 256
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(..=MAX_RECENT as i64), help_heading = "Sampling")]
    pub(crate) repeat_last_n: u32,
    /// Seed of the random numbers; the same seed gives the same text
    #[arg(short, long, value_name = "S", default_value_t = 0, help_heading = "Sampling")]
    pub(crate) seed: u64,
}

impl SamplingArgs {
    /// The sampler's settings. The built-in model's answers are not left to chance unless a temperature is given.
    pub(crate) fn config(&self, built_in: bool) -> SamplerConfig {
        SamplerConfig {
            temperature: self.temp.unwrap_or(if built_in { 0.0 } else { 0.8 }),
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            repeat_penalty: self.repeat_penalty,
            repeat_last_n: self.repeat_last_n,
            seed: self.seed,
        }
    }
}

/// The end of the generated text.
#[derive(Args, Clone, Debug)]
pub(crate) struct EndArgs {
    /// End before this text; may be given more than once
    #[arg(long, value_name = "STRING", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) stop: Vec<String>,
    /// Go on after the model's end-of-text tokens
    #[arg(long)]
    pub(crate) ignore_eos: bool,
    /// Refuse an answer whose probability is less than P, the product of those of its tokens before sampling; 0 for none [default: what the file asks for]
    #[arg(long, value_name = "P", value_parser = probability)]
    pub(crate) min_prob: Option<f32>,
    /// Print speed, memory and flash traffic to standard error
    #[arg(long)]
    pub(crate) stats: bool,
}
