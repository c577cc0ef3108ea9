//! The transformer of a UNet: pixels attend to each other, then to the context.

use super::hook::{Block, Hook};
use super::{Facts, series, widths};
use crate::Result;
use crate::kernels::{Attention, LayerNorm, Map, Norm, Pointwise, Work};
use crate::weights::Weights;

/// Added to the variance of the norm over the map.
const EPSILON: f64 = 1e-6;

/// What a call brings to every block.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// Tokens that pixels attend to.
    pub(super) context: &'a Map,
    pub(super) hooks: &'a [&'a dyn Hook],
    pub(super) work: Work<'a>,
}

pub(super) struct Transformer {
    norm: Norm,
    input: Pointwise,
    blocks: Vec<Layers>,
    output: Pointwise,
}

impl Transformer {
    /// `name.norm`, `proj_in`, `transformer_blocks` and `proj_out`; adds its blocks to `known`.
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        facts: Facts,
        known: &mut Vec<Block>,
    ) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let (channels, width) = widths(weights, &part("proj_in"))?;
        let blocks = series(weights, &part("transformer_blocks"), ".norm1", |name, _| {
            let layers = Layers::load(weights, name, width, facts.heads, known.len())?;
            known.push(Block { name: name.into(), width, heads: facts.heads });
            Ok(layers)
        })?;
        Ok(Self {
            norm: Norm::load(weights, &part("norm"), channels, facts.groups, EPSILON)?,
            input: Pointwise::load(weights, &part("proj_in"), (channels, width))?,
            blocks,
            output: Pointwise::load(weights, &part("proj_out"), (width, channels))?,
        })
    }

    pub(super) fn apply(&self, x: Map, call: Call<'_>) -> Result<Map> {
        let work = call.work;
        let mut tokens = self.input.apply(&self.norm.apply(&x, work)?, None, work)?;
        for block in &self.blocks {
            tokens = block.apply(tokens, call)?;
        }
        self.output.apply(&tokens, Some(x), work)
    }
}

/// One block.
struct Layers {
    own_norm: LayerNorm,
    own: Projections,
    cross_norm: LayerNorm,
    cross: Projections,
    feed_norm: LayerNorm,
    feed: FeedForward,
    /// Among the blocks of the network.
    index: usize,
}

impl Layers {
    fn load(
        weights: &Weights<'_>,
        name: &str,
        width: usize,
        heads: usize,
        index: usize,
    ) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            own_norm: LayerNorm::load(weights, &part("norm1"), width)?,
            own: Projections::load(weights, &part("attn1"), width, heads)?,
            cross_norm: LayerNorm::load(weights, &part("norm2"), width)?,
            cross: Projections::load(weights, &part("attn2"), width, heads)?,
            feed_norm: LayerNorm::load(weights, &part("norm3"), width)?,
            feed: FeedForward::load(weights, &part("ff"), width)?,
            index,
        })
    }

    fn apply(&self, x: Map, call: Call<'_>) -> Result<Map> {
        let Call { context, hooks, work } = call;
        let normal = self.own_norm.apply(&x, work)?;
        let attended = self.own.attend(&self.own.queries(&normal, work)?, &normal, work)?;
        let mut x = self.own.output.apply(&attended, Some(x), work)?;
        for hook in hooks {
            x = hook.after_own_attention(self.index, x, work)?;
        }
        let queries = self.cross.queries(&self.cross_norm.apply(&x, work)?, work)?;
        let mut attended = self.cross.attend(&queries, context, work)?;
        for hook in hooks {
            let attention = self.cross.attention;
            attended =
                hook.after_cross_attention(self.index, attention, &queries, attended, work)?;
        }
        let x = self.cross.output.apply(&attended, Some(x), work)?;
        let normal = self.feed_norm.apply(&x, work)?;
        self.feed.apply(&normal, Some(x), work)
    }
}

/// The linear layers around an attention.
pub(super) struct Projections {
    pub(super) attention: Attention,
    query: Pointwise,
    key: Pointwise,
    value: Pointwise,
    pub(super) output: Pointwise,
}

impl Projections {
    /// `name.to_q`, `to_k`, `to_v` without bias, and `to_out.0`; the width of what is attended to
    /// comes from the file.
    pub(super) fn load(
        weights: &Weights<'_>,
        name: &str,
        width: usize,
        heads: usize,
    ) -> Result<Self> {
        let part = |part: &str| format!("{name}.{part}");
        let (others, channels) = widths(weights, &part("to_k"))?;
        let projection =
            |name: &str, inputs| Pointwise::without_bias(weights, &part(name), (inputs, channels));
        Ok(Self {
            attention: Attention { heads, channels, is_causal: false },
            query: projection("to_q", width)?,
            key: projection("to_k", others)?,
            value: projection("to_v", others)?,
            output: Pointwise::load(weights, &part("to_out.0"), (channels, width))?,
        })
    }

    pub(super) fn queries(&self, x: &Map, work: Work<'_>) -> Result<Map> {
        self.query.apply(x, None, work)
    }

    /// What `queries` get from `others`, before the output's projection.
    pub(super) fn attend(&self, queries: &Map, others: &Map, work: Work<'_>) -> Result<Map> {
        let keys = self.key.apply(others, None, work)?;
        let values = self.value.apply(others, None, work)?;
        self.attention.apply([queries.part(0), keys.part(0), values.part(0)], work)
    }
}

/// Two linear layers, the first one gated.
pub(super) struct FeedForward {
    inner: Pointwise,
    outer: Pointwise,
}

impl FeedForward {
    /// `name.net.0.proj` and `name.net.2`.
    pub(super) fn load(weights: &Weights<'_>, name: &str, width: usize) -> Result<Self> {
        let (inner, outer) = (format!("{name}.net.0.proj"), format!("{name}.net.2"));
        let (hidden, _) = widths(weights, &outer)?;
        Ok(Self {
            inner: Pointwise::load(weights, &inner, (width, 2 * hidden))?,
            outer: Pointwise::load(weights, &outer, (hidden, width))?,
        })
    }

    /// Plus `residual` where given.
    pub(super) fn apply(&self, x: &Map, residual: Option<Map>, work: Work<'_>) -> Result<Map> {
        self.outer.apply(&self.inner.gated(x, work)?, residual, work)
    }
}
