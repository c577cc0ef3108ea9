//! What graphs are accepted, what they mean, and what people are told about the rest.
//!
//! A case is a folder: `graph.json` (or `graph.png`, `graph.webp`), lines of `set.txt` where there
//! is one, and either `expected.json` (the graph as it will run) or `error.txt` (what the user
//! sees). The nodes are those of `catalogue.json`, a copy of the standard pack's and three of a
//! pack `acme:blur`. With `AMDM_ACCEPT=1` the answers are written in place of being compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod blowups;
mod cases;
mod catalogue;
mod codes;
mod comfy_info;
mod comfy_judge;
mod conversions;
mod document;
mod envelope;
mod fuzz;
mod large;
mod limits;
mod links;
mod metadata;
mod plan;
mod reading;
mod settings;
mod tags;
mod version;
mod workflow;
