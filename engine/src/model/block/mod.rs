//! The blocks that layers are made of.
//!
//! A block is a value: its shape and its variant, without weights. It lists its tensors in the order in which it uses them,
//! says how much memory a chunk of tokens takes, and runs.

mod attention;
#[cfg(feature = "rwkv")]
mod channel_mix;
mod feed_forward;
#[cfg(feature = "per-layer-inputs")]
mod per_layer_input;
#[cfg(feature = "short-convolution")]
mod short_convolution;
#[cfg(feature = "state-space")]
mod state_space;
#[cfg(feature = "rwkv")]
mod time_mix;

pub use attention::{Attention, HeadNorms, Rotation};
#[cfg(feature = "rwkv")]
pub use channel_mix::ChannelMix;
pub use feed_forward::{FeedForward, Form};
#[cfg(feature = "per-layer-inputs")]
pub use per_layer_input::PerLayerInput;
#[cfg(feature = "short-convolution")]
pub use short_convolution::ShortConvolution;
#[cfg(feature = "state-space")]
pub use state_space::{ScanKind, StateSpace};
#[cfg(feature = "rwkv")]
pub use time_mix::TimeMix;

use super::workspace::{Scratch, Workspace};
use crate::weights::{Entry, Feed, LayerTensor, PER_LAYER, PassError, PassStep, Role, VARIANTS};

/// A block of a layer.
#[derive(Clone, Copy, Debug)]
pub enum Block {
    /// Attention over past tokens.
    Attention(Attention),
    /// A feed-forward network.
    FeedForward(FeedForward),
    /// A gated convolution over the last few tokens.
    #[cfg(feature = "short-convolution")]
    ShortConvolution(ShortConvolution),
    /// A state space block.
    #[cfg(feature = "state-space")]
    StateSpace(StateSpace),
    /// RWKV's time mix.
    #[cfg(feature = "rwkv")]
    TimeMix(TimeMix),
    /// RWKV's feed-forward network.
    #[cfg(feature = "rwkv")]
    ChannelMix(ChannelMix),
    /// A gate of the layer's own input.
    #[cfg(feature = "per-layer-inputs")]
    PerLayerInput(PerLayerInput),
}

impl From<Attention> for Block {
    fn from(block: Attention) -> Block {
        Block::Attention(block)
    }
}

impl From<FeedForward> for Block {
    fn from(block: FeedForward) -> Block {
        Block::FeedForward(block)
    }
}

#[cfg(feature = "short-convolution")]
impl From<ShortConvolution> for Block {
    fn from(block: ShortConvolution) -> Block {
        Block::ShortConvolution(block)
    }
}

#[cfg(feature = "state-space")]
impl From<StateSpace> for Block {
    fn from(block: StateSpace) -> Block {
        Block::StateSpace(block)
    }
}

#[cfg(feature = "rwkv")]
impl From<TimeMix> for Block {
    fn from(block: TimeMix) -> Block {
        Block::TimeMix(block)
    }
}

#[cfg(feature = "rwkv")]
impl From<ChannelMix> for Block {
    fn from(block: ChannelMix) -> Block {
        Block::ChannelMix(block)
    }
}

#[cfg(feature = "per-layer-inputs")]
impl From<PerLayerInput> for Block {
    fn from(block: PerLayerInput) -> Block {
        Block::PerLayerInput(block)
    }
}

impl Block {
    /// Calls `each` with the block's tensors, in the order of use.
    fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        match self {
            Block::Attention(block) => block.tensors(layer, n_embd, each),
            Block::FeedForward(block) => block.tensors(layer, n_embd, each),
            #[cfg(feature = "short-convolution")]
            Block::ShortConvolution(block) => block.tensors(layer, n_embd, each),
            #[cfg(feature = "state-space")]
            Block::StateSpace(block) => block.tensors(layer, n_embd, each),
            #[cfg(feature = "rwkv")]
            Block::TimeMix(block) => block.tensors(layer, n_embd, each),
            #[cfg(feature = "rwkv")]
            Block::ChannelMix(block) => block.tensors(layer, n_embd, each),
            #[cfg(feature = "per-layer-inputs")]
            Block::PerLayerInput(block) => block.tensors(layer, n_embd, each),
        }
    }

    fn scratch(&self) -> Scratch {
        match self {
            Block::Attention(block) => block.scratch(),
            Block::FeedForward(block) => block.scratch(),
            #[cfg(feature = "short-convolution")]
            Block::ShortConvolution(block) => block.scratch(),
            #[cfg(feature = "state-space")]
            Block::StateSpace(block) => block.scratch(),
            #[cfg(feature = "rwkv")]
            Block::TimeMix(block) => block.scratch(),
            #[cfg(feature = "rwkv")]
            Block::ChannelMix(block) => block.scratch(),
            #[cfg(feature = "per-layer-inputs")]
            Block::PerLayerInput(block) => block.scratch(),
        }
    }

    /// Groups of its state.
    #[cfg(feature = "_recurrent")]
    fn state_groups(&self) -> usize {
        match self {
            Block::Attention(_) | Block::FeedForward(_) => 0,
            #[cfg(feature = "short-convolution")]
            Block::ShortConvolution(block) => block.state_groups(),
            #[cfg(feature = "state-space")]
            Block::StateSpace(block) => block.state_groups(),
            #[cfg(feature = "rwkv")]
            Block::TimeMix(block) => block.state_groups(),
            #[cfg(feature = "rwkv")]
            Block::ChannelMix(block) => block.state_groups(),
            #[cfg(feature = "per-layer-inputs")]
            Block::PerLayerInput(_) => 0,
        }
    }

    /// The step of a pass that the block is in this layer.
    pub(super) fn step(&self, layer: u32) -> PassStep {
        match self {
            Block::Attention(_) => PassStep::Attention(layer),
            Block::FeedForward(_) => PassStep::FeedForward(layer),
            #[cfg(feature = "short-convolution")]
            Block::ShortConvolution(_) => PassStep::Recurrence(layer),
            #[cfg(feature = "state-space")]
            Block::StateSpace(_) => PassStep::Recurrence(layer),
            #[cfg(feature = "rwkv")]
            Block::TimeMix(_) => PassStep::Recurrence(layer),
            #[cfg(feature = "rwkv")]
            Block::ChannelMix(_) => PassStep::FeedForward(layer),
            #[cfg(feature = "per-layer-inputs")]
            Block::PerLayerInput(_) => PassStep::LayerOutput(layer),
        }
    }

    /// Normalises and quantises the hidden state, which is the block's input.
    pub(super) fn fill(&self, layer: u32, work: &mut Workspace<'_, '_, '_>) {
        let role = |tensor| Role::Layer(layer, tensor);
        let [norm, first] = match self {
            Block::Attention(block) => block.first_tensors(),
            Block::FeedForward(block) => block.first_tensors(),
            #[cfg(feature = "short-convolution")]
            Block::ShortConvolution(block) => block.first_tensors(),
            #[cfg(feature = "state-space")]
            Block::StateSpace(block) => block.first_tensors(),
            #[cfg(feature = "rwkv")]
            Block::TimeMix(block) => block.first_tensors(),
            #[cfg(feature = "rwkv")]
            Block::ChannelMix(block) => block.first_tensors(),
            #[cfg(feature = "per-layer-inputs")]
            Block::PerLayerInput(_) => return work.fill(None, role(LayerTensor::InputGate)),
        };
        work.fill(Some(role(norm)), role(first));
    }

    /// Computes the block's output from its input.
    ///
    /// # Errors
    /// [`PassError`].
    pub(super) async fn run(
        &self,
        layer: u32,
        work: &mut Workspace<'_, '_, '_>,
        feed: &mut Feed<'_, '_>,
    ) -> Result<(), PassError> {
        match self {
            Block::Attention(block) => block.run(layer, work, feed).await,
            Block::FeedForward(block) => block.run(layer, work, feed).await,
            #[cfg(feature = "short-convolution")]
            Block::ShortConvolution(block) => block.run(layer, work, feed).await,
            #[cfg(feature = "state-space")]
            Block::StateSpace(block) => block.run(layer, work, feed).await,
            #[cfg(feature = "rwkv")]
            Block::TimeMix(block) => block.run(layer, work, feed).await,
            #[cfg(feature = "rwkv")]
            Block::ChannelMix(block) => block.run(layer, work, feed).await,
            #[cfg(feature = "per-layer-inputs")]
            Block::PerLayerInput(block) => block.run(layer, work, feed).await,
        }
    }

    /// The norm of the block's output, if it has one.
    pub(super) fn norm_after(&self, layer: u32) -> Option<Role> {
        let (tensor, is_there) = match self {
            Block::Attention(block) => (LayerTensor::PostAttnNorm, block.norm_after),
            Block::FeedForward(block) => (LayerTensor::PostFfnNorm, block.norm_after),
            #[cfg(feature = "short-convolution")]
            Block::ShortConvolution(_) => return None,
            #[cfg(feature = "state-space")]
            Block::StateSpace(_) => return None,
            #[cfg(feature = "rwkv")]
            Block::TimeMix(_) | Block::ChannelMix(_) => return None,
            #[cfg(feature = "per-layer-inputs")]
            Block::PerLayerInput(_) => (LayerTensor::PostInputNorm, true),
        };
        (VARIANTS && is_there).then_some(Role::Layer(layer, tensor))
    }
}

/// A layer: its blocks in the order in which they run.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// Blocks that mix tokens; where there are two, both read the hidden state as it came to the layer.
    pub mixers: [Option<Block>; 2],
    /// The block that works on each token alone.
    pub ffn: Option<Block>,
    /// A block after it.
    #[cfg(feature = "per-layer-inputs")]
    pub after: Option<Block>,
    /// True if the hidden state may be multiplied by a number after the last block.
    #[cfg(feature = "per-layer-inputs")]
    pub scaled: bool,
    /// The input of the blocks.
    pub residual: Residual,
}

/// The input of a layer's blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// The hidden state with the output of the block before.
    Sequential,
    /// The hidden state as it came to the layer.
    Parallel,
}

impl Layer {
    /// A mixer and a feed-forward network, one after the other.
    pub(super) fn of(mixer: impl Into<Block>, ffn: impl Into<Block>) -> Layer {
        Layer { ffn: Some(ffn.into()), ..Layer::without_ffn(mixer) }
    }

    /// A mixer and nothing else.
    pub(super) fn without_ffn(mixer: impl Into<Block>) -> Layer {
        Layer {
            mixers: [Some(mixer.into()), None],
            ffn: None,
            #[cfg(feature = "per-layer-inputs")]
            after: None,
            #[cfg(feature = "per-layer-inputs")]
            scaled: false,
            residual: Residual::Sequential,
        }
    }

    /// The number of places for blocks.
    pub(super) const BLOCKS: usize = 3 + PER_LAYER as usize;

    /// The blocks in the order in which they run.
    fn blocks(&self) -> [&Option<Block>; Layer::BLOCKS] {
        let [first, second] = &self.mixers;
        [
            first,
            second,
            &self.ffn,
            #[cfg(feature = "per-layer-inputs")]
            &self.after,
        ]
    }

    /// The block at this place in the order in which they run.
    pub(super) fn block(&self, place: usize) -> Option<&Block> {
        self.blocks().get(place).copied().and_then(Option::as_ref)
    }

    /// Calls `each` with the layer's tensors, in the order of use.
    pub(super) fn tensors(&self, layer: u32, n_embd: u32, each: &mut dyn FnMut(Entry)) {
        for block in self.blocks().into_iter().flatten() {
            block.tensors(layer, n_embd, each);
        }
        #[cfg(feature = "per-layer-inputs")]
        if self.scaled {
            each(Entry::vector(Role::Layer(layer, LayerTensor::OutputScale), 1).optional());
        }
    }

    /// True if it has keys and values of its own.
    pub(super) fn has_kv(&self) -> bool {
        let has_kv = |block: &Option<Block>| matches!(block, Some(Block::Attention(block)) if !block.shares_kv());
        self.blocks().into_iter().any(has_kv)
    }

    /// Groups of its blocks' state.
    #[cfg(feature = "_recurrent")]
    pub(super) fn state_groups(&self) -> usize {
        let blocks = self.blocks().into_iter().flatten();
        blocks.fold(0, |sum: usize, block| sum.saturating_add(block.state_groups()))
    }

    /// The memory that its blocks take.
    pub(super) fn scratch(&self) -> Scratch {
        self.blocks().iter().fold(Scratch::default(), |most, block| match block {
            Some(block) => most.max(block.scratch()),
            None => most,
        })
    }
}
