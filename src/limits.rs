//! Bounds on what a graph or a pack may ask for, each with its reason.

/// Bytes of a graph file: the largest workflows people share are about 5 MB.
pub const GRAPH_BYTES: usize = 64 << 20;
/// Nodes in a graph: keeps validation and planning under a second.
pub const GRAPH_NODES: usize = 100_000;
/// Runs of one sweep: each writes files.
pub const SWEEP_RUNS: usize = 10_000;
/// Nesting of JSON values: `serde_json` recurses, and 128 is far beyond any real graph.
pub const JSON_DEPTH: usize = 128;
/// Values in a graph file: each takes up to 100 bytes of memory, however short it is in the file.
pub const JSON_VALUES: usize = 4_000_000;
/// Bytes of a node id, class or input name: errors repeat them.
pub const GRAPH_NAME_BYTES: usize = 1024;
/// Subgraphs inside one another: people nest three or four.
pub const SUBGRAPH_DEPTH: usize = 64;
/// Steps along links, and sockets looked at, in one conversion: about a second.
pub const CONVERSION_STEPS: usize = 50_000_000;
/// Errors listed for one graph: nobody reads more, and each may repeat long names.
pub const GRAPH_ERRORS: usize = 1000;
/// Bytes of one tensor: 1 GiB holds a batch of 64 images of 1024 x 1024 in float32.
pub const TENSOR_BYTES: usize = 1 << 30;
/// Values that a guest may read back from a tensor in one call.
pub const READ_VALUES: usize = 64 << 10;
/// Linear memory of one guest instance: nodes hold handles, not pixels.
pub const GUEST_MEMORY_BYTES: usize = 256 << 20;
/// Resource handles that one guest instance may hold at a time.
pub const GUEST_HANDLES: usize = 100_000;
/// Bytes of a text that a pack gives the host to parse or to pass on: what a condition says, what
/// an editor shows. JSON takes many times its text in memory.
pub const GUEST_TEXT_BYTES: usize = 1 << 20;
/// Bytes of a pack's node descriptors: some hundred kilobytes describe a hundred nodes.
pub const PACK_NODES_BYTES: usize = 8 << 20;
/// Bytes of one pack file.
pub const PACK_BYTES: usize = 64 << 20;
/// Bytes of tensors that one guest instance may hold at a time.
pub const NODE_TENSOR_BYTES: usize = 4 << 30;
/// The same for all of a run: its instances, samplings and wires, each counted by itself.
pub const RUN_TENSOR_BYTES: usize = 16 << 30;
/// Linear memory of all guest instances of a run: the longest chain of operators fits.
pub const RUN_GUEST_MEMORY_BYTES: usize = 1 << 30;
/// Bytes of a prompt: a thousand times what people write.
pub const PROMPT_BYTES: usize = 128 << 10;
/// Brackets inside one another in a prompt: people nest three or four, ComfyUI fails at about 950.
pub const PROMPT_DEPTH: usize = 500;
/// Chunks of 77 tokens in a prompt: each is a pass of the text encoder, and the network attends to
/// all of them in every step.
pub const PROMPT_CHUNKS: usize = 256;
/// Rows of one textual inversion: one takes a token each, and chunks hold 75.
pub const EMBEDDING_ROWS: usize = 10_000;
/// Values of one of its rows: the widest encoders that people have take some thousands.
pub const EMBEDDING_WIDTH: usize = 16_384;
