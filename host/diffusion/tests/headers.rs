//! Headers of weight files that mean harm, or that nobody wrote on purpose.

use std::fmt::Write as _;
use std::fs;

use amdm::error::Code;
use amdm_diffusion::{Architecture, Device, Header, Models, WeightFile};

/// What is read of a file with this header.
fn read(header: &str) -> Header {
    Header::read(file(header).as_slice()).unwrap()
}

fn file(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()
}

fn tensors(names: impl IntoIterator<Item = String>) -> String {
    let mut text = String::from("{");
    for name in names {
        let comma = if text.len() > 1 { "," } else { "" };
        let entry = r#"{"dtype":"F32","shape":[],"data_offsets":[0,4]}"#;
        write!(text, "{comma}\"{name}\":{entry}").unwrap();
    }
    text + "}"
}

#[test]
fn a_header_says_what_the_file_holds() {
    let header = read(
        r#"{"__metadata__":{"a":"b"},"x":{"shape":[1,2],"dtype":"F16","data_offsets":[0,4]}}  "#,
    );
    assert!(!header.is_broken());
    assert_eq!((header.note("a"), header.note("b")), (Some("b"), None));
    assert_eq!(header.names().collect::<Vec<_>>(), ["x"]);
    assert_eq!(header.tensor("x").unwrap().shape, [1, 2]);
    assert_eq!(header.tensor("x").unwrap().dtype, "F16");
    let header = read(r#"{"__metadata__":null,"x":{"dtype":"F32","shape":[1,2,3,4,5,6,7,8]}}"#);
    assert!(!header.is_broken());
    assert_eq!(header.tensor("x").unwrap().shape.len(), 8);
    assert!(!read("{}").is_broken());
}

#[test]
fn an_odd_entry_breaks_the_header_and_those_before_it_stay() {
    let extents = format!(r#"{{"dtype":"F32","shape":[{}0]}}"#, "0,".repeat(8 << 20));
    let nested = "[".repeat(1 << 20);
    for odd in [
        r#"{"dtype":"F32","shape":[1,2,3,4,5,6,7,8,9]}"#,
        r#"{"dtype":"F32","shape":[-1]}"#,
        r#"{"dtype":"F32","shape":[1e99]}"#,
        r#"{"dtype":"F32"}"#,
        r#"{"shape":[]}"#,
        r#"{"dtype":7,"shape":[]}"#,
        "7",
        "null",
        &extents[..extents.len() / 2],
        &nested,
    ] {
        let text = format!(r#"{{"first":{{"dtype":"F32","shape":[]}},"odd":{odd}}}"#);
        let header = read(&text);
        assert!(header.is_broken(), "{}", &odd[..odd.len().min(80)]);
        assert_eq!(header.names().collect::<Vec<_>>(), ["first"]);
    }
    for text in ["", "[]", "null", "{", "{}{}", r#"{"__metadata__":{"a":1}}"#, &nested] {
        assert!(read(text).is_broken(), "{}", &text[..text.len().min(80)]);
    }
}

#[test]
fn entries_are_counted() {
    let header = read(&tensors((0..65_536).map(|i| i.to_string())));
    assert!(!header.is_broken() && header.names().count() == 65_536);
    let header = read(&tensors((0..200_000).map(|i| i.to_string())));
    assert!(header.is_broken() && header.names().count() == 65_536);
    let notes: Vec<String> = (0..65_537).map(|i| format!(r#""{i}":"""#)).collect();
    assert!(read(&format!(r#"{{"__metadata__":{{{}}}}}"#, notes.join(","))).is_broken());
}

#[test]
fn a_file_with_a_broken_header_is_not_listed_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, header: &str| fs::write(folder.path().join(name), file(header));
    let marks = ["inp.weight", "d0.n1.weight", "tok.4.weight", "lay.weight"].map(str::to_owned);
    write("cut.safetensors", tensors(marks).strip_suffix('}').unwrap()).unwrap();
    write("none.safetensors", "{").unwrap();
    let models = Models::new(&Device::cpu(1).unwrap()).with_directories([folder.path().into()]);
    assert_eq!(models.names("models").len(), 3);
    for (name, options, code, expected) in [
        ("cut", r#"{"family":"tiny-style"}"#, Code::InvalidInput, "weights are no safetensors: "),
        ("cut", "", Code::InvalidInput, "does not say what it holds, expected one of tiny-"),
        ("none", "", Code::Unsupported, "found weights of an unknown network, expected weights of"),
    ] {
        let error = models.load(&format!("{name}.safetensors"), options).map(|_| ()).unwrap_err();
        assert!(error.code == code && error.message.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_checked_header_is_that_of_any_format() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures");
    let read = |name: &str| fs::read(format!("{folder}/{name}")).unwrap();
    let header = Header::of(&WeightFile::new(read("weights/checkpoint.ckpt"))).unwrap();
    assert_eq!(header.tensor("slice").unwrap().shape, [2, 6]);
    assert_eq!(header.tensor("bf16").unwrap().dtype, "BF16");
    let bytes = read("sd15_ldm_single_file/weights.safetensors");
    let header = Header::of(&WeightFile::new(bytes.clone())).unwrap();
    assert_eq!(header, Header::read(&bytes[..]).unwrap());
    assert_eq!(Architecture::of(&header), Architecture::StableDiffusion1);
    let cut = WeightFile::new(bytes[..bytes.len() - 1].to_vec());
    let error = Header::of(&cut).unwrap_err();
    assert!(error.code == Code::InvalidInput && error.message.contains("is cut"), "{error}");
}
