//! What a node is: descriptors, the JSON that packs carry and graphs are validated against.
//!
//! * [`Descriptor`]: one node, as its WIT interface describes it; [`role`] and [`Size`]: what it
//!   says to those who plan a run and do not know its class; [`wire`]: the wires that these are
//!   about.
//! * [`Catalogue`]: the nodes of all loaded packs by class name, and the lists of names that the
//!   host supplies ([`Choices`]). Refuses two packs or two classes of one name.
//! * [`object_info()`]: the same for node editors.
//! * [`graph_schema`]: the same as JSON Schema of graph files.
//! * [`closest`]: the name that somebody probably meant.

mod choices;
pub mod closest;
mod descriptor;
mod error;
mod object_info;
pub mod role;
mod schema;
mod set;
mod size;
pub mod wire;

pub use choices::Choices;
pub use descriptor::{Choice, Descriptor, Input, Output, StepOperator};
pub use error::CatalogueError;
pub(crate) use object_info::spec as input_config;
pub use object_info::{entry as object_info_entry, object_info};
pub use schema::graph_schema;
pub use set::Catalogue;
pub use size::Size;
