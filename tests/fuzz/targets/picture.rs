//! A PNG or WebP file made of the input, with texts about graphs in it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| amdm_fuzz::picture(data));
