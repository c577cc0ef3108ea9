//! The native pack of the command's: compiled once a process, where there is a compiler.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::{REFUSAL, REFUSED, THREE_LANES, WARNING, nudge, turn};
use crate::process::{C_FLAGS, left_out};

/// A list for `--allow-native-packs` that allows the pack; none without a compiler.
pub fn allowed() -> Option<&'static Path> {
    static LIST: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIST.get_or_init(built).as_deref()
}

fn built() -> Option<PathBuf> {
    // It stays for the next process, which overwrites it.
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("own-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let (turn, nudge) = (quoted(&turn().to_string()), quoted(&nudge().to_string()));
    let texts = [("TURN", turn), ("NUDGE", nudge), ("REFUSAL", quoted(REFUSAL))];
    let more = [("WARNING", quoted(WARNING)), ("THREE_LANES", quoted(THREE_LANES))];
    let texts = texts.into_iter().chain(more).chain([("REFUSED", REFUSED.to_string())]);
    let lines = texts.map(|(name, text)| format!("#define {name} {text}\n")).collect::<String>();
    std::fs::write(dir.join("descriptors.h"), lines).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = dir.join("libown.so");
    let mut compile = Command::new("gcc");
    compile.args(C_FLAGS).args(["-shared", "-fPIC", "-I"]).arg(&dir);
    compile.arg("-I").arg(root.join("include"));
    compile.arg(root.join("../../tests/embed/behaviour/own/pack.c")).arg("-o").arg(&library);
    let Ok(output) = compile.output() else {
        left_out("own nodes of the command, as there is no gcc");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let hash = Sha256::digest(std::fs::read(&library).unwrap());
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let list = dir.join("allowed.txt");
    std::fs::write(&list, format!("{hash}  libown.so\n")).unwrap();
    Some(list)
}
