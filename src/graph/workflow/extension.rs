//! Nodes that exist only in an editor with a certain extension.
//!
//! What they do is code of that extension: they carry links without wires, or switch other nodes.
//! Those that carry something cannot be converted; those that only act while somebody edits can be
//! left out, since what they did is saved. Group nodes, which subgraphs have replaced, are of a
//! type that only their file knows.

/// What a node of an extension means for a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// Carries values in a way of its own.
    Carries,
    /// Changes nothing when a graph runs.
    Idle,
    /// Stands for several nodes, in a form that is no longer made.
    Group,
}

/// Types whose nodes carry values: KJNodes, Use Everywhere, rgthree, Custom Scripts.
const CARRIES: &[&str] = &[
    "SetNode",
    "GetNode",
    "easy setNode",
    "easy getNode",
    "Anything Everywhere",
    "Anything Everywhere?",
    "Anything Everywhere3",
    "Prompts Everywhere",
    "Seed Everywhere",
    "Reroute (rgthree)",
    "Node Combiner (rgthree)",
    "ReroutePrimitive|pysssss",
    "Reroute (Use Everywhere)",
];

/// Types whose nodes act only while somebody edits.
const IDLE: &[&str] = &[
    "Label (rgthree)",
    "Bookmark (rgthree)",
    "Fast Muter (rgthree)",
    "Fast Bypasser (rgthree)",
    "Fast Groups Muter (rgthree)",
    "Fast Groups Bypasser (rgthree)",
    "Fast Actions Button (rgthree)",
    "Mute / Bypass Repeater (rgthree)",
    "Mute / Bypass Relay (rgthree)",
    "Random Unmuter (rgthree)",
    "Node Collector (rgthree)",
];

/// Whether `class` is such a type.
pub(super) fn find(class: &str) -> Option<Extension> {
    if CARRIES.contains(&class) {
        return Some(Extension::Carries);
    }
    if ["workflow>", "workflow/"].iter().any(|prefix| class.starts_with(prefix)) {
        return Some(Extension::Group);
    }
    IDLE.contains(&class).then_some(Extension::Idle)
}
