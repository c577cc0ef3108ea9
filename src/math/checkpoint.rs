//! What a sampling needs to go on between two steps, as numbers and tensors.
//!
//! A [`Checkpoint`] holds all that outlives a step: latents, what operators may have set for good,
//! solver histories, and how much of each lane's noise is drawn. A sampling that goes on from one
//! gives the same bits as one that was never broken off. Nothing about the lanes, the schedule or
//! the operators is inside; who keeps it must keep it under a name that says these.

use alloc::vec::Vec;

use super::Tensor;
use super::solver::Past;
use super::solver::sigma::Memory;

/// Version of the numbers' order.
const VERSION: f64 = 2.0;
/// Numbers before the lanes': version, step, target, how many lanes.
const HEAD: usize = 4;
/// Numbers a lane: weight, guidance, refine, wanted, draws, whether there is a history, its lambda,
/// how many tensors a sampler remembers.
const LANE: usize = 8;

/// Most noise tensors that a sampler draws in a step.
const DRAWS: u32 = 4;

/// A sampling between two steps.
#[derive(Debug)]
pub struct Checkpoint<T> {
    /// Steps done; the next one's index.
    pub step: u32,
    /// The target lane.
    pub target: u32,
    /// One entry a lane.
    pub lanes: Vec<LaneCheckpoint<T>>,
}

/// One lane between two steps.
#[derive(Debug)]
pub struct LaneCheckpoint<T> {
    /// Share among the lanes.
    pub weight: f64,
    /// Classifier-free guidance.
    pub guidance: f64,
    /// Multiplier of a refinement's radius.
    pub refine: f64,
    /// Whether the lane's result is used.
    pub wanted: bool,
    /// Noise tensors drawn so far, each of the latent's shape.
    pub draws: u32,
    /// Its latent, x at the level that the next step starts from.
    pub latent: T,
    /// What its solver remembers.
    pub past: Option<Past<T>>,
    /// What its sampler remembers, where it has one of ComfyUI's.
    pub memory: Memory<T>,
}

impl<T: Tensor> Checkpoint<T> {
    /// As numbers and tensors, to be kept together; [`from_parts`](Self::from_parts) reads them.
    pub fn to_parts(&self) -> (Vec<f64>, Vec<T>) {
        let head = [VERSION, self.step.into(), self.target.into(), self.lanes.len() as f64];
        let (mut numbers, mut tensors) = (Vec::from(head), Vec::new());
        for lane in &self.lanes {
            let (wanted, past) = (f64::from(u8::from(lane.wanted)), lane.past.as_ref());
            let (has, lambda) = past.map_or((0.0, 0.0), |past| (1.0, past.lambda));
            let (weight, guidance, refine) = (lane.weight, lane.guidance, lane.refine);
            let kept = lane.memory.tensors.len() as f64;
            numbers.extend([weight, guidance, refine, wanted, lane.draws.into()]);
            numbers.extend([has, lambda, kept]);
            tensors.push(lane.latent.share());
            tensors.extend(past.map(|past| past.denoised.share()));
            tensors.extend(lane.memory.share().tensors);
        }
        (numbers, tensors)
    }

    /// What [`to_parts`](Self::to_parts) gave for a sampling of `lanes` latents of `shape` over
    /// `steps`; none for anything else.
    pub fn from_parts(
        numbers: &[f64],
        tensors: Vec<T>,
        (lanes, steps): (u32, u32),
        shape: &[u32],
    ) -> Option<Self> {
        if numbers.len() != HEAD + LANE * lanes as usize || numbers[0] != VERSION {
            return None;
        }
        if tensors.iter().any(|tensor| tensor.shape() != shape) {
            return None;
        }
        let (step, target) = (whole(numbers[1])?, whole(numbers[2])?);
        if step > steps || target >= lanes || numbers[3] != f64::from(lanes) {
            return None;
        }
        let mut tensors = tensors.into_iter();
        let lanes = numbers[HEAD..]
            .chunks_exact(LANE)
            .map(|lane| {
                Some(LaneCheckpoint {
                    weight: lane[0],
                    guidance: lane[1],
                    refine: lane[2],
                    wanted: lane[3] != 0.0,
                    draws: whole(lane[4]).filter(|&draws| draws <= DRAWS * (steps + 1))?,
                    latent: tensors.next()?,
                    past: match lane[5] {
                        0.0 => None,
                        _ => Some(Past { denoised: tensors.next()?, lambda: lane[6] }),
                    },
                    memory: Memory {
                        tensors: (0..whole(lane[7])?)
                            .map(|_| tensors.next())
                            .collect::<Option<_>>()?,
                    },
                })
            })
            .collect::<Option<Vec<_>>>()?;
        tensors.next().is_none().then_some(Self { step, target, lanes })
    }
}

/// A number that counts something.
fn whole(number: f64) -> Option<u32> {
    let count = number as u32;
    (f64::from(count) == number).then_some(count)
}
