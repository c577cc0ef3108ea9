//! Images across the border: any layout of rows in and out, floats in [0, 1] inside.

use std::ffi::c_void;

use amdm_diffusion::pixels::quantise;
use amdm_diffusion::{Device, Tensor};
use half::f16;

use crate::layout::{Versioned, slice, zeroed};
use crate::status::Fail;

/// Bytes, 0 to 255.
pub const AMDM_ELEMENT_U8: u32 = 1;
/// IEEE half floats, 0 to 1.
pub const AMDM_ELEMENT_F16: u32 = 2;
/// IEEE floats, 0 to 1.
pub const AMDM_ELEMENT_F32: u32 = 3;

/// Red first: grey, grey and alpha, RGB or RGBA by the number of channels.
pub const AMDM_ORDER_RGBA: u32 = 0;
/// Blue first: BGR or BGRA; one and two channels as above.
pub const AMDM_ORDER_BGRA: u32 = 1;

/// Colours do not depend on alpha.
pub const AMDM_ALPHA_STRAIGHT: u32 = 0;
/// Colours are multiplied by alpha.
pub const AMDM_ALPHA_PREMULTIPLIED: u32 = 1;

/// An image: rows of interleaved channels, top row first in memory order of `row_stride`.
///
/// In: the library copies what it needs before it returns and calls `release`, if there is one,
/// then. Out: the data lives until the caller calls `release(release_ctx)`, once; where `release`
/// is NULL it is lent, for as long as the function that gave it says.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmImage {
    /// `sizeof(AmdmImage)`.
    pub struct_size: usize,
    /// Pixels in a row, 1 to 16384.
    pub width: u32,
    /// Rows, 1 to 16384.
    pub height: u32,
    /// 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha.
    pub channels: u32,
    /// `AMDM_ELEMENT_*`.
    pub element_type: u32,
    /// Bytes from a row to the next; negative where the last row lies first in memory, and `data`
    /// then points to the top row. 0 means rows without a gap; -1, where an image is asked for, the
    /// same with the last row first.
    pub row_stride: i64,
    /// `AMDM_ORDER_*`.
    pub channel_order: u32,
    /// `AMDM_ALPHA_*`.
    pub alpha_mode: u32,
    /// First byte of the top row.
    pub data: *const c_void,
    /// Ends the use of `data`; NULL where there is nothing to end.
    pub release: Option<unsafe extern "C" fn(release_ctx: *mut c_void)>,
    /// Handed to `release`.
    pub release_ctx: *mut c_void,
}

// SAFETY: `repr(C)`, the size first, numbers and pointers that may be 0.
unsafe impl Versioned for AmdmImage {
    const FIRST: usize = std::mem::offset_of!(Self, release_ctx) + size_of::<*mut c_void>();
}

/// The layout of previews: bytes, red first.
pub(crate) const PREVIEW: AmdmImage = AmdmImage {
    struct_size: size_of::<AmdmImage>(),
    channels: 3,
    element_type: AMDM_ELEMENT_U8,
    ..zeroed()
};

/// Pixels along one side.
const SIDE: u32 = 16_384;

/// Bytes between rows of an image that is written: any alignment, and no memory for a slip of a
/// sign.
const GAP: usize = 1 << 16;

/// How an image lies in memory, checked.
struct Layout {
    width: usize,
    height: usize,
    channels: usize,
    element: u32,
    stride: isize,
    bgr: bool,
    premultiplied: bool,
}

impl Layout {
    fn of(image: &AmdmImage) -> Result<Self, Fail> {
        let AmdmImage { width, height, channels, element_type, .. } = *image;
        if !(1..=SIDE).contains(&width) || !(1..=SIDE).contains(&height) {
            let message =
                format!("found an image of {width} x {height}, expected 1 to {SIDE} a side");
            return Err(Fail::argument(message));
        }
        if !(1..=4).contains(&channels) {
            return Err(Fail::argument(format!("found {channels} channels, expected 1 to 4")));
        }
        let size = element_size(element_type)?;
        if image.channel_order > AMDM_ORDER_BGRA || image.alpha_mode > AMDM_ALPHA_PREMULTIPLIED {
            let (order, alpha) = (image.channel_order, image.alpha_mode);
            let message =
                format!("found channel order {order} and alpha mode {alpha}, expected 0 or 1");
            return Err(Fail::argument(message));
        }
        let row = (width * channels) as usize * size;
        let stride = match image.row_stride {
            0 => row as i64,
            -1 => -(row as i64),
            stride => stride,
        };
        let whole = stride.unsigned_abs() as u128 * u128::from(height);
        if (stride.unsigned_abs() as usize) < row || whole > isize::MAX as u128 {
            let message = format!("found a row stride of {stride} bytes, a row has {row}");
            return Err(Fail::argument(message));
        }
        if !stride.unsigned_abs().is_multiple_of(size as u64) {
            let message = format!("found a row stride of {stride} bytes, expected whole elements");
            return Err(Fail::argument(message));
        }
        Ok(Self {
            width: width as usize,
            height: height as usize,
            channels: channels as usize,
            element: element_type,
            stride: stride as isize,
            bgr: image.channel_order == AMDM_ORDER_BGRA && channels >= 3,
            premultiplied: image.alpha_mode == AMDM_ALPHA_PREMULTIPLIED && channels % 2 == 0,
        })
    }
}

fn element_size(element: u32) -> Result<usize, Fail> {
    match element {
        AMDM_ELEMENT_U8 => Ok(1),
        AMDM_ELEMENT_F16 => Ok(2),
        AMDM_ELEMENT_F32 => Ok(4),
        _ => Err(Fail::argument(format!("found element type {element}, expected AMDM_ELEMENT_*"))),
    }
}

/// An image as `[1, height, width, channels]` in [0, 1], straight alpha, red first.
///
/// # Safety
/// `image.data` points to what the struct says.
pub(crate) unsafe fn read(image: &AmdmImage, device: &Device) -> Result<Tensor, Fail> {
    let layout = Layout::of(image)?;
    if image.data.is_null() {
        return Err(Fail::argument("found NULL for image.data"));
    }
    let (channels, row) = (layout.channels, layout.width * layout.channels);
    let mut values = room(row * layout.height)?;
    for y in 0..layout.height {
        // SAFETY: the caller says that `height` rows lie `stride` apart from `data` on.
        let start = unsafe { image.data.cast::<u8>().offset(layout.stride * y as isize) };
        let before = values.len();
        match layout.element {
            AMDM_ELEMENT_U8 => {
                // SAFETY: the caller says what the pointers must be.
                let row = unsafe { slice(start, row, "image.data")? };
                values.extend(row.iter().map(|&value| f32::from(value) / 255.0));
            }
            AMDM_ELEMENT_F16 => {
                // SAFETY: the caller says what the pointers must be.
                let row = unsafe { slice(start.cast::<f16>(), row, "image.data")? };
                values.extend(row.iter().map(|half| half.to_f32()));
            }
            _ => {
                // SAFETY: the caller says what the pointers must be.
                values.extend_from_slice(unsafe { slice(start.cast::<f32>(), row, "image.data")? })
            }
        }
        for pixel in values[before..].chunks_exact_mut(channels) {
            if layout.bgr {
                pixel.swap(0, 2);
            }
            if layout.premultiplied {
                let (alpha, colours) = (pixel[channels - 1], &mut pixel[..channels - 1]);
                let scale = if alpha > 0.0 { 1.0 / alpha } else { 0.0 };
                colours.iter_mut().for_each(|value| *value *= scale);
            }
        }
    }
    if let Some(value) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        let message = format!("found {value} in an image, expected 0 to 1");
        return Err(Fail::new(crate::status::AMDM_STATUS_INVALID_INPUT, message));
    }
    // Grey is what all colours share; grey and alpha become colour and alpha.
    let (channels, values) = match channels {
        2 => {
            let mut wide = room(values.len() * 2)?;
            values.chunks_exact(2).for_each(|p| wide.extend([p[0], p[0], p[0], p[1]]));
            (4, wide)
        }
        channels => (channels, values),
    };
    let shape = [1, image.height, image.width, channels as u32];
    Ok(Tensor::from_f32(device, &shape, values)?)
}

/// Room for `count` values.
pub(crate) fn room<T>(count: usize) -> Result<Vec<T>, Fail> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| {
        let message = format!("no memory for {} bytes", count * size_of::<T>());
        Fail::new(crate::status::AMDM_STATUS_OUT_OF_MEMORY, message)
    })?;
    Ok(room)
}

/// Writes one image of `[batch, height, width, 1, 3 or 4]`, or of a mask `[batch, height, width]`,
/// in the layout that `wanted` names: its channels (0 takes the image's own), element type (0 takes
/// bytes), order, alpha mode and stride.
pub(crate) fn pixels(image: &Tensor, index: usize, wanted: &AmdmImage) -> Result<Pixels, Fail> {
    let (height, width, own) = match *image.extents() {
        [_, height, width, own @ (1 | 3 | 4)] => (height, width, own as usize),
        [_, height, width] => (height, width, 1),
        ref extents => {
            return Err(Fail::argument(format!("found a tensor {extents:?}, no image")));
        }
    };
    let channels = if wanted.channels == 0 { own as u32 } else { wanted.channels };
    let element_type = if wanted.element_type == 0 { AMDM_ELEMENT_U8 } else { wanted.element_type };
    let mut described = AmdmImage { width, height, channels, element_type, ..*wanted };
    let layout = Layout::of(&described)?;
    described.row_stride = layout.stride as i64;
    let size = element_size(element_type)?;
    let step = layout.stride.unsigned_abs();
    let row = layout.width * layout.channels * size;
    if step - row > GAP {
        let message = format!(
            "found a row stride of {step} bytes, expected at most {GAP} beyond a row's {row}"
        );
        return Err(Fail::argument(message));
    }
    let values = image.to_f32()?;
    let count = layout.width * layout.height;
    let values = &values[index * count * own..][..count * own];
    // Words, so that floats in it are aligned.
    let mut words = room((step * layout.height).div_ceil(size_of::<u32>()))?;
    words.resize(words.capacity(), 0u32);
    let bytes = bytes_of(&mut words);
    for (at, pixel) in values.chunks_exact(own).enumerate() {
        let (x, y) = (at % layout.width, at / layout.width);
        let y = if layout.stride < 0 { layout.height - 1 - y } else { y };
        let out = &mut bytes[y * step + x * layout.channels * size..];
        for (channel, value) in convert(pixel, &layout)[..layout.channels].iter().enumerate() {
            let value = value.clamp(0.0, 1.0);
            let out = &mut out[channel * size..][..size];
            match element_type {
                AMDM_ELEMENT_U8 => out[0] = quantise(value),
                AMDM_ELEMENT_F16 => out.copy_from_slice(&f16::from_f32(value).to_ne_bytes()),
                _ => out.copy_from_slice(&value.to_ne_bytes()),
            }
        }
    }
    let top = if layout.stride < 0 { step * (layout.height - 1) } else { 0 };
    let data = words.as_ptr().cast::<u8>().wrapping_add(top).cast::<c_void>();
    let (release, release_ctx) = (None, std::ptr::null_mut());
    let image = AmdmImage { data, release, release_ctx, ..described };
    Ok(Pixels { image, _words: words })
}

fn bytes_of(words: &mut [u32]) -> &mut [u8] {
    let bytes = size_of_val(words);
    // SAFETY: any bytes are words and words are any bytes; the alignment falls.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), bytes) }
}

/// An image over memory of its own.
pub(crate) struct Pixels {
    image: AmdmImage,
    _words: Vec<u32>,
}

// SAFETY: the image's pointer is to the words, which nobody changes.
unsafe impl Send for Pixels {}

impl Pixels {
    /// The image, lent.
    pub fn image(&self) -> *const AmdmImage {
        &self.image
    }

    /// The image, given: its `release` frees it.
    pub fn given(self) -> AmdmImage {
        unsafe extern "C" fn release(ctx: *mut c_void) {
            if !ctx.is_null() {
                // SAFETY: `ctx` is the box that `given` leaked, and release is called once.
                drop(unsafe { Box::from_raw(ctx.cast::<Pixels>()) });
            }
        }
        let image = self.image;
        let release_ctx = Box::into_raw(Box::new(self)).cast::<c_void>();
        AmdmImage { release: Some(release), release_ctx, ..image }
    }
}

/// A pixel of 1, 3 or 4 channels in the layout's channels.
fn convert(pixel: &[f32], layout: &Layout) -> [f32; 4] {
    let alpha = if pixel.len() == 4 { pixel[3] } else { 1.0 };
    let colour = if pixel.len() == 1 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
    let scale = if layout.premultiplied { alpha } else { 1.0 };
    let [r, g, b] = colour.map(|value| value * scale);
    // Luminance of Rec. 601, as image libraries take it; of grey the value itself.
    let grey = if r == g && g == b { r } else { 0.299 * r + 0.587 * g + 0.114 * b };
    match (layout.channels, layout.bgr) {
        (1, _) => [grey, 0.0, 0.0, 0.0],
        (2, _) => [grey, alpha, 0.0, 0.0],
        (_, true) => [b, g, r, alpha],
        (_, false) => [r, g, b, alpha],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use amdm_diffusion::Device;

    use super::*;

    #[test]
    fn halves_go_there_and_back() {
        let bits = (0..=0x3C00u16).collect::<Vec<_>>();
        let layout = AmdmImage { channels: 1, element_type: AMDM_ELEMENT_F16, ..PREVIEW };
        let (width, data) = (bits.len() as u32, bits.as_ptr().cast());
        let image = AmdmImage { width, height: 1, data, ..layout };
        let device = Device::open("cpu", 1).unwrap();
        // SAFETY: `data` is as long as the image is wide.
        let read = unsafe { read(&image, &device) }.unwrap();
        let halves = |tensor: &Tensor| {
            let words = pixels(tensor, 0, &layout).unwrap()._words;
            let halves = words.into_iter().flat_map(|word| [word as u16, (word >> 16) as u16]);
            halves.collect::<Vec<_>>()
        };
        assert_eq!(halves(&read)[..bits.len()], bits);
        let third = Tensor::from_f32(&device, &[1, 1, 1, 1], vec![1.0 / 3.0]).unwrap();
        assert_eq!(halves(&third)[0], 0x3555);
    }
}
