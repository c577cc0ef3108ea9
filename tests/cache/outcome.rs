//! What a run tells of itself: files, seeds, versions, names with the time in them.

use amdm::graph::Document;
use amdm_runtime::{CacheState, Cancel, Clock, Moment, ResultCache, RunOptions, RunResult, Status};
use sha2::{Digest, Sha256};

use crate::scene::{Place, graph, host, run, with};

#[test]
fn files_are_told_with_content_and_size() {
    let host = host(ResultCache::off());
    let ran = Place::new().run(&host, &graph());
    let file = &ran.outcome.files[0];
    let hash = Sha256::digest(&ran.pictures[0]);
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!((&file.sha256, file.bytes), (&hash, ran.pictures[0].len() as u64));
    let decoder = png::Decoder::new(std::io::Cursor::new(&ran.pictures[0]));
    let info = decoder.read_info().unwrap();
    assert_eq!((file.width, file.height), (info.info().width, info.info().height));
    let seed = &ran.outcome.seeds[0];
    assert_eq!((seed.node.as_str(), seed.input.as_str(), seed.value), ("sample", "seed", 7));
    assert_eq!(ran.outcome.versions.packs["amdm:node"], "0.1.0");
    assert!(!ran.outcome.versions.amdm.is_empty());
    assert!(ran.outcome.nodes.iter().all(|node| node.cached == CacheState::Ran));
}

#[test]
fn names_hold_the_time_and_the_size_and_stay_inside() {
    let (host, place) = (host(ResultCache::off()), Place::new());
    let clock =
        Clock::new(|| Moment { year: 2031, month: 2, day: 3, hour: 4, minute: 5, second: 6 });
    let options = RunOptions { clock, ..place.options() };
    let named = |prefix: &str| with("save", "filename_prefix", prefix.into());
    let ran = run(&host, &named("%date:yyyy-MM-dd%/%hour%%minute%%second%_%width%"), &options);
    let width = ran.outcome.files[0].width;
    assert_eq!(ran.names, [format!("2031-02-03/040506_{width}_00001_.png")]);
    let document = Document::parse(named("%date:../../x%").to_string().as_bytes()).unwrap();
    let checked = host.check(&document, None).unwrap();
    let sink = std::sync::Arc::new(|_| {});
    let failure = host.run(&document, &checked, &options, &Cancel::new(), sink).unwrap_err();
    assert_eq!(failure.code.as_str(), "denied");
}

#[test]
fn a_workflow_travels_in_the_picture() {
    let (host, place) = (host(ResultCache::off()), Place::new());
    let request = serde_json::json!({"prompt": graph(),
        "extra_data": {"extra_pnginfo": {"workflow": {"nodes": [], "name": "Skizze \u{e4}"}}}});
    let options = RunOptions { metadata: true, ..place.options() };
    let ran = run(&host, &request, &options);
    let decoder = png::Decoder::new(std::io::Cursor::new(&ran.pictures[0]));
    let reader = decoder.read_info().unwrap();
    let texts = &reader.info().uncompressed_latin1_text;
    let told = texts.iter().map(|chunk| (chunk.keyword.as_str(), chunk.text.as_str()));
    let told = told.collect::<Vec<_>>();
    let mut made = Document::parse(graph().to_string().as_bytes()).unwrap();
    amdm::graph::version::record(&mut made, &host.catalogue());
    let prompt = made.to_value().to_string();
    let workflow = r#"{"nodes":[],"name":"Skizze \u00e4"}"#;
    assert_eq!(told, [("prompt", prompt.as_str()), ("workflow", workflow)]);
}

#[test]
fn a_failed_run_tells_what_there_was() {
    let (host, place) = (host(ResultCache::off()), Place::new());
    let mut graph = graph();
    // A sampling without such a lane, after the picture was saved.
    graph["bad"] = graph["sample"].clone();
    graph["bad"]["inputs"]["target"] = 5.into();
    graph["seen"] = graph["decode"].clone();
    graph["seen"]["inputs"]["latent"] = serde_json::json!(["bad", 0]);
    graph["shown"] =
        serde_json::json!({"class_type": "PreviewImage", "inputs": {"images": ["seen", 0]}});
    let document = Document::parse(graph.to_string().as_bytes()).unwrap();
    let checked = host.check(&document, None).unwrap();
    let sink = std::sync::Arc::new(|_| {});
    let told = host.report(&document, &checked, &place.options(), &Cancel::new(), sink);
    assert_eq!((told.status, told.outputs.len()), (Status::Failed, 1));
    assert_eq!(told.error.as_ref().unwrap().code.as_str(), "invalid_input");
    assert!(told.passes > 0 && told.nodes.len() >= 12);
    let schema = schemars::schema_for!(RunResult).to_value();
    let fields = schema["properties"].as_object().unwrap();
    let json = serde_json::to_value(&told).unwrap();
    for name in json.as_object().unwrap().keys() {
        assert!(fields.contains_key(name), "{name} is not in the schema");
    }
}
