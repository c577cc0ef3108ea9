//! A workflow made of the input, as an editor could have saved it or never would.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| amdm_fuzz::workflow(data));
