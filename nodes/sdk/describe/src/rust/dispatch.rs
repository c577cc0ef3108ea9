//! The trait `Nodes` of a pack, and the dispatch from class names to its functions.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::module;
use crate::node::Node;
use crate::pack::Pack;

pub(super) fn pack(pack: &Pack, name: &Ident, json: &str) -> TokenStream {
    let (operators, executed): (Vec<&Node>, Vec<&Node>) =
        pack.nodes.iter().partition(|node| node.descriptor.step_operator.is_some());
    let functions = pack.nodes.iter().map(function);
    let execute = executed.iter().map(|node| {
        let (class, function) = (&node.descriptor.r#type, module::name(node));
        quote! {
            #class => {
                let inputs = ::amdm_sdk::glue::Read::read(call)?;
                ::amdm_sdk::glue::Write::write(<Self as Nodes>::#function(inputs, call)?, call)
            }
        }
    });
    let make = operators.iter().map(|node| {
        let (class, function) = (&node.descriptor.r#type, module::name(node));
        quote! {
            #class => <Self as Nodes>::#function(::amdm_sdk::glue::Read::read(call)?, call)
        }
    });
    quote! {
        /// One function a node of this pack.
        pub trait Nodes {
            #(#functions)*
        }
        impl ::amdm_sdk::glue::Pack for #name {
            const NODES: &'static str = #json;
            #[allow(unused_variables)]
            fn execute(
                node_type: &str,
                call: &::amdm_sdk::Call,
            ) -> Result<(), ::amdm_sdk::Error> {
                match node_type {
                    #(#execute)*
                    _ => Err(::amdm_sdk::glue::unknown(node_type)),
                }
            }
            #[allow(unused_variables)]
            fn make(
                node_type: &str,
                call: &::amdm_sdk::Call,
            ) -> Result<::amdm_sdk::glue::Box<dyn ::amdm_sdk::Operator>, ::amdm_sdk::Error> {
                match node_type {
                    #(#make,)*
                    _ => Err(::amdm_sdk::glue::unknown(node_type)),
                }
            }
        }
    }
}

fn function(node: &Node) -> TokenStream {
    let module = module::name(node);
    let class = &node.descriptor.r#type;
    let (doc, result) = if node.descriptor.step_operator.is_some() {
        let operator = quote!(::amdm_sdk::glue::Box<dyn ::amdm_sdk::Operator>);
        (format!("Makes the step operator `{class}` for one sampling."), operator)
    } else if node.outputs.is_empty() {
        (format!("Runs `{class}`."), quote!(()))
    } else {
        (format!("Runs `{class}`."), quote!(#module::Outputs))
    };
    quote! {
        #[doc = #doc]
        ///
        /// # Errors
        /// Ends the node with a message for the person who wrote the graph.
        fn #module(
            inputs: #module::Inputs,
            call: &::amdm_sdk::Call,
        ) -> Result<#result, ::amdm_sdk::Error>;
    }
}
