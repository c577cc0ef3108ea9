//! How a graph is run: which nodes, in which order, with which values.

mod demand;
mod executor;
mod options;

pub(crate) use self::demand::{Fate, fates};
pub(crate) use self::executor::Executor;
pub use self::options::RunOptions;
