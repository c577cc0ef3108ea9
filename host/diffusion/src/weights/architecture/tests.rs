#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::Architecture as A;
use crate::weights::{Header, Part, TensorInfo};

fn header(tensors: &[(&str, &[usize])]) -> Header {
    let entry = |&(name, shape): &(&str, &[usize])| {
        let info = TensorInfo { dtype: "F16".into(), shape: shape.into(), data_offsets: None };
        (name.to_owned(), info)
    };
    Header::of(tensors.iter().map(entry).collect::<BTreeMap<_, _>>())
}

/// A UNet of the original code: input channels, features of the text, and other tensors.
fn unet(channels: usize, context: usize, more: &[&'static str]) -> Vec<(String, Vec<usize>)> {
    let attention = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight";
    let mut tensors = vec![
        ("input_blocks.0.0.weight".to_owned(), vec![320, channels, 3, 3]),
        ("output_blocks.0.0.in_layers.0.weight".to_owned(), vec![2560]),
        (attention.to_owned(), vec![320, context]),
    ];
    tensors.extend(more.iter().map(|&name| (name.to_owned(), vec![1280])));
    tensors
}

#[track_caller]
fn assert_is(expected: A, tensors: &[(&str, &[usize])]) {
    assert_eq!(A::of(&header(tensors)), expected);
}

#[track_caller]
fn assert_all_are(expected: A, tensors: &[(String, Vec<usize>)]) {
    for prefix in ["", "model.diffusion_model."] {
        let named: Vec<_> =
            tensors.iter().map(|(name, shape)| (format!("{prefix}{name}"), &shape[..])).collect();
        let named: Vec<_> = named.iter().map(|(name, shape)| (&name[..], *shape)).collect();
        assert_is(expected, &named);
    }
}

#[test]
fn the_generations_of_stable_diffusion_are_told_apart() {
    assert_all_are(A::StableDiffusion1, &unet(4, 768, &[]));
    assert_all_are(A::StableDiffusion1Inpainting, &unet(9, 768, &[]));
    assert_all_are(A::StableDiffusion1Edit, &unet(8, 768, &[]));
    assert_all_are(A::StableDiffusion2, &unet(4, 1024, &[]));
    assert_all_are(A::StableDiffusion2, &unet(9, 1024, &[]));
    assert_all_are(A::UnClip, &unet(4, 1024, &["label_emb.0.0.bias"]));
    assert_all_are(A::StableDiffusionXl, &unet(4, 2048, &["label_emb.0.0.bias"]));
    assert_all_are(A::StableDiffusionXlRefiner, &unet(4, 1280, &["label_emb.0.0.bias"]));
    assert_is(A::StableDiffusion, &[("model.diffusion_model.x", &[1])]);
    let attention = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight";
    for (context, expected) in
        [(768, A::StableDiffusion1), (1024, A::StableDiffusion2), (2048, A::StableDiffusionXl)]
    {
        assert_is(
            expected,
            &[
                ("conv_in.weight", &[320, 4, 3, 3]),
                ("up_blocks.0.resnets.0.norm1.weight", &[2560]),
                (attention, &[640, context]),
            ],
        );
    }
    assert_is(A::Diffusers, &[("down_blocks.0.other.weight", &[1])]);
}

#[test]
fn other_networks_are_named() {
    for (expected, names) in [
        (A::Flux, &["double_blocks.0.img_attn.qkv.weight"][..]),
        (A::Flux, &["single_transformer_blocks.0.a", "transformer_blocks.0.attn.add_q_proj.bias"]),
        (A::Flux2, &["double_blocks.0.x", "double_stream_modulation_img.lin.weight"]),
        (A::Chroma, &["double_blocks.0.x", "distilled_guidance_layer.norms.0.scale"]),
        (A::HunyuanVideo, &["double_blocks.0.x", "txt_in.individual_token_refiner.x"]),
        (A::StableDiffusion3, &["joint_blocks.0.context_block.attn.qkv.weight"]),
        (
            A::StableDiffusion3,
            &["pos_embed.proj.bias", "transformer_blocks.0.attn.add_q_proj.bias"],
        ),
        (A::QwenImage, &["txt_norm.weight", "transformer_blocks.0.attn.add_q_proj.bias"]),
        (A::ZImage, &["cap_embedder.0.weight", "noise_refiner.0.attention.qkv.weight"]),
        (A::Wan, &["head.modulation", "blocks.0.cross_attn.k.weight"]),
        (A::PixArt, &["y_embedder.y_embedding"]),
        (A::AuraFlow, &["double_layers.0.attn.w1q.weight"]),
        (A::StableCascade, &["clip_txt_mapper.weight"]),
        (A::StableVideo, &["input_blocks.1.1.time_stack.0.attn1.to_q.weight"]),
        (A::HiDream, &["double_stream_blocks.0.block.adaLN_modulation.1.bias"]),
        (A::Ltx, &["patchify_proj.weight"]),
        (A::Mochi, &["t5_yproj.weight"]),
        (A::Cosmos, &["net.blocks.block0.blocks.0.block.attn.to_q.0.weight"]),
        (A::HunyuanDit, &["mlp_t5.0.weight"]),
        (A::StableAudio, &["conditioner.conditioners.seconds_total.embedder.embedding.0.weights"]),
    ] {
        for prefix in ["", "model.diffusion_model."] {
            let names: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
            let tensors: Vec<(&str, &[usize])> =
                names.iter().map(|name| (&name[..], &[64][..])).collect();
            assert_is(expected, &tensors);
        }
    }
    assert_is(A::Lumina2, &[("cap_embedder.1.weight", &[2304, 2304]), ("noise_refiner.0.x", &[1])]);
}

#[test]
fn parts_alone_are_told_apart() {
    let vae: &[(&str, &[usize])] = &[
        ("decoder.up.0.block.0.norm1.weight", &[128]),
        ("decoder.conv_in.weight", &[512, 4, 3, 3]),
    ];
    assert_is(A::Vae, vae);
    assert_eq!(A::of(&header(vae)), A::Vae);
    assert!(Part::Vae.is_in(&header(vae)) && !Part::Unet.is_in(&header(vae)));
    assert_is(
        A::OtherVae,
        &[("decoder.up_blocks.0.resnets.0.x", &[1]), ("decoder.conv_in.weight", &[512, 16, 3, 3])],
    );
    assert_is(A::TinyVae, &[("decoder.layers.3.conv.0.weight", &[64, 64, 3, 3])]);
    assert_is(
        A::TinyVae,
        &[("3.conv.0.weight", &[1]), ("3.conv.2.weight", &[1]), ("3.conv.4.weight", &[1])],
    );
    for (expected, width) in [(A::ClipL, 768), (A::ClipH, 1024), (A::ClipG, 1280)] {
        let table = ("text_model.embeddings.token_embedding.weight", &[49408, width][..]);
        assert_is(expected, &[table, ("text_model.encoder.layers.0.mlp.fc1.bias", &[1])]);
    }
    assert_is(A::ClipVision, &[("vision_model.encoder.layers.0.mlp.fc1.bias", &[1])]);
    assert_is(
        A::ClipL,
        &[("vision_model.encoder.layers.0.x", &[1]), ("text_model.encoder.layers.0.x", &[1])],
    );
    assert_is(A::T5, &[("encoder.block.0.layer.0.SelfAttention.q.weight", &[1])]);
    assert_is(
        A::LanguageModel,
        &[
            ("model.layers.0.self_attn.q_proj.weight", &[1]),
            ("model.layers.0.mlp.gate_proj.weight", &[1]),
        ],
    );
}

#[test]
fn adapters_are_told_apart_from_what_they_are_for() {
    for name in [
        "lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight",
        "unet.down_blocks.0.attentions.0.proj_in.lora_A.weight",
        "down_blocks.0.attentions.0.processor.to_q_lora.down.weight",
        "text_encoder.text_model.encoder.layers.0.self_attn.to_q.lora_linear_layer.down.weight",
        "lora_unet_mid_block_attentions_0_proj_in.hada_w1_a",
        "lora_unet_mid_block_attentions_0_proj_in.lokr_w2",
        "diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight",
    ] {
        assert_is(A::Lora, &[(name, &[4, 320])]);
    }
    let control = "control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight";
    for (context, expected) in
        [(768, A::ControlNet), (1024, A::OtherControlNet), (2048, A::OtherControlNet)]
    {
        let hint = ("control_model.input_hint_block.0.weight", &[16, 3, 3, 3][..]);
        assert_is(expected, &[hint, (control, &[320, context])]);
    }
    assert_is(
        A::ControlNet,
        &[
            ("controlnet_cond_embedding.conv_in.weight", &[16, 3, 3, 3]),
            ("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", &[320, 768]),
        ],
    );
    let fuser = "input_blocks.1.1.transformer_blocks.0.fuser.linear.weight";
    assert_is(A::Gligen, &[(fuser, &[320, 768]), ("position_net.linears.0.weight", &[512, 832])]);
    assert_is(
        A::InteractDiffusion,
        &[("position_net.interaction_embedding.emb.weight", &[30, 768])],
    );
    assert_is(A::IpAdapter, &[("ip_adapter.1.to_k_ip.weight", &[320, 768])]);
    assert_is(A::T2iAdapter, &[("adapter.body.0.block1.weight", &[320, 320, 3, 3])]);
    assert_is(A::Embedding, &[("emb_params", &[3, 768])]);
    assert_is(A::Embedding, &[("clip_g", &[2, 1280]), ("clip_l", &[2, 768])]);
    assert_is(A::Embedding, &[("string_to_param.*", &[3, 768])]);
    assert_is(A::Upscaler, &[("RRDB_trunk.0.RDB1.conv1.weight", &[32, 64, 3, 3])]);
    assert_is(A::Upscaler, &[("body.0.rdb1.conv1.weight", &[32, 64, 3, 3])]);
    assert_is(A::Unknown, &[("gain", &[1])]);
    assert_is(A::Unknown, &[]);
}
