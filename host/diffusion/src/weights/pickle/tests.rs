#![allow(clippy::unwrap_used)]

use amdm::error::{Code, Error};

use crate::weights::{TensorFile, WeightFile, memory};

/// A file that PyTorch wrote; `tests/fixtures/weights` says how.
pub(in crate::weights) fn recorded(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/weights");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn open(name: &str) -> Result<TensorFile, Error> {
    TensorFile::new(WeightFile::new(recorded(name)), name)
}

/// The values that the fixtures hold: quarters from -2 on.
fn quarters(from: usize, count: usize) -> Vec<f32> {
    (from..from + count).map(|number| number as f32 / 4.0 - 2.0).collect()
}

#[test]
fn every_tensor_of_a_checkpoint_is_read() {
    for name in ["checkpoint.ckpt", "protocol4.pt"] {
        let file = open(name).unwrap();
        let view = |name| file.view(name).unwrap().unwrap();
        for dtype in ["f32", "f16", "bf16", "f64"] {
            assert_eq!(file.header().tensor(dtype).unwrap().dtype, dtype.to_uppercase());
            assert_eq!((view(dtype).shape(), view(dtype).to_vec()), (&[2, 3][..], quarters(0, 6)));
        }
        let base = quarters(0, 24);
        assert_eq!(view("transposed").shape(), [3, 2]);
        assert_eq!(view("transposed").to_vec(), [-2.0, -1.25, -1.75, -1.0, -1.5, -0.75]);
        assert_eq!(
            (view("slice").shape(), view("slice").to_vec()),
            (&[2, 6][..], base[6..18].to_vec())
        );
        assert_eq!(view("column").to_vec(), [base[2], base[8], base[14], base[20]]);
        assert_eq!(view("channels_last").shape(), [2, 3, 2, 2]);
        assert_eq!(view("channels_last").to_vec(), base);
        assert_eq!((view("empty").shape(), view("empty").count()), (&[0, 3][..], 0));
        assert_eq!((view("scalar").shape(), view("scalar").to_vec()), (&[][..], vec![0.75]));
        assert_eq!(view("parameter").to_vec(), quarters(0, 3));
        assert_eq!(file.header().tensor("ids").unwrap().dtype, "I64");
        assert_eq!(file.view("ids").map(|_| ()).unwrap_err().code, Code::Unsupported);
        assert_eq!(file.header().names().count(), 12, "all else of the checkpoint is left out");
    }
}

#[test]
fn names_of_nested_dictionaries_are_joined() {
    for (name, tensors) in [
        (
            "nested.bin",
            &[("image_proj.proj.weight", -2.0), ("ip_adapter.1.to_k_ip.weight", -1.0)][..],
        ),
        ("single.pth", &[("body.0.weight", -2.0)]),
        ("embedding.pt", &[("string_to_param.*", -2.0)]),
        ("embedding_module.pt", &[("string_to_param.star", -2.0)]),
        ("embedding.bin", &[("<token>", -2.0)]),
        ("lightning.ckpt", &[("w", -2.0)]),
    ] {
        let file = open(name).unwrap();
        assert!(file.header().names().eq(tensors.iter().map(|(tensor, _)| *tensor)), "{name}");
        for (tensor, first) in tensors {
            assert_eq!(file.view(tensor).unwrap().unwrap().to_vec()[0], *first);
        }
    }
}

#[test]
fn what_is_not_tensors_alone_is_refused_by_name_and_never_run() {
    let marker = std::path::Path::new("/tmp/amdm_was_run");
    for (name, code, expected) in [
        ("code.ckpt", Code::Unsupported, "it names `posix.system`: nothing of it was run"),
        (
            "code_builtin.ckpt",
            Code::Unsupported,
            "it names `__builtin__.eval`: nothing of it was run",
        ),
        ("legacy.ckpt", Code::Unsupported, "found a pickle of PyTorch before 1.6"),
        ("plain.pkl.ckpt", Code::Unsupported, "found a pickle of PyTorch before 1.6 or of another"),
        ("deflated.pth", Code::Unsupported, "is compressed or encrypted"),
        ("other.zip.pt", Code::InvalidInput, "found a zip archive without `data.pkl`"),
        ("big_endian.pth", Code::InvalidInput, "found values in big-endian order"),
    ] {
        let error = open(name).map(|_| ()).unwrap_err();
        assert_eq!(error.code, code, "{error}");
        let expected = error.message.contains(expected);
        assert!(expected && error.message.starts_with("weight file `"), "{error}");
        assert!(!marker.exists());
    }
}

#[test]
fn a_cut_archive_is_refused_at_every_length() {
    let whole = recorded("checkpoint.ckpt");
    for length in 0..whole.len() {
        let file = WeightFile::new(whole[..length].to_vec());
        let error = TensorFile::new(file, "x").map(|_| ()).unwrap_err();
        assert!(matches!(error.code, Code::InvalidInput | Code::Unsupported), "{length}: {error}");
    }
}

/// An archive as PyTorch writes it, with this pickle and one storage of 16 bytes; a wide one has
/// its numbers where those of archives of more than 4 GB are.
pub(in crate::weights) fn archive(pickle: &[u8], is_wide: bool) -> Vec<u8> {
    let files: [(&str, &[u8]); 2] = [("x/data.pkl", pickle), ("x/data/0", &[0; 16])];
    let (mut bytes, mut index) = (Vec::new(), Vec::new());
    let narrow = |number: usize| if is_wide { u32::MAX } else { number as u32 }.to_le_bytes();
    let wide = |number: usize| (number as u64).to_le_bytes();
    for (name, content) in files {
        let (local, size) = (bytes.len(), content.len());
        let length = (name.len() as u16).to_le_bytes();
        let extra =
            [&b"\x07\0\x01\0-\x01\0\x18\0"[..], &wide(size), &wide(size), &wide(local)].concat();
        let extra = if is_wide { &extra[..] } else { &[] };
        bytes.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        bytes.extend([&narrow(size)[..], &narrow(size), &length, &[0; 2]].concat());
        bytes.extend(name.as_bytes());
        bytes.extend(content);
        index.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        index.extend([&narrow(size)[..], &narrow(size), &length, &[extra.len() as u8, 0]].concat());
        index.extend([&[0; 10][..], &narrow(local)].concat());
        index.extend(name.as_bytes());
        index.extend(extra);
    }
    let (start, size) = (bytes.len(), index.len());
    bytes.extend(&index);
    let end = bytes.len();
    if is_wide {
        bytes.extend([&b"PK\x06\x06"[..], &wide(44), &[0; 28], &wide(size), &wide(start)].concat());
        bytes.extend([&b"PK\x06\x07\0\0\0\0"[..], &wide(end), &[1, 0, 0, 0]].concat());
    }
    bytes.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    bytes.extend([&narrow(size)[..], &narrow(start), &[0; 2]].concat());
    bytes
}

fn read(pickle: &[u8]) -> Result<TensorFile, Error> {
    let read = |is_wide| TensorFile::new(WeightFile::new(archive(pickle, is_wide)), "x");
    let (narrow, wide) = (read(false), read(true));
    assert_eq!(
        narrow.as_ref().map(TensorFile::header).map_err(|error| &error.message),
        wide.as_ref().map(TensorFile::header).map_err(|error| &error.message)
    );
    narrow
}

/// A pickle of one tensor, `w`, of float32 in the storage that [`archive`] has: where it begins,
/// shape and strides.
fn tensor(from: &[u8], shape: &[u8], strides: &[u8]) -> Vec<u8> {
    [
        b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n",
        &b"FloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ"[..],
        from,
        shape,
        strides,
        b"\x89NtRs.",
    ]
    .concat()
}

#[test]
fn a_tensor_stays_within_its_storage() {
    assert_eq!(
        read(&tensor(b"K\0", b"K\x04\x85", b"K\x01\x85"))
            .unwrap()
            .view("w")
            .unwrap()
            .unwrap()
            .count(),
        4
    );
    assert!(read(&tensor(b"K\x04", b"K\0\x85", b"K\x01\x85")).is_ok());
    let large = b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f";
    let pair = |a: &[u8], b: &[u8]| [a, b, b"\x86"].concat();
    for (from, shape, strides) in [
        (&b"K\0"[..], b"K\x05\x85".to_vec(), b"K\x01\x85".to_vec()),
        (b"K\x01", b"K\x04\x85".to_vec(), b"K\x01\x85".to_vec()),
        (b"K\0", b"K\x02\x85".to_vec(), b"K\x04\x85".to_vec()),
        (b"J\xff\xff\xff\xff", b"K\x01\x85".to_vec(), b"K\x01\x85".to_vec()),
        (large, b"K\x01\x85".to_vec(), b"K\x01\x85".to_vec()),
        (b"K\0", [&large[..], b"\x85"].concat(), b"K\0\x85".to_vec()),
        (b"K\0", pair(large, large), pair(b"K\0", b"K\0")),
        (b"K\0", pair(b"M\0\x10", b"M\0\x10"), pair(b"K\0", b"K\0")),
        (b"K\0", b"K\x02\x85".to_vec(), [&large[..], b"\x85"].concat()),
        (b"K\0", b"K\x01\x85".to_vec(), b")".to_vec()),
        (b"K\0", b"N".to_vec(), b"N".to_vec()),
        (
            b"K\0",
            [&b"("[..], &b"K\x01".repeat(9), b"t"].concat(),
            [&b"("[..], &b"K\x01".repeat(9), b"t"].concat(),
        ),
    ] {
        let error = read(&tensor(from, &shape, &strides)).map(|_| ()).unwrap_err();
        assert!(
            error.code == Code::InvalidInput && error.message.contains("tensor `w`"),
            "{error}"
        );
    }
}

#[test]
fn odd_pickles_end_with_an_error_and_little_memory() {
    let nested = [&b"\x80\x02"[..], &b"]".repeat(1000), b"."].concat();
    assert!(read(&nested).unwrap().header().names().next().is_none());
    // A list that holds itself, and a dictionary that does.
    assert!(read(b"\x80\x02]q\0h\0a.").is_ok());
    assert!(read(b"\x80\x02}q\0X\x01\0\0\0ah\0s.").is_ok());
    // Each list holds the one before it twice: 2^40 in the end.
    let doubling = [&b"\x80\x02]"[..], &b"2\x86".repeat(40), b"."].concat();
    assert!(read(&doubling).is_ok());
    for (pickle, expected) in [
        (&b""[..], "it is cut"),
        (b".", "its stack is empty"),
        (b"\x80\x02", "it is cut"),
        (b"X\xff\xff\xff\xffabc.", "it is cut"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.", "it is cut"),
        (b"X\x01\0\0\0\xff.", "a text in it is none"),
        (b"cos", "it is cut"),
        (b"h\0.", "it refers to what it has not noted"),
        (b"t.", "it has no mark"),
        (b"(0.", "its stack is empty"),
        (b"K\x01(R.", "its stack is empty"),
        (b"}K\x01s.", "its stack is empty"),
        (b"}(K\x01u.", "a key in it has no value"),
        (b"K\x01K\x02a.", "it appends to what is no list"),
        (b"K\x01K\x02b.", "it gives a state to what is no object"),
        (b"K\x01K\x02\x93.", "a name in it is no text"),
        (b"i.", "the code 0x69"),
        (b"\x82\x01.", "the code 0x82"),
    ] {
        let error = read(pickle).map(|_| ()).unwrap_err();
        assert!(error.message.contains(expected), "{error}: expected {expected}");
    }
    for flood in [&b"N"[..], b"(", b"K\x012", b"K\x01q\x01r\x01\0\0\x01"] {
        let pickle = flood.repeat((2 << 20) / flood.len() + 1);
        let (read, peak) = memory::peak(|| read(&pickle));
        let error = read.map(|_| ()).unwrap_err();
        assert!(peak < 256 << 20, "{peak} bytes");
        let expected = ["more than 1048576 values", "it is cut"];
        assert!(expected.iter().any(|part| error.message.contains(part)), "{error}");
    }
    let error = read(&vec![b'N'; (8 << 20) + 1]).map(|_| ()).unwrap_err();
    assert!(error.message.contains("a pickle of 8388609 bytes"), "{error}");
}
