//! A link as graphs write it: `["node id", slot]`.

use serde_json::Value;

/// Where an input's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkRef<'a> {
    /// Id of the source node.
    pub node: &'a str,
    /// Index of the source's output.
    pub slot: u64,
}

impl<'a> LinkRef<'a> {
    /// Reads an array of exactly a text and a whole number from 0; anything else is no link.
    pub fn read(value: &'a Value) -> Option<Self> {
        let [node, slot] = value.as_array()?.as_slice() else { return None };
        Some(Self { node: node.as_str()?, slot: slot.as_u64()? })
    }
}
