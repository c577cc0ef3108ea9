//! How files spell the names of tensors, and what networks call them.
//!
//! Networks ask with the names of diffusers. Files have those, or the names of the original code
//! (LDM), behind the prefix of the part in a checkpoint or without one. Both directions come from
//! one table for each part and spelling, so that a message can name a tensor as its file does.

mod table;

use std::sync::LazyLock;

use self::table::Table;

/// A part of a model that has a file of its own, or a share of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The network that predicts noise.
    Unet,
    /// The codec between latents and pictures.
    Vae,
    /// The text encoder.
    Text,
    /// A control network beside the first.
    Control,
    /// The layers of GLIGEN alone, which lie inside of a UNet.
    Grounding,
}

/// How a file spells the names of one part.
#[derive(Clone)]
pub(crate) struct Names {
    #[cfg(test)]
    part: Part,
    /// Before every name in the file, and before every name that a network asks for.
    prefix: String,
    asked: &'static str,
    table: Option<&'static Table>,
}

/// Where a part lies in a file: a name is the part's if it begins with the prefix and one of the
/// marks.
struct Layout {
    prefixes: &'static [&'static str],
    marks: &'static [&'static str],
    asked: &'static str,
    table: Option<&'static LazyLock<Table>>,
}

static UNET: LazyLock<Table> = LazyLock::new(Table::unet);
static VAE: LazyLock<Table> = LazyLock::new(Table::vae);
static OLD_VAE: LazyLock<Table> = LazyLock::new(Table::old_vae);
static CONTROL: LazyLock<Table> = LazyLock::new(Table::control);

/// Prefixes of a UNet's names, as the original code and as diffusers spell them.
const UNET_PREFIXES: [&[&str]; 2] =
    [&["model.diffusion_model.", "diffusion_model.", ""], &["unet.", ""]];

/// The marks are on the way up: a ControlNet has the way down as well.
const UNET_LAYOUTS: [Layout; 2] = [
    Layout {
        prefixes: UNET_PREFIXES[0],
        marks: &["output_blocks.0.0.", "output_blocks.11.0.", "out.2."],
        asked: "",
        table: Some(&UNET),
    },
    Layout {
        prefixes: UNET_PREFIXES[1],
        marks: &["up_blocks.0.resnets.", "up_blocks.3.resnets."],
        asked: "",
        table: None,
    },
];

const GROUNDING_LAYOUTS: [Layout; 2] = [
    Layout {
        prefixes: UNET_PREFIXES[0],
        marks: &["input_blocks.", "output_blocks.", "middle_block."],
        asked: "",
        table: Some(&UNET),
    },
    Layout {
        prefixes: UNET_PREFIXES[1],
        marks: &["down_blocks.", "up_blocks.", "mid_block."],
        asked: "",
        table: None,
    },
];

const OLD_ATTENTION: &[&str] =
    &["encoder.mid_block.attentions.0.query.", "decoder.mid_block.attentions.0.query."];

const VAE_LAYOUTS: [Layout; 3] = [
    Layout {
        prefixes: &["first_stage_model.", "vae.", ""],
        marks: &["encoder.down.", "encoder.mid.", "decoder.up.", "decoder.mid."],
        asked: "",
        table: Some(&VAE),
    },
    Layout { prefixes: &["vae.", ""], marks: OLD_ATTENTION, asked: "", table: Some(&OLD_VAE) },
    Layout {
        prefixes: &["vae.", ""],
        marks: &["encoder.down_blocks.", "decoder.up_blocks.", "decoder.mid_block."],
        asked: "",
        table: None,
    },
];

/// Prefixes of CLIP-L in files, with and without the model's own.
const TEXT_PREFIXES: &[&str] =
    &["cond_stage_model.transformer.", "text_encoder.", "text_encoders.clip_l.transformer.", ""];

const TEXT_LAYOUTS: [Layout; 2] = [
    Layout {
        prefixes: TEXT_PREFIXES,
        marks: &["text_model.encoder.layers.", "text_model.embeddings."],
        asked: "",
        table: None,
    },
    Layout {
        prefixes: TEXT_PREFIXES,
        marks: &["encoder.layers.", "embeddings.token_embedding."],
        asked: "text_model.",
        table: None,
    },
];

const CONTROL_LAYOUTS: [Layout; 2] = [
    Layout {
        prefixes: &["control_model.", ""],
        marks: &["input_hint_block.", "zero_convs."],
        asked: "",
        table: Some(&CONTROL),
    },
    Layout {
        prefixes: &["controlnet.", ""],
        marks: &["controlnet_cond_embedding.", "controlnet_down_blocks."],
        asked: "",
        table: None,
    },
];

impl Part {
    /// All parts.
    pub const ALL: [Self; 5] = [Self::Unet, Self::Vae, Self::Text, Self::Control, Self::Grounding];

    /// The part in plain words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unet => "UNet",
            Self::Vae => "VAE",
            Self::Text => "text encoder",
            Self::Control => "ControlNet",
            Self::Grounding => "GLIGEN",
        }
    }

    fn layouts(self) -> &'static [Layout] {
        match self {
            Self::Unet => &UNET_LAYOUTS,
            Self::Grounding => &GROUNDING_LAYOUTS,
            Self::Vae => &VAE_LAYOUTS,
            Self::Text => &TEXT_LAYOUTS,
            Self::Control => &CONTROL_LAYOUTS,
        }
    }
}

impl Names {
    /// How the file, or the files, with tensors of these names spell `part`; none where they do not
    /// hold it.
    pub(crate) fn find<'n>(
        part: Part,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Option<Self> {
        let is_grounding =
            |name: &str| name.contains(".fuser.") || name.starts_with("position_net.");
        if part == Part::Grounding && !names.clone().any(is_grounding) {
            return None;
        }
        let mut found = part
            .layouts()
            .iter()
            .flat_map(|layout| layout.prefixes.iter().map(move |prefix| (layout, *prefix)));
        let (layout, prefix) = found.find(|(layout, prefix)| {
            names
                .clone()
                .filter_map(|name| name.strip_prefix(prefix))
                .any(|rest| layout.marks.iter().any(|mark| rest.starts_with(mark)))
        })?;
        let table = layout.table.map(|table| &**table);
        Some(Self {
            #[cfg(test)]
            part,
            prefix: prefix.to_owned(),
            asked: layout.asked,
            table,
        })
    }

    /// The part that they are of.
    #[cfg(test)]
    pub(crate) fn part(&self) -> Part {
        self.part
    }

    /// The name in the file of what a network calls `name`.
    pub(crate) fn spelled(&self, name: &str) -> String {
        let rest = name.strip_prefix(self.asked).unwrap_or(name);
        let rest =
            self.table.and_then(|table| table.to_file(rest)).unwrap_or_else(|| rest.to_owned());
        format!("{}{rest}", self.prefix)
    }

    /// What a network calls the tensor that the file calls `spelled`; none where it is of another
    /// part, or of none that a network has.
    pub(crate) fn canonical(&self, spelled: &str) -> Option<String> {
        let rest = spelled.strip_prefix(&self.prefix)?;
        match self.table {
            Some(table) => table.to_network(rest),
            None => Some(format!("{}{rest}", self.asked)),
        }
    }
}

#[cfg(test)]
mod tests;
