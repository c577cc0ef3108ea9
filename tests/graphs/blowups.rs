//! Small files that once bought much work or memory: each would run for minutes if its bound were
//! gone, or hold gigabytes.

use crate::cases::catalogue;
use crate::workflow::{codes, defining, definition, file, graph, node, with};
use amdm::graph::metadata::Embedded;
use amdm::graph::{Document, ErrorCode, Limits, Passes, plan, set, validate};
use amdm::limits;
use serde_json::{Map, Value, json};

/// Texts for the widgets of an inner instance, each sought among that instance's sockets.
#[test]
fn values_for_widgets_of_a_wide_inner_node() {
    let many = 20_000;
    let proxies = (0..many).map(|i| json!(["5", format!("w{i}"), "7"]));
    let properties = json!({ "proxyWidgets": proxies.collect::<Value>() });
    let values = (0..many).map(|i| json!(i)).collect();
    let outer = with(node(1, "a", &[], values), "properties", properties);
    let sockets = (0..many).map(|i| json!({ "name": format!("s{i}"), "type": "X", "link": null }));
    let wide = with(node(7, "Nobody", &[], json!([])), "inputs", sockets.collect());
    let a = definition("a", &[], &[], vec![node(5, "b", &[], json!([]))], &[]);
    let b = definition("b", &[], &[], vec![wide], &[]);
    assert_eq!(codes(&defining(file(vec![outer], json!([])), vec![a, b])), [LIMIT]);
}

const LIMIT: ErrorCode = ErrorCode::LimitExceeded;

/// Types that are lists are compared each part with each.
#[test]
fn long_lists_of_types_at_bypassed_nodes() {
    let list = |letter: &str| vec![letter; 1000].join(",");
    let (b, c) = (list("b"), list("c"));
    let input =
        |name: &str, link: u32, kind: &str| json!({ "name": name, "type": kind, "link": link });
    let mut nodes = vec![node(0, "LoadImage", &[], json!(["b.png", "image"]))];
    let mut bypassed = with(node(1, "Pass", &[], json!([])), "mode", json!(4));
    bypassed["outputs"] = json!([{ "type": "IMAGE" }, { "type": "FLOAT" }, { "type": list("a") }]);
    bypassed["inputs"] = (0..2000).map(|i| input(&format!("x{i}"), 1, &b)).collect();
    nodes.push(bypassed);
    let mut taker = node(2, "Pass", &[], json!([]));
    taker["inputs"] = (0..2000).map(|i| input(&format!("y{i}"), 2 + i, &c)).collect();
    nodes.push(taker);
    let mut links = vec![json!([1, 0, 0, 1, 0, "IMAGE"])];
    links.extend((0..2000).map(|i| json!([2 + i, 1, 2, 2, i, "X"])));
    assert_eq!(codes(&file(nodes, Value::Array(links))), [LIMIT]);
}

/// What is remembered of a chain of reroutes, once for each type that is wanted of it.
#[test]
fn one_long_chain_for_many_types() {
    let chain = 20_000;
    let mut nodes = vec![node(0, "LoadImage", &[], json!(["b.png", "image"]))];
    let mut links = Vec::new();
    for id in 1..chain {
        links.push(json!([id, id - 1, 0, id, 0, "*"]));
        nodes.push(node(id, "Reroute", &[&format!(":*={id}")], Value::Null));
    }
    let mut end = node(chain, "Pass", &[], json!([]));
    let input =
        |i: usize| json!({ "name": format!("y{i}"), "type": format!("T{i}"), "link": chain });
    end["inputs"] = (0..1000).map(input).collect();
    links.push(json!([chain, chain - 1, 0, chain, 0, "*"]));
    nodes.push(end.clone());
    assert_eq!(codes(&file(nodes.clone(), json!(links))), [LIMIT]);
    // One type for all of them is no trouble.
    let input = |i: usize| json!({ "name": format!("y{i}"), "type": "IMAGE", "link": chain });
    end["inputs"] = (0..1000).map(input).collect();
    nodes.pop();
    nodes.push(end);
    let made = graph(&file(nodes, json!(links)));
    assert_eq!(made[chain.to_string()]["inputs"]["y999"], json!(["0", 0]));
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&(data.len() as u32).to_be_bytes()[..], kind, data, &[0; 4]].concat()
}

/// Only the first text of a name counts; the others are not even inflated.
#[test]
fn many_compressed_texts_of_one_name() {
    let zeros = vec![b' '; limits::GRAPH_BYTES];
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&zeros, 1);
    let text = chunk(b"zTXt", &[b"prompt\0\0", &packed[..]].concat());
    let damaged = chunk(b"zTXt", b"prompt\0\0nothing");
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend(chunk(b"tEXt", b"prompt\0{}"));
    (0..200).for_each(|_| png.extend(&text));
    png.extend(damaged);
    png.extend(chunk(b"tEXt", b"workflow\0[]"));
    let found = Embedded::read(&png).unwrap().unwrap();
    assert_eq!((found.prompt.as_deref(), found.workflow.as_deref()), (Some("{}"), Some("[]")));
}

/// Fields of one directory that all lead to the same long text.
#[test]
fn many_fields_that_share_a_text() {
    let (count, length) = (u16::MAX, 20 << 20);
    let place = 8 + 2 + 12 * u32::from(count);
    let mut tiff = [&b"II\x2a\0"[..], &8_u32.to_le_bytes(), &count.to_le_bytes()].concat();
    for at in 0..count {
        let place = place + u32::from(at % 2) * 7;
        let (tag, kind) = (0x0110_u16.to_le_bytes(), 2_u16.to_le_bytes());
        let length = (length as u32).to_le_bytes();
        tiff.extend([&tag[..], &kind, &length, &place.to_le_bytes()].concat());
    }
    tiff.extend(b"prompt:\xe9");
    tiff.resize(tiff.len() + length + 7, b'x');
    let size = (tiff.len() as u32).to_le_bytes();
    let webp = [&b"RIFF\0\0\0\0WEBPEXIF"[..], &size, &tiff].concat();
    let found = Embedded::read(&webp).unwrap().unwrap();
    assert!(found.prompt.unwrap().starts_with("\u{e9}xxx"));
}

fn document(graph: Map<String, Value>) -> Document {
    Document::from_value(Value::Object(graph), &Limits::default()).unwrap()
}

/// Every input of many nodes under a name of its own.
#[test]
fn a_name_for_every_input() {
    let count = 40_000;
    let node = |at: usize| {
        let param = json!({ "left": format!("l\n{at}"), "top": format!("t{at}") });
        let meta = json!({ "amdm": { "param": param } });
        (at.to_string(), json!({ "class_type": "BoundingBox", "inputs": {}, "_meta": meta }))
    };
    let mut document = document((0..count).map(node).collect());
    let declared = set::parameters(&document, &catalogue()).unwrap();
    assert_eq!(declared.len(), 2 * count);
    let error = set::apply(&mut document, &catalogue(), "other=1").unwrap_err();
    assert_eq!(error.code, ErrorCode::UnknownParameter);
    let line = error.to_string();
    assert!(line.len() < 1000 && !line.contains('\n') && line.contains("79980 more"), "{line}");
}

#[test]
fn no_more_wrong_names_are_listed_than_anybody_reads() {
    let params: Map<String, Value> = (0..5000).map(|i| (format!("no{i}"), json!("p"))).collect();
    let meta = json!({ "amdm": { "param": params } });
    let graph = json!({ "1": { "class_type": "BoundingBox", "inputs": {}, "_meta": meta } });
    let document = Document::from_value(graph, &Limits::default()).unwrap();
    let errors = set::parameters(&document, &catalogue()).unwrap_err();
    assert_eq!(errors.len(), limits::GRAPH_ERRORS);
}

/// Values are read without a copy of the graph for each.
#[test]
fn a_long_sweep_of_a_large_graph() {
    let text = "x".repeat(20 << 20);
    let graph = json!({ "1": { "class_type": "ImageLabel", "inputs": { "text": text } } });
    let document = Document::from_value(graph, &Limits::default()).unwrap();
    let sweep = |values: &str| {
        set::Sweep::parse(&document, &catalogue(), values).map(|sweep| sweep.values().len())
    };
    assert_eq!(sweep("1.size=1..10000"), Ok(limits::SWEEP_RUNS));
    assert_eq!(sweep("1.size=1..10001").unwrap_err().code, LIMIT);
    assert_eq!(sweep(&format!("1.text={}", vec!["a"; 10_001].join(","))).unwrap_err().code, LIMIT);
}

/// Samplers that all stand at the end of one long chain of operators.
#[test]
fn many_samplings_of_one_chain() {
    let (chain, samplers) = (10_000, 10_000);
    let mut graph = Map::new();
    let mut put = |id: String, class: &str, inputs: Value| {
        graph.insert(id, json!({ "class_type": class, "inputs": inputs }));
    };
    put("model".to_owned(), "ModelLoader", json!({}));
    put("boxes".to_owned(), "BoundingBox", json!({}));
    let model = json!(["model", 0]);
    put("text".to_owned(), "TinyLayout", json!({ "model": model, "boxes": ["boxes", 0] }));
    put("lane".to_owned(), "Lane", json!({ "model": model, "positive": ["text", 0] }));
    put("latent".to_owned(), "EmptyLatent", json!({ "model": model }));
    for at in 0..chain {
        let inputs = match at {
            0 => json!({ "end": 5 }),
            _ => json!({ "end": 5, "policy": [format!("step {}", at - 1), 0] }),
        };
        put(format!("step {at}"), "AggregateStep", inputs);
    }
    let policy = json!([format!("step {}", chain - 1), 0]);
    for at in 0..samplers {
        let inputs = json!({ "lanes": ["lane", 0], "latent": ["latent", 0], "policy": policy,
            "steps": 10 + at % 3 });
        put(format!("sampler {at}"), "Sampler", inputs);
        let latent = json!([format!("sampler {at}"), 0]);
        put(format!("image {at}"), "DecodeLatent", json!({ "model": model, "latent": latent }));
        let images = json!([format!("image {at}"), 0]);
        put(format!("out {at}"), "PreviewImage", json!({ "images": images }));
    }
    let checked = validate(&document(graph), &catalogue()).unwrap();
    let plan = plan(&checked, &());
    let steps = (0..samplers as u64).map(|at| 10 + at % 3).sum();
    assert_eq!(plan.passes, Passes::Exactly(steps));
}
