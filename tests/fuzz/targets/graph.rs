//! An API graph, or a request body, made of the input.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| amdm_fuzz::graph(data));
