//! Procedural macros of `amdm-sdk`; use them through that crate.

use std::path::PathBuf;

use proc_macro::{TokenStream, TokenTree};
use proc_macro2::{Ident, Span};
use quote::quote;

/// Makes a node pack from WIT: `pack!(Name, "wit")`.
///
/// The path is relative to the crate's `Cargo.toml`. Emits the type `Name`, a module a node, and a
/// trait `Nodes` to implement for `Name`; see the documentation of `amdm-sdk`.
#[proc_macro]
pub fn pack(input: TokenStream) -> TokenStream {
    expand(input).unwrap_or_else(|message| quote!(compile_error!(#message);)).into()
}

/// The bindings of the contract's world `step-pack`; for `amdm-sdk` itself.
#[proc_macro]
#[doc(hidden)]
pub fn bindings(_: TokenStream) -> TokenStream {
    let contract = amdm_describe::contract();
    quote! {
        ::wit_bindgen::generate!({
            inline: #contract,
            world: "amdm:node/step-pack",
            export_macro_name: "export_pack",
            pub_export_macro: true,
            generate_unused_types: true,
        });
    }
    .into()
}

fn expand(input: TokenStream) -> Result<proc_macro2::TokenStream, String> {
    let mut tokens = input.into_iter();
    let (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(comma)), Some(path), rest) =
        (tokens.next(), tokens.next(), tokens.next(), tokens.next())
    else {
        return Err(USAGE.to_owned());
    };
    let path = path.to_string();
    let quoted = path.strip_prefix('"').and_then(|path| path.strip_suffix('"'));
    let (Some(path), ',', None) = (quoted, comma.as_char(), rest) else {
        return Err(USAGE.to_owned());
    };
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let dir = root.join(path);
    let dir = dir.canonicalize().map_err(|error| format!("{}: {error}", dir.display()))?;
    let name = Ident::new(&name.to_string(), Span::call_site());
    amdm_describe::rust(&dir, &name).map_err(|error| error.to_string())
}

const USAGE: &str = "expected the pack's type and its WIT directory, as in pack!(Blur, \"wit\")";
