//! What a pack may import (`world imports` in `wit/`), native code has as well: each function is in
//! a table of the header and in the Rust crates, under its own name or another, or is left out for
//! a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use amdm::math::Tensor as _;
use amdm_diffusion::noise::Generator;
use amdm_diffusion::{Codec, Denoiser, Tensor, TextEncoder};
use amdm_runtime::{Access, NodeCall, Object, StepView};
use wit_parser::{Resolve, SourceMap, WorldItem};

use crate::header::committed;

/// Functions that neither face has, or all of a resource.
const LEFT_OUT: [(&str, &str); 11] = [
    ("codecs.codec.from-object", "the value of the wire is what codecs are asked by"),
    ("codecs.codec.to-object", "the same"),
    ("encoders.text-encoder.from-object", "the same"),
    ("encoders.text-encoder.to-object", "the same"),
    ("sampling.policy", "a sampler asks a chain of operators, and samplers are in packs"),
    ("sampling.step-context.constructor", "a sampler makes it"),
    ("sampling.step-context.begin", "a sampler begins its step"),
    ("sampling.step-context.set-wanted", "a sampler knows whose result is wanted"),
    ("sampling.step-context.set-stochastic", "a sampler knows its solver"),
    ("sampling.step-context.set-prediction", "a sampler hands over what the network said"),
    ("sampling.step-context.set-mean", "a sampler's solver knows it"),
];

/// Which table has what an interface or a resource has.
const TABLES: [(&str, &str); 10] = [
    ("codecs.codec", "AmdmCodecApi"),
    ("encoders.text-encoder", "AmdmTextEncoderApi"),
    ("tensors.tensor", "AmdmTensorApi"),
    ("tensors.generator", "AmdmGeneratorApi"),
    ("objects.object", "AmdmObjectApi"),
    ("models", "AmdmModelApi"),
    ("models.model", "AmdmModelApi"),
    ("images", "AmdmImageApi"),
    ("runtime.call", "AmdmCallApi"),
    ("sampling.step-context", "AmdmStepApi"),
];

/// Functions that have another name in C.
const NAMES_IN_C: [(&str, &str); 8] = [
    ("codecs.codec.name", "info"),
    ("codecs.codec.latent", "info"),
    ("objects.object.field-names", "field_name"),
    ("tensors.tensor.shape", "info"),
    ("tensors.tensor.dtype", "info"),
    ("tensors.generator.constructor", "create"),
    ("objects.object.items", "item"),
    ("objects.object.share", "retain"),
];

/// Functions that packs may import, such as `runtime.call.input` and `images.load`.
fn importable() -> Vec<String> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut sources = SourceMap::new();
    let files = [
        "types", "tensors", "objects", "codecs", "encoders", "models", "images", "runtime",
        "sampling", "world",
    ];
    for file in files {
        sources.push_file(&wit.join(file).with_extension("wit")).unwrap();
    }
    let Ok(group) = sources.parse() else { panic!("wit/ is not WIT") };
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).unwrap();
    let world = resolve.packages[package].worlds["imports"];
    let interfaces = resolve.worlds[world].imports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some(&resolve.interfaces[*id]),
        _ => None,
    });
    let names = interfaces.flat_map(|interface| {
        let of = interface.name.clone().unwrap();
        interface.functions.keys().map(move |name| match name.strip_prefix("[constructor]") {
            Some(resource) => format!("{of}.{resource}.constructor"),
            None => format!("{of}.{}", name.rsplit(']').next().unwrap()),
        })
    });
    names.collect()
}

/// Functions of the tables of the header, by table.
fn tables() -> BTreeMap<String, BTreeSet<String>> {
    let header = committed();
    let structs = header.split("typedef struct {").skip(1);
    let structs = structs.filter_map(|text| {
        let (fields, rest) = text.split_once("\n} ")?;
        let fields = fields.lines().filter_map(|line| line.split_once("(*")?.1.split_once(')'));
        Some((
            rest.split_once(';')?.0.to_owned(),
            fields.map(|(name, _)| name.to_owned()).collect(),
        ))
    });
    structs.collect()
}

fn left_out(function: &str) -> bool {
    LEFT_OUT.iter().any(|(name, _)| {
        function.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether a table has a function.
fn in_c(function: &str) -> bool {
    let (place, name) = function.rsplit_once('.').unwrap();
    let Some((_, table)) = TABLES.iter().find(|(of, _)| *of == place) else { return false };
    let other = NAMES_IN_C.iter().find(|(of, _)| *of == function);
    let name = other.map_or_else(|| name.replace('-', "_"), |(_, other)| (*other).to_owned());
    tables()[*table].contains(&name)
}

/// Functions of the Rust crates by their names in the contract; those behind `=` have another one.
fn in_rust() -> BTreeSet<String> {
    macro_rules! there {
        ($owner:ty, $name:ident) => {
            let _ = <$owner>::$name;
        };
        ($owner:ty, $name:ident, $other:expr) => {
            let _ = $other;
        };
    }
    macro_rules! faces {
        ($($place:literal, $owner:ty: $($name:ident $(= $other:expr)?),*;)*) => {{
            let mut all = BTreeSet::new();
            $($(
                there!($owner, $name $(, $other)?);
                all.insert(format!("{}.{}", $place, stringify!($name).replace('_', "-")));
            )*)*
            all
        }};
    }
    faces! {
        "tensors.tensor", Tensor:
            from_f32 = |device, shape, values: Vec<f32>| Tensor::from_f32(device, shape, values),
            shape, dtype, share, linear_combination, sample_combination, add, sub, mul, div, affine,
            minimum, maximum, clamp, sample_dot, sqrt, sin, acos, select, reshape, narrow, concat,
            full, flip, transpose, round, exp, ln, sum, resize, convolve,
            read_f32 = Tensor::to_f32;
        "tensors.generator", Generator: constructor = Generator::new, normal;
        "objects.object", Object:
            create = Object::fields, from_items, kind, field, field_names, items, append,
            with_fields, share = Object::clone;
        "codecs.codec", dyn Codec:
            load = Access::load_codec, name, latent,
            encode = Access::encode, decode = Access::decode;
        "encoders.text-encoder", dyn TextEncoder:
            info, with_last_layer, encode = Access::encode_text;
        "models", Access: predict;
        "models.model", dyn Denoiser:
            load = Access::load_model, from_object = Object::model, to_object = Object::from_model,
            info, timesteps, with_adapter, condition, list_names = Access::list_names, codec,
            text_encoder;
        "images", Access:
            load = Access::load_image, save = Access::save_image, save_latent, resize, grow, edges,
            text = Access::draw_text;
        "runtime.call", NodeCall:
            input, inputs, set_output, output_wanted, checkpoint, checkpoint_due, keep_checkpoint;
        "runtime.call", Access: set_ui, progress, preview, cancelled, log;
        "sampling.step-context", StepView:
            index, steps, lanes, target, set_target, weight, set_weight, guidance, set_guidance,
            refine, set_refine, wanted, stochastic, now, next, alphas_cumprod, active, set_active,
            input, set_input, epsilon, denoised, has_prediction, set_epsilon, set_denoised, mean,
            latent, set_latent, rewritten, slot, set_slot, trace;
    }
}

#[test]
fn native_code_has_what_packs_have() {
    let (importable, rust) = (importable(), in_rust());
    assert!(importable.len() > 80, "{importable:?}");
    for function in &importable {
        let expected = !left_out(function);
        assert_eq!(in_c(function), expected, "in a table: {function}");
        assert_eq!(rust.contains(function), expected, "in a crate: {function}");
    }
    for name in rust.iter().map(String::as_str).chain(NAMES_IN_C.map(|(name, _)| name)) {
        assert!(importable.iter().any(|function| function == name), "no pack may import {name}");
    }
}
