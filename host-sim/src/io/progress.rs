//! A progress bar for whatever takes more than a second.

use core::time::Duration;
use std::io::IsTerminal;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Time after which an estimate of the whole is good enough.
const DECIDE_AFTER: Duration = Duration::from_millis(300);
const WORTH_A_BAR: Duration = Duration::from_secs(1);

/// Shows how far something is, on standard error if that is a terminal. Gone when dropped.
pub(crate) struct Meter {
    label: &'static str,
    started: Instant,
    shown: bool,
    bar: Option<ProgressBar>,
}

impl Meter {
    /// A meter for `label`, such as "prefill".
    pub(crate) fn new(label: &'static str) -> Meter {
        Meter { label, started: Instant::now(), shown: std::io::stderr().is_terminal(), bar: None }
    }

    /// `done` of `total` is behind us.
    pub(crate) fn update(&mut self, done: u64, total: u64) {
        if !self.shown {
            return;
        }
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if worth_showing(self.started.elapsed(), done, total) => {
                let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
                if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {percent}% ETA {eta}") {
                    bar.set_style(style.progress_chars("=> "));
                }
                bar.set_prefix(self.label);
                bar.set_position(done);
                self.bar = Some(bar);
            }
            None => {}
        }
    }

    /// Starts over with another label, if it is another.
    pub(crate) fn relabel(&mut self, label: &'static str) {
        if self.label != label {
            *self = Meter::new(label);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// True if a task that has done `done` of `total` in `elapsed` takes long enough for a bar.
fn worth_showing(elapsed: Duration, done: u64, total: u64) -> bool {
    let whole = elapsed.as_secs_f64() * total as f64 / done.max(1) as f64;
    elapsed >= DECIDE_AFTER && done < total && whole > WORTH_A_BAR.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_things_are_shown() {
        let ms = Duration::from_millis;
        assert!(!worth_showing(ms(100), 1, 1000));
        assert!(worth_showing(ms(400), 1, 1000));
        assert!(worth_showing(ms(400), 0, 1000));
        assert!(!worth_showing(ms(400), 900, 1000));
        assert!(!worth_showing(ms(4000), 1000, 1000));
    }
}
