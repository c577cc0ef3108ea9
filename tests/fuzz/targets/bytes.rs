//! Any bytes as a file that holds a graph, with both preferences.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| amdm_fuzz::bytes(data));
