//! PNG and WebP files with texts about graphs, whole and damaged.

use super::dice::Dice;
use super::{graph, workflow};
use serde_json::Value;

/// A picture of up to six parts.
pub fn make(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut file = if dice.rarely(3) { webp(dice) } else { png(dice) };
    if dice.rarely(4) {
        let length = dice.below(file.len() + 1);
        file.truncate(length);
    }
    while dice.rarely(3) {
        let at = dice.below(file.len().max(1));
        if let Some(byte) = file.get_mut(at) {
            *byte = dice.byte();
        }
    }
    file
}

fn png(dice: &mut Dice<'_>) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for _ in 0..dice.below(6) {
        let kind = dice.pick(&[b"tEXt", b"iTXt", b"zTXt", b"comf", b"IDAT"]);
        let mut data = dice.pick(&["prompt", "workflow", "Title"]).as_bytes().to_vec();
        data.push(0);
        let packed = dice.rarely(2);
        match kind {
            b"iTXt" => data.extend([u8::from(packed), 0, 0, 0]),
            b"zTXt" => data.push(0),
            _ => {}
        }
        let text = text(dice);
        match (kind, packed) {
            (b"zTXt", _) | (b"iTXt", true) => data.extend(stored(text.as_bytes())),
            _ => data.extend(text.as_bytes()),
        }
        chunk(&mut file, kind, &data);
    }
    chunk(&mut file, b"IEND", b"");
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend([0; 4]);
}

/// A zlib stream of one stored block.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = data.len().min(0xffff);
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend((length as u16).to_le_bytes());
    stream.extend((!(length as u16)).to_le_bytes());
    stream.extend(&data[..length]);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in &data[..length] {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

fn webp(dice: &mut Dice<'_>) -> Vec<u8> {
    let big = dice.rarely(2);
    let mut parts = b"WEBP".to_vec();
    for _ in 0..dice.below(4) {
        let kind = dice.pick(&[b"EXIF", b"EXIF", b"VP8 ", b"XMP "]);
        let mut data = if dice.rarely(3) { b"Exif\0\0".to_vec() } else { Vec::new() };
        if dice.rarely(6) {
            data.extend(dice.take(64));
        } else {
            data.extend(exif(dice, big));
        }
        parts.extend(kind);
        parts.extend((data.len() as u32).to_le_bytes());
        if data.len() % 2 == 1 {
            data.push(0);
        }
        parts.extend(data);
    }
    let mut file = b"RIFF".to_vec();
    file.extend((parts.len() as u32).to_le_bytes());
    file.extend(parts);
    file
}

/// TIFF with one directory of texts.
fn exif(dice: &mut Dice<'_>, big: bool) -> Vec<u8> {
    let short = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let long = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut tiff = if big { b"MM".to_vec() } else { b"II".to_vec() };
    tiff.extend(short(42));
    tiff.extend(long(8));
    let count = dice.below(4);
    tiff.extend(short(count as u16));
    let mut texts: Vec<u8> = Vec::new();
    let end = 8 + 2 + 12 * count + 4;
    for _ in 0..count {
        let name = dice.pick(&["prompt:", "Prompt:", "workflow:", "Workflow:", ""]);
        let text = format!("{name}{}\0", text(dice));
        tiff.extend(short(dice.pick(&[0x010f, 0x0110, 0x9286, 0x8769])));
        tiff.extend(short(dice.pick(&[2, 2, 2, 7, 4])));
        tiff.extend(long(text.len() as u32));
        let place = if dice.rarely(12) { dice.below(4000) } else { end + texts.len() };
        tiff.extend(long(place as u32));
        texts.extend(text.as_bytes());
    }
    tiff.extend(long(0));
    tiff.extend(texts);
    tiff
}

fn text(dice: &mut Dice<'_>) -> String {
    let file: Value = match dice.below(6) {
        0 => return String::from_utf8_lossy(dice.take(64)).into_owned(),
        1 => {
            return "{\"1\": {\"class_type\": \"\u{e9}\", \"inputs\": {\"x\": NaN}}}".to_owned();
        }
        2 | 3 => workflow::make(dice),
        _ => graph::make(dice),
    };
    file.to_string()
}
