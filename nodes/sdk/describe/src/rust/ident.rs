//! Rust names for WIT names.

use proc_macro2::{Ident, Span};

/// Words that no Rust item may be called.
const KEYWORDS: [&str; 50] = [
    "as", "async", "await", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self",
    "Self", "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe",
    "unsized", "use", "virtual", "where", "while", "yield",
];

/// A name as an identifier; keywords get a trailing underscore.
pub(super) fn ident(name: &str) -> Ident {
    if KEYWORDS.contains(&name) {
        return Ident::new(&format!("{name}_"), Span::call_site());
    }
    Ident::new(name, Span::call_site())
}
