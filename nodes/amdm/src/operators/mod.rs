//! Step operators: the formulas are in `amdm::math`.

pub(crate) mod aggregate_step;
pub(crate) mod manifold_refine;
