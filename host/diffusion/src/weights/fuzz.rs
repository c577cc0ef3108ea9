//! Weight files with faults, made from good ones: no crash, and memory that follows the file.
//!
//! The same files every time, a hundred thousand of each kind; `AMDM_FUZZ_RUNS` says how many, for
//! the long runs by hand.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::pickle::tests::{archive, recorded};
use super::{Architecture, Names, Part, TensorFile, WeightFile, memory};

const RUNS: usize = 100_000;
/// Memory that one of these files may cost, none of which has more than 8 KiB.
const BYTES_MAX: usize = 256 << 10;

/// Marsaglia's xorshift with 64 bits of state (2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() >> 11) as usize % count.max(1)
    }

    fn pick<'p>(&mut self, pieces: &[&'p [u8]]) -> &'p [u8] {
        pieces[self.below(pieces.len())]
    }
}

/// What stands in headers, to be put where it does not belong.
const HEADER_PIECES: &[&[u8]] = &[
    b"0",
    b"-1",
    b"18446744073709551615",
    b"9223372036854775808",
    b"4294967296",
    b"1e9",
    b"0.5",
    b"null",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"[]",
    b"{}",
    b"\"\"",
    b"\\u0000",
    b"\"dtype\":",
    b"\"shape\":",
    b"\"data_offsets\":",
    b"\"F32\"",
    b"\"F64\"",
    b"\"X\"",
    b"\"__metadata__\":",
    b"\xff",
    b"[[[[[[[[",
    b"\"a\":{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[0,0]},",
];

/// Codes of pickles with what belongs to them, and lengths.
const PICKLE_PIECES: &[&[u8]] = &[
    b"(",
    b")",
    b"t",
    b"]",
    b"}",
    b"u",
    b"s",
    b"a",
    b"e",
    b"b",
    b"R",
    b"Q",
    b".",
    b"0",
    b"1",
    b"2",
    b"N",
    b"q\0",
    b"h\0",
    b"h\x01",
    b"r\xff\xff\xff\xff",
    b"j\x01\0\0\0",
    b"K\0",
    b"K\x01",
    b"M\xff\xff",
    b"J\xff\xff\xff\xff",
    b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x8a\xff",
    b"X\xff\xff\xff\xff",
    b"X\x01\0\0\0w",
    b"\x8c\x01w",
    b"\x93",
    b"\x94",
    b"\x81",
    b"\x85",
    b"\x86",
    b"\x87",
    b"\x88",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b"cos\nsystem\n",
    b"ccollections\nOrderedDict\n",
    b"\x95\0\0\0\0\0\0\0\0",
    b"G\0\0\0\0\0\0\0\0",
    b"\x8f",
    b"\x90",
];

/// Changes a few places of `bytes`.
fn spoil(random: &mut Random, bytes: &mut Vec<u8>, pieces: &[&[u8]]) {
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(24)).min(bytes.len());
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                drop(bytes.splice(to..to, copy));
            }
            5 => drop(bytes.splice(at..end, random.pick(pieces).iter().copied())),
            _ => drop(bytes.splice(at..at, random.pick(pieces).iter().copied())),
        }
    }
}

/// Reads a file and all that it holds.
fn read(bytes: &[u8]) {
    let Ok(file) = TensorFile::new(WeightFile::new(bytes.to_vec()), "x") else { return };
    let header = file.header();
    let _ = Architecture::of(header);
    for part in Part::ALL {
        if let Some(names) = Names::find(part, header.names()) {
            header.names().for_each(|name| drop((names.canonical(name), names.spelled(name))));
        }
    }
    for name in header.names() {
        if let Ok(view) = file.view(name) {
            let view = view.unwrap_or_else(|| panic!("`{name}` is listed, but not there"));
            assert_eq!(view.to_vec().len(), view.count());
        }
    }
}

fn runs() -> usize {
    std::env::var("AMDM_FUZZ_RUNS").map_or(RUNS, |text| text.parse().unwrap())
}

/// Reads spoiled copies of `seeds`, each wrapped up by `wrap`.
fn fuzz(seeds: &[Vec<u8>], pieces: &[&[u8]], wrap: impl Fn(Vec<u8>) -> Vec<u8>) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut most = 0;
    for run in 0..runs() {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        spoil(&mut random, &mut bytes, pieces);
        let bytes = wrap(bytes);
        let (result, peak) =
            memory::peak(|| catch_unwind(AssertUnwindSafe(|| read(&bytes))).map_err(drop));
        assert!(result.is_ok(), "run {run} failed with {:?}", bytes.escape_ascii().to_string());
        assert!(
            peak < BYTES_MAX,
            "run {run}: {peak} bytes with {:?}",
            bytes.escape_ascii().to_string()
        );
        most = most.max(peak);
    }
    eprintln!("{} runs, at most {most} bytes", runs());
}

#[test]
fn headers_with_faults() {
    let values = [0; 64];
    let view = |shape: &[usize]| TensorView::new(Dtype::F32, shape.to_vec(), &values).unwrap();
    let names = [
        "model.diffusion_model.input_blocks.0.0.weight",
        "model.diffusion_model.output_blocks.0.0.in_layers.0.weight",
        "first_stage_model.decoder.mid.attn_1.q.weight",
        "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.bias",
    ];
    let shapes: [&[usize]; 4] = [&[4, 4], &[16], &[4, 4, 1, 1], &[2, 8]];
    let views = names.into_iter().zip(shapes.map(view));
    let whole = safetensors::serialize(views, None).unwrap();
    let small = safetensors::serialize([("a", view(&[16]))], None).unwrap();
    // With its length made right again a spoiled header is read to its fault.
    let behind = values.len() * names.len();
    let headers = [(&whole, behind), (&small, values.len())];
    let headers: Vec<Vec<u8>> =
        headers.iter().map(|(file, behind)| file[8..file.len() - behind].to_vec()).collect();
    fuzz(&headers, HEADER_PIECES, |header| {
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], &header, &vec![0; behind]].concat()
    });
    fuzz(&[whole, small], HEADER_PIECES, |bytes| bytes);
}

#[test]
fn pickles_with_faults() {
    let files =
        ["checkpoint.ckpt", "protocol4.pt", "nested.bin", "embedding_module.pt", "lightning.ckpt"];
    let files: Vec<Vec<u8>> = files.into_iter().map(recorded).collect();
    let pickle = |file: &Vec<u8>| {
        // The pickle is the archive's first file, stored as it is, behind padding.
        let start =
            file.windows(2).position(|pair| pair == b"\x80\x02" || pair == b"\x80\x04").unwrap();
        let end = file.windows(4).skip(start).position(|mark| mark == b"PK\x07\x08");
        file[start..start + end.unwrap()].to_vec()
    };
    let pickles: Vec<Vec<u8>> = files.iter().map(pickle).collect();
    fuzz(&pickles, PICKLE_PIECES, |pickle| archive(&pickle, false));
    fuzz(&files, PICKLE_PIECES, |bytes| bytes);
}
