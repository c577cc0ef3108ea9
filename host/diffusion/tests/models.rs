//! Names of models: what they resolve to, and what they never do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amdm::error::Code;
use amdm_diffusion::{Device, Models};

/// A directory of models, next to a file that must stay out of reach.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("models/sub")).unwrap();
        let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
        let layout = weights.join("layout.f16.safetensors");
        fs::copy(&layout, root.path().join("secret.safetensors")).unwrap();
        fs::copy(&layout, root.path().join("models/sub/mine.safetensors")).unwrap();
        Self(root)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.models().join(name), bytes).unwrap();
    }

    fn models(&self) -> PathBuf {
        self.0.path().join("models")
    }

    fn open(&self) -> Models {
        Models::new(&Device::cpu(1).unwrap()).with_directories([self.models()])
    }
}

fn code(models: &Models, name: &str) -> Code {
    models.load(name, "").map(|_| ()).unwrap_err().code
}

#[test]
fn a_model_is_loaded_once() {
    let models = Models::new(&Device::cpu(1).unwrap());
    let first = models.load("tiny-style", "").unwrap();
    assert!(Arc::ptr_eq(&first, &models.load("tiny-style", "{}").unwrap()));
    assert_eq!(
        first.info().latent.space,
        models.load("tiny-layout", "").unwrap().info().latent.space
    );
    assert_eq!(models.names("models"), ["tiny-attributes", "tiny-layout", "tiny-style"]);
    assert!(models.names("adapters").is_empty());
    let adapted = models.with_adapter(&*first, "some.safetensors", "");
    let error = adapted.map(|_| ()).unwrap_err();
    assert_eq!(error.code, Code::Unsupported);
}

#[test]
fn an_unknown_name_is_answered_with_the_closest() {
    let error = Models::new(&Device::cpu(1).unwrap()).load("tiny-layuot", "").map(|_| ());
    let error = error.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    assert_eq!(
        error.message,
        "found model `tiny-layuot` (closest: `tiny-layout`), expected one of tiny-attributes, \
         tiny-layout, tiny-style"
    );
}

#[test]
fn options_are_strict() {
    let folder = Folder::new();
    let models = folder.open();
    let options = [
        ("tiny-layout", r#"{"precision":"f16"}"#, "unknown field `precision`"),
        ("tiny-layout", r#"{"family":"tiny-style"}"#, "the built-in model is `tiny-layout`"),
        ("sub/mine.safetensors", r#"{"family":"sd15"}"#, "found family `sd15`"),
    ];
    for (name, options, expected) in options {
        let error = models.load(name, options).map(|_| ()).unwrap_err();
        assert_eq!(error.code, Code::InvalidInput);
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn a_weight_file_of_the_family_loads() {
    let folder = Folder::new();
    let models = folder.open();
    assert!(models.names("models").contains(&"sub/mine.safetensors".to_owned()));
    let model = models.load("sub/mine.safetensors", r#"{"family":"tiny-layout"}"#).unwrap();
    assert_eq!(model.info().name, "sub/mine.safetensors");
    assert!(model.condition(r#"{"boxes":[[0,0,1,1]]}"#, &[]).is_ok());
    let error = models.load("sub/mine.safetensors", "").map(|_| ()).unwrap_err();
    assert_eq!((error.code, error.input.as_deref()), (Code::InvalidInput, Some("family")));
    assert!(error.message.contains("does not say what it holds, expected one of tiny-attributes"));
}

/// The file's bytes with `metadata` in the header.
fn with_metadata(file: &[u8], metadata: &str) -> Vec<u8> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let (old, tensors) = file[8..].split_at(length);
    let mut header = format!("{{\"__metadata__\":{metadata},").into_bytes();
    header.extend_from_slice(&old[1..]);
    header.resize(header.len().next_multiple_of(8), b' ');
    [&(header.len() as u64).to_le_bytes(), header.as_slice(), tensors].concat()
}

#[test]
fn a_weight_file_that_says_what_it_holds_loads_without_options() {
    let folder = Folder::new();
    let layout = fs::read(folder.models().join("sub/mine.safetensors")).unwrap();
    folder.write("said.safetensors", &with_metadata(&layout, r#"{"amdm.family":"tiny-layout"}"#));
    folder.write("odd.safetensors", &with_metadata(&layout, r#"{"amdm.family":"sd99"}"#));
    let models = folder.open();
    let model = models.load("said.safetensors", "").unwrap();
    assert!(model.condition(r#"{"boxes":[[0,0,1,1]]}"#, &[]).is_ok());
    let options = r#"{"family":"tiny-style"}"#;
    let error = models.load("said.safetensors", options).map(|_| ()).unwrap_err();
    assert!(error.message.contains("says that it is `tiny-layout`, found `tiny-style`"), "{error}");
    assert_eq!(code(&models, "odd.safetensors"), Code::InvalidInput);
}

#[test]
#[cfg(unix)]
fn what_is_no_file_inside_is_not_listed_and_does_not_block() {
    let folder = Folder::new();
    let secret = folder.0.path().join("secret.safetensors");
    std::os::unix::fs::symlink(secret, folder.models().join("link.safetensors")).unwrap();
    let pipe = folder.models().join("pipe.safetensors");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let names = folder.open().names("models");
    assert!(names.contains(&"sub/mine.safetensors".into()));
    assert!(!names.iter().any(|name| name.contains("link") || name.contains("pipe")), "{names:?}");
    assert_eq!(code(&folder.open(), "pipe.safetensors"), Code::NotFound);
}

#[test]
fn a_name_never_leads_out_of_the_directories() {
    let folder = Folder::new();
    let models = folder.open();
    let absolute = folder.0.path().join("secret.safetensors");
    for name in ["../secret.safetensors", "sub/../../secret.safetensors", "a\\b", "./sub"] {
        let found = code(&models, name);
        assert!(found == Code::Denied || found == Code::NotFound, "{name}: {found:?}");
    }
    assert_eq!(code(&models, absolute.to_str().unwrap()), Code::Denied);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&absolute, folder.models().join("link.safetensors")).unwrap();
        assert_eq!(code(&models, "link.safetensors"), Code::Denied);
    }
}

#[test]
fn files_that_cannot_be_loaded_say_why() {
    let folder = Folder::new();
    let header = br#"{"model.diffusion_model.x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut checkpoint = (header.len() as u64).to_le_bytes().to_vec();
    checkpoint.extend_from_slice(header);
    checkpoint.extend_from_slice(&[0; 4]);
    folder.write("sd.safetensors", &checkpoint);
    folder.write("old.ckpt", b"\x80\x02}q\x00.");
    folder.write("model.gguf", b"GGUF");
    folder.write("broken.safetensors", &u64::MAX.to_le_bytes());
    let models = folder.open();
    for (name, reason) in [
        ("sd.safetensors", "found a Stable Diffusion checkpoint"),
        ("old.ckpt", "found a pickle of PyTorch before 1.6"),
        ("model.gguf", "found a `.gguf`, expected one of `.safetensors`, `.ckpt`"),
        ("broken.safetensors", "found weights of an unknown network"),
    ] {
        let error = models.load(name, "").map(|_| ()).unwrap_err();
        assert_eq!(error.code, Code::Unsupported);
        assert!(error.message.contains(reason), "{error}");
        assert!(!models.names("models").contains(&name.to_owned()));
    }
    folder.write("empty.safetensors", b"");
    assert_eq!(code(&models, "empty.safetensors"), Code::InputOutput);
}

#[test]
fn a_registered_model_answers_to_its_name() {
    let models = Models::new(&Device::cpu(1).unwrap());
    let model = models.load("tiny-style", "").unwrap();
    models.register("mine", Arc::clone(&model), None).unwrap();
    assert!(Arc::ptr_eq(&model, &models.load("mine", "").unwrap()));
    assert!(models.names("models").contains(&"mine".to_owned()));
    for taken in ["mine", "tiny-style", ""] {
        let error = models.register(taken, Arc::clone(&model), None).unwrap_err();
        assert_eq!(error.code, Code::InvalidInput);
    }
}

#[test]
fn weight_files_of_no_network_are_listed_as_adapters() {
    let folder = Folder::new();
    let lora = br#"{"x.lora_down.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    "#;
    let lora = [&(lora.len() as u64).to_le_bytes(), &lora[..], &[0; 4]].concat();
    folder.write("sub/style.safetensors", &lora);
    folder.write("hue.safetensors", &lora);
    folder.write("odd.safetensors", b"\x01\0\0\0\0\0\0\0{");
    folder.write("short.safetensors", b"");
    folder.write("old.ckpt", b"\x80\x02}q\x00.");
    let models = folder.open().with_directories([folder.models()]);
    for _ in 0..2 {
        assert_eq!(models.names("adapters"), ["hue.safetensors", "sub/style.safetensors"]);
        assert_eq!(models.names("models").len(), 4);
        assert!(models.names("fonts").is_empty());
    }
    let mine = fs::read(folder.models().join("sub/mine.safetensors")).unwrap();
    folder.write("hue.safetensors", &mine);
    assert_eq!(models.names("adapters"), ["sub/style.safetensors"]);
    assert!(models.names("models").contains(&"hue.safetensors".to_owned()));
}
