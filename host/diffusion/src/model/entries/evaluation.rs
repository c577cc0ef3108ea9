//! One pass of the network for one entry of a side.

use amdm::error::{Code, Error};
use amdm::limits::NODE_TENSOR_BYTES;

use super::frame::{Cells, Frame};
use super::moment::Moment;
use super::placed::Placed;
use super::weights::Weights;
use crate::{Conditioning, Denoiser, Result, Tensor, error};

/// What the passes of a step may still take.
pub(super) struct Room(usize);

impl Room {
    /// As many bytes as a guest may hold.
    pub const fn new() -> Self {
        Self(NODE_TENSOR_BYTES)
    }

    /// Takes room for one more prediction.
    ///
    /// # Errors
    /// `limit_exceeded` where there is none left.
    fn take(&mut self, bytes: usize) -> Result<()> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            let message = format!(
                "found entries of conditions whose predictions are more than {NODE_TENSOR_BYTES} \
                 bytes at a step, expected fewer entries, smaller latents or smaller batches"
            );
            Error::new(Code::LimitExceeded, message)
        })?;
        Ok(())
    }
}

/// A pass of the network.
pub(super) struct Evaluation {
    pub condition: Conditioning,
    /// What the network sees: all of the latent or a part.
    pub latent: Tensor,
    /// Where that lies in the latent.
    pub area: Cells,
    pub weights: Weights,
    /// Whether alone on its side it is the side's prediction as it is.
    pub is_whole: bool,
}

impl Evaluation {
    /// The passes of a side at a moment, in order.
    ///
    /// # Errors
    /// `invalid_input` for an area beyond the latent; `unsupported` where the model heeds no
    /// controls or has no schedule; `limit_exceeded` where there is no room.
    pub fn all(
        entries: &[Placed],
        model: &dyn Denoiser,
        latent: &Tensor,
        moment: &Moment<'_>,
        room: &mut Room,
    ) -> Result<Vec<Self>> {
        let frame = Frame::of(latent);
        let mut all = Vec::new();
        for entry in entries {
            let area = match entry.area {
                Some(area) => frame.cut(area)?,
                None => Some(frame.whole()),
            };
            let Some(area) = area else { continue };
            if moment.is_in(entry.start, entry.end)? {
                room.take(latent.bytes() / frame.plane() * area.size())?;
                all.push(Self::new(entry, area, model, latent, moment)?);
            }
        }
        Ok(all)
    }

    fn new(
        entry: &Placed,
        area: Cells,
        model: &dyn Denoiser,
        latent: &Tensor,
        moment: &Moment<'_>,
    ) -> Result<Self> {
        let mut controls = Vec::new();
        for control in &entry.controls {
            if moment.is_in(control.start, control.end)? {
                controls.push(control.handle.clone());
            }
        }
        let beside = controls.len() + entry.grounding.len();
        if beside > 0 && !model.heeds_controls() {
            let name = &model.info().name;
            let message = format!("model {name} heeds no controls and no grounding of conditions");
            return Err(error::unsupported(message));
        }
        let condition = match beside {
            0 => entry.condition.clone(),
            _ => entry.condition.with_beside(controls, entry.grounding.clone()),
        };
        let frame = Frame::of(latent);
        let all = area == frame.whole();
        let weights = Weights::of(entry, area, &frame);
        Ok(Self {
            condition,
            latent: if all { latent.clone() } else { area.of(latent)? },
            area,
            is_whole: all && weights.is_one(),
            weights,
        })
    }
}
