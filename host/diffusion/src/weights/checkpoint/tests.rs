#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use amdm::error::Code;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::Checkpoint;
use crate::Device;
use crate::weights::{Architecture, Part};

/// A checkpoint of the original layout: small networks of the same plan as Stable Diffusion 1.
fn fixture() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures");
    Path::new(own).join("sd15_ldm_single_file")
}

/// Names by networks and by the checkpoint, by part.
fn recorded(part: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(fixture().join("key_map.json")).unwrap();
    let mut map: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> =
        serde_json::from_str(&text).unwrap();
    map.remove("hf_to_ldm").unwrap().remove(part).unwrap()
}

fn halves(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|&half| half::f16::from_le_bytes(half).to_f32()).collect()
}

/// Writes `tensors` as they lie in `file`, under other names.
fn write(path: &Path, file: &SafeTensors<'_>, tensors: &[(&str, &str)]) {
    let views = tensors.iter().map(|&(name, stored)| {
        let view = file.tensor(stored).unwrap();
        let mut shape = view.shape().to_vec();
        if name.contains("attentions.0.to_") && shape.ends_with(&[1, 1]) {
            shape.truncate(2);
        }
        (name, TensorView::new(view.dtype(), shape, view.data()).unwrap())
    });
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// Whether `checkpoint` gives all tensors of `part` as `file` holds them.
#[track_caller]
fn assert_holds(
    checkpoint: &Checkpoint,
    part: Part,
    names: &BTreeMap<String, String>,
    file: &SafeTensors<'_>,
) {
    let device = Device::cpu(1).unwrap();
    let weights = checkpoint.weights(part, &device).unwrap();
    for (name, stored) in names {
        let expected = file.tensor(stored).unwrap();
        let found = weights.view(name, expected.shape()).unwrap();
        assert_eq!(found.to_vec(), halves(expected.data()), "{name}");
        assert!(weights.shape(name).is_some());
    }
    let known = weights.names();
    assert!(names.keys().all(|name| known.contains(name)));
}

const PARTS: [(Part, &str); 3] =
    [(Part::Unet, "unet"), (Part::Vae, "vae"), (Part::Text, "text_encoder")];

#[test]
fn a_single_file_gives_all_parts_by_the_names_of_diffusers() {
    let path = fixture().join("weights.safetensors");
    let bytes = fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let checkpoint = Checkpoint::open(&path, "weights.safetensors", &fixture()).unwrap();
    assert_eq!(checkpoint.parts().collect::<Vec<_>>(), [Part::Unet, Part::Vae, Part::Text]);
    assert_eq!(checkpoint.architecture(), Architecture::StableDiffusion1);
    for (part, key) in PARTS {
        assert_holds(&checkpoint, part, &recorded(key), &file);
        assert_eq!(checkpoint.files(part).len(), 1);
    }
    let device = Device::cpu(1).unwrap();
    let vae = checkpoint.weights(Part::Vae, &device).unwrap();
    let name = "encoder.mid_block.attentions.0.to_q.weight";
    assert_eq!(vae.shape(name), Some(vec![16, 16, 1, 1]));
    assert_eq!(vae.values(name, &[16, 16]).unwrap(), vae.values(name, &[16, 16, 1, 1]).unwrap());
    let error = vae.values(name, &[16, 8]).unwrap_err();
    let expected = "weight file `weights.safetensors`: weight \
                    `first_stage_model.encoder.mid.attn_1.q.weight` has shape [16, 16, 1, 1], \
                    expected [16, 8]";
    assert_eq!((error.code, &*error.message), (Code::InvalidInput, expected));
    let error = vae.values("encoder.down_blocks.9.resnets.0.norm1.bias", &[3]).unwrap_err();
    assert!(
        error.message.contains("lack the tensor `first_stage_model.encoder.down_blocks.9"),
        "{error}"
    );
    let unet = checkpoint.weights(Part::Unet, &device).unwrap();
    let error = unet.values("up_blocks.1.upsamplers.0.conv.extra", &[3]).unwrap_err();
    let expected =
        "lack the tensor `model.diffusion_model.output_blocks.5.2.conv.extra` of shape [3]";
    assert!(error.message.contains(expected), "{error}");
    let error = checkpoint.weights(Part::Control, &device).map(|_| ()).unwrap_err();
    let expected =
        "checkpoint `weights.safetensors` holds UNet, VAE, text encoder, expected a ControlNet";
    assert_eq!(error.message, expected);
}

#[test]
fn a_folder_of_diffusers_gives_the_same_from_one_file_or_several() {
    let bytes = fs::read(fixture().join("weights.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("sd");
    for (part, key) in PARTS {
        let names = recorded(key);
        let all: Vec<_> = names.iter().map(|(name, stored)| (&**name, &**stored)).collect();
        let below = folder.join(key);
        match part {
            Part::Unet => {
                let (first, second) = all.split_at(300);
                write(&below.join("one.safetensors"), &file, first);
                write(&below.join("two.safetensors"), &file, second);
                let entry =
                    |file: &'static str| move |&(name, _): &(&str, &str)| (name.to_owned(), file);
                let map: BTreeMap<String, &str> = first
                    .iter()
                    .map(entry("one.safetensors"))
                    .chain(second.iter().map(entry("two.safetensors")))
                    .collect();
                let index = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": map});
                let path = below.join("diffusion_pytorch_model.safetensors.index.json");
                fs::write(path, index.to_string()).unwrap();
            }
            Part::Vae => {
                write(&below.join("diffusion_pytorch_model.fp16.safetensors"), &file, &all)
            }
            _ => write(&below.join("model.safetensors"), &file, &all),
        }
        fs::write(below.join("config.json"), format!(r#"{{"part":"{key}"}}"#)).unwrap();
    }
    fs::create_dir(folder.join("scheduler")).unwrap();
    let scheduler = folder.join("scheduler/scheduler_config.json");
    fs::write(scheduler, r#"{"prediction_type":"v_prediction"}"#).unwrap();
    let checkpoint = Checkpoint::open(&folder, "sd", root.path()).unwrap();
    assert_eq!(checkpoint.parts().count(), 3);
    assert_eq!(checkpoint.architecture(), Architecture::StableDiffusion1);
    assert_eq!(checkpoint.scheduler().unwrap()["prediction_type"], "v_prediction");
    for (part, key) in PARTS {
        assert_holds(&checkpoint, part, &recorded(key), &file);
        assert_eq!(checkpoint.configuration(part).unwrap()["part"], key);
    }
    assert_eq!(checkpoint.files(Part::Unet).len(), 2);
    // The same by its index, and a part's folder alone.
    let index = folder.join("unet/diffusion_pytorch_model.safetensors.index.json");
    for path in [index, folder.join("unet")] {
        let checkpoint = Checkpoint::open(&path, "unet", root.path()).unwrap();
        assert_eq!(checkpoint.parts().collect::<Vec<_>>(), [Part::Unet]);
        assert_holds(&checkpoint, Part::Unet, &recorded("unet"), &file);
    }
    fs::remove_file(folder.join("unet/two.safetensors")).unwrap();
    let error = Checkpoint::open(&folder, "sd", root.path()).map(|_| ()).unwrap_err();
    assert_eq!(error.code, Code::InputOutput);
}

#[test]
fn an_index_names_files_of_its_own_folder_and_what_they_hold() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("models");
    let values = [0_u8; 4];
    let view = || TensorView::new(Dtype::F32, vec![1], &values).unwrap();
    fs::create_dir(&folder).unwrap();
    for path in [root.path().join("secret.safetensors"), folder.join("a.safetensors")] {
        fs::write(path, safetensors::serialize([("x", view())], None).unwrap()).unwrap();
    }
    let index = folder.join("model.safetensors.index.json");
    let open = |text: &str| {
        fs::write(&index, text).unwrap();
        Checkpoint::open(&folder, "models", &folder).map(|_| ()).map_err(|error| error.code)
    };
    let map = |file: &str| serde_json::json!({"weight_map": {"x": file}}).to_string();
    assert_eq!(open(&map("a.safetensors")), Ok(()));
    for file in ["../secret.safetensors", "/etc/passwd", "", ".", "..", "a\\b", "sub/a.safetensors"]
    {
        assert_eq!(open(&map(file)), Err(Code::Denied), "{file}");
    }
    assert_eq!(open(&map("missing.safetensors")), Err(Code::InputOutput));
    let other = r#"{"weight_map":{"y":"a.safetensors"}}"#;
    for text in ["", "{}", "[]", r#"{"weight_map":{"x":1}}"#, other] {
        assert_eq!(open(text), Err(Code::InvalidInput), "{text}");
    }
    let many: BTreeMap<String, String> =
        (0..300).map(|number| (number.to_string(), format!("{number}.safetensors"))).collect();
    let many = serde_json::json!({"weight_map": many}).to_string();
    assert_eq!(open(&many), Err(Code::InvalidInput));
    #[cfg(unix)]
    {
        let link = folder.join("link.safetensors");
        std::os::unix::fs::symlink(root.path().join("secret.safetensors"), link).unwrap();
        assert_eq!(open(&map("link.safetensors")), Err(Code::Denied));
    }
    fs::remove_file(&index).unwrap();
    let error = Checkpoint::open(&folder, "models", &folder).map(|_| ()).unwrap_err();
    assert_eq!(error.code, Code::NotFound);
}
