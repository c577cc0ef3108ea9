//! Noise streams equal to those of torch's CPU generator.
