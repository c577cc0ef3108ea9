//! Weight files of networks that no family here loads, told apart by the names of their tensors.

use crate::Header;

/// Part of a tensor's name, whether it begins with that, and what such a file is.
const KINDS: [(&str, bool, &str); 6] = [
    ("model.diffusion_model.", true, "a Stable Diffusion checkpoint"),
    ("down_blocks.", true, "a diffusers network"),
    ("double_blocks.", true, "a FLUX network"),
    (".lora_down.", false, "a LoRA"),
    (".lora_A.", false, "a LoRA"),
    ("text_model.", true, "a CLIP text encoder"),
];

/// What the tensors' names say about a file.
pub(crate) fn describe(header: &Header) -> &'static str {
    let known = KINDS.iter().find(|(part, begins, _)| {
        let has = |name: &str| if *begins { name.starts_with(part) } else { name.contains(part) };
        header.names().any(has)
    });
    known.map_or("weights of an unknown network", |(_, _, kind)| kind)
}
