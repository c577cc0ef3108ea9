//! Packs of WebAssembly components: the thin face between guests and [`core`](crate::core).

mod bindings;
pub(crate) mod engine;
mod guest;
mod interfaces;
mod limiter;
pub(crate) mod pack;

pub use self::engine::CacheDir;
pub(crate) use self::guest::Guest;
pub(crate) use self::interfaces::StoreData;
pub use self::pack::{Origin, Pack, SECTION};
