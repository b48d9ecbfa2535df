//! Equal states of an automaton, by Hopcroft's algorithm: blocks of states are split until the states of a block lead, by each class of
//! bytes, to states of one block.

/// The predecessors of each state, by class of bytes.
pub(super) struct Predecessors {
    pub(super) n_classes: usize,
    /// For each state and class, the index in `from` of the first predecessor; one more entry ends the last.
    pub(super) first: Vec<u32>,
    pub(super) from: Vec<u16>,
}

impl Predecessors {
    /// The states that lead to `state` by a byte of `class`.
    pub(super) fn of(&self, state: usize, class: usize) -> &[u16] {
        let at = state * self.n_classes + class;
        &self.from[self.first[at] as usize..self.first[at + 1] as usize]
    }
}

/// States in blocks.
pub(super) struct Blocks {
    /// The states, block by block.
    order: Vec<usize>,
    /// The place of each state in `order`.
    places: Vec<usize>,
    /// The block of each state.
    block_of: Vec<usize>,
    blocks: Vec<Block>,
}

/// A block: a range of [`Blocks::order`].
#[derive(Clone, Copy, Default)]
struct Block {
    first: usize,
    end: usize,
    /// Its states that are marked, which are its first ones.
    marked: usize,
    /// It is in the list of blocks by which others are still to be split.
    is_waiting: bool,
}

impl Blocks {
    /// Blocks of the states with equal `numbers`.
    pub(super) fn new(numbers: impl Iterator<Item = usize>) -> Blocks {
        let block_of: Vec<usize> = numbers.collect();
        let mut order: Vec<usize> = (0..block_of.len()).collect();
        order.sort_by_key(|&state| block_of[state]);
        let mut places = vec![0; order.len()];
        let mut blocks = vec![Block::default(); block_of.iter().max().map_or(0, |most| most + 1)];
        for (place, &state) in order.iter().enumerate() {
            places[state] = place;
            let block = &mut blocks[block_of[state]];
            if block.end == 0 {
                (block.first, block.is_waiting) = (place, true);
            }
            block.end = place + 1;
        }
        Blocks { order, places, block_of, blocks }
    }

    /// The block of a state.
    pub(super) fn of(&self, state: usize) -> usize {
        self.block_of[state]
    }

    /// Splits blocks until the states of each are equal.
    pub(super) fn refine(&mut self, before: &Predecessors) {
        let mut waiting: Vec<usize> = (0..self.blocks.len()).filter(|&block| self.blocks[block].is_waiting).collect();
        while let Some(block) = waiting.pop() {
            self.blocks[block].is_waiting = false;
            let Block { first, end, .. } = self.blocks[block];
            let states = self.order[first..end].to_vec();
            for class in 0..before.n_classes {
                let mut touched = Vec::new();
                for &state in &states {
                    before.of(state, class).iter().for_each(|&from| self.mark(from.into(), &mut touched));
                }
                for block in touched {
                    waiting.extend(self.split(block));
                }
            }
        }
    }

    /// Marks a state. Adds its block to `touched` if it is the first one there.
    fn mark(&mut self, state: usize, touched: &mut Vec<usize>) {
        let block = &mut self.blocks[self.block_of[state]];
        let (place, first_unmarked) = (self.places[state], block.first + block.marked);
        if place < first_unmarked {
            return;
        }
        if block.marked == 0 {
            touched.push(self.block_of[state]);
        }
        block.marked += 1;
        self.order.swap(place, first_unmarked);
        (self.places[state], self.places[self.order[place]]) = (first_unmarked, place);
    }

    /// Makes the marked states of `block` a block of their own, if there are others. Returns the part that is added to the
    /// waiting blocks.
    fn split(&mut self, block: usize) -> Option<usize> {
        let Block { first, end, marked, is_waiting } = self.blocks[block];
        self.blocks[block].marked = 0;
        if marked == end - first {
            return None;
        }
        let new = self.blocks.len();
        self.blocks.push(Block { first, end: first + marked, marked: 0, is_waiting });
        self.blocks[block].first += marked;
        self.order[first..first + marked].iter().for_each(|&state| self.block_of[state] = new);
        // If `block` does not wait, other blocks are split by it already. Splitting them by one of its parts then splits them by the
        // other, too: the smaller part is taken.
        let waits = if is_waiting || 2 * marked <= end - first { new } else { block };
        self.blocks[waits].is_waiting = true;
        Some(waits)
    }
}
