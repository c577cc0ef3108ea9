//! Results on disk: for other processes and later ones, whatever became of the files.

use std::path::{Path, PathBuf};

use amdm_runtime::{CacheState, ResultCache};
use serde_json::json;

use crate::scene::{disk, graph, host, once, with};

fn entries(dir: &Path) -> Vec<PathBuf> {
    let list = |dir: &Path| std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let folders = list(&dir.join("results"));
    let mut files =
        folders.flat_map(|folder| list(&folder).collect::<Vec<_>>()).collect::<Vec<_>>();
    files.sort();
    files
}

#[test]
fn another_host_finds_what_one_left() {
    let dir = tempfile::tempdir().unwrap();
    let first = once(&host(disk(dir.path())), &graph());
    let again = once(&host(disk(dir.path())), &graph());
    assert!(again.is_cached());
    assert_eq!(again.classes(CacheState::Disk), ["ImageLabel"]);
    assert_eq!(first.pictures, again.pictures);
    for entry in entries(dir.path()) {
        let name = entry.file_name().unwrap().to_str().unwrap();
        assert_eq!(name.len(), 64);
        assert_eq!(&name[..2], entry.parent().unwrap().file_name().unwrap());
    }
}

#[test]
fn networks_and_conditions_are_made_again_only_where_they_are_needed() {
    let dir = tempfile::tempdir().unwrap();
    once(&host(disk(dir.path())), &graph());
    let labelled = once(&host(disk(dir.path())), &with("label", "text", "two".into()));
    assert_eq!(labelled.classes(CacheState::Ran), ["ImageLabel", "SaveImage"]);
    let seeded = once(&host(disk(dir.path())), &with("sample", "seed", json!(9)));
    assert_eq!(seeded.classes(CacheState::Disk), ["BoundingBox", "EmptyLatent"]);
}

#[test]
fn damaged_and_foreign_files_are_passed_over_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let first = once(&host(disk(dir.path())), &graph());
    let whole = entries(dir.path()).into_iter().map(|path| std::fs::read(path).unwrap());
    let whole = whole.collect::<Vec<_>>();
    type Damage<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let damage: [Damage<'_>; 4] = [
        &|bytes| bytes[..bytes.len() / 2].to_vec(),
        &|_| Vec::new(),
        &|bytes| bytes.iter().map(|byte| byte ^ 1).collect(),
        &|_| whole[0].clone(),
    ];
    for damage in damage {
        for (path, bytes) in entries(dir.path()).iter().zip(&whole) {
            std::fs::write(path, damage(bytes)).unwrap();
        }
        let again = once(&host(disk(dir.path())), &graph());
        assert_eq!(again.pictures, first.pictures);
        assert_eq!(again.outcome.warnings, [""; 0]);
    }
    let after = entries(dir.path()).into_iter().map(|path| std::fs::read(path).unwrap());
    assert_eq!(after.collect::<Vec<_>>().len(), whole.len());
    assert!(once(&host(disk(dir.path())), &graph()).is_cached());
}

#[test]
fn files_stay_within_their_size() {
    let dir = tempfile::tempdir().unwrap();
    let host = host(ResultCache { disk_bytes: 100_000, ..disk(dir.path()) });
    for seed in 0..10 {
        once(&host, &with("sample", "seed", seed.into()));
    }
    let sizes = entries(dir.path()).into_iter().map(|path| path.metadata().unwrap().len());
    let bytes = sizes.sum::<u64>();
    assert!(bytes <= 100_000 && bytes > 10_000, "{bytes}");
    assert!(once(&host, &with("sample", "seed", 9.into())).is_cached());
}

/// Whoever filled it: the limit of a run holds, also where it has nothing to write.
#[test]
fn the_limit_is_kept_before_a_run() {
    let dir = tempfile::tempdir().unwrap();
    let sizes = || {
        let sizes = entries(dir.path()).into_iter().map(|path| path.metadata().unwrap().len());
        sizes.sum::<u64>()
    };
    let large = host(disk(dir.path()));
    for seed in 0..6 {
        once(&large, &with("sample", "seed", seed.into()));
    }
    assert!(sizes() > 100_000, "{}", sizes());
    let small = host(ResultCache { disk_bytes: 100_000, ..disk(dir.path()) });
    let ran = once(&small, &with("sample", "seed", 5.into()));
    assert!(ran.is_cached(), "what was used last is there");
    assert!(sizes() <= 100_000, "{}", sizes());
}

#[test]
fn runs_go_on_without_a_directory_and_say_so_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let host = host(disk(&file));
    let first = once(&host, &graph());
    let [warning] = &first.outcome.warnings[..] else { panic!("{:?}", first.outcome.warnings) };
    assert!(warning.starts_with("results are not kept: "), "{warning}");
    assert_eq!(once(&host, &graph()).outcome.warnings, [""; 0]);
}
