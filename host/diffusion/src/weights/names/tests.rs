#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::{Names, Part};

/// Names of a part, as networks ask for them, and as a checkpoint spells them, recorded from the
/// converter of diffusers. The UNet of the record lacks one shortcut that the full one has.
fn recorded(part: &str) -> Vec<(String, String)> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/sd15_ldm_single_file/key_map.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut map: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> =
        serde_json::from_str(&text).unwrap();
    let mut names: Vec<_> =
        map.remove("hf_to_ldm").unwrap().remove(part).unwrap().into_iter().collect();
    if part == "unet" {
        let shortcut =
            names.iter().find(|(name, _)| name.contains("down_blocks.1.resnets.0.conv1"));
        assert!(shortcut.is_some());
        for end in ["weight", "bias"] {
            let pair = (
                format!("down_blocks.2.resnets.0.conv_shortcut.{end}"),
                format!("model.diffusion_model.input_blocks.7.0.skip_connection.{end}"),
            );
            if !names.contains(&pair) {
                names.push(pair);
            }
        }
    }
    names
}

/// Whether `Names` translate all `pairs` both ways.
#[track_caller]
fn assert_both_ways(part: Part, pairs: &[(String, String)]) {
    let names = Names::find(part, pairs.iter().map(|(_, file)| file.as_str())).unwrap();
    for (network, file) in pairs {
        assert_eq!(&names.spelled(network), file);
        assert_eq!(names.canonical(file).as_ref(), Some(network), "{file}");
    }
}

/// `pairs` with another prefix of the file's names.
fn prefixed(pairs: &[(String, String)], from: &str, to: &str) -> Vec<(String, String)> {
    let file = |file: &String| format!("{to}{}", file.strip_prefix(from).unwrap());
    pairs.iter().map(|(network, name)| (network.clone(), file(name))).collect()
}

/// `pairs` as diffusers spells them itself, behind a prefix.
fn same(pairs: &[(String, String)], prefix: &str) -> Vec<(String, String)> {
    pairs.iter().map(|(network, _)| (network.clone(), format!("{prefix}{network}"))).collect()
}

#[test]
fn a_unet_is_translated_both_ways() {
    let pairs = recorded("unet");
    assert_eq!(pairs.len(), 686);
    assert_both_ways(Part::Unet, &pairs);
    for prefix in ["", "diffusion_model."] {
        assert_both_ways(Part::Unet, &prefixed(&pairs, "model.diffusion_model.", prefix));
    }
    for prefix in ["", "unet."] {
        assert_both_ways(Part::Unet, &same(&pairs, prefix));
    }
}

#[test]
fn a_vae_is_translated_both_ways() {
    let mut pairs = recorded("vae");
    // The record's lacks the shortcuts between other widths.
    for (network, file) in [
        ("encoder.down_blocks.1.resnets.0", "encoder.down.1.block.0"),
        ("encoder.down_blocks.2.resnets.0", "encoder.down.2.block.0"),
        ("decoder.up_blocks.2.resnets.0", "decoder.up.1.block.0"),
        ("decoder.up_blocks.3.resnets.0", "decoder.up.0.block.0"),
    ] {
        for end in ["weight", "bias"] {
            let network = format!("{network}.conv_shortcut.{end}");
            if !pairs.iter().any(|(known, _)| *known == network) {
                pairs.push((network, format!("first_stage_model.{file}.nin_shortcut.{end}")));
            }
        }
    }
    assert_eq!(pairs.len(), 248);
    assert_both_ways(Part::Vae, &pairs);
    assert_both_ways(Part::Vae, &prefixed(&pairs, "first_stage_model.", ""));
    assert_both_ways(Part::Vae, &same(&pairs, ""));
    let old = |name: &String| {
        let name = name.replace("to_q", "query").replace("to_k", "key");
        name.replace("to_v", "value").replace("to_out.0", "proj_attn")
    };
    let pairs: Vec<_> = pairs.iter().map(|(name, _)| (name.clone(), old(name))).collect();
    assert!(pairs.iter().any(|(_, file)| file.ends_with("attentions.0.proj_attn.bias")));
    assert_both_ways(Part::Vae, &pairs);
}

#[test]
fn a_text_encoder_is_translated_both_ways() {
    let mut pairs = recorded("text_encoder");
    let layer = |name: &str, layer: usize| name.replace(".layers.0.", &format!(".layers.{layer}."));
    let first: Vec<_> =
        pairs.iter().filter(|(name, _)| name.contains(".layers.0.")).cloned().collect();
    for number in 4..12 {
        let copies = first.iter().map(|(a, b)| (layer(a, number), layer(b, number)));
        pairs.extend(copies);
    }
    assert_eq!(pairs.len(), 196);
    assert_both_ways(Part::Text, &pairs);
    let prefix = "cond_stage_model.transformer.";
    for to in ["", "text_encoder.", "text_encoders.clip_l.transformer."] {
        assert_both_ways(Part::Text, &prefixed(&pairs, prefix, to));
    }
    let without = format!("{prefix}text_model.");
    for to in ["", prefix] {
        assert_both_ways(Part::Text, &prefixed(&pairs, &without, to));
    }
}

#[test]
fn a_control_network_is_translated_both_ways() {
    let mut pairs: Vec<_> = recorded("unet")
        .into_iter()
        .filter(|(name, _)| !name.starts_with("up_blocks.") && !name.starts_with("conv_"))
        .map(|(name, file)| (name, file.replace("model.diffusion_model.", "control_model.")))
        .collect();
    let mut pair = |network: String, file: String| {
        for end in ["weight", "bias"] {
            pairs.push((format!("{network}.{end}"), format!("control_model.{file}.{end}")));
        }
    };
    pair("conv_in".into(), "input_blocks.0.0".into());
    for block in 0..12 {
        pair(format!("controlnet_down_blocks.{block}"), format!("zero_convs.{block}.0"));
    }
    pair("controlnet_mid_block".into(), "middle_block_out.0".into());
    let hint = "controlnet_cond_embedding";
    pair(format!("{hint}.conv_in"), "input_hint_block.0".into());
    for (block, place) in [2, 4, 6, 8, 10, 12].into_iter().enumerate() {
        pair(format!("{hint}.blocks.{block}"), format!("input_hint_block.{place}"));
    }
    pair(format!("{hint}.conv_out"), "input_hint_block.14".into());
    assert_eq!(pairs.len(), 340);
    assert_both_ways(Part::Control, &pairs);
    assert_both_ways(Part::Control, &prefixed(&pairs, "control_model.", ""));
    assert_both_ways(Part::Control, &same(&pairs, ""));
    for pairs in [prefixed(&pairs, "control_model.", ""), same(&pairs, "")] {
        assert!(Names::find(Part::Unet, pairs.iter().map(|(_, file)| file.as_str())).is_none());
    }
}

#[test]
fn the_layers_of_gligen_alone_are_translated_both_ways() {
    let inner = ["alpha_attn", "linear.weight", "attn.to_out.0.bias", "ff.net.0.proj.weight"];
    let mut pairs =
        vec![("position_net.linears.0.weight".into(), "position_net.linears.0.weight".into())];
    for (network, file) in [
        ("down_blocks.0.attentions.1", "input_blocks.2.1"),
        ("mid_block.attentions.0", "middle_block.1"),
        ("up_blocks.3.attentions.2", "output_blocks.11.1"),
    ] {
        for inner in inner {
            let rest = format!("transformer_blocks.0.fuser.{inner}");
            pairs.push((format!("{network}.{rest}"), format!("{file}.{rest}")));
        }
    }
    assert_both_ways(Part::Grounding, &pairs);
    let names = |pairs: &[(String, String)]| -> Vec<String> {
        pairs.iter().map(|(_, file)| file.clone()).collect()
    };
    let find =
        |part, names: &[String]| Names::find(part, names.iter().map(String::as_str)).is_some();
    assert!(!find(Part::Unet, &names(&pairs)));
    assert!(!find(Part::Grounding, &names(&recorded("unet"))));
}

#[test]
fn a_checkpoint_holds_three_parts_and_what_is_not_theirs_has_no_name() {
    let all: Vec<String> = ["unet", "vae", "text_encoder"]
        .into_iter()
        .flat_map(recorded)
        .map(|(_, file)| file)
        .chain(["model_ema.decay".into(), "alphas_cumprod".into()])
        .collect();
    let of = |part| Names::find(part, all.iter().map(String::as_str));
    for (part, count) in [(Part::Unet, 686), (Part::Vae, 244), (Part::Text, 68)] {
        let names = of(part).unwrap();
        assert_eq!(names.part(), part);
        assert_eq!(all.iter().filter(|name| names.canonical(name).is_some()).count(), count);
    }
    assert!(of(Part::Control).is_none() && of(Part::Grounding).is_none());
    let unet = of(Part::Unet).unwrap();
    assert_eq!(unet.canonical("model.diffusion_model.label_emb.0.0.weight"), None);
    assert_eq!(unet.spelled("conv_in.weight"), "model.diffusion_model.input_blocks.0.0.weight");
    assert_eq!(unet.spelled("unknown.weight"), "model.diffusion_model.unknown.weight");
}
