//! `--stop`: text at which the answer ends.

/// Passes text on as it comes, except what may be the beginning of a stop string.
#[derive(Debug)]
pub(crate) struct StopStrings<'s> {
    strings: Vec<&'s str>,
    held: String,
}

impl<'s> StopStrings<'s> {
    /// Stops at the first occurrence of any of `strings`; empty ones never occur.
    pub(crate) fn new(strings: &'s [String]) -> Self {
        StopStrings {
            strings: strings.iter().map(String::as_str).filter(|s| !s.is_empty()).collect(),
            held: String::new(),
        }
    }

    /// Takes the next `text` and gives `out` what is certain to stay. True once a stop string has
    /// been seen; it and what follows it are dropped.
    pub(crate) fn push(&mut self, text: &str, out: &mut dyn FnMut(&str)) -> bool {
        self.held.push_str(text);
        if let Some(at) = self.strings.iter().filter_map(|s| self.held.find(s)).min() {
            out(&self.held[..at]);
            self.held.clear();
            return true;
        }
        let keep = self.strings.iter().map(|s| overlap(&self.held, s)).max().unwrap_or(0);
        let sure = self.held.len() - keep;
        if sure > 0 {
            out(&self.held[..sure]);
            self.held.drain(..sure);
        }
        false
    }

    /// Gives `out` what was held back: the text ended without a stop string.
    pub(crate) fn flush(&mut self, out: &mut dyn FnMut(&str)) {
        if !self.held.is_empty() {
            out(&self.held);
            self.held.clear();
        }
    }
}

/// Bytes at the end of `text` that may become `stop`.
fn overlap(text: &str, stop: &str) -> usize {
    (1..stop.len()).rev().filter(|&n| stop.is_char_boundary(n)).find(|&n| text.ends_with(&stop[..n])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that comes out of `pieces`; true if a stop string ended it.
    fn run(stops: &[&str], pieces: &[&str]) -> (String, bool) {
        let stops: Vec<String> = stops.iter().map(|&s| s.to_owned()).collect();
        let mut stop = StopStrings::new(&stops);
        let mut text = String::new();
        for piece in pieces {
            if stop.push(piece, &mut |s| text.push_str(s)) {
                return (text, true);
            }
        }
        stop.flush(&mut |s| text.push_str(s));
        (text, false)
    }

    #[test]
    fn cuts_before_the_first_stop_string() {
        assert_eq!(run(&["END"], &["one E", "N", "D two"]), ("one ".into(), true));
        assert_eq!(run(&["END", "e E"], &["one E", "ND"]), ("on".into(), true));
        assert_eq!(run(&["aab"], &["a", "a", "a", "b", "c"]), ("a".into(), true));
        assert_eq!(run(&["né\n"], &["caf n", "é", "\nx"]), ("caf ".into(), true));
    }

    #[test]
    fn keeps_what_only_looked_like_one() {
        assert_eq!(run(&["END"], &["EN", "E", "N"]), ("ENEN".into(), false));
        assert_eq!(run(&[""], &["all", " of it"]), ("all of it".into(), false));
        assert_eq!(run(&[], &["é"]), ("é".into(), false));
    }

    #[test]
    fn sure_text_is_passed_on_at_once() {
        let stops = ["###".to_owned()];
        let mut stop = StopStrings::new(&stops);
        let mut text = String::new();
        assert!(!stop.push("a#b#", &mut |s| text.push_str(s)));
        assert_eq!(text, "a#b");
    }
}
