//! Graphs inside PNG files.

use amdm::graph::{Document, ErrorCode, metadata};
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
fn international_text_is_read_if_not_compressed() {
    let file = png(&[(b"iTXt", "prompt\0\0\0en\0Auftrag\0{\"ü\":1}".as_bytes()), (b"IEND", b"")]);
    assert_eq!(metadata::graph_from_png(&file).unwrap().as_deref(), Some("{\"ü\":1}"));
    for chunk in [(b"iTXt", b"prompt\0\x01\0\0\0xx".as_slice()), (b"zTXt", b"prompt\0\0xx")] {
        let error = metadata::graph_from_png(&png(&[chunk])).unwrap_err();
        assert_eq!(error.code, ErrorCode::UnsupportedFormat);
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
