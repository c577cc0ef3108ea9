//! How many tensor operations a step costs beyond the networks: the budget is 100 us a step for two
//! lanes of 3072 values, at 1 to 2 us an operation.

use std::cell::RefCell;

use amdm::math::{
    AggregateStep, Chain, ManifoldRefine, Mean, Method, Mode, NoiseLevel, Phase, PredictionKind,
    StepContext, StepState,
};

use crate::dense::{Dense, operations};
use crate::native::{Context, Normal, Operators, whole};

const SHAPE: [u32; 4] = [1, 3, 32, 32];

/// Operations of the operators in one step, and the microseconds they take on dense tensors.
fn step(operators: Operators<f32>) -> (usize, f64) {
    let context: Context<f32> = RefCell::new(StepState::new(2, 12, Vec::new()).unwrap());
    let mut chain = Chain::new(operators, 12);
    let now = NoiseLevel::variance_preserving(500.0, 0.3);
    let next = NoiseLevel::variance_preserving(400.0, 0.4);
    let draws: Vec<Dense<f32>> = (0..2).map(|seed| Normal::new(seed).tensor(&SHAPE)).collect();
    let (mut count, mut least) = (0, f64::INFINITY);
    for _ in 0..20 {
        for (lane, draw) in (0..).zip(&draws) {
            context.set_latent(lane, draw.clone()).unwrap();
        }
        context.begin(1, now, next);
        for (lane, draw) in (0..).zip(&draws) {
            context.set_prediction(lane, PredictionKind::Epsilon, whole(draw.clone())).unwrap();
        }
        let (before, clock) = (operations(), std::time::Instant::now());
        chain.apply(Phase::Stepped, &context).unwrap();
        least = least.min(clock.elapsed().as_secs_f64() * 1e6);
        count = operations() - before;
    }
    (count, least)
}

#[test]
fn operators_stay_within_their_budget() {
    let aggregate = |method| AggregateStep { method, ..Default::default() };
    let refine = |mode| ManifoldRefine::new(mode, Mean::Posterior, 0.1, 1.0, true);
    let cases: [(&str, Operators<f32>, usize); 4] = [
        ("slerp", vec![Box::new(aggregate(Method::Slerp))], 32),
        ("normalized", vec![Box::new(aggregate(Method::Normalized))], 12),
        ("spherical", vec![Box::new(aggregate(Method::Spherical))], 1),
        (
            "slerp and shell",
            vec![Box::new(aggregate(Method::Slerp)), Box::new(refine(Mode::Shell))],
            52,
        ),
    ];
    for (name, operators, most) in cases {
        let (count, microseconds) = step(operators);
        eprintln!("{name}: {count} operations, {microseconds:.0} us on dense tensors");
        assert!(count <= most, "{name}: {count} operations, expected at most {most}");
    }
}
