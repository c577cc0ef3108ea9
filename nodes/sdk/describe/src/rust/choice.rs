//! Enums: their definition where the pack owns them, a re-export where it does not.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use wit_parser::{Interface, Resolve, TypeDef, TypeDefKind, TypeId, TypeOwner};

use super::ident::ident;
use crate::contract::{NAME, NAMESPACE};
use crate::kind::{self, snake};
use crate::node::{Node, pascal};
use crate::pack::Pack;
use crate::tags::{case, words};

/// Interfaces whose enums the SDK's bindings define.
const CONTRACT: [&str; 9] = [
    "types", "tensors", "objects", "codecs", "encoders", "models", "images", "runtime", "sampling",
];

/// The enums of a node's module: defined there, or brought in under their local name.
pub(super) fn of_node(resolve: &Resolve, node: &Node) -> TokenStream {
    let items = node.enums.iter().map(|(name, id)| {
        let definition = kind::definition(resolve, *id);
        let local = ident(&pascal(name));
        match home(resolve, definition) {
            Some(home) if home.interface == node.name && home.own == node.descriptor.pack => {
                if definition.name.as_deref() == Some(name) {
                    define(definition)
                } else {
                    let target = ident(&pascal(definition.name.as_deref().unwrap_or_default()));
                    let doc = format!("The same as [`{target}`].");
                    quote! { #[doc = #doc] pub type #local = #target; }
                }
            }
            Some(home) => {
                let path = home.path(definition, quote!(super::));
                quote! { pub use #path as #local; }
            }
            None => TokenStream::new(),
        }
    });
    quote! { #(#items)* }
}

/// Modules of interfaces that are no nodes, for the enums that nodes use from them.
pub(super) fn modules(pack: &Pack) -> Vec<TokenStream> {
    let resolve = &pack.resolve;
    let mut found: BTreeMap<String, BTreeMap<String, TokenStream>> = BTreeMap::new();
    for (node, (_, id)) in pack.nodes.iter().flat_map(|n| n.enums.iter().map(move |e| (n, e))) {
        let definition = kind::definition(resolve, *id);
        let Some(home) = home(resolve, definition) else { continue };
        let is_node = home.own == node.descriptor.pack
            && pack.nodes.iter().any(|other| other.name == home.interface);
        if home.contract || is_node {
            continue;
        }
        let name = definition.name.clone().unwrap_or_default();
        let module = found.entry(home.module().to_string()).or_default();
        module.entry(name).or_insert_with(|| define(definition));
    }
    found
        .into_iter()
        .map(|(module, items)| {
            let doc = format!("Choices that several nodes share, from `{module}`.");
            let (module, items) = (ident(&module), items.into_values());
            quote! { #[doc = #doc] pub mod #module { #(#items)* } }
        })
        .collect()
}

/// Where an enum is defined.
struct Home {
    interface: String,
    /// `namespace:name` of the package.
    own: String,
    /// Defined by the SDK's bindings.
    contract: bool,
}

impl Home {
    fn module(&self) -> Ident {
        ident(&snake(&self.interface))
    }

    fn path(&self, definition: &TypeDef, root: TokenStream) -> TokenStream {
        let module = self.module();
        let name = ident(&pascal(definition.name.as_deref().unwrap_or_default()));
        if self.contract {
            return quote!(::amdm_sdk::#module::#name);
        }
        quote!(#root #module::#name)
    }
}

fn home(resolve: &Resolve, definition: &TypeDef) -> Option<Home> {
    let TypeOwner::Interface(owner) = definition.owner else { return None };
    let interface: &Interface = &resolve.interfaces[owner];
    let package = &resolve.packages[interface.package?].name;
    let name = interface.name.clone()?;
    let is_contract = package.namespace == NAMESPACE && package.name == NAME;
    let own = format!("{}:{}", package.namespace, package.name);
    let contract = is_contract && CONTRACT.contains(&name.as_str());
    Some(Home { interface: name, own, contract })
}

fn define(definition: &TypeDef) -> TokenStream {
    let TypeDefKind::Enum(cases) = &definition.kind else { return TokenStream::new() };
    let wit = definition.name.as_deref().unwrap_or_default();
    let name = ident(&pascal(wit));
    let doc = definition.docs.contents.clone().unwrap_or_else(|| format!("The choices `{wit}`."));
    let texts: Vec<&str> = cases.cases.iter().map(case).collect();
    let idents: Vec<Ident> = cases.cases.iter().map(|case| ident(&pascal(&case.name))).collect();
    let docs = cases
        .cases
        .iter()
        .map(|case| words(&case.docs).unwrap_or_else(|| format!("`{}`", case.name)));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum #name { #(#[doc = #docs] #idents,)* }
        impl #name {
            /// The choice as graphs write it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { #(Self::#idents => #texts,)* }
            }
        }
        impl ::amdm_sdk::glue::Choice for #name {
            const ALL: &'static [Self] = &[#(Self::#idents,)*];
            fn text(self) -> &'static str { self.as_str() }
        }
    }
}

/// The local name of a field's enum in its node's module.
pub(super) fn local(resolve: &Resolve, node: &Node, id: TypeId) -> Option<Ident> {
    let target: *const TypeDef = kind::definition(resolve, id);
    let mut enums = node.enums.iter();
    let (name, _) =
        enums.find(|(_, other)| std::ptr::eq(kind::definition(resolve, *other), target))?;
    Some(ident(&pascal(name)))
}
