//! The contract, package `amdm:node`, without the standard pack's nodes.
//!
//! Embedded so that packs need no copy of it.

use wit_parser::SourceMap;

/// Name of the contract's package.
pub(crate) const NAMESPACE: &str = "amdm";
/// Name of the contract's package within its namespace.
pub(crate) const NAME: &str = "node";

/// File name and text of each part.
pub(crate) const FILES: [(&str, &str); 11] = [
    ("types.wit", include_str!("../../../../wit/types.wit")),
    ("tensors.wit", include_str!("../../../../wit/tensors.wit")),
    ("objects.wit", include_str!("../../../../wit/objects.wit")),
    ("codecs.wit", include_str!("../../../../wit/codecs.wit")),
    ("encoders.wit", include_str!("../../../../wit/encoders.wit")),
    ("models.wit", include_str!("../../../../wit/models.wit")),
    ("images.wit", include_str!("../../../../wit/images.wit")),
    ("runtime.wit", include_str!("../../../../wit/runtime.wit")),
    ("sampling.wit", include_str!("../../../../wit/sampling.wit")),
    ("wires.wit", include_str!("../../../../wit/wires.wit")),
    ("world.wit", include_str!("../../../../wit/world.wit")),
];

/// The contract as one WIT text, for `wit_bindgen::generate!({ inline: ... })`.
#[must_use]
pub fn inline() -> String {
    let mut text = String::new();
    for (index, (_, file)) in FILES.iter().enumerate() {
        let body = file.split_once('\n').map_or("", |(_, body)| body);
        text.push_str(if index == 0 { file } else { body });
        text.push('\n');
    }
    text
}

pub(crate) fn sources() -> SourceMap {
    let mut map = SourceMap::new();
    for (name, text) in FILES {
        map.push_str(&format!("amdm-node/{name}"), text);
    }
    map
}
