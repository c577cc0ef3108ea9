//! Where others act inside a call of a UNet: the network asks, and knows none of them.

use crate::Result;
use crate::kernels::{Attention, Map, Work};

/// A transformer block of a UNet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// `down_blocks.0.attentions.0.transformer_blocks.0`, as files name it.
    pub(crate) name: String,
    /// Channels of its tokens.
    pub(crate) width: usize,
    pub(crate) heads: usize,
}

/// Acts inside a call of a UNet; what it does not implement stays as it is.
///
/// Blocks are counted in the order they run: down, middle, up. All maps have the rows of the call.
pub(crate) trait Hook: Sync {
    /// The tokens of block `block` after its own attention and the residual.
    fn after_own_attention(&self, _block: usize, tokens: Map, _work: Work<'_>) -> Result<Map> {
        Ok(tokens)
    }

    /// The result of block `block`'s attention to the context, before the output's projection;
    /// `queries` are what asked.
    fn after_cross_attention(
        &self,
        _block: usize,
        _attention: Attention,
        _queries: &Map,
        attended: Map,
        _work: Work<'_>,
    ) -> Result<Map> {
        Ok(attended)
    }

    /// A map that goes from the way down to the way up: `index` counts from the first one, and the
    /// middle's result comes after the last.
    fn skip(&self, _index: usize, map: Map) -> Result<Map> {
        Ok(map)
    }
}
