//! Node descriptors, Rust code and tables from WIT interfaces.
//!
//! A node is a WIT interface with a `record inputs`, a `record outputs` or both. From a pack's WIT
//! directory this crate derives
//! * [`describe`]: the descriptors, in the order that a world or the source gives them;
//! * [`to_json`]: their text, as in the custom section `amdm:nodes` and from `describe()`;
//! * [`rust`]: what the SDK's `pack!` macro emits;
//! * [`table`]: a Markdown table for a README.
//!
//! The contract `amdm:node` is embedded, so a pack needs no `wit/deps` for it. What does not fit
//! the mapping (an unknown tag or type, a default outside its range, ...) is an error that names
//! file, line, node and field.

mod contract;
mod error;
mod field;
mod finding;
mod kind;
mod node;
mod number;
mod pack;
mod role;
mod rust;
mod size;
mod table;
mod tags;
mod walk;

pub use contract::inline as contract;
pub use error::DescribeError;
pub use finding::Finding;
pub use rust::rust;
pub use table::table;

use std::path::Path;

use amdm::catalogue::Descriptor;

/// The descriptors of the pack whose WIT lies in `dir`: in the order in which a world imports the
/// nodes, else by the names of files and in the order of the source.
///
/// # Errors
/// [`DescribeError`] where the directory does not parse or a node does not fit the mapping.
pub fn describe(dir: &Path) -> Result<Vec<Descriptor>, DescribeError> {
    let pack = pack::Pack::read(dir)?;
    Ok(pack.nodes.into_iter().map(|node| node.descriptor).collect())
}

/// The descriptors' JSON text, as compiled packs carry it: an array on one line.
#[must_use]
pub fn to_json(nodes: &[Descriptor]) -> String {
    // Strings, numbers and booleans under string keys always serialise.
    serde_json::to_string(nodes).unwrap_or_default()
}
