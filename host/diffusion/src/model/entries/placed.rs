//! Entries at a latent, and what the two sides of a question copy from each other.
//!
//! Each entry with an area gets a partner of the same area on the other side, told what the
//! smallest entry around it there is told; controls and grounding of entries without an area are shared out
//! over the other side's. The rules are ComfyUI's, checked against recorded results.

use std::sync::Arc;

use amdm::error::{Code, Error};

use super::entry::{Control, Entry, Handle};
use super::frame::{Cells, Frame};
use super::mask::Mask;
use crate::{Conditioning, Result, Tensor, error};

/// Entries of one side of a question, copies included: each is a pass of the network at every step,
/// and people use about ten.
const ENTRIES_MAX: usize = 256;

/// An entry whose area is counted in values of the latent and whose mask has the latent's size.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub condition: Conditioning,
    /// Not cut by the latent.
    pub area: Option<Cells>,
    pub mask: Option<Arc<Mask>>,
    pub mask_strength: f64,
    pub strength: f64,
    pub start: f64,
    pub end: f64,
    pub controls: Vec<Control>,
    pub grounding: Vec<Handle>,
}

impl Placed {
    /// The entries of one side at a latent, of which a value is `pixels` of the image.
    ///
    /// # Errors
    /// `invalid_input` for no entries, and for areas and masks that do not fit; `unsupported` for
    /// those on latents without rows and columns; `limit_exceeded` for too many.
    pub fn all(entries: &[Entry], latent: &Tensor, pixels: u32) -> Result<Vec<Self>> {
        if entries.is_empty() {
            return Err(Error::invalid("found a condition of 0 entries, expected at least one"));
        }
        limit(entries.len())?;
        let frame = Frame::of(latent);
        entries.iter().map(|entry| Self::new(entry, latent, &frame, pixels)).collect()
    }

    fn new(entry: &Entry, latent: &Tensor, frame: &Frame, pixels: u32) -> Result<Self> {
        let found = latent.extents();
        if (entry.area.is_some() || entry.mask.is_some()) && found.len() != 4 {
            return Err(error::unsupported(format!(
                "found an area or a mask of a condition for a latent {found:?}, expected a latent \
                 [batch, channels, height, width]"
            )));
        }
        let mask = entry.mask.as_ref().map(|mask| Mask::resized(mask, frame)).transpose()?;
        let area = match &mask {
            Some(mask) if entry.mask_bounds => Some(Cells::around(mask)),
            _ => entry.area.map(|area| frame.place(area, pixels)).transpose()?,
        };
        Ok(Self {
            condition: entry.condition.clone(),
            area,
            mask: mask.map(Arc::new),
            mask_strength: entry.mask_strength,
            strength: entry.strength,
            start: entry.start,
            end: entry.end,
            controls: entry.controls.clone(),
            grounding: entry.grounding.clone(),
        })
    }

    /// Whether the other side gets its controls as well.
    fn shares_controls(&self) -> bool {
        self.controls.last().is_some_and(|control| control.both)
    }
}

/// Copies from side to side. A missing negative takes no copies and gives none.
///
/// # Errors
/// `invalid_input` where the positive has controls for both sides and all entries of the negative
/// have areas; `limit_exceeded` for too many entries.
pub(super) fn copy(positive: &mut Vec<Placed>, negative: &mut Vec<Placed>) -> Result<()> {
    add_partners(positive, negative)?;
    add_partners(negative, positive)?;
    let controls = |entry: &Placed| entry.shares_controls().then(|| entry.controls.clone());
    share_out(positive, negative, controls, |entry| &mut entry.controls, "controls")?;
    let grounding = |entry: &Placed| Some(entry.grounding.clone()).filter(|of| !of.is_empty());
    share_out(positive, negative, grounding, |entry| &mut entry.grounding, "grounding")
}

/// Gives each entry of `from` with an area a partner of the same area in `to`.
fn add_partners(from: &[Placed], to: &mut Vec<Placed>) -> Result<()> {
    for entry in from {
        let Some(area) = &entry.area else { continue };
        if let Some(partner) = partner(area, to).filter(|partner| partner.area != entry.area) {
            let condition = partner.condition.clone();
            to.push(Placed { condition, ..entry.clone() });
            limit(to.len())?;
        }
    }
    Ok(())
}

/// The entry of the smallest area around `area`, the first of several; without one the first entry
/// that has no area.
fn partner<'a>(area: &Cells, among: &'a [Placed]) -> Option<&'a Placed> {
    let around = |entry: &&Placed| entry.area.as_ref().is_some_and(|other| area.is_within(other));
    let smallest = among
        .iter()
        .filter(around)
        .min_by_key(|entry| entry.area.as_ref().map_or(u64::MAX, Cells::count));
    smallest.or_else(|| among.iter().find(|entry| entry.area.is_none()))
}

/// Gives what `of` says of the entries of `from` without an area to those of `to` without one, the
/// i-th to the i-th, beginning anew after the last, a later one in place of an earlier; nothing
/// where one of `to` has its own.
fn share_out<T: Clone>(
    from: &[Placed],
    to: &mut [Placed],
    of: impl Fn(&Placed) -> Option<Vec<T>>,
    place: impl Fn(&mut Placed) -> &mut Vec<T>,
    what: &str,
) -> Result<()> {
    let shared: Vec<_> = from.iter().filter(|entry| entry.area.is_none()).filter_map(of).collect();
    if shared.is_empty() || to.is_empty() {
        return Ok(());
    }
    let mut takers: Vec<_> = to.iter_mut().filter(|entry| entry.area.is_none()).collect();
    if takers.is_empty() {
        return Err(Error::invalid(format!(
            "found {what} of the positive condition and areas on every entry of the negative one, \
             expected an entry without an area to take them"
        )));
    }
    if takers.iter_mut().any(|entry| !place(entry).is_empty()) {
        return Ok(());
    }
    let count = takers.len();
    for (index, shared) in shared.into_iter().enumerate() {
        *place(takers[index % count]) = shared;
    }
    Ok(())
}

fn limit(found: usize) -> Result<()> {
    if found <= ENTRIES_MAX {
        return Ok(());
    }
    let message = format!(
        "found {found} entries of a condition, partners of areas included, expected at most \
         {ENTRIES_MAX}"
    );
    Err(Error::new(Code::LimitExceeded, message))
}
