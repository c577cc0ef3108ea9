#![allow(clippy::unwrap_used)]

use amdm::error::{Code, Error};

use super::TensorFile;
use crate::weights::{WeightFile, memory};

/// A file with this header and `behind` bytes of values.
fn file(header: &str, behind: usize) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &vec![1; behind]].concat()
}

fn open(bytes: Vec<u8>) -> Result<TensorFile, Error> {
    TensorFile::new(WeightFile::new(bytes), "x.safetensors")
}

fn entry(name: &str, dtype: &str, shape: &str, from: u64, to: u64) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
}

#[track_caller]
fn assert_refused(bytes: Vec<u8>, code: Code, parts: &[&str]) {
    let error = open(bytes).map(|_| ()).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.starts_with("weight file `x.safetensors`: "), "{error}");
    for part in parts {
        assert!(error.message.contains(part), "{error}: expected {part}");
    }
}

#[test]
fn tensors_are_where_the_header_says() {
    let entries = [
        entry("b", "F16", "[2,3]", 0, 12),
        entry("a", "F32", "[]", 12, 16),
        entry("ids", "I64", "[1]", 16, 24),
        entry("none", "F32", "[0,7]", 24, 24),
        entry("wide", "F64", "[2]", 24, 40),
    ];
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = file(&header, 40);
    let data = bytes.len() - 40;
    bytes[data + 12..data + 16].copy_from_slice(&2.5_f32.to_le_bytes());
    bytes[data + 24..data + 32].copy_from_slice(&0.1_f64.to_le_bytes());
    bytes[data + 32..].copy_from_slice(&(-7.0_f64).to_le_bytes());
    let file = open(bytes).unwrap();
    let view = |name| file.view(name).unwrap().unwrap();
    assert_eq!((view("b").shape(), view("b").bytes()), (&[2, 3][..], &[1; 12][..]));
    assert_eq!((view("a").shape(), view("a").to_vec()), (&[][..], vec![2.5]));
    assert_eq!((view("none").shape(), view("none").count()), (&[0, 7][..], 0));
    assert_eq!(view("wide").to_vec(), [0.1, -7.0]);
    assert!(file.view("missing").unwrap().is_none());
    let error = file.view("ids").map(|_| ()).unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
    let expected = "weight file `x.safetensors`: weight `ids` is I64, expected F32, F16 or BF16";
    assert_eq!(error.message, expected);
}

#[test]
fn a_cut_file_names_the_tensor_that_is_cut() {
    let entries = [
        entry("first", "F32", "[2]", 0, 8),
        entry("second", "F32", "[4]", 8, 24),
        entry("third", "F32", "[1]", 24, 28),
    ];
    let whole = file(&format!("{{{}}}", entries.join(",")), 28);
    assert!(open(whole.clone()).is_ok());
    let cut = |bytes: usize| whole[..whole.len() - bytes].to_vec();
    assert_refused(cut(1), Code::InvalidInput, &["tensor `third` is cut", "1 bytes early"]);
    assert_refused(cut(5), Code::InvalidInput, &["tensor `second` is cut", "1 bytes early"]);
    assert_refused(cut(28), Code::InvalidInput, &["tensor `first` is cut", "8 bytes early"]);
    assert_refused(cut(30), Code::InvalidInput, &["no safetensors: the header is cut"]);
    for length in 0..8 {
        assert_refused(whole[..length].to_vec(), Code::InvalidInput, &["no safetensors"]);
    }
    let longer = [whole, vec![0; 3]].concat();
    assert_refused(longer, Code::InvalidInput, &["3 bytes behind the last tensor"]);
}

#[test]
fn offsets_and_shapes_that_do_not_fit_are_refused() {
    let max = u64::MAX;
    for (entries, behind, parts) in [
        (
            vec![entry("a", "F32", "[2]", 0, 8), entry("b", "F32", "[2]", 4, 12)],
            12,
            &["`b`", "inside of another"][..],
        ),
        (
            vec![entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 0, 4)],
            4,
            &["`b`", "inside of another"],
        ),
        (
            vec![entry("a", "F32", "[1]", 0, 4), entry("b", "F32", "[1]", 8, 12)],
            12,
            &["bytes 4 to 8", "`b`"],
        ),
        (vec![entry("a", "F32", "[1]", 4, 8)], 8, &["bytes 0 to 4", "`a`"]),
        (
            vec![entry("a", "F32", "[3]", 0, 8)],
            8,
            &["`a` has 8 bytes", "F32 of shape [3] expects 12"],
        ),
        (vec![entry("a", "F16", "[4]", 0, 4)], 4, &["`a` has 4 bytes", "expects 8"]),
        (vec![entry("a", "F32", "[2]", 8, 0)], 8, &["`a` ends before it begins"]),
        (vec![entry("a", "F32", "[1]", max - 4, max)], 8, &["`a` is cut"]),
        (vec![entry("a", "U8", "[18446744073709551615]", 0, max)], 8, &["`a` is cut"]),
        (
            vec![entry("a", "F32", "[4294967296,4294967296]", 0, 8)],
            8,
            &["[4294967296, 4294967296]", "overflows"],
        ),
        (vec![entry("a", "F64", "[2305843009213693952]", 0, 0)], 0, &["`a` overflows"]),
        (vec![r#""a":{"dtype":"F32","shape":[2]}"#.to_owned()], 8, &["`a` has no offsets"]),
    ] {
        let header = format!("{{{}}}", entries.join(","));
        assert_refused(file(&header, behind), Code::InvalidInput, parts);
    }
    for offsets in ["[0]", "[0,4,8]", "[-1,4]", "[0.5,4]", "7", "[1e30,1e30]"] {
        let entry = format!(r#"{{"a":{{"dtype":"F32","shape":[1],"data_offsets":{offsets}}}}}"#);
        assert_refused(file(&entry, 4), Code::InvalidInput, &["no safetensors"]);
    }
}

#[test]
fn headers_of_any_size_are_refused_before_memory_is_asked_for() {
    for length in [1_u64 << 60, u64::MAX, (16 << 20) + 1] {
        let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
        let expected = format!("a header of {length} bytes, expected at most 16777216");
        let ((), peak) = memory::peak(|| assert_refused(bytes, Code::InvalidInput, &[&expected]));
        assert!(peak < 64 << 10, "{peak} bytes");
    }
    // As many empty tensors as a header may have bytes for: a billion would need 60 GB of it.
    let entries: Vec<String> =
        (0..70_000).map(|number| entry(&number.to_string(), "F32", "[0]", 0, 0)).collect();
    let bytes = file(&format!("{{{}}}", entries.join(",")), 0);
    let (length, expected) = (bytes.len(), ["more entries than any network has"]);
    let ((), peak) = memory::peak(|| assert_refused(bytes, Code::InvalidInput, &expected));
    assert!(peak < 8 * length, "{peak} bytes for {length}");
}

#[test]
fn names_of_a_file_cannot_fill_a_message_or_reach_a_terminal() {
    let name = format!("\\u001b[31m{}", "x".repeat(10_000));
    let bytes = file(&format!("{{{}}}", entry(&name, "F32", "[1]", 0, 4)), 0);
    let error = open(bytes).map(|_| ()).unwrap_err();
    assert!(error.message.len() < 400 && !error.message.contains('\u{1b}'), "{error}");
}

#[test]
fn what_is_often_found_in_place_of_weights_is_named() {
    for (bytes, expected) in [
        (&b"version https://git-lfs.github.com/spec/v1\noid sha256:1"[..], "a pointer of Git LFS"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"GGUF\x03\0\0\0\0\0\0\0", "a GGUF file"),
        (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "a pickle of PyTorch before 1.6"),
    ] {
        assert_refused(bytes.to_vec(), Code::Unsupported, &[expected]);
    }
    // A header of 60 bytes begins as a web page does.
    let padded = format!("{{{}}}", entry("a", "U8", "[1]", 0, 1));
    let padded = format!("{padded}{}", " ".repeat(60 - padded.len()));
    assert!(open(file(&padded, 1)).is_ok());
}

#[test]
fn a_file_is_mapped_and_one_that_is_not_there_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    let error = TensorFile::open(&path, "x.safetensors").map(|_| ()).unwrap_err();
    assert_eq!(error.code, Code::InputOutput);
    std::fs::write(&path, file(&format!("{{{}}}", entry("a", "F32", "[1]", 0, 4)), 4)).unwrap();
    let file = TensorFile::open(&path, "x.safetensors").unwrap();
    assert_eq!(file.view("a").unwrap().unwrap().bytes(), [1; 4]);
    // What is mapped stays as it was when another file takes the name.
    std::fs::write(folder.path().join("y"), b"").unwrap();
    std::fs::rename(folder.path().join("y"), &path).unwrap();
    assert_eq!(file.view("a").unwrap().unwrap().bytes(), [1; 4]);
    let error = TensorFile::open(&path, "x.safetensors").map(|_| ()).unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
    assert!(TensorFile::open(folder.path(), "folder").is_err());
}
