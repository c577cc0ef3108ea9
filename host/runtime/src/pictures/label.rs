//! Lines of text on a plain white ground.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use amdm::error::{Code, Error};

/// Pixels along one side of a label.
const SIDE: u32 = 16_384;
/// Longest text in bytes.
const TEXT: usize = 16 << 10;

/// Draws `text` in letters of `size` pixels, centred, wrapped at words where it is too wide:
/// `height * width * 3` values in [0, 1].
///
/// # Errors
/// `limit_exceeded` for a label or a text that is too big, `invalid_input` for a size that is none.
pub fn draw(text: &str, width: u32, height: u32, size: f32) -> Result<Vec<f32>, Error> {
    let bytes = u64::from(width) * u64::from(height) * 12;
    let fits = width <= SIDE && height <= SIDE && bytes <= amdm::limits::TENSOR_BYTES as u64;
    if !fits || text.len() > TEXT {
        return Err(Error::new(
            Code::LimitExceeded,
            format!(
                "found a label of {width} x {height} pixels and {} bytes of text, \
                 at most {SIDE} a side, {} bytes in all and {TEXT} of text are drawn",
                text.len(),
                amdm::limits::TENSOR_BYTES
            ),
        ));
    }
    if !(1.0..=1024.0).contains(&size) {
        return Err(Error::invalid(format!("found letters of {size} pixels, expected 1 to 1024")));
    }
    let font = FontRef::try_from_slice(epaint_default_fonts::UBUNTU_LIGHT)
        .map_err(|error| Error::new(Code::Internal, format!("the label font: {error}")))?;
    let mut canvas = Canvas { width, height, values: vec![1.0; (width * height * 3) as usize] };
    let font = font.as_scaled(PxScale::from(size));
    let lines = wrap(text, |line| measure(&font, line), width as f32);
    let line_height = font.height() + font.line_gap();
    let mut baseline = (height as f32 - line_height * lines.len() as f32) / 2.0 + font.ascent();
    for line in lines {
        let left = ((width as f32 - measure(&font, &line)) / 2.0).max(0.0);
        canvas.line(&font, &line, left, baseline.round());
        baseline += line_height;
    }
    Ok(canvas.values)
}

struct Canvas {
    width: u32,
    height: u32,
    values: Vec<f32>,
}

impl Canvas {
    fn line<F: Font>(
        &mut self,
        font: &ab_glyph::PxScaleFont<F>,
        line: &str,
        left: f32,
        baseline: f32,
    ) {
        let mut pen = left;
        for letter in line.chars() {
            let id = font.glyph_id(letter);
            let glyph = id.with_scale_and_position(font.scale(), point(pen, baseline));
            pen += font.h_advance(id);
            let Some(outline) = font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            // Letters outside cost as much as those inside, and a text may have thousands.
            let beyond = bounds.min.x > self.width as f32 || bounds.min.y > self.height as f32;
            if beyond || bounds.max.x < 0.0 || bounds.max.y < 0.0 {
                continue;
            }
            outline.draw(|x, y, coverage| {
                self.darken(
                    x as i64 + bounds.min.x as i64,
                    y as i64 + bounds.min.y as i64,
                    coverage,
                );
            });
        }
    }

    fn darken(&mut self, x: i64, y: i64, coverage: f32) {
        let (width, height) = (i64::from(self.width), i64::from(self.height));
        if !(0..width).contains(&x) || !(0..height).contains(&y) {
            return;
        }
        let at = ((y * width + x) * 3) as usize;
        for value in &mut self.values[at..at + 3] {
            *value = (*value * (1.0 - coverage.clamp(0.0, 1.0))).max(0.0);
        }
    }
}

fn measure<F: Font>(font: &ab_glyph::PxScaleFont<F>, line: &str) -> f32 {
    line.chars().map(|letter| font.h_advance(font.glyph_id(letter))).sum()
}

/// Breaks lines at spaces so that each fits, where a single word does.
fn wrap(text: &str, measure: impl Fn(&str) -> f32, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && measure(&longer) > width {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines
}
