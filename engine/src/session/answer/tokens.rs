//! The tokens of a conversation.

/// Tokens in the caller's memory: first those that the session was fed, then those that it is to be fed. Where there is no room
/// the oldest are forgotten.
pub(super) struct Tokens<'b> {
    buffer: &'b mut [u32],
    len: usize,
    fed: usize,
}

impl<'b> Tokens<'b> {
    pub(super) fn new(buffer: &'b mut [u32]) -> Self {
        Tokens { buffer, len: 0, fed: 0 }
    }

    /// All tokens.
    pub(super) fn all(&self) -> &[u32] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Tokens that the session was fed.
    pub(super) fn fed(&self) -> &[u32] {
        self.buffer.get(..self.fed).unwrap_or_default()
    }

    /// Tokens that the session is to be fed.
    pub(super) fn pending(&self) -> &[u32] {
        self.buffer.get(self.fed..self.len).unwrap_or_default()
    }

    /// The `n`-th token from the end, counted from 1.
    pub(super) fn nth_last(&self, n: usize) -> u32 {
        self.len.checked_sub(n).and_then(|at| self.buffer.get(at)).copied().unwrap_or(0)
    }

    /// The room behind the tokens.
    pub(super) fn room(&mut self) -> &mut [u32] {
        self.buffer.get_mut(self.len..).unwrap_or_default()
    }

    /// Counts `n` tokens that were put into the room.
    pub(super) fn grow(&mut self, n: usize) {
        self.len = self.len.saturating_add(n).min(self.buffer.len());
    }

    /// Adds a token to be fed; false if there is no room, even without those that were fed.
    pub(super) fn push(&mut self, id: u32) -> bool {
        if self.len == self.buffer.len() {
            self.forget(self.fed.div_ceil(2));
        }
        let Some(slot) = self.room().first_mut() else { return false };
        *slot = id;
        self.len += 1;
        true
    }

    /// Forgets the oldest `n` tokens, which were fed.
    pub(super) fn forget(&mut self, n: usize) {
        let n = n.min(self.fed);
        self.remove(0, n);
        self.fed -= n;
    }

    /// Drops the first of the tokens that were not fed.
    pub(super) fn drop_next(&mut self) {
        self.remove(self.fed, 1);
    }

    /// Removes at most `n` tokens from the `first` on.
    fn remove(&mut self, first: usize, n: usize) {
        let n = n.min(self.len.saturating_sub(first));
        for at in first + n..self.len {
            let id = self.buffer.get(at).copied().unwrap_or(0);
            if let Some(slot) = self.buffer.get_mut(at - n) {
                *slot = id;
            }
        }
        self.len -= n;
    }

    /// Counts `n` more tokens as fed.
    pub(super) fn feed(&mut self, n: usize) {
        self.fed = self.fed.saturating_add(n).min(self.len);
    }

    /// Drops the last `n` tokens.
    pub(super) fn drop_last(&mut self, n: usize) {
        self.len = self.len.saturating_sub(n);
        self.fed = self.fed.min(self.len);
    }

    /// Drops the tokens that were not fed.
    pub(super) fn drop_pending(&mut self) {
        self.len = self.fed;
    }

    /// Counts the last token as not fed.
    pub(super) fn unfeed_last(&mut self) {
        self.fed = self.fed.min(self.len.saturating_sub(1));
    }

    /// The next `n` tokens to be fed, those of a draft included.
    pub(super) fn next(&self, n: usize) -> &[u32] {
        self.buffer.get(self.fed..self.fed.saturating_add(n)).unwrap_or_default()
    }

    /// All tokens with the first `n` of a draft behind them.
    pub(super) fn with_draft(&self, n: usize) -> &[u32] {
        self.buffer.get(..self.len.saturating_add(n)).unwrap_or_default()
    }

    /// All tokens, and the room behind them.
    #[cfg(any(feature = "drafts", feature = "chat-pieces"))]
    pub(super) fn all_and_room(&mut self) -> (&[u32], &mut [u32]) {
        let (all, room) = self.buffer.split_at_mut_checked(self.len).unwrap_or_default();
        (all, room)
    }

    /// Drops the `n` tokens before the last `kept` ones, whether they were fed or not.
    #[cfg(feature = "chat-pieces")]
    pub(super) fn drop_before(&mut self, kept: usize, n: usize) {
        let first = self.len.saturating_sub(kept).saturating_sub(n);
        self.remove(first, n);
        self.fed = self.fed.min(first);
    }

    /// Counts all tokens as not fed.
    #[cfg(feature = "chat-pieces")]
    pub(super) fn unfeed(&mut self) {
        self.fed = 0;
    }

    /// All tokens, and the room for a draft of at most `n`.
    #[cfg(feature = "drafts")]
    pub(super) fn draft(&mut self, n: usize) -> (&[u32], &mut [u32]) {
        let (all, room) = self.all_and_room();
        let n = n.min(room.len());
        (all, room.get_mut(..n).unwrap_or_default())
    }

    /// Takes `id` if the draft behind the tokens begins with it, which was fed.
    pub(super) fn accept(&mut self, id: u32) -> bool {
        let right = self.room().first() == Some(&id);
        if right {
            (self.len, self.fed) = (self.len + 1, self.fed + 1);
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    #[test]
    fn the_next_token_is_dropped_before_those_behind_it() {
        let mut buffer = [0; 8];
        let mut tokens = Tokens::new(&mut buffer);
        assert!([1, 2, 3, 4, 5].into_iter().all(|id| tokens.push(id)));
        tokens.feed(2);
        tokens.drop_next();
        assert_eq!((tokens.fed(), tokens.pending()), (&[1, 2][..], &[4, 5][..]));
        tokens.feed(2);
        tokens.drop_next();
        assert_eq!((tokens.fed(), tokens.pending()), (&[1, 2, 4, 5][..], &[][..]));
    }

    #[test]
    fn the_oldest_tokens_give_way_to_the_newest() {
        let mut buffer = [0; 4];
        let mut tokens = Tokens::new(&mut buffer);
        assert!([1, 2, 3, 4].into_iter().all(|id| tokens.push(id)));
        assert!(!tokens.push(5), "none was fed");
        tokens.feed(3);
        assert!(tokens.push(5));
        assert_eq!((tokens.fed(), tokens.pending()), (&[3][..], &[4, 5][..]));
    }
}
