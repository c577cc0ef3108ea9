//! Step operators, and a chain of them that runs natively.
//!
//! A chain asks each operator once for its window and calls it inside that window only. What an
//! operator replaces while it is called counts as rewritten; what the sampler sets does not.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Phase, StepContext};
use crate::error::Error;

/// Acts on the lanes at every step of its window; lives for one sampling.
pub trait Operator<C: StepContext> {
    /// The steps [start, end) of `steps` in which it wants to be called; an empty window is (0, 0).
    /// `before` holds the windows of the operators before it: one without a window of its own takes
    /// the last of them.
    fn window(&self, steps: u32, before: &[(u32, u32)]) -> (u32, u32);
    /// Whether it needs conditional and unconditional predictions apart.
    fn wants_parts(&self) -> bool;
    /// Called once, before the first network pass, when lanes, weights, guidance, target, wanted
    /// lanes and the kind of solver are set: refuses what the operator cannot do with them.
    fn check(&mut self, context: &C) -> Result<(), Error>;
    /// Acts in one phase of one step.
    fn apply(&mut self, phase: Phase, context: &C) -> Result<(), Error>;
}

/// A context that knows when operators act, so that their replacements count as rewritten.
pub trait OperatorScope: StepContext {
    /// From here on replacements are an operator's; may nest.
    fn enter_operator(&self);
    /// Ends the innermost [`enter_operator`](Self::enter_operator).
    fn leave_operator(&self);
}

/// Operators in graph order with their windows, for one sampling.
pub struct Chain<C: StepContext> {
    operators: Vec<Member<C>>,
}

struct Member<C> {
    operator: Box<dyn Operator<C>>,
    window: (u32, u32),
}

impl<C> Member<C> {
    fn acts_in(&self, step: u32) -> bool {
        (self.window.0..self.window.1).contains(&step)
    }
}

impl<C: StepContext> Chain<C> {
    /// Asks every operator for its window in a run of `steps`.
    pub fn new(operators: Vec<Box<dyn Operator<C>>>, steps: u32) -> Self {
        let mut before = Vec::with_capacity(operators.len());
        let operators = operators
            .into_iter()
            .map(|operator| {
                let window = operator.window(steps, &before);
                before.push(window);
                Member { operator, window }
            })
            .collect();
        Self { operators }
    }

    /// The first step that no operator wants any more; 0 where none wants any.
    pub fn end(&self) -> u32 {
        let windows = self.operators.iter().map(|member| member.window);
        windows.filter(|(start, end)| start < end).map(|(_, end)| end).max().unwrap_or(0)
    }

    /// Whether an operator whose window holds `step` wants parts.
    pub fn wants_parts(&self, step: u32) -> bool {
        self.operators.iter().any(|member| member.acts_in(step) && member.operator.wants_parts())
    }
}

impl<C: OperatorScope> Chain<C> {
    /// Asks every operator whether it can do what the context says.
    pub fn check(&mut self, context: &C) -> Result<(), Error> {
        self.operators.iter_mut().try_for_each(|member| member.operator.check(context))
    }

    /// Lets the operators whose window holds the context's step act, in order.
    pub fn apply(&mut self, phase: Phase, context: &C) -> Result<(), Error> {
        let step = context.index();
        context.enter_operator();
        let result = self
            .operators
            .iter_mut()
            .filter(|member| member.acts_in(step))
            .try_for_each(|member| member.operator.apply(phase, context));
        context.leave_operator();
        result
    }
}
