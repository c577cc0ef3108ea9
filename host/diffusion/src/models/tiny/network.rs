//! The network.
use super::Condition;
use crate::{Cancel, Device, Result, Tensor};
pub(super) struct Network;
pub(super) struct Pass<'a>(&'a Tensor, f64, &'a Condition);
impl Network {
    pub(super) fn load(_weights: &[u8], _device: &Device) -> Result<Self> {
        Ok(Self)
    }
    pub(super) fn pass<'a>(
        &self,
        latent: &'a Tensor,
        timestep: f64,
        condition: &'a Condition,
    ) -> Pass<'a> {
        Pass(latent, timestep, condition)
    }
    pub(super) fn run(
        &self,
        _d: &Device,
        passes: &[Pass<'_>],
        _cancel: Cancel<'_>,
    ) -> Result<Vec<Tensor>> {
        Ok(passes.iter().map(|p| p.0.clone()).collect())
    }
}
