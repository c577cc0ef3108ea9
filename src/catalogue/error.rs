//! Why a set of descriptors is refused.

/// A descriptor, or a pack of them, that cannot join a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The JSON is not a list of descriptors.
    #[error("found no list of node descriptors: {0}")]
    Malformed(String),
    /// Two nodes of one class name.
    #[error("found a second class {class} in pack {pack}, expected each class once")]
    DuplicateClass {
        /// The class name.
        class: String,
        /// The pack that brought the second one.
        pack: String,
    },
    /// Two packs of one name.
    #[error("found a second pack {pack} (version {version}), expected each pack once")]
    DuplicatePack {
        /// The WIT package's name.
        pack: String,
        /// Version of the second one.
        version: String,
    },
    /// Nodes of one pack that name different packs or versions.
    #[error("found class {class} of {found} in pack {expected}, expected one package and version")]
    MixedPack {
        /// The class that does not fit.
        class: String,
        /// Its package and version.
        found: String,
        /// Those of the pack's first node.
        expected: String,
    },
    /// A class name that does not carry its pack's name, or a plain one outside `amdm`.
    #[error("found class {class} in pack {pack}, expected {expected}")]
    ClassName {
        /// The class name.
        class: String,
        /// Its pack.
        pack: String,
        /// The form that names of this pack have.
        expected: String,
    },
}

impl CatalogueError {
    /// Stable code: `malformed_descriptor`, `duplicate_class`, `duplicate_pack`, `mixed_pack`,
    /// `class_name`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed_descriptor",
            Self::DuplicateClass { .. } => "duplicate_class",
            Self::DuplicatePack { .. } => "duplicate_pack",
            Self::MixedPack { .. } => "mixed_pack",
            Self::ClassName { .. } => "class_name",
        }
    }
}
