//! Native packs: what is loaded is what was hashed, once for all hosts, whole or not at all, and
//! the embedder hears of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use amdm_capi::*;
use amdm_runtime::{CacheDir, FailureCode, Host, HostOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::installed::{has, root, told};
use crate::library::{
    NOTHING, api, description, graph, last_error, ok, open, run, shown, taken, text,
};

/// A pack of `tests/fixtures/native`, and what it left in its trace.
pub struct Traced {
    dir: tempfile::TempDir,
    pub library: PathBuf,
}

impl Traced {
    /// Compiles it with macros; none where there is no compiler.
    pub fn new(macros: &[&str]) -> Option<Self> {
        if !has("cc") {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let library = dir.path().canonicalize().unwrap().join("traced.so");
        let traced = Self { dir, library };
        traced.compile(macros);
        Some(traced)
    }

    /// Compiles it anew, in its place.
    fn compile(&self, macros: &[&str]) {
        let mut compile = Command::new("cc");
        compile.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC"]);
        compile.arg("-I").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"));
        compile.arg(format!("-DTRACE=\"{}\"", self.dir.path().join("trace").display()));
        compile.args(macros.iter().map(|word| format!("-D{word}")));
        compile.arg(root().join("tests/fixtures/native/traced.c")).arg("-o").arg(&self.library);
        let output = compile.output().unwrap();
        assert!(output.status.success(), "{:?}", told(&output));
    }

    fn hash(&self) -> String {
        let bytes = std::fs::read(&self.library).unwrap();
        Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Loads it into a host.
    fn load(&self, host: *mut AmdmHost) -> AmdmStatus {
        let (path, hash) = (text(self.library.to_str().unwrap()), text(&self.hash()));
        unsafe { (api().host_load_pack)(host, path.as_ptr(), AMDM_LOAD_NATIVE, hash.as_ptr()) }
    }

    /// The trace so far.
    fn trace(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("trace")).unwrap_or_default()
    }

    fn init(&self) -> String {
        format!("init {}\n", self.library.display())
    }
}

const ASKED: &str = "asked for amdm.nodes/0\n";

fn json(write: impl FnOnce(*mut AmdmString) -> AmdmStatus) -> Value {
    let mut written = NOTHING;
    ok(write(&mut written));
    serde_json::from_str(&taken(written)).unwrap()
}

/// Classes of the traced pack that a host has.
fn classes(host: *mut AmdmHost) -> Vec<String> {
    let nodes = json(|out| unsafe { (api().host_node_schemas)(host, out) });
    let nodes = nodes.as_array().unwrap().iter();
    let names = nodes.map(|node| node["type"].as_str().unwrap().to_owned());
    names.filter(|name| name.starts_with("acme.traced.")).collect()
}

#[test]
fn two_hosts_share_a_pack() {
    let Some(pack) = Traced::new(&[]) else { return };
    let hosts = [open(&description()), open(&description())];
    for host in hosts {
        assert_eq!(pack.load(host), AMDM_STATUS_OK, "{}", last_error());
        assert_eq!(classes(host).len(), 3);
    }
    let before = format!("loaded\n{}{ASKED}{ASKED}", pack.init());
    assert_eq!(pack.trace(), before);
    for (count, host) in (1..).zip(hosts) {
        ok(unsafe { (api().host_destroy)(host) });
        assert_eq!(pack.trace(), before.clone() + &"destroy\n".repeat(3 * count));
    }
}

#[test]
fn a_pack_is_loaded_whole_or_not_at_all() {
    let Some(pack) = Traced::new(&["NODES=3", "BAD=1"]) else { return };
    let host = open(&description());
    assert_eq!(pack.load(host), AMDM_STATUS_PACK_INVALID);
    let said = last_error();
    let expected = format!("{} is no native pack: its node 1: ", pack.library.display());
    assert!(said.starts_with(&expected), "{said}");
    assert_eq!(classes(host), [""; 0]);
    // What was given is ended.
    let before = format!("loaded\n{}{ASKED}destroy\ndestroy\n", pack.init());
    assert_eq!(pack.trace(), before);
    pack.compile(&[]);
    assert_eq!(pack.load(host), AMDM_STATUS_OK, "{}", last_error());
    assert_eq!(classes(host).len(), 3);
    // Once more it is there already, and nothing of it is called.
    let before = pack.trace();
    assert_eq!(pack.load(host), AMDM_STATUS_OK);
    assert_eq!((pack.trace(), classes(host).len()), (before, 3));
    // Other bytes with nodes of the same names are another pack, which is refused.
    pack.compile(&["NODES=1", "PADDING=1"]);
    assert_eq!(pack.load(host), AMDM_STATUS_PACK_INVALID);
    assert!(
        last_error().contains("found the name of a loaded pack, acme:traced"),
        "{}",
        last_error()
    );
    assert_eq!(classes(host).len(), 3);
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn nothing_is_added_to_a_native_pack() {
    let Some(pack) = Traced::new(&["NODES=1"]) else { return };
    let host = open(&description());
    assert_eq!(pack.load(host), AMDM_STATUS_OK, "{}", last_error());
    let more = json!({"type": "acme.traced.More", "pack": "acme:traced", "version": "1.0.0",
        "title": "More", "category": "Acme", "description": "", "inputs": [], "outputs": []});
    let more = text(&more.to_string());
    unsafe extern "C" fn execute(
        _: *mut std::ffi::c_void,
        _: *mut AmdmContext,
        _: *const AmdmNodeApi,
    ) -> AmdmStatus {
        AMDM_STATUS_OK
    }
    let vtable = AmdmNodeVtable {
        struct_size: size_of::<AmdmNodeVtable>(),
        descriptor_json: more.as_ptr(),
        execute: Some(execute),
        ..unsafe { std::mem::zeroed() }
    };
    let status = unsafe { (api().host_register_node)(host, &vtable) };
    assert_eq!(status, AMDM_STATUS_INVALID_INPUT, "{}", last_error());
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn other_versions_are_refused_with_both_numbers_and_do_not_run() {
    let own = format!("{AMDM_ABI_MAJOR}.{AMDM_ABI_MINOR}");
    let cases = [
        // Its low bits are our own number.
        (vec!["MAJOR=0x10001"], "65537.0"),
        (vec!["MAJOR=2"], "2.0"),
        // A later version may have fewer fields.
        (vec!["MAJOR=2", "SIZE=16"], "2.0"),
        (vec!["MAJOR=0"], "0.0"),
        (vec!["MINOR=7"], "1.7"),
        (vec!["MINOR=65536"], "1.65536"),
    ];
    let host = open(&description());
    for (macros, found) in cases {
        let Some(pack) = Traced::new(&macros) else { return };
        assert_eq!(pack.load(host), AMDM_STATUS_ABI_MISMATCH, "{macros:?}: {}", last_error());
        let said = last_error();
        let path = pack.library.display();
        assert!(said.starts_with(&path.to_string()), "{said}");
        let numbers = format!("found version {found} of the interface, this library has {own}");
        assert!(said.ends_with(&numbers), "{said}");
        assert_eq!(pack.trace(), "loaded\n");
    }
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn entries_that_are_none_are_refused_and_their_library_stays() {
    let host = open(&description());
    for macros in ["UNNAMED", "SIZE=8", "SIZE=24", "NODES=0"] {
        let Some(pack) = Traced::new(&[macros]) else { return };
        assert_eq!(pack.load(host), AMDM_STATUS_PACK_INVALID, "{macros}: {}", last_error());
        assert!(last_error().contains("traced.so is no native pack: "), "{}", last_error());
        assert!(!pack.trace().contains("unloaded"), "{macros}");
    }
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn init_is_called_until_it_succeeds() {
    let Some(pack) = Traced::new(&["RETRIES=1"]) else { return };
    let host = open(&description());
    assert_eq!(pack.load(host), AMDM_STATUS_PACK_INVALID);
    assert!(last_error().ends_with("its init returned -18"), "{}", last_error());
    assert_eq!(pack.load(host), AMDM_STATUS_OK, "{}", last_error());
    let expected = format!("loaded\n{0}{0}{ASKED}", pack.init());
    assert_eq!(pack.trace(), expected);
    ok(unsafe { (api().host_destroy)(host) });
}

#[test]
fn the_embedder_hears_of_native_code() {
    let Some(pack) = Traced::new(&[]) else { return };
    let scene = json!({
        "text": {"class_type": "TextImage", "inputs": {"text": "a"}},
        "shade": {"class_type": "acme.traced.Shade", "inputs": {"image": ["text", 0]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["shade", 0]}},
    });
    for (level, heard) in [(AMDM_LOG_WARN, true), (AMDM_LOG_ERROR, false), (0, false)] {
        let host = open(&AmdmHostDesc { log_level: level, ..description() });
        assert_eq!(pack.load(host), AMDM_STATUS_OK, "{}", last_error());
        // In every run, whether or not it uses the pack.
        for _ in 0..2 {
            let graph = graph(host, &scene);
            let run = run(graph);
            ok(unsafe { (api().run_execute)(run) });
            let first = first_line(run);
            assert_eq!(first.is_some(), heard, "{first:?}");
            if let Some((level, line)) = first {
                let hash = pack.hash();
                assert_eq!(level, AMDM_LOG_WARN);
                assert!(line.starts_with("native code is loaded"), "{line}");
                assert!(line.contains(&hash), "{line}");
                assert!(line.contains(pack.library.to_str().unwrap()), "{line}");
            }
            ok(unsafe { (api().run_destroy)(run) });
            ok(unsafe { (api().graph_destroy)(graph) });
        }
        let info = json(|out| unsafe { (api().host_info)(host, out) });
        let packs = info["packs"].as_array().unwrap();
        assert_eq!(packs[0]["native"], false);
        assert_eq!(packs[0]["built_in"], true);
        let expected = json!({
            "name": "acme:traced", "version": "1.0.0", "sha256": pack.hash(),
            "built_in": false, "native": true, "path": pack.library,
        });
        assert_eq!(packs[1..], [expected]);
        ok(unsafe { (api().host_destroy)(host) });
    }
}

/// The first event of a run that is a line of the log.
fn first_line(run: *mut AmdmRun) -> Option<(u32, String)> {
    let mut event = unsafe { std::mem::zeroed::<AmdmEvent>() };
    event.struct_size = size_of::<AmdmEvent>();
    while unsafe { (api().run_next_event)(run, 0, &mut event) } == AMDM_STATUS_OK {
        if event.kind == AMDM_EVENT_LOG {
            return Some((event.step, shown(event.text)));
        }
    }
    None
}

fn runtime(change: impl FnOnce(&mut HostOptions)) -> Host {
    let mut options = HostOptions {
        device: "cpu".into(),
        threads: 1,
        cache: CacheDir::Off,
        ..HostOptions::default()
    };
    change(&mut options);
    Host::open(&options).unwrap()
}

/// Where the system can load what is in memory.
#[test]
#[cfg(target_os = "linux")]
fn what_is_loaded_is_what_was_hashed() {
    let (Some(pack), Some(other)) = (Traced::new(&[]), Traced::new(&[])) else { return };
    let list = pack.dir.path().join("allowed.txt");
    std::fs::write(&list, format!("{} traced.so", pack.hash())).unwrap();
    let host = runtime(|_| {});
    let hash = pack.hash();
    // The file is exchanged after it was hashed and before it is opened.
    let exchange = |path: &Path, told: &str| {
        assert_eq!((path, told), (pack.library.as_path(), hash.as_str()));
        std::fs::copy(&other.library, path).unwrap();
    };
    load_native_packs(&host, &list, exchange).unwrap();
    assert_eq!(other.trace(), "");
    assert_eq!(pack.trace(), format!("loaded\n{}{ASKED}", pack.init()));
    assert_eq!(amdm_hash(&host), hash);
    // From here on it is refused.
    let refused = load_native_packs(&runtime(|_| {}), &list, |_, _| {}).unwrap_err();
    assert_eq!(refused.code, FailureCode::Node(amdm::error::Code::Denied));
}

fn amdm_hash(host: &Host) -> String {
    let packs = host.native_packs();
    assert_eq!((packs.len(), packs[0].nodes), (1, 3));
    packs[0].file.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn no_more_of_a_file_is_read_than_packs_may_have() {
    let Some(pack) = Traced::new(&[]) else { return };
    let list = pack.dir.path().join("allowed.txt");
    std::fs::write(&list, format!("{} traced.so", pack.hash())).unwrap();
    let host = runtime(|options| options.limits.pack_bytes = 1000);
    let refused = load_native_packs(&host, &list, |_, _| {}).unwrap_err();
    assert_eq!(refused.code, FailureCode::Node(amdm::error::Code::InputOutput));
    assert!(refused.message.ends_with("it has more than 1000 bytes"), "{}", refused.message);
    assert_eq!(pack.trace(), "");
}

/// A component is loaded from the bytes that were hashed as well.
#[test]
fn components_are_refused_for_another_hash() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pack.wasm");
    std::fs::copy(root().join("nodes/prebuilt/amdm_nodes.wasm"), &path).unwrap();
    let hash = Sha256::digest(std::fs::read(&path).unwrap());
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let host = open(&description());
    let path = text(path.to_str().unwrap());
    let load = |hash: &str| {
        let hash = text(hash);
        unsafe { (api().host_load_pack)(host, path.as_ptr(), 0, hash.as_ptr()) }
    };
    assert_eq!(load(&"0".repeat(64)), AMDM_STATUS_DENIED);
    // It gets as far as its name, which is ours.
    assert_eq!(load(&hash.to_uppercase()), AMDM_STATUS_PACK_INVALID);
    assert!(last_error().contains("amdm:* is our own packs'"), "{}", last_error());
    ok(unsafe { (api().host_destroy)(host) });
}
