//! Node descriptions of any installation of the ComfyUI family, read from its `/object_info`.
//!
//! * [`ObjectInfo`]: all nodes by class name; also made of our own [`Catalogue`](super::Catalogue).
//! * [`NodeInfo`], [`InputInfo`], [`OutputInfo`]: one node, inputs in the order of its widgets.
//!
//! Tolerant where editors are: names, categories, titles and orders may be missing, an entry that
//! is no object is left out. Refuses what is no JSON object of nodes, and more of it than a graph
//! file may have. Nothing here panics on hostile JSON.

mod info;
mod node;

pub use info::ObjectInfo;
pub use node::{InputInfo, NodeInfo, OutputInfo};
pub(crate) use node::{declared_choices, declared_type};
