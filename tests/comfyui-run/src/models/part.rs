//! The files that there are.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use anyhow::{Error, anyhow};

/// One model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A whole checkpoint in the LDM layout: UNet, VAE, text encoder (2.1 GB).
    Checkpoint,
    /// A VAE alone, with other weights than the checkpoint's (167 MB).
    Vae,
    /// A ControlNet in the LDM layout (723 MB).
    Controlnet,
    /// GLIGEN's fusers and position network (418 MB).
    Gligen,
    /// A kohya LoRA of rank 4 with alphas, convolutions and the text encoder.
    LoraA,
    /// A kohya LoRA of rank 8 without alphas.
    LoraB,
    /// A textual inversion of three rows.
    Embedding,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Checkpoint,
        Self::Vae,
        Self::Controlnet,
        Self::Gligen,
        Self::LoraA,
        Self::LoraB,
        Self::Embedding,
    ];

    /// Its name, which its weights depend on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Vae => "vae",
            Self::Controlnet => "controlnet",
            Self::Gligen => "gligen",
            Self::LoraA => "lora_a",
            Self::LoraB => "lora_b",
            Self::Embedding => "embedding",
        }
    }

    /// Its path below the models folder.
    pub fn file(self, seed: u64) -> String {
        format!("{}{seed}.safetensors", self.stem())
    }

    /// That path up to the seed.
    fn stem(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoints/gen_sd15_s",
            Self::Vae => "vae/gen_vae_s",
            Self::Controlnet => "controlnet/gen_control_s",
            Self::Gligen => "gligen/gen_gligen_s",
            Self::LoraA => "loras/gen_lora_a_s",
            Self::LoraB => "loras/gen_lora_b_s",
            Self::Embedding => "embeddings/gen_emb_s",
        }
    }

    /// The files that a text names, as `gen_sd15_s1.safetensors` or `embedding:gen_emb_s1`.
    pub fn named_in(text: &str) -> BTreeSet<(u64, Self)> {
        let mut found = BTreeSet::new();
        for part in Self::ALL {
            let stem = part.stem().rsplit('/').next().unwrap_or_default();
            for (at, _) in text.match_indices(stem) {
                let seed = &text[at + stem.len()..];
                let digits = seed.find(|c: char| !c.is_ascii_digit()).unwrap_or(seed.len());
                found.extend(seed[..digits].parse().ok().map(|seed| (seed, part)));
            }
        }
        found
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|part| part.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            anyhow!("found {name}, expected one of {names}")
        })
    }
}
