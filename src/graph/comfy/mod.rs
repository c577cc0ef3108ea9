//! What node editors and servers of the ComfyUI family say of nodes and graphs.
//!
//! * [`ObjectInfo`]: the nodes of any installation by class name, read from its `/object_info`;
//!   also made of our own [`Catalogue`](crate::catalogue::Catalogue).
//! * [`NodeInfo`], [`InputInfo`], [`OutputInfo`]: one node, inputs in the order of its widgets.
//! * [`judge()`]: a graph as such a server judges it, against the nodes of any installation.
//! * [`python_float`]: a number in a text as such a server reads it.
//!
//! Descriptions are read as tolerantly as editors do: names, categories, titles and orders may be
//! missing, an entry that is no object is left out. Refuses what is no JSON object of nodes, and
//! more of it than a graph file may have. Nothing here panics on hostile JSON.

mod info;
mod judge;
mod node;

pub use info::ObjectInfo;
pub use judge::{judge, python_float};
pub use node::{InputInfo, NodeInfo, OutputInfo};
pub(super) use node::{declared_choices, declared_type};
