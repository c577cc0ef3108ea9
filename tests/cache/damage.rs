//! Results on disk: found by other processes, and ignored where they are damaged.

use std::path::{Path, PathBuf};

use amdm_runtime::{CacheState, ResultCache};
use serde_json::Value;

use crate::stage::{graph, host, on_disk, ran, run};

/// All files below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files
}

#[test]
fn a_second_host_finds_them() {
    let dir = tempfile::tempdir().unwrap();
    let (first, pictures) = run(&host(on_disk(dir.path())), &graph());
    assert!(first.passes > 0);
    let (second, again) = run(&host(on_disk(dir.path())), &graph());
    assert_eq!((second.passes, ran(&second)), (0, vec!["save"]));
    let label = second.nodes.iter().find(|node| node.node == "label").unwrap();
    assert_eq!(label.cached, CacheState::Disk);
    assert!(pictures == again);
}

#[test]
fn every_example_gives_the_same_pictures_from_the_cache() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/graphs");
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let graph: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let (_, expected) = run(&host(ResultCache::off()), &graph);
        run(&host(on_disk(dir.path())), &graph);
        let (outcome, pictures) = run(&host(on_disk(dir.path())), &graph);
        assert_eq!(outcome.passes, 0, "{}", path.display());
        assert!(pictures == expected, "{}", path.display());
    }
}

#[test]
fn damage_is_noticed_and_mended() {
    let dir = tempfile::tempdir().unwrap();
    let (_, expected) = run(&host(on_disk(dir.path())), &graph());
    let entries = files(dir.path());
    assert!(entries.len() >= 3, "{entries:?}");
    type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);
    let damages: [Damage<'_>; 5] = [
        &|bytes| bytes.clear(),
        &|bytes| bytes.truncate(bytes.len() / 2),
        &|bytes| bytes.truncate(bytes.len() - 1),
        &|bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
        &|bytes| bytes.extend_from_slice(b"more"),
    ];
    for damage in damages {
        for path in &entries {
            let mut bytes = std::fs::read(path).unwrap();
            damage(&mut bytes);
            std::fs::write(path, bytes).unwrap();
        }
        let (outcome, pictures) = run(&host(on_disk(dir.path())), &graph());
        assert!(outcome.passes > 0 && pictures == expected);
        let (outcome, pictures) = run(&host(on_disk(dir.path())), &graph());
        assert!(outcome.passes == 0 && pictures == expected, "it was not mended");
    }
}

#[test]
fn the_directory_stays_below_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let results = ResultCache { disk_bytes: 300_000, ..on_disk(dir.path()) };
    for seed in 0..20 {
        let mut graph = graph();
        graph["sample"]["inputs"]["seed"] = seed.into();
        run(&host(results.clone()), &graph);
        let size: u64 = files(dir.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(size <= 300_000, "{size} bytes");
    }
    assert!(!files(dir.path()).is_empty());
}

#[test]
fn a_directory_that_cannot_be_used_is_said_once_and_no_more() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let host = host(on_disk(file.path()));
    let (outcome, _) = run(&host, &graph());
    assert!(
        outcome.warnings.iter().any(|warning| warning.contains("cache")),
        "{:?}",
        outcome.warnings
    );
    let (outcome, _) = run(&host, &graph());
    assert!(outcome.passes > 0);
}
