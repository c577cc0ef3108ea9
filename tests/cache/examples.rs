//! The example graphs give the same bytes with kept results as without. Those called `sd15-...`
//! need a checkpoint and are left out.

use std::path::Path;

use amdm_runtime::ResultCache;
use serde_json::Value;

use crate::scene::{Place, disk, host, memory};

#[test]
fn all_example_graphs_are_the_same_to_the_bit() {
    let graphs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/graphs");
    let dir = tempfile::tempdir().unwrap();
    let (off, kept) = (host(ResultCache::off()), host(memory()));
    let mut seen = 0;
    for entry in std::fs::read_dir(graphs).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".json") || name.starts_with("sd15-") {
            continue;
        }
        let graph: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let place = Place::new();
        let plain = place.run(&off, &graph);
        assert_eq!(place.run(&kept, &graph).pictures, plain.pictures, "{path:?}");
        let again = place.run(&kept, &graph);
        assert!(again.is_cached(), "{path:?}");
        assert_eq!(again.pictures, plain.pictures, "{path:?}");
        assert_eq!(place.run(&host(disk(dir.path())), &graph).pictures, plain.pictures);
        let read = place.run(&host(disk(dir.path())), &graph);
        assert!(read.is_cached(), "{path:?}");
        assert_eq!(read.pictures, plain.pictures, "{path:?}");
        let seconds = [&plain, &again, &read].map(|ran| ran.outcome.seconds);
        eprintln!(
            "{path:?}: off {:.3} s, memory {:.4} s, disk {:.4} s",
            seconds[0], seconds[1], seconds[2]
        );
        seen += 1;
    }
    assert!(seen >= 5);
}
