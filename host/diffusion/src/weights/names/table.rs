//! Tables of names: what files of the original code call the modules of a network.
//!
//! A pair stands for a module and all below it, unless a longer pair is there: names are cut at
//! their dots from behind until a pair is found. The rules were checked against diffusers' own
//! converter, all tensors of a whole checkpoint.

use std::collections::BTreeMap;

/// Levels of a network, and which of a UNet's have attention; blocks of a level on the way down.
const ATTENTION: [bool; 4] = [true, true, true, false];
const LEVELS: usize = ATTENTION.len();
const LAYERS: usize = 2;
/// Modules of the hint network of a ControlNet between its first and its last.
const HINTS: usize = 6;

/// What is inside of a residual block, in the file and in the network.
const RESIDUAL: [(&str, &str); 6] = [
    ("in_layers.0", "norm1"),
    ("in_layers.2", "conv1"),
    ("emb_layers.1", "time_emb_proj"),
    ("out_layers.0", "norm2"),
    ("out_layers.3", "conv2"),
    ("skip_connection", "conv_shortcut"),
];
/// What is inside of a VAE's attention, in files of the original code and of old diffusers.
const VAE_ATTENTION: [(&str, &str); 5] =
    [("norm", "group_norm"), ("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("proj_out", "to_out.0")];
const OLD_VAE_ATTENTION: [(&str, &str); 4] =
    [("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0")];

/// Pairs of names, by either.
#[derive(Default)]
pub(super) struct Table {
    to_network: BTreeMap<String, String>,
    to_file: BTreeMap<String, String>,
}

impl Table {
    /// A UNet.
    pub(super) fn unet() -> Self {
        let mut table = Self::default();
        table.way_down();
        for block in 0..LEVELS {
            let has_attention = ATTENTION[LEVELS - 1 - block];
            for layer in 0..=LAYERS {
                let file = format!("output_blocks.{}", block * (LAYERS + 1) + layer);
                table.residual(&format!("{file}.0"), &format!("up_blocks.{block}.resnets.{layer}"));
                if has_attention {
                    let network = format!("up_blocks.{block}.attentions.{layer}");
                    table.pair(format!("{file}.1"), network);
                }
            }
            if block + 1 < LEVELS {
                let last = block * (LAYERS + 1) + LAYERS;
                let file = format!("output_blocks.{last}.{}.conv", 1 + usize::from(has_attention));
                table.pair(file, format!("up_blocks.{block}.upsamplers.0.conv"));
            }
        }
        table.pair("out.0", "conv_norm_out");
        table.pair("out.2", "conv_out");
        table.pair("position_net", "position_net");
        table
    }

    /// A ControlNet: the way down of a UNet, and what is its own.
    pub(super) fn control() -> Self {
        let mut table = Self::default();
        table.way_down();
        for block in 0..LEVELS * (LAYERS + 1) {
            table.pair(format!("zero_convs.{block}.0"), format!("controlnet_down_blocks.{block}"));
        }
        table.pair("middle_block_out.0", "controlnet_mid_block");
        let hint = "controlnet_cond_embedding";
        table.pair("input_hint_block.0", format!("{hint}.conv_in"));
        for block in 0..HINTS {
            let file = format!("input_hint_block.{}", 2 * block + 2);
            table.pair(file, format!("{hint}.blocks.{block}"));
        }
        let file = format!("input_hint_block.{}", 2 * HINTS + 2);
        table.pair(file, format!("{hint}.conv_out"));
        table
    }

    /// The VAE of the original code.
    pub(super) fn vae() -> Self {
        let mut table = Self::default();
        for (side, name, blocks) in [("encoder", "down", LAYERS), ("decoder", "up", LAYERS + 1)] {
            for level in 0..LEVELS {
                // The original counts the levels of both from the finest.
                let block = if side == "encoder" { level } else { LEVELS - 1 - level };
                let (file, network) =
                    (format!("{side}.{name}.{level}"), format!("{side}.{name}_blocks.{block}"));
                for layer in 0..blocks {
                    let (file, network) =
                        (format!("{file}.block.{layer}"), format!("{network}.resnets.{layer}"));
                    table.pair(format!("{file}.nin_shortcut"), format!("{network}.conv_shortcut"));
                    table.pair(file, network);
                }
                table.pair(format!("{file}.{name}sample"), format!("{network}.{name}samplers.0"));
            }
            for (file, network) in [("block_1", "resnets.0"), ("block_2", "resnets.1")] {
                table.pair(format!("{side}.mid.{file}"), format!("{side}.mid_block.{network}"));
            }
            for (file, network) in VAE_ATTENTION {
                let network = format!("{side}.mid_block.attentions.0.{network}");
                table.pair(format!("{side}.mid.attn_1.{file}"), network);
            }
            table.pair(format!("{side}.norm_out"), format!("{side}.conv_norm_out"));
            for same in ["conv_in", "conv_out"] {
                table.pair(format!("{side}.{same}"), format!("{side}.{same}"));
            }
        }
        for same in ["quant_conv", "post_quant_conv"] {
            table.pair(same, same);
        }
        table
    }

    /// The VAE of old diffusers, whose attention alone has other names.
    pub(super) fn old_vae() -> Self {
        let mut table = Self::default();
        for side in ["encoder", "decoder"] {
            let attention = format!("{side}.mid_block.attentions.0");
            for (file, network) in OLD_VAE_ATTENTION {
                table.pair(format!("{attention}.{file}"), format!("{attention}.{network}"));
            }
            table.pair(side, side);
        }
        for same in ["quant_conv", "post_quant_conv"] {
            table.pair(same, same);
        }
        table
    }

    /// The network's name of what a file calls `name`.
    pub(super) fn to_network(&self, name: &str) -> Option<String> {
        translate(&self.to_network, name)
    }

    /// The name in a file of what a network calls `name`.
    pub(super) fn to_file(&self, name: &str) -> Option<String> {
        translate(&self.to_file, name)
    }

    /// What a UNet and a ControlNet share: time, the way down, the middle.
    fn way_down(&mut self) {
        self.pair("time_embed.0", "time_embedding.linear_1");
        self.pair("time_embed.2", "time_embedding.linear_2");
        self.pair("input_blocks.0.0", "conv_in");
        for (block, has_attention) in ATTENTION.into_iter().enumerate() {
            let first = 1 + block * (LAYERS + 1);
            for layer in 0..LAYERS {
                let file = format!("input_blocks.{}", first + layer);
                self.residual(
                    &format!("{file}.0"),
                    &format!("down_blocks.{block}.resnets.{layer}"),
                );
                if has_attention {
                    let network = format!("down_blocks.{block}.attentions.{layer}");
                    self.pair(format!("{file}.1"), network);
                }
            }
            if block + 1 < LEVELS {
                let file = format!("input_blocks.{}.0.op", first + LAYERS);
                self.pair(file, format!("down_blocks.{block}.downsamplers.0.conv"));
            }
        }
        self.residual("middle_block.0", "mid_block.resnets.0");
        self.pair("middle_block.1", "mid_block.attentions.0");
        self.residual("middle_block.2", "mid_block.resnets.1");
    }

    fn residual(&mut self, file: &str, network: &str) {
        for (inner, own) in RESIDUAL {
            self.pair(format!("{file}.{inner}"), format!("{network}.{own}"));
        }
    }

    fn pair(&mut self, file: impl Into<String>, network: impl Into<String>) {
        let (file, network) = (file.into(), network.into());
        self.to_network.insert(file.clone(), network.clone());
        self.to_file.insert(network, file);
    }
}

/// `name` with its longest known beginning replaced.
fn translate(pairs: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let mut end = name.len();
    loop {
        if let Some(other) = pairs.get(&name[..end]) {
            return Some(format!("{other}{}", &name[end..]));
        }
        end = name[..end].rfind('.')?;
    }
}
