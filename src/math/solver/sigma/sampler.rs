//! The samplers by ComfyUI's names, and what each needs.

use alloc::vec::Vec;

use super::dpm_adaptive::Progress;
use super::dpmpp_sde_multistep::Form;
use super::{
    Call, Memory, Next, Step, Supply, deis, dpm_adaptive, dpm_fast, dpm2, dpmpp_2m, dpmpp_2s,
    dpmpp_sde, dpmpp_sde_multistep, er_sde, euler, gradient, heun, ipndm, lms, renoise,
    res_multistep, sa_solver, seeds, uni_pc,
};
use crate::error::Error;
use crate::math::Tensor;

table! { ($)
    /// How a latent moves through the sigmas; names and settings as in ComfyUI's KSampler.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Sampler in math, mirrored by samplers {
        /// Straight along the slope at the step's start.
        Euler = "euler",
        /// Euler along the negative's slope.
        EulerCfgPp = "euler_cfg_pp",
        /// Euler with fresh noise.
        EulerAncestral = "euler_ancestral",
        /// Euler along the negative's slope, with fresh noise.
        EulerAncestralCfgPp = "euler_ancestral_cfg_pp",
        /// The average of the slopes at both ends of a step.
        Heun = "heun",
        /// Up to three slopes, weighted by their sigmas.
        Heunpp2 = "heunpp2",
        /// The slope at the middle of a step.
        Dpm2 = "dpm_2",
        /// The slope at the middle of a step, with fresh noise.
        Dpm2Ancestral = "dpm_2_ancestral",
        /// The slopes of up to four steps.
        Lms = "lms",
        /// Steps of order 3 over a grid of its own.
        DpmFast = "dpm_fast",
        /// Steps of order 3 that it chooses itself.
        DpmAdaptive = "dpm_adaptive",
        /// DPM-Solver++ with two calls a step, with fresh noise.
        Dpmpp2sAncestral = "dpmpp_2s_ancestral",
        /// The same, keeping to the negative's direction.
        Dpmpp2sAncestralCfgPp = "dpmpp_2s_ancestral_cfg_pp",
        /// DPM-Solver++ with two calls a step and Brownian noise.
        DpmppSde = "dpmpp_sde",
        /// The same; differs on a GPU only.
        DpmppSdeGpu = "dpmpp_sde_gpu",
        /// DPM-Solver++ of second order.
        Dpmpp2m = "dpmpp_2m",
        /// The same, keeping to the negative's direction.
        Dpmpp2mCfgPp = "dpmpp_2m_cfg_pp",
        /// DPM-Solver++ of second order with Brownian noise.
        Dpmpp2mSde = "dpmpp_2m_sde",
        /// The same; differs on a GPU only.
        Dpmpp2mSdeGpu = "dpmpp_2m_sde_gpu",
        /// DPM-Solver++ of second order by both ends of a step, with Brownian noise.
        Dpmpp2mSdeHeun = "dpmpp_2m_sde_heun",
        /// The same; differs on a GPU only.
        Dpmpp2mSdeHeunGpu = "dpmpp_2m_sde_heun_gpu",
        /// DPM-Solver++ of third order with Brownian noise.
        Dpmpp3mSde = "dpmpp_3m_sde",
        /// The same; differs on a GPU only.
        Dpmpp3mSdeGpu = "dpmpp_3m_sde_gpu",
        /// The posterior of the diffusion process.
        Ddpm = "ddpm",
        /// The clean latent, noised anew.
        Lcm = "lcm",
        /// The slopes of up to four steps, as if all steps were of one width.
        Ipndm = "ipndm",
        /// The slopes of up to four steps.
        IpndmV = "ipndm_v",
        /// The slopes of up to three steps, over a time of its own.
        Deis = "deis",
        /// Second order in ln sigma.
        ResMultistep = "res_multistep",
        /// The same, keeping to the negative's direction.
        ResMultistepCfgPp = "res_multistep_cfg_pp",
        /// Second order in ln sigma, with fresh noise.
        ResMultistepAncestral = "res_multistep_ancestral",
        /// The same, keeping to the negative's direction.
        ResMultistepAncestralCfgPp = "res_multistep_ancestral_cfg_pp",
        /// Euler that goes on by the slope's last change.
        GradientEstimation = "gradient_estimation",
        /// The same along the negative's slope.
        GradientEstimationCfgPp = "gradient_estimation_cfg_pp",
        /// Third order with noise, by the change of the clean latent with sigma.
        ErSde = "er_sde",
        /// Exponential steps of two calls with noise.
        Seeds2 = "seeds_2",
        /// Exponential steps of three calls with noise.
        Seeds3 = "seeds_3",
        /// Adams predictor and corrector with noise in the middle of the schedule.
        SaSolver = "sa_solver",
        /// The same with a call after correcting as well.
        SaSolverPece = "sa_solver_pece",
        /// Euler, with noise of its own outside a mask.
        Ddim = "ddim",
        /// Predictor and corrector of order 3, B(h) = h.
        UniPc = "uni_pc",
        /// Predictor and corrector of order 3, B(h) = e^h - 1.
        UniPcBh2 = "uni_pc_bh2",
    }
}

/// Where a sampler's noise comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseKind {
    /// It adds none.
    None,
    /// A stream of its own, block after block.
    Stream,
    /// Increments of one Brownian motion over the sigmas.
    Brownian,
}

impl Sampler {
    /// The sampler of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|sampler| sampler.as_str() == name)
    }

    /// Where its noise comes from.
    pub fn noise(self) -> NoiseKind {
        match self {
            Self::EulerAncestral
            | Self::EulerAncestralCfgPp
            | Self::Dpm2Ancestral
            | Self::Dpmpp2sAncestral
            | Self::Dpmpp2sAncestralCfgPp
            | Self::Ddpm
            | Self::Lcm
            | Self::ResMultistepAncestral
            | Self::ResMultistepAncestralCfgPp
            | Self::ErSde
            | Self::Seeds2
            | Self::Seeds3
            | Self::SaSolver
            | Self::SaSolverPece => NoiseKind::Stream,
            Self::DpmppSde
            | Self::DpmppSdeGpu
            | Self::Dpmpp2mSde
            | Self::Dpmpp2mSdeGpu
            | Self::Dpmpp2mSdeHeun
            | Self::Dpmpp2mSdeHeunGpu
            | Self::Dpmpp3mSde
            | Self::Dpmpp3mSdeGpu => NoiseKind::Brownian,
            _ => NoiseKind::None,
        }
    }

    /// Whether it needs the negative condition's clean latent, whatever the guidance.
    pub fn needs_negative(self) -> bool {
        matches!(
            self,
            Self::EulerCfgPp
                | Self::EulerAncestralCfgPp
                | Self::Dpmpp2sAncestralCfgPp
                | Self::Dpmpp2mCfgPp
                | Self::ResMultistepCfgPp
                | Self::ResMultistepAncestralCfgPp
                | Self::GradientEstimationCfgPp
        )
    }

    /// Whether its schedule has one more step, of which the last sigma but one is left out.
    pub fn discards_penultimate(self) -> bool {
        matches!(self, Self::Dpm2 | Self::Dpm2Ancestral | Self::UniPc | Self::UniPcBh2)
    }

    /// Whether it calls the network exactly once in every step of the sigmas that it is given, so
    /// that lanes with such samplers stay side by side.
    pub fn is_single_call(self) -> bool {
        !matches!(
            self,
            Self::Heun
                | Self::Heunpp2
                | Self::Dpm2
                | Self::Dpm2Ancestral
                | Self::DpmFast
                | Self::DpmAdaptive
                | Self::Dpmpp2sAncestral
                | Self::Dpmpp2sAncestralCfgPp
                | Self::DpmppSde
                | Self::DpmppSdeGpu
                | Self::Seeds2
                | Self::Seeds3
                | Self::SaSolverPece
        )
    }

    /// Whether its steps are those of the sigmas that it is given; others choose steps of their
    /// own.
    pub fn keeps_steps(self) -> bool {
        !matches!(self, Self::DpmFast | Self::DpmAdaptive)
    }

    /// What is added to the seed for the noise outside a mask; none where it is the noise that the
    /// latent starts from.
    pub fn mask_noise_seed(self) -> Option<u64> {
        (self == Self::Ddim).then_some(1)
    }

    /// The sigmas that its steps have where it is given `sigmas`.
    pub(in crate::math) fn grid(self, sigmas: &[f64]) -> Vec<f64> {
        match self {
            Self::DpmFast => dpm_fast::grid(sigmas),
            Self::DpmAdaptive => dpm_adaptive::grid(sigmas),
            Self::UniPc | Self::UniPcBh2 => uni_pc::grid(sigmas),
            _ => sigmas.to_vec(),
        }
    }

    /// The sigma that a sampling through `sigmas` ends at.
    pub fn ends_at(self, sigmas: &[f64]) -> f64 {
        self.grid(sigmas).last().copied().unwrap_or(0.0)
    }

    /// Network calls of a step, of a walk that was given `given` steps; none where they are not
    /// known before.
    pub(super) fn calls(self, step: &Step<'_>, given: usize) -> Option<u32> {
        let unless_clean = |calls| if step.ends_clean() { 1 } else { calls };
        match self {
            Self::DpmAdaptive => None,
            Self::DpmFast => Some(dpm_fast::order(step.index, given)),
            Self::Heunpp2 => Some(heun::calls_pp2(step)),
            Self::SaSolverPece => Some(if step.index == 0 { 1 } else { 2 }),
            Self::Seeds3 => Some(unless_clean(3)),
            _ if self.is_single_call() => Some(1),
            _ => Some(unless_clean(2)),
        }
    }

    /// What becomes of an answer.
    pub(super) fn advance<T: Tensor>(
        self,
        step: &Step<'_>,
        call: Call<'_, T>,
        memory: &mut Memory<T>,
        progress: &mut Progress,
        given: usize,
        supply: &mut dyn Supply<T>,
    ) -> Result<Next<T>, Error> {
        match self {
            Self::Euler | Self::Ddim => euler::step(step, &call, false, supply),
            Self::EulerAncestral => euler::step(step, &call, true, supply),
            Self::EulerCfgPp => euler::step_cfg_pp(step, &call, false, supply),
            Self::EulerAncestralCfgPp => euler::step_cfg_pp(step, &call, true, supply),
            Self::Heun => heun::step(step, call),
            Self::Heunpp2 => heun::step_pp2(step, call),
            Self::Dpm2 => dpm2::step(step, call, false, supply),
            Self::Dpm2Ancestral => dpm2::step(step, call, true, supply),
            Self::Lms => lms::step(step, call, memory),
            Self::DpmFast => dpm_fast::step(step, call, dpm_fast::order(step.index, given)),
            Self::DpmAdaptive => dpm_adaptive::step(step, call, progress, supply),
            Self::Dpmpp2sAncestral => dpmpp_2s::step(step, call, false, supply),
            Self::Dpmpp2sAncestralCfgPp => dpmpp_2s::step(step, call, true, supply),
            Self::DpmppSde | Self::DpmppSdeGpu => dpmpp_sde::step(step, call, supply),
            Self::Dpmpp2m => dpmpp_2m::step(step, call, memory),
            Self::Dpmpp2mCfgPp => dpmpp_2m::step_cfg_pp(step, call, memory),
            Self::Dpmpp2mSde | Self::Dpmpp2mSdeGpu => {
                dpmpp_sde_multistep::step(step, call, memory, Form::Midpoint, supply)
            }
            Self::Dpmpp2mSdeHeun | Self::Dpmpp2mSdeHeunGpu => {
                dpmpp_sde_multistep::step(step, call, memory, Form::Heun, supply)
            }
            Self::Dpmpp3mSde | Self::Dpmpp3mSdeGpu => {
                dpmpp_sde_multistep::step(step, call, memory, Form::Third, supply)
            }
            Self::Ddpm => renoise::ddpm(step, &call, supply),
            Self::Lcm => renoise::lcm(step, call, supply),
            Self::Ipndm => ipndm::step(step, call, memory, false),
            Self::IpndmV => ipndm::step(step, call, memory, true),
            Self::Deis => deis::step(step, call, memory),
            Self::ResMultistep => res_multistep::step(step, call, memory, (false, false), supply),
            Self::ResMultistepCfgPp => {
                res_multistep::step(step, call, memory, (false, true), supply)
            }
            Self::ResMultistepAncestral => {
                res_multistep::step(step, call, memory, (true, false), supply)
            }
            Self::ResMultistepAncestralCfgPp => {
                res_multistep::step(step, call, memory, (true, true), supply)
            }
            Self::GradientEstimation => gradient::step(step, call, memory, false),
            Self::GradientEstimationCfgPp => gradient::step(step, call, memory, true),
            Self::ErSde => er_sde::step(step, call, memory, supply),
            Self::Seeds2 => seeds::second(step, call, supply),
            Self::Seeds3 => seeds::third(step, call, supply),
            Self::SaSolver => sa_solver::step(step, call, memory, false, supply),
            Self::SaSolverPece => sa_solver::step(step, call, memory, true, supply),
            Self::UniPc => uni_pc::step(step, call, memory, false),
            Self::UniPcBh2 => uni_pc::step(step, call, memory, true),
        }
    }
}
