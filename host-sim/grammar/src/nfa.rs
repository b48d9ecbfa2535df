//! The automaton that grammars become first: states with edges for bytes, jumps, calls of rules and counts.

use flashlet::text::values::Value;
use foldhash::{HashMap, HashMapExt, HashSet};

use super::dfa::{Dfa, begins_character};
use super::frame::Notation;
use super::pattern;
use super::refused::Refused;

/// Most states.
const MAX_STATES: usize = 400_000;

/// The operation of an edge on the count of the rule's call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Count {
    #[default]
    Keep,
    Up(u16),
    AtLeast(u16),
}

/// A state of the automaton.
pub(super) type StateId = u32;

/// A state: what leads on from it.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) edges: Vec<(u8, u8, StateId, Count)>,
    pub(super) jumps: Vec<StateId>,
    pub(super) calls: Vec<(StateId, StateId, Count)>,
    /// The rule may end here if its count is at least this.
    pub(super) accepts: Option<u16>,
}

/// The automaton, while it is made. Rules are named by their first states.
#[derive(Debug)]
pub(super) struct Nfa {
    pub(super) notation: Notation,
    pub(super) states: Vec<State>,
    /// First states of rules that are texts of an automaton between quotes.
    strings: HashMap<(Dfa, usize, Option<usize>), StateId>,
    any_string: Option<StateId>,
    /// Rules whose texts are values.
    pub(super) values: HashMap<StateId, Value>,
}

/// The state that every rule may end in.
pub(super) const END: StateId = 0;

impl Nfa {
    pub(super) fn new(notation: Notation) -> Nfa {
        let end = State { accepts: Some(0), ..State::default() };
        Nfa { notation, states: vec![end], strings: HashMap::new(), any_string: None, values: HashMap::new() }
    }

    /// A new state.
    pub(super) fn state(&mut self) -> Result<StateId, Refused> {
        if self.states.len() >= MAX_STATES {
            return Err(Refused::too_large());
        }
        self.states.push(State::default());
        Ok((self.states.len() - 1) as StateId)
    }

    pub(super) fn at(&mut self, state: StateId) -> &mut State {
        &mut self.states[state as usize]
    }

    pub(super) fn edge(&mut self, from: StateId, byte: u8, to: StateId) {
        self.counted(from, byte, to, Count::Keep);
    }

    pub(super) fn counted(&mut self, from: StateId, byte: u8, to: StateId, count: Count) {
        self.at(from).edges.push((byte, byte, to, count));
    }

    pub(super) fn jump(&mut self, from: StateId, to: StateId) {
        self.at(from).jumps.push(to);
    }

    /// A space that may stand between two states, if the notation has any.
    pub(super) fn space(&mut self, from: StateId, to: StateId) {
        if self.notation == Notation::Json {
            self.edge(from, b' ', to);
        }
    }

    /// A call of the rule that begins in `rule`; a last step is a jump, unless the rule is a value.
    pub(super) fn call(&mut self, from: StateId, rule: StateId, then: StateId) {
        if then == END && !self.values.contains_key(&rule) {
            self.jump(from, rule);
        } else {
            self.at(from).calls.push((rule, then, Count::Keep));
        }
    }

    /// The state before `text`, after which comes `then`.
    pub(super) fn text(&mut self, text: &str, then: StateId) -> Result<StateId, Refused> {
        let mut to = then;
        for byte in text.bytes().rev() {
            let from = self.state()?;
            self.edge(from, byte, to);
            to = from;
        }
        Ok(to)
    }

    /// The state before a text of `dfa` as it is, after which comes `then`.
    pub(super) fn plain(&mut self, dfa: &Dfa, then: StateId) -> Result<StateId, Refused> {
        let states = self.states_for(dfa)?;
        for (state, &from) in (0u16..).zip(&states).skip(1) {
            if dfa.is_accepting(state) {
                self.jump(from, then);
            }
            for (low, high, to) in ranges(dfa, state, |_| true) {
                self.at(from).edges.push((low, high, states[usize::from(to)], Count::Keep));
            }
        }
        Ok(states[usize::from(dfa.start())])
    }

    fn states_for(&mut self, dfa: &Dfa) -> Result<Vec<StateId>, Refused> {
        (0..dfa.n_states()).map(|_| self.state()).collect()
    }

    /// The state behind the first quote of a string with a text of `dfa`; after its last quote comes `then`. What a string
    /// must escape is escaped, nothing else is.
    pub(super) fn quoted(&mut self, dfa: &Dfa, then: StateId) -> Result<StateId, Refused> {
        self.quoted_counted(dfa, then, &|_| Count::Keep, Count::Keep)
    }

    fn quoted_counted(
        &mut self,
        dfa: &Dfa,
        then: StateId,
        up: &dyn Fn(u16) -> Count,
        close: Count,
    ) -> Result<StateId, Refused> {
        let states = self.states_for(dfa)?;
        let is_json = self.notation == Notation::Json;
        let (last, closed) = if is_json { (b'"', then) } else { (b'<', self.text(&Notation::ESCAPE[1..], then)?) };
        for (state, &from) in (0u16..).zip(&states).skip(1) {
            if dfa.is_accepting(state) {
                self.counted(from, last, closed, close);
            }
            for (low, high, to) in ranges(dfa, state, |byte| !is_json || !is_escaped(byte)) {
                let count = if begins_character(low) { up(to) } else { Count::Keep };
                self.at(from).edges.push((low, high, states[usize::from(to)], count));
            }
            if is_json {
                self.escapes(dfa, state, &states, up)?;
            }
        }
        Ok(states[usize::from(dfa.start())])
    }

    /// Adds the escapes of what must be escaped to a state of a string.
    fn escapes(&mut self, dfa: &Dfa, state: u16, states: &[StateId], up: &dyn Fn(u16) -> Count) -> Result<(), Refused> {
        let escaped = (0..0x20).chain([b'"', b'\\']).filter(|&byte| dfa.next(state, byte) != 0);
        let mut codes: HashMap<(Count, u8), StateId> = HashMap::new();
        let mut backslashes: HashMap<Count, StateId> = HashMap::new();
        for byte in escaped {
            let to = dfa.next(state, byte);
            let (count, target) = (up(to), states[usize::from(to)]);
            let after = match backslashes.get(&count) {
                Some(&after) => after,
                None => {
                    let after = self.state()?;
                    self.counted(states[usize::from(state)], b'\\', after, count);
                    *backslashes.entry(count).or_insert(after)
                }
            };
            if let Some(short) = short_escape(byte) {
                self.edge(after, short, target);
            }
            if byte < 0x20 {
                let high = byte >> 4;
                let digit = match codes.get(&(count, high)) {
                    Some(&digit) => digit,
                    None => {
                        let digit = self.state()?;
                        let start = self.text(if high == 0 { "u000" } else { "u001" }, digit)?;
                        self.jump(after, start);
                        *codes.entry((count, high)).or_insert(digit)
                    }
                };
                for spelling in [format!("{:x}", byte & 15), format!("{:X}", byte & 15)] {
                    self.edge(digit, spelling.as_bytes()[0], target);
                }
            }
        }
        Ok(())
    }

    /// The rule of JSON strings of any text, with all escapes.
    pub(super) fn any_string(&mut self) -> Result<StateId, Refused> {
        if let Some(rule) = self.any_string {
            return Ok(rule);
        }
        let rule = self.state()?;
        let inside = self.free(Count::Keep, Count::Keep)?;
        self.edge(rule, b'"', inside);
        self.any_string = Some(rule);
        Ok(rule)
    }

    /// The state behind the first quote of a string of any text, each character of which does `up`.
    fn free(&mut self, up: Count, close: Count) -> Result<StateId, Refused> {
        let dfa = Dfa::any();
        let start = self.quoted_counted(&dfa, END, &|_| up, close)?;
        // Escapes that need not be: any code but halves of pairs, which come together.
        let [after, low, rest, pair] = [self.state()?, self.state()?, self.state()?, self.state()?];
        self.counted(start, b'\\', after, up);
        self.edge(after, b'/', start);
        let [hex3, hex2, hex1] = [self.state()?, self.state()?, self.state()?];
        self.edge(after, b'u', low);
        let mut on = |from: StateId, bytes: &[(u8, u8)], to: StateId| {
            self.at(from).edges.extend(bytes.iter().map(|&(low, high)| (low, high, to, Count::Keep)));
        };
        const HEX: [(u8, u8); 3] = [(b'0', b'9'), (b'A', b'F'), (b'a', b'f')];
        on(low, &[(b'0', b'9'), (b'A', b'C'), (b'E', b'F'), (b'a', b'c'), (b'e', b'f')], hex3);
        on(low, &[(b'D', b'D'), (b'd', b'd')], rest);
        on(hex3, &HEX, hex2);
        on(hex2, &HEX, hex1);
        on(hex1, &HEX, start);
        on(rest, &[(b'0', b'7')], hex2);
        on(rest, &[(b'8', b'9'), (b'A', b'B'), (b'a', b'b')], pair);
        let [p1, p2, p3, p4] = [self.state()?, self.state()?, self.state()?, self.state()?];
        let mut on = |from: StateId, bytes: &[(u8, u8)], to: StateId| {
            self.at(from).edges.extend(bytes.iter().map(|&(low, high)| (low, high, to, Count::Keep)));
        };
        on(pair, &HEX, p1);
        on(p1, &HEX, p2);
        on(p2, &[(b'\\', b'\\')], p3);
        on(p3, &[(b'u', b'u')], p4);
        let second = self.state()?;
        self.at(p4).edges.extend([(b'D', b'D', second, Count::Keep), (b'd', b'd', second, Count::Keep)]);
        let bytes = [(b'C', b'F'), (b'c', b'f')];
        self.at(second).edges.extend(bytes.iter().map(|&(low, high)| (low, high, hex2, Count::Keep)));
        Ok(start)
    }

    /// Adds the names of members, of `names` or any, between two states.
    pub(super) fn name(&mut self, names: Option<&Dfa>, from: StateId, then: StateId) -> Result<(), Refused> {
        match (self.notation, names) {
            (Notation::Json, None) => {
                let any = self.any_string()?;
                self.call(from, any, then);
            }
            (Notation::Json, Some(names)) => {
                let inside = self.quoted(names, then)?;
                self.edge(from, b'"', inside);
            }
            (Notation::Escaped, names) => {
                let words = pattern::matching("^[A-Za-z0-9_.-]+$", false).map_err(Refused::new)?;
                let words = names.map_or(Ok(words.clone()), |names| names.and(&words))?;
                let start = self.plain(&words, then)?;
                self.jump(from, start);
            }
        }
        Ok(())
    }

    /// The rule of strings of `min` to `max` characters of `dfa`, or of any text.
    pub(super) fn string(&mut self, dfa: Option<&Dfa>, min: usize, max: Option<usize>) -> Result<StateId, Refused> {
        let without_marks = match self.notation {
            Notation::Json if dfa.is_none() && min == 0 && max.is_none() => return self.any_string(),
            Notation::Json => None,
            Notation::Escaped => Some(pattern::without(dfa, Notation::ESCAPE)?),
        };
        let dfa = without_marks.as_ref().or(dfa);
        let key = (dfa.cloned().unwrap_or_else(Dfa::any), min, max);
        if let Some(&rule) = self.strings.get(&key) {
            return Ok(rule);
        }
        let rule = self.state()?;
        let inside = self.inside(dfa, min, max)?;
        if let Some(inside) = inside {
            let start = self.text(if self.notation == Notation::Json { "\"" } else { Notation::ESCAPE }, inside)?;
            self.jump(rule, start);
        }
        self.strings.insert(key, rule);
        Ok(rule)
    }

    fn inside(&mut self, dfa: Option<&Dfa>, min: usize, max: Option<usize>) -> Result<Option<StateId>, Refused> {
        const LARGEST: usize = u16::MAX as usize;
        // Longer strings than can be counted are left out.
        let most = max.unwrap_or(LARGEST).min(LARGEST);
        if min > most {
            return if max.is_some_and(|max| max < min) { Ok(None) } else { Err(Refused::too_large()) };
        }
        let close = if min == 0 { Count::Keep } else { Count::AtLeast(min as u16) };
        let up = |least: usize| match max {
            None if min == 0 => Count::Keep,
            _ => Count::Up((most - least.min(most)) as u16),
        };
        let Some(dfa) = dfa else { return self.free(up(0), close).map(Some) };
        if min == 0 && max.is_none() {
            return self.quoted(dfa, END).map(Some);
        }
        let Some(least) = dfa.least_characters() else {
            let exact = dfa.with_length(min, max)?;
            return if exact.is_empty() { Ok(None) } else { self.quoted(&exact, END).map(Some) };
        };
        if least[usize::from(dfa.start())].is_none_or(|least| least > most) {
            return Ok(None);
        }
        let up_to = |to: u16| up(least[usize::from(to)].unwrap_or(0));
        self.quoted_counted(dfa, END, &up_to, close).map(Some)
    }

    /// Removes what cannot be finished: edges, jumps and calls from which no end of a rule is reached.
    pub(super) fn trim(&mut self) {
        let n = self.states.len();
        let mut before: Vec<Vec<StateId>> = vec![Vec::new(); n];
        for (from, state) in (0..).zip(&self.states) {
            state.edges.iter().for_each(|edge| before[edge.2 as usize].push(from));
            state.jumps.iter().for_each(|&to| before[to as usize].push(from));
            for &(rule, then, _) in &state.calls {
                before[rule as usize].push(from);
                before[then as usize].push(from);
            }
        }
        let mut live: Vec<bool> = self.states.iter().map(|state| state.accepts.is_some()).collect();
        let mut waiting: Vec<StateId> = (0..n as StateId).filter(|&state| live[state as usize]).collect();
        while let Some(to) = waiting.pop() {
            for &from in &before[to as usize] {
                let state = &self.states[from as usize];
                let is_live = |to: StateId| live[to as usize];
                let leads = state.edges.iter().any(|edge| is_live(edge.2))
                    || state.jumps.iter().any(|&to| is_live(to))
                    || state.calls.iter().any(|&(rule, then, _)| is_live(rule) && is_live(then));
                if leads && !live[from as usize] {
                    live[from as usize] = true;
                    waiting.push(from);
                }
            }
        }
        for state in &mut self.states {
            state.edges.retain(|edge| live[edge.2 as usize]);
            state.jumps.retain(|&to| live[to as usize]);
            state.calls.retain(|&(rule, then, _)| live[rule as usize] && live[then as usize]);
        }
    }

    /// The states that matter among those that jumps reach from `from`, in order.
    pub(super) fn closure(&self, from: impl IntoIterator<Item = StateId>) -> Vec<StateId> {
        let mut waiting: Vec<StateId> = from.into_iter().collect();
        let mut seen: HashSet<StateId> = waiting.iter().copied().collect();
        let mut kept = Vec::new();
        while let Some(at) = waiting.pop() {
            let state = &self.states[at as usize];
            if !state.edges.is_empty() || !state.calls.is_empty() || state.accepts.is_some() {
                kept.push(at);
            }
            waiting.extend(state.jumps.iter().copied().filter(|&to| seen.insert(to)));
        }
        kept.sort_unstable();
        kept.dedup();
        kept
    }
}

/// The ranges of bytes that lead on from a state of `dfa`, where `takes` them.
fn ranges(dfa: &Dfa, state: u16, takes: impl Fn(u8) -> bool) -> Vec<(u8, u8, u16)> {
    let mut ranges: Vec<(u8, u8, u16)> = Vec::new();
    for byte in (0..=255u8).filter(|&byte| takes(byte)) {
        let to = dfa.next(state, byte);
        match ranges.last_mut() {
            // Bytes that begin a character and those that go on with one count differently.
            Some((_, high, last)) if *last == to && *high + 1 == byte && byte != 0x80 && byte != 0xC0 => *high = byte,
            _ if to != 0 => ranges.push((byte, byte, to)),
            _ => {}
        }
    }
    ranges
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn short_escape(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0C => b'f',
        _ => return None,
    })
}
