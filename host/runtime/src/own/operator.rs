//! A step operator of the embedder's for one sampling.

use std::sync::Arc;

use amdm::error::{Code, Error};
use amdm::math::Phase;

use super::{OwnNode, StepOperator, caught, failure};
use crate::cancel::Cancel;
use crate::core::{Access, Acting, StepView};
use crate::failure::Failure;

/// The operator, which is called in its class's turn; it is there until this is dropped.
pub(super) struct OwnOperator {
    class: Arc<OwnNode>,
    access: Access,
    operator: Option<Box<dyn StepOperator>>,
}

impl OwnOperator {
    /// Around what `class` made for the node behind `access`.
    pub fn new(class: Arc<OwnNode>, access: Access, operator: Box<dyn StepOperator>) -> Self {
        Self { class, access, operator: Some(operator) }
    }

    /// Does `work` with it in the class's turn.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&mut dyn StepOperator) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let turn = self.class.turn(&self.access.job.cancel);
        let worked = turn.and_then(|_turn| {
            let gone = || Error::new(Code::Internal, "the operator has ended");
            let operator = self.operator.as_mut().ok_or_else(gone)?.as_mut();
            caught(|| work(operator))
        });
        worked.map_err(|error| failure(&self.access, error))
    }
}

impl Drop for OwnOperator {
    fn drop(&mut self) {
        // Its end is one more call of the class. It must come, even of a run that is being stopped.
        let _turn = self.class.turn(&Cancel::new());
        // A panic at the end changes nothing that was computed.
        let operator = self.operator.take();
        let _ = caught(|| {
            drop(operator);
            Ok(())
        });
    }
}

impl Acting for OwnOperator {
    fn window(&mut self, steps: u32, before: &[(u32, u32)]) -> Result<(u32, u32), Failure> {
        self.with(|operator| operator.window(steps, before))
    }

    fn wants_parts(&mut self) -> Result<bool, Failure> {
        self.with(|operator| operator.wants_parts())
    }

    fn check(&mut self, view: &StepView) -> Result<(), Failure> {
        self.with(|operator| operator.check(view))
    }

    fn apply(&mut self, phase: Phase, view: &StepView) -> Result<(), Failure> {
        self.with(|operator| operator.apply(phase, view))
    }
}
