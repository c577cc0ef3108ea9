//! What the three networks of the family were trained to be told.

/// One of the family's kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Layout,
    Attributes,
    Style,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Attributes, Self::Layout, Self::Style];

    /// Its name in options and files, and that of the built-in network.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Layout => "tiny-layout",
            Self::Attributes => "tiny-attributes",
            Self::Style => "tiny-style",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The weights in the program.
    pub(super) const fn weights(self) -> &'static [u8] {
        match self {
            Self::Layout => include_bytes!("../../../weights/layout.f16.safetensors"),
            Self::Attributes => include_bytes!("../../../weights/attributes.f16.safetensors"),
            Self::Style => include_bytes!("../../../weights/style.f16.safetensors"),
        }
    }
}
