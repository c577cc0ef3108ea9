//! What a weight file is, told by the names and shapes of its tensors alone.
//!
//! What this build cannot run is recognised as well, so that messages can name it. Adapters come
//! first, as their names repeat those of the networks that they are for.

use super::{Header, Names, Part, TensorFile};

/// A kind of weight file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Stable Diffusion 1.x: a whole checkpoint, or its UNet.
    StableDiffusion1,
    /// The same with nine input channels: latent, mask and masked picture.
    StableDiffusion1Inpainting,
    /// The same with eight input channels: latent and a picture to edit.
    StableDiffusion1Edit,
    /// Stable Diffusion 2.x, base or 768.
    StableDiffusion2,
    /// Stable Diffusion 2.x conditioned by pictures.
    UnClip,
    /// Stable Diffusion XL.
    StableDiffusionXl,
    /// The refiner of Stable Diffusion XL.
    StableDiffusionXlRefiner,
    /// A Stable Diffusion checkpoint of another version.
    StableDiffusion,
    /// Stable Video Diffusion.
    StableVideo,
    /// Stable Cascade, any of its stages.
    StableCascade,
    /// Stable Audio.
    StableAudio,
    /// Stable Diffusion 3 or 3.5.
    StableDiffusion3,
    /// FLUX.1.
    Flux,
    /// FLUX.2.
    Flux2,
    /// Chroma.
    Chroma,
    /// Z-Image.
    ZImage,
    /// Lumina 2.
    Lumina2,
    /// Qwen-Image.
    QwenImage,
    /// Wan.
    Wan,
    /// Hunyuan Video.
    HunyuanVideo,
    /// Hunyuan-DiT.
    HunyuanDit,
    /// LTX Video.
    Ltx,
    /// PixArt.
    PixArt,
    /// AuraFlow.
    AuraFlow,
    /// HiDream.
    HiDream,
    /// Mochi.
    Mochi,
    /// Cosmos.
    Cosmos,
    /// A network of diffusers of another kind.
    Diffusers,
    /// A VAE with four latent channels, as Stable Diffusion 1, 2 and XL have.
    Vae,
    /// A VAE of another kind, such as those of FLUX, Stable Diffusion 3 and of videos.
    OtherVae,
    /// A small stand-in for a VAE, for previews.
    TinyVae,
    /// The text encoder CLIP-L, that of Stable Diffusion 1.
    ClipL,
    /// The text encoder CLIP-H, that of Stable Diffusion 2.
    ClipH,
    /// The text encoder CLIP-G of Stable Diffusion XL.
    ClipG,
    /// A picture encoder of the CLIP family.
    ClipVision,
    /// A T5 text encoder.
    T5,
    /// A language model as a text encoder.
    LanguageModel,
    /// A ControlNet for Stable Diffusion 1.
    ControlNet,
    /// A ControlNet for another network.
    OtherControlNet,
    /// A T2I adapter.
    T2iAdapter,
    /// An IP-Adapter.
    IpAdapter,
    /// GLIGEN: its layers alone, or a UNet with them.
    Gligen,
    /// InteractDiffusion.
    InteractDiffusion,
    /// MIGC.
    Migc,
    /// A LoRA or one of its relatives.
    Lora,
    /// Motion layers of AnimateDiff.
    AnimateDiff,
    /// A textual-inversion embedding.
    Embedding,
    /// A network that enlarges pictures.
    Upscaler,
    /// Nothing that is known here.
    Unknown,
}

use Architecture as A;

/// Parts of names that mark what a file is where it has all of a row; the first such row counts.
const MARKS: [(A, &[&str]); 61] = [
    (A::Lora, &["lora_down."]),
    (A::Lora, &["lora_A."]),
    (A::Lora, &["lora.down."]),
    (A::Lora, &["lora_linear_layer."]),
    (A::Lora, &["hada_w1_a"]),
    (A::Lora, &["lokr_w"]),
    (A::Lora, &["oft_blocks"]),
    (A::IpAdapter, &["to_k_ip."]),
    (A::IpAdapter, &["image_proj."]),
    (A::Migc, &[".migc."]),
    (A::InteractDiffusion, &["position_net.interaction_embedding."]),
    (A::Gligen, &[".fuser.", "position_net."]),
    (A::T2iAdapter, &["adapter.body."]),
    (A::T2iAdapter, &["body.0.block1."]),
    (A::AnimateDiff, &["motion_modules."]),
    (A::OtherControlNet, &["lllite"]),
    (A::OtherControlNet, &["controlnet_x_embedder."]),
    (A::OtherControlNet, &["controlnet_blocks."]),
    (A::OtherControlNet, &["control_add_embedding."]),
    (A::OtherControlNet, &["lora_controlnet"]),
    (A::ControlNet, &["input_hint_block."]),
    (A::ControlNet, &["controlnet_cond_embedding."]),
    (A::ControlNet, &["zero_convs."]),
    (A::Flux2, &["double_stream_modulation_img."]),
    (A::HunyuanVideo, &["individual_token_refiner."]),
    (A::Chroma, &["distilled_guidance_layer."]),
    (A::Flux, &["double_blocks."]),
    (A::Flux, &["single_transformer_blocks.", "add_q_proj."]),
    (A::AuraFlow, &["single_transformer_blocks.", "joint_transformer_blocks."]),
    (A::AuraFlow, &["double_layers."]),
    (A::QwenImage, &["add_q_proj.", "txt_norm."]),
    (A::StableDiffusion3, &["joint_blocks."]),
    (A::StableDiffusion3, &["add_q_proj.", "pos_embed.proj."]),
    (A::HiDream, &["double_stream_blocks."]),
    (A::ZImage, &["cap_embedder.", "noise_refiner."]),
    (A::Wan, &["head.modulation"]),
    (A::Wan, &["condition_embedder.time_embedder."]),
    (A::Ltx, &["patchify_proj."]),
    (A::PixArt, &["y_embedder.y_embedding"]),
    (A::PixArt, &["adaln_single.", "pos_embed.proj."]),
    (A::HunyuanDit, &["mlp_t5."]),
    (A::Mochi, &["t5_yproj."]),
    (A::Cosmos, &["blocks.block0."]),
    (A::StableCascade, &["clip_txt_mapper."]),
    (A::StableCascade, &["effnet_mapper."]),
    (A::StableAudio, &["conditioners.seconds_total."]),
    (A::StableVideo, &["time_stack."]),
    (A::StableVideo, &["temporal_transformer_blocks."]),
    (A::Upscaler, &["RRDB_trunk."]),
    (A::Upscaler, &["rdb1.conv1."]),
    (A::Upscaler, &["RDB1.conv1."]),
    (A::Upscaler, &["residual_group.blocks."]),
    (A::TinyVae, &["decoder.layers.", "conv.0."]),
    (A::TinyVae, &["3.conv.0.", "3.conv.2.", "3.conv.4."]),
    (A::T5, &["SelfAttention.q."]),
    (A::LanguageModel, &["layers.0.self_attn.q_proj.", "layers.0.mlp.gate_proj."]),
    (A::ClipG, &["text_model.", "encoder.layers.31."]),
    (A::ClipVision, &["vision_model.", "visual_projection.", "pre_layrnorm."]),
    (A::ClipVision, &["vision_model.encoder."]),
    (A::ClipVision, &["visual.transformer."]),
    (A::Embedding, &["string_to_param"]),
];

/// What the original and diffusers call tensors of any of their networks.
const OTHERS: [(A, &str); 2] =
    [(A::StableDiffusion, "model.diffusion_model."), (A::Diffusers, "down_blocks.")];
/// Tensors of a textual-inversion file, which has no others.
const EMBEDDING_TENSORS: usize = 4;
/// Features of an embedding for the text encoders CLIP-L, -H and -G.
const EMBEDDING_WIDTHS: [usize; 3] = [768, 1024, 1280];

impl Architecture {
    /// What files are that together hold one network.
    pub(crate) fn of_files(files: &[TensorFile]) -> Self {
        match files {
            [file] => Self::of(file.header()),
            _ => {
                let tensors = files.iter().flat_map(|file| file.header().tensors());
                let owned = tensors.map(|(name, info)| (name.to_owned(), info.clone()));
                Self::of(&Header::of(owned.collect()))
            }
        }
    }

    /// What a file with this header is.
    pub fn of(header: &Header) -> Self {
        let mut seen = [[false; 3]; MARKS.len()];
        for name in header.names() {
            for ((_, marks), seen) in MARKS.iter().zip(&mut seen) {
                for (mark, seen) in marks.iter().zip(seen) {
                    *seen = *seen || name.contains(mark);
                }
            }
        }
        let has_all = |(row, seen): &(&(A, &[&str]), &[bool; 3])| {
            seen.iter().take(row.1.len()).all(|&seen| seen)
        };
        match MARKS.iter().zip(&seen).find(has_all) {
            Some((&(A::ControlNet, _), _)) => control(header),
            Some((&(A::ZImage, _), _)) => caption(header),
            Some((&(A::ClipVision, _), _)) if Part::Text.is_in(header) => A::ClipL,
            Some((&(known, _), _)) => known,
            None => unet(header)
                .or_else(|| vae(header))
                .or_else(|| text(header))
                .unwrap_or_else(|| other(header)),
        }
    }

    /// In plain words, with an article: "a LoRA".
    pub fn name(self) -> &'static str {
        match self {
            A::StableDiffusion1 => "a Stable Diffusion 1 model",
            A::StableDiffusion1Inpainting => "a Stable Diffusion 1 inpainting model",
            A::StableDiffusion1Edit => "a Stable Diffusion 1 model that edits pictures",
            A::StableDiffusion2 => "a Stable Diffusion 2 model",
            A::UnClip => "an unCLIP model",
            A::StableDiffusionXl => "a Stable Diffusion XL model",
            A::StableDiffusionXlRefiner => "the refiner of Stable Diffusion XL",
            A::StableDiffusion => "a Stable Diffusion checkpoint",
            A::StableVideo => "a Stable Video Diffusion model",
            A::StableCascade => "a Stable Cascade model",
            A::StableAudio => "a Stable Audio model",
            A::StableDiffusion3 => "a Stable Diffusion 3 model",
            A::Flux => "a FLUX network",
            A::Flux2 => "a FLUX.2 network",
            A::Chroma => "a Chroma network",
            A::ZImage => "a Z-Image network",
            A::Lumina2 => "a Lumina 2 network",
            A::QwenImage => "a Qwen-Image network",
            A::Wan => "a Wan network",
            A::HunyuanVideo => "a Hunyuan Video network",
            A::HunyuanDit => "a Hunyuan-DiT network",
            A::Ltx => "an LTX Video network",
            A::PixArt => "a PixArt network",
            A::AuraFlow => "an AuraFlow network",
            A::HiDream => "a HiDream network",
            A::Mochi => "a Mochi network",
            A::Cosmos => "a Cosmos network",
            A::Diffusers => "a diffusers network",
            A::Vae => "a VAE",
            A::OtherVae => "a VAE of another kind than Stable Diffusion's",
            A::TinyVae => "a small VAE for previews",
            A::ClipL => "a CLIP text encoder",
            A::ClipH => "a CLIP-H text encoder",
            A::ClipG => "a CLIP-G text encoder",
            A::ClipVision => "a CLIP picture encoder",
            A::T5 => "a T5 text encoder",
            A::LanguageModel => "a language model",
            A::ControlNet => "a ControlNet",
            A::OtherControlNet => "a ControlNet for another network than Stable Diffusion 1",
            A::T2iAdapter => "a T2I adapter",
            A::IpAdapter => "an IP-Adapter",
            A::Gligen => "GLIGEN",
            A::InteractDiffusion => "InteractDiffusion",
            A::Migc => "MIGC",
            A::Lora => "a LoRA",
            A::AnimateDiff => "an AnimateDiff motion module",
            A::Embedding => "a textual-inversion embedding",
            A::Upscaler => "an upscaler",
            A::Unknown => "weights of an unknown network",
        }
    }
}

impl Part {
    /// Whether a file with this header holds the part.
    pub(crate) fn is_in(self, header: &Header) -> bool {
        Names::find(self, header.names()).is_some()
    }

    /// Whether these files together hold the part.
    pub(crate) fn is_among(self, files: &[TensorFile]) -> bool {
        Names::find(self, files.iter().flat_map(|file| file.header().names())).is_some()
    }
}

/// Extent `axis` of the tensor that networks of `part` call `name`.
fn extent(header: &Header, part: Part, name: &str, axis: usize) -> Option<usize> {
    let names = Names::find(part, header.names())?;
    header.tensor(&names.spelled(name))?.shape.get(axis).copied()
}

/// Features of the text that the cross attention of a network reads.
fn context(header: &Header, part: Part) -> Option<usize> {
    [0, 1].into_iter().find_map(|block| {
        let name =
            format!("down_blocks.{block}.attentions.0.transformer_blocks.0.attn2.to_k.weight");
        extent(header, part, &name, 1)
    })
}

/// Whether a network takes something else beside time and text.
fn has_label(header: &Header) -> bool {
    let marks = ["label_emb.", "add_embedding.", "class_embedding."];
    header.names().any(|name| marks.iter().any(|mark| name.contains(mark)))
}

fn unet(header: &Header) -> Option<A> {
    let channels = extent(header, Part::Unet, "conv_in.weight", 1)?;
    Some(match (context(header, Part::Unet), has_label(header), channels) {
        (Some(2048), _, _) => A::StableDiffusionXl,
        (Some(1280), true, _) => A::StableDiffusionXlRefiner,
        (Some(1024), true, _) => A::UnClip,
        (Some(1024), false, _) => A::StableDiffusion2,
        (Some(_), false, 4) => A::StableDiffusion1,
        (Some(_), false, 9) => A::StableDiffusion1Inpainting,
        (Some(_), false, 8) => A::StableDiffusion1Edit,
        _ => A::StableDiffusion,
    })
}

fn control(header: &Header) -> A {
    match (context(header, Part::Control), has_label(header)) {
        (Some(1024 | 1280 | 2048) | None, _) | (_, true) => A::OtherControlNet,
        _ => A::ControlNet,
    }
}

/// Networks of one plan that read different text encoders.
fn caption(header: &Header) -> A {
    let mut tensors = header.tensors();
    let embedder = tensors.find(|(name, _)| name.ends_with("cap_embedder.1.weight"));
    match embedder.map(|(_, info)| &info.shape[..]) {
        Some([_, 2304]) => A::Lumina2,
        _ => A::ZImage,
    }
}

fn vae(header: &Header) -> Option<A> {
    let names = Names::find(Part::Vae, header.names())?;
    let shape = |name| header.tensor(&names.spelled(name)).map(|info| &info.shape[..]);
    Some(match (shape("decoder.conv_in.weight"), shape("encoder.conv_in.weight")) {
        (Some([_, 4, 3, 3]), _) | (None, Some([_, 3, 3, 3])) => A::Vae,
        _ => A::OtherVae,
    })
}

fn text(header: &Header) -> Option<A> {
    let width = extent(header, Part::Text, "text_model.embeddings.token_embedding.weight", 1);
    match width {
        Some(1280) => Some(A::ClipG),
        Some(1024) => Some(A::ClipH),
        _ if Part::Text.is_in(header) => Some(A::ClipL),
        _ => None,
    }
}

fn other(header: &Header) -> A {
    let known = OTHERS.iter().find(|(_, mark)| header.names().any(|name| name.starts_with(mark)));
    match known {
        Some((known, _)) => *known,
        None if is_embedding(header) => A::Embedding,
        None => A::Unknown,
    }
}

/// Whether a file holds nothing but a few rows as wide as a text encoder's.
fn is_embedding(header: &Header) -> bool {
    let count = header.names().count();
    let is_rows = |shape: &[usize]| match shape {
        [width] | [_, width] => EMBEDDING_WIDTHS.contains(width),
        _ => false,
    };
    (1..=EMBEDDING_TENSORS).contains(&count)
        && header.tensors().all(|(name, info)| !name.contains(".weight") && is_rows(&info.shape))
}

#[cfg(test)]
mod tests;
