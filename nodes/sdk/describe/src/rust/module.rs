//! The module of one node: `Inputs`, `Outputs`, enums, and how a call fills and takes them.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use wit_parser::Resolve;

use super::choice;
use super::ident::ident;
use crate::field::Slot;
use crate::kind::{Carried, Kind, Times, Whole, snake};
use crate::node::{Node, POLICY};

/// The module's name, which is also that of the node's function.
pub(super) fn name(node: &Node) -> Ident {
    ident(&snake(&node.name))
}

pub(super) fn node(resolve: &Resolve, node: &Node) -> TokenStream {
    let module = name(node);
    let class = &node.descriptor.r#type;
    let doc = match node.descriptor.description.as_str() {
        "" => format!("The node `{class}`."),
        text => format!("`{class}`: {text}"),
    };
    let enums = choice::of_node(resolve, node);
    let operator = node.descriptor.step_operator.is_some();
    let inputs: Vec<&Slot> =
        node.inputs.iter().filter(|slot| !operator || slot.kind.name() != POLICY).collect();
    let inputs = read(resolve, node, &inputs);
    let outputs =
        if operator || node.outputs.is_empty() { TokenStream::new() } else { write(resolve, node) };
    // Comments in WIT speak of shapes, which look like links: [batch, height, width].
    quote! {
        #[doc = #doc]
        #[allow(rustdoc::broken_intra_doc_links)]
        pub mod #module { #enums #inputs #outputs }
    }
}

fn read(resolve: &Resolve, node: &Node, slots: &[&Slot]) -> TokenStream {
    let doc = format!("What `{}` is given.", node.descriptor.r#type);
    let fields = slots.iter().map(|slot| field(resolve, node, slot, "input"));
    let fills = slots.iter().map(|slot| {
        let (field, name) = (ident(&slot.name), &slot.name);
        match slot.times {
            Times::Once => quote! { #field: ::amdm_sdk::glue::once(call, #name)? },
            Times::AtMostOnce => quote! { #field: ::amdm_sdk::glue::at_most_once(call, #name)? },
            Times::Many => quote! { #field: ::amdm_sdk::glue::many(call, #name)? },
        }
    });
    quote! {
        #[doc = #doc]
        #[derive(Debug)]
        pub struct Inputs { #(#fields,)* }
        impl ::amdm_sdk::glue::Read for Inputs {
            #[allow(unused_variables)]
            fn read(call: &::amdm_sdk::Call) -> Result<Self, ::amdm_sdk::Error> {
                Ok(Self { #(#fills,)* })
            }
        }
    }
}

fn write(resolve: &Resolve, node: &Node) -> TokenStream {
    let doc = format!("What `{}` gives.", node.descriptor.r#type);
    let fields = node.outputs.iter().map(|slot| field(resolve, node, slot, "output"));
    let puts = node.outputs.iter().map(|slot| {
        let (field, name) = (ident(&slot.name), &slot.name);
        if slot.times == Times::AtMostOnce {
            return quote! {
                if let Some(value) = self.#field { ::amdm_sdk::glue::put(call, #name, value)?; }
            };
        }
        quote! { ::amdm_sdk::glue::put(call, #name, self.#field)?; }
    });
    quote! {
        #[doc = #doc]
        #[derive(Debug)]
        pub struct Outputs { #(#fields,)* }
        impl ::amdm_sdk::glue::Write for Outputs {
            fn write(self, call: &::amdm_sdk::Call) -> Result<(), ::amdm_sdk::Error> {
                #(#puts)*
                Ok(())
            }
        }
    }
}

fn field(resolve: &Resolve, node: &Node, slot: &Slot, role: &str) -> TokenStream {
    let doc = match slot.text.as_str() {
        "" => format!("The {role} `{}`.", slot.name),
        text => text.to_owned(),
    };
    let name = ident(&slot.name);
    let plain = plain(resolve, node, &slot.kind);
    let ty = match slot.times {
        Times::Once => plain,
        Times::AtMostOnce => quote!(Option<#plain>),
        Times::Many => quote!(::amdm_sdk::glue::Vec<#plain>),
    };
    quote! { #[doc = #doc] pub #name: #ty }
}

fn plain(resolve: &Resolve, node: &Node, kind: &Kind) -> TokenStream {
    match kind {
        Kind::Boolean => quote!(bool),
        Kind::Int(Whole::S64) => quote!(i64),
        Kind::Int(Whole::U32) => quote!(u32),
        Kind::Int(Whole::U64) => quote!(u64),
        Kind::Float { single: true } => quote!(f32),
        Kind::Float { single: false } => quote!(f64),
        Kind::Text => quote!(::amdm_sdk::glue::String),
        Kind::Combo(id) => {
            let name = choice::local(resolve, node, *id);
            quote!(#name)
        }
        Kind::Any => quote!(::amdm_sdk::Value),
        Kind::Wire { carried: Carried::Tensor, .. } => quote!(::amdm_sdk::Tensor),
        Kind::Wire { carried: Carried::Object, .. } => quote!(::amdm_sdk::Object),
    }
}
