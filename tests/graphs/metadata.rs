//! Graphs inside pictures.

use amdm::graph::metadata::{self, Embedded};
use amdm::graph::{Document, ErrorCode};
use amdm::limits;
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::json;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A file of these chunks; checksums are not read.
fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut file = SIGNATURE.to_vec();
    for (kind, data) in chunks {
        file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        file.extend(*kind);
        file.extend(*data);
        file.extend([0; 4]);
    }
    file
}

#[test]
fn text_is_ascii_and_reads_back() {
    let inputs = json!({ "filename_prefix": "Füchse 🦊\n" });
    let graph = json!({ "1": { "class_type": "SaveImage", "inputs": inputs } });
    let text = metadata::text(&graph);
    assert!(text.is_ascii() && text.contains("F\\u00fcchse \\ud83e\\udd8a\\n"), "{text}");
    let data = [b"prompt\0", text.as_bytes()].concat();
    let file =
        png(&[(b"IHDR", &[0; 13]), (b"tEXt", b"parameters\0x"), (b"tEXt", &data), (b"IEND", b"")]);
    assert_eq!(metadata::graph_from_png(&file).unwrap(), Some(text));
    assert_eq!(Document::parse(&file).unwrap().to_value(), graph);
}

#[test]
fn international_and_compressed_texts_are_read() {
    let packed = compress_to_vec_zlib("{\"ü\":1}".as_bytes(), 6);
    let plain = "prompt\0\0\0en\0Auftrag\0{\"ü\":1}".as_bytes().to_vec();
    let international = [b"prompt\0\x01\0en\0Auftrag\0".as_slice(), &packed].concat();
    let compressed = [b"prompt\0\0".as_slice(), &packed].concat();
    for (kind, data) in [(b"iTXt", plain), (b"iTXt", international), (b"zTXt", compressed)] {
        let file = png(&[(kind, &data), (b"IEND", b"")]);
        assert_eq!(metadata::graph_from_png(&file).unwrap().as_deref(), Some("{\"ü\":1}"));
    }
    let code =
        |kind, data: &[u8]| metadata::graph_from_png(&png(&[(kind, data)])).unwrap_err().code;
    assert_eq!(code(b"zTXt", b"prompt\0\x01xx"), ErrorCode::UnsupportedFormat);
    assert_eq!(code(b"zTXt", b"prompt\0\0xx"), ErrorCode::InvalidPng);
    assert_eq!(code(b"iTXt", b"prompt\0\x01"), ErrorCode::InvalidPng);
    assert_eq!(code(b"zTXt", b"prompt\0"), ErrorCode::InvalidPng);
}

#[test]
fn texts_that_grow_without_end_are_refused() {
    let bomb = compress_to_vec_zlib(&vec![b' '; limits::GRAPH_BYTES + 1], 1);
    let data = [b"prompt\0\0".as_slice(), &bomb].concat();
    let error = metadata::graph_from_png(&png(&[(b"zTXt", &data)])).unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceeded);
}

#[test]
fn animated_files_hold_texts_after_the_picture() {
    let chunks: &[(&[u8; 4], &[u8])] =
        &[(b"IDAT", b""), (b"comf", b"prompt\0{}"), (b"comf", b"workflow\0[]"), (b"IEND", b"")];
    let found = Embedded::read(&png(chunks)).unwrap().unwrap();
    assert_eq!((found.prompt.as_deref(), found.workflow.as_deref()), (Some("{}"), Some("[]")));
}

/// A WebP file whose EXIF part has these texts, in either byte order.
fn webp(texts: &[(u16, &str)], little: bool) -> Vec<u8> {
    let short = |v: u16| if little { v.to_le_bytes() } else { v.to_be_bytes() };
    let long = |v: usize| {
        let v = u32::try_from(v).unwrap();
        if little { v.to_le_bytes() } else { v.to_be_bytes() }
    };
    let mut exif = if little { b"II".to_vec() } else { b"MM".to_vec() };
    exif.extend(short(42));
    exif.extend(long(8));
    exif.extend(short(u16::try_from(texts.len()).unwrap()));
    let mut data = Vec::new();
    for (tag, text) in texts {
        let start = 14 + 12 * texts.len() + data.len();
        exif.extend([short(*tag), short(2)].concat());
        exif.extend([long(text.len() + 1), long(start)].concat());
        data.extend([text.as_bytes(), b"\0"].concat());
    }
    exif.extend([long(0).as_slice(), &data].concat());
    let mut file = b"RIFF\0\0\0\0WEBPVP8 \x03\0\0\0abc\0EXIF".to_vec();
    file.extend(u32::try_from(exif.len()).unwrap().to_le_bytes());
    file.extend(exif);
    file
}

#[test]
fn webp_files_hold_texts_in_their_exif_part() {
    let texts = [(0x010e, "other"), (0x010f, "workflow:{\"ü\":1}"), (0x0110, "prompt:{}")];
    for little in [true, false] {
        let found = Embedded::read(&webp(&texts, little)).unwrap().unwrap();
        assert_eq!(found.prompt.as_deref(), Some("{}"));
        assert_eq!(found.workflow.as_deref(), Some("{\"ü\":1}"));
    }
    assert_eq!(Embedded::read(&webp(&[], true)).unwrap(), Some(Embedded::default()));
    assert_eq!(Embedded::read(b"{}").unwrap(), None);
    let file = webp(&texts, true);
    for end in 12..file.len() {
        match Embedded::read(&file[..end]) {
            Ok(found) => assert!(found.is_some_and(|found| found.workflow.is_some()) || end < 30),
            Err(error) => assert_eq!(error.code, ErrorCode::InvalidWebp),
        }
        for byte in [0, 1, 0x7f, 0xff] {
            let mut changed = file.clone();
            changed[end] = byte;
            let _ = Embedded::read(&changed);
        }
    }
}

#[test]
fn latin_1_is_read() {
    let file = png(&[(b"tEXt", b"prompt\0{\"\xfc\":1}"), (b"IEND", b"")]);
    assert_eq!(metadata::graph_from_png(&file).unwrap().as_deref(), Some("{\"ü\":1}"));
}

#[test]
fn damaged_files_are_errors() {
    let file = png(&[(b"IHDR", &[0; 13]), (b"iTXt", b"prompt\0\0\0\0\0{}"), (b"IEND", b"")]);
    for end in 0..file.len() {
        match metadata::graph_from_png(&file[..end]) {
            Ok(text) => assert_eq!(text.as_deref(), Some("{}")),
            Err(error) => assert_eq!(error.code, ErrorCode::InvalidPng),
        }
    }
    let huge = [SIGNATURE, &u32::MAX.to_be_bytes(), b"tEXtprompt\0{}"].concat();
    assert_eq!(metadata::graph_from_png(&huge).unwrap_err().code, ErrorCode::InvalidPng);
    assert_eq!(metadata::graph_from_png(&png(&[(b"IEND", b"")])).unwrap(), None);
}
