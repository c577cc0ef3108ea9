//! Native and through the component: every question to every network and every result, bit for bit.

use std::sync::Arc;

use amdm_diffusion::Denoiser;
use amdm_runtime::Host;

use crate::native;
use crate::network::{Asked, Network, bits};
use crate::plan::{METHODS, Plan, REFINEMENTS, SOLVERS};
use crate::repetition::{host, run};

struct Stage {
    host: Host,
    networks: Vec<Arc<Network>>,
}

impl Stage {
    fn new() -> Self {
        let host = host(1);
        let tiny = host.models().load("tiny-layout", "").unwrap();
        let alphas = &tiny.info().alphas_cumprod;
        let networks = (0..3).map(|k| Network::new(k, alphas.clone())).collect::<Vec<_>>();
        for network in &networks {
            host.models().register(&network.info().name, network.clone(), None).unwrap();
        }
        Self { host, networks }
    }

    fn asked(&self) -> Vec<Vec<Asked>> {
        self.networks.iter().map(|network| network.asked()).collect()
    }

    /// Runs the plan both ways; true where both went well, false where both refuse in the same
    /// words.
    fn agrees(&self, plan: &Plan) -> bool {
        let guest = run(&self.host, &plan.graph());
        let mut by_guest = self.asked();
        let networks = self.networks.iter().take(plan.lanes as usize);
        let networks = networks.map(|n| n.clone() as Arc<dyn Denoiser>).collect::<Vec<_>>();
        let native = native::run(plan, self.host.device(), &networks);
        let natively = self.asked();
        let (outcome, guest) = match (native, guest) {
            (Ok(outcome), Ok(guest)) => (outcome, guest),
            (Err(native), Err(guest)) => {
                assert_eq!(native.message, guest.message, "{plan:?}");
                assert_eq!(native.input, guest.input, "{plan:?}");
                assert_eq!(guest.node.unwrap().id, "merge", "{plan:?}");
                return false;
            }
            (native, guest) => panic!("{plan:?}: {:?}, {:?}", native.err(), guest.err()),
        };
        assert_eq!(u64::from(outcome.passes), guest.passes, "{plan:?}");
        // The latents that the graph decoded are its results.
        let mut decoded = Vec::new();
        for asked in &mut by_guest {
            if let Some(Asked::Decode { latent }) =
                asked.pop_if(|asked| matches!(asked, Asked::Decode { .. }))
            {
                decoded.push(latent);
            }
        }
        assert_eq!(by_guest, natively, "{plan:?}");
        let latents = outcome.latents.iter().flatten().map(bits).collect::<Vec<_>>();
        let mut expected = vec![latents[0].clone()];
        if plan.all_wanted {
            expected.push(latents.concat());
        }
        assert_eq!(decoded, expected, "{plan:?}");
        true
    }
}

/// Every method, solver and way of refinement, with two and three lanes.
#[test]
fn every_way_of_sampling() {
    let stage = Stage::new();
    let (mut good, mut refused) = (0, Vec::new());
    for method in METHODS {
        for solver in SOLVERS {
            for refinement in REFINEMENTS {
                for lanes in [2, 3] {
                    let plan = Plan { refinement, lanes, ..Plan::new(method, solver) };
                    if stage.agrees(&plan) {
                        good += 1;
                    } else {
                        refused.push((method.0, solver.0));
                    }
                }
            }
        }
    }
    refused.dedup();
    // Solvers that add no noise have no means.
    assert_eq!(refused, [("mean-noise", "euler"), ("mean-noise", "dpmpp-2m")]);
    assert_eq!(good, 9 * 4 * 4 * 2 - 2 * 4 * 2);
}

#[test]
fn all_lanes_and_parts_of_the_schedule() {
    let stage = Stage::new();
    for method in METHODS {
        for (all_wanted, denoise) in [(true, 1.0), (true, 0.6), (false, 0.3), (false, 0.0)] {
            let refinement = REFINEMENTS[2];
            let plan =
                Plan { all_wanted, denoise, refinement, lanes: 3, ..Plan::new(method, SOLVERS[0]) };
            let refused = method.0 == "handoff" && all_wanted;
            assert_eq!(stage.agrees(&plan), !refused, "{plan:?}");
        }
    }
}

/// Two aggregations whose windows overlap, follow each other or are empty, in either order.
#[test]
fn chains() {
    let stage = Stage::new();
    let mut passes = Vec::new();
    for (first, second) in [(METHODS[6], METHODS[4]), (METHODS[4], METHODS[6])] {
        for (start, end) in [(1, 3), (3, 7), (5, 6), (4, 4)] {
            let plan = Plan {
                refinement: REFINEMENTS[2],
                second: Some((second.0, second.1, start, end)),
                ..Plan::new(first, SOLVERS[0])
            };
            assert!(stage.agrees(&plan), "{plan:?}");
            passes.push(run(&stage.host, &plan.graph()).unwrap().passes);
            stage.asked();
        }
    }
    // Both lanes up to the end of the last window, never below that of the first, 5.
    assert_eq!(passes, [12, 14, 13, 12, 12, 14, 13, 12]);
}

/// The operators act in the order of the graph, up to the last of their windows: with parts where
/// one that acts wants them, and with all lanes.
#[test]
fn windows_order_and_parts() {
    let stage = Stage::new();
    let steps = |plan: &Plan| {
        assert!(run(&stage.host, &plan.graph()).is_ok());
        let asked = stage.asked();
        let of = |lane: usize| {
            asked[lane].iter().filter_map(|asked| match asked {
                Asked::Predict { step, parts, .. } => Some((*step, *parts)),
                Asked::Decode { .. } => None,
            })
        };
        (of(0).collect::<Vec<_>>(), of(1).collect::<Vec<_>>())
    };
    // The window is [1, 5) of 7 steps; before it all lanes run, after it the target alone.
    let (target, other) = steps(&Plan::new(METHODS[6], SOLVERS[0]));
    let parts = |step| (1..5).contains(&step);
    assert_eq!(target, (0..7).map(|step| (step, parts(step))).collect::<Vec<_>>());
    assert_eq!(other, (0..5).map(|step| (step, parts(step))).collect::<Vec<_>>());
    // Refinement wants no parts and ends with the window before it.
    let plan = Plan { refinement: REFINEMENTS[3], ..Plan::new(METHODS[0], SOLVERS[0]) };
    let (target, other) = steps(&plan);
    assert_eq!(target, (0..7).map(|step| (step, false)).collect::<Vec<_>>());
    assert_eq!(other, (0..5).map(|step| (step, false)).collect::<Vec<_>>());
}
