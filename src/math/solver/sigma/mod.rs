//! The samplers of ComfyUI's KSampler, in sigma space.
//!
//! Here a latent is `x0 + sigma * epsilon`. A [`Walk`] takes one latent through a list of sigmas
//! and never calls a network itself: it asks a question ([`Walk::ask`]), is told what the network
//! made of it ([`Walk::tell`]), and asks the next, so that the walks of several lanes go side by
//! side and one host call carries all their questions. A step ends where the latent reaches the
//! next sigma; between steps a walk is its latent and its [`Memory`], which is all that a
//! checkpoint keeps.
//!
//! [`Sampler`] lists the samplers by ComfyUI's names and says what each needs. [`network`] holds
//! what stands between a network's numbers and a walk: scales, kinds of prediction, guidance;
//! [`inpaint`] the rule of masks. Numbers are f64 unless a sampler's noise hangs on float32.
//!
//! Sources: k-diffusion for most, DPM-Solver and DPM-Solver++ (2206.00927, 2211.01095), UniPC
//! (2302.04867), DEIS (2204.13902), SA-Solver (2309.05019), ER-SDE (2309.06169), SEEDS
//! (2305.14267), RES (2308.02157), CFG++ (2406.08070); checked against recorded results.

mod ancestral;
mod answer;
mod deis;
mod dpm2;
mod dpm_adaptive;
mod dpm_fast;
mod dpmpp_2m;
mod dpmpp_2s;
mod dpmpp_sde;
mod dpmpp_sde_multistep;
mod er_sde;
mod euler;
mod gradient;
mod heun;
pub mod inpaint;
mod ipndm;
mod level;
mod lms;
pub mod network;
mod renoise;
mod res_multistep;
mod sa_solver;
mod sampler;
mod seeds;
mod uni_pc;
mod walk;

use self::ancestral::Split;
pub use self::answer::{Answer, Ask, Memory, Supply, Told};
use self::answer::{Call, Next};
use self::level::Step;
pub use self::sampler::{NoiseKind, Sampler};
pub use self::walk::{NOISE_ALWAYS, Walk};
