//! Rust code of a pack: what `pack!` emits.
//!
//! A module a node with `Inputs`, `Outputs` and the enums it uses; a trait `Nodes` with a function
//! a node; the glue that fills `Inputs` from a call, writes `Outputs` and dispatches by class; the
//! custom section `amdm:nodes`; and, for WebAssembly, the component's exports. Everything refers to
//! `::amdm_sdk`.

mod choice;
mod dispatch;
mod ident;
mod module;

use std::path::Path;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::error::DescribeError;
use crate::pack::Pack;

/// The code of the pack whose WIT lies in `dir`; `name` is the type that it is implemented for.
///
/// # Errors
/// [`DescribeError`], as [`crate::describe`].
pub fn rust(dir: &Path, name: &Ident) -> Result<TokenStream, DescribeError> {
    let pack = Pack::read(dir)?;
    let modules = pack.nodes.iter().map(|node| module::node(&pack.resolve, node));
    let enums = choice::modules(&pack);
    let descriptors: Vec<_> = pack.nodes.iter().map(|node| node.descriptor.clone()).collect();
    let json = crate::to_json(&descriptors);
    let dispatch = dispatch::pack(&pack, name, &json);
    let section = Literal::byte_string(json.as_bytes());
    let length = json.len();
    let doc = format!("The pack whose WIT lies in `{}`.", file_name(dir));
    let sources = pack.files.iter().map(|file| {
        let file = file.display().to_string();
        quote! { const _: &[u8] = include_bytes!(#file); }
    });
    Ok(quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug)]
        pub struct #name;
        #(#modules)*
        #(#enums)*
        #dispatch
        #(#sources)*
        // Without `#[used]`, which would keep a second copy in the pack's memory.
        #[cfg(target_family = "wasm")]
        #[unsafe(link_section = "amdm:nodes")]
        static NODES_SECTION: [u8; #length] = *#section;
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exports = ::amdm_sdk::glue::Exports<#name>;
            ::amdm_sdk::bindings::export_pack!(Exports with_types_in ::amdm_sdk::bindings);
        };
    })
}

fn file_name(dir: &Path) -> String {
    dir.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
