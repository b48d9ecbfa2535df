//! Sets of layers, and numbers that differ between layers.

/// The most layers of a model: far above any that is made.
pub(super) const MAX_LAYERS: u32 = 256;

/// Sets are empty where no supported architecture has any: what depends on them takes no flash then.
const WORDS: usize = if cfg!(feature = "attention-variants") { MAX_LAYERS as usize / 32 } else { 0 };

/// A set of layers, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerSet([u32; WORDS]);

impl Default for LayerSet {
    fn default() -> Self {
        LayerSet::EMPTY
    }
}

impl LayerSet {
    /// No layer.
    pub const EMPTY: LayerSet = LayerSet([0; WORDS]);

    /// The layers below `n` for which `is_in` is true.
    #[must_use]
    pub fn of(n: u32, is_in: impl Fn(u32) -> bool) -> LayerSet {
        let mut set = LayerSet::EMPTY;
        (0..n).filter(|&layer| is_in(layer)).for_each(|layer| set.insert(layer));
        set
    }

    /// Adds a layer.
    pub fn insert(&mut self, layer: u32) {
        if let Some(word) = self.0.get_mut(layer as usize / 32) {
            *word |= 1 << (layer % 32);
        }
    }

    /// True if the layer is in the set.
    #[must_use]
    pub fn contains(&self, layer: u32) -> bool {
        self.0.get(layer as usize / 32).is_some_and(|word| word >> (layer % 32) & 1 == 1)
    }

    /// True if no layer is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == LayerSet::EMPTY
    }
}

/// A number of every layer, one of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByLayer {
    /// The value for layers that are none of the others.
    first: u32,
    other: u32,
    others: LayerSet,
}

impl ByLayer {
    /// The same number in all layers.
    #[must_use]
    pub fn all(n: u32) -> ByLayer {
        ByLayer { first: n, other: n, others: LayerSet::EMPTY }
    }

    /// Sets the number of a layer; returns false, and changes nothing, if it is a third one.
    #[must_use]
    pub fn set(&mut self, layer: u32, n: u32) -> bool {
        if n == self.first {
            return true;
        }
        let is_known = self.others.is_empty() || n == self.other;
        if is_known {
            self.other = n;
            self.others.insert(layer);
        }
        is_known
    }

    /// The number of a layer.
    #[must_use]
    pub fn of(&self, layer: u32) -> u32 {
        if self.others.contains(layer) { self.other } else { self.first }
    }

    /// The two numbers; the same twice where all layers have one.
    #[must_use]
    pub fn both(&self) -> [u32; 2] {
        [self.first, self.other]
    }
}
