//! What reading, converting, judging and planning graphs cost by their size, and the same
//! conversion by another program beside it.
//!
//! `cargo bench -p amdm --bench graphs` prints a table for 10 to 10,000 nodes: milliseconds of the
//! fastest of several repetitions, microseconds a node, and by how much the time grew from the size
//! before; 10 is linear. With `AMDM_COMFY_PYTHON` naming a Python that has `comfy-cli`, that
//! converts the same files in the same run, and its times stand below ours.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

mod comfy_cli;
#[path = "../../graphs/large.rs"]
mod large;

use amdm::catalogue::{Catalogue, object_info};
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{Checked, Document, Limits, Prefer, comfy, plan, read, validate, workflow};
use serde_json::Value;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const CATALOGUE: &str = include_str!("../../graphs/catalogue.json");
const SIZES: [usize; 4] = [10, 100, 1000, 10_000];
/// Seconds for the repetitions of one figure.
const SPENT: f64 = 0.5;

/// One graph in all the forms that the steps start from.
struct Graph {
    text: String,
    saved: Value,
    saved_text: String,
    document: Document,
    checked: Checked,
}

fn main() {
    let lists = BTreeMap::from([("images".to_owned(), vec!["fox-1.png".to_owned()])]);
    let catalogue = Catalogue::from_json(CATALOGUE).unwrap().with_choices(Arc::new(lists));
    let (info, described) = (ObjectInfo::of(&catalogue), object_info(&catalogue));
    let graphs = SIZES.map(|nodes| {
        let graph = large::api(nodes, large::pictures());
        let saved = large::saved(&graph, &described);
        let (text, saved_text) = (graph.to_string(), saved.to_string());
        let document = Document::from_value(graph, &Limits::default()).unwrap();
        let checked = validate(&document, &catalogue).unwrap();
        Graph { text, saved, saved_text, document, checked }
    });
    let profile = if cfg!(debug_assertions) { "dev" } else { "bench" };
    println!("profile {profile}, one thread: ms, (us a node), x growth from the size before");
    let sizes: String =
        SIZES.iter().map(|nodes| format!("{:>30}", format!("{nodes} nodes"))).collect();
    println!("{:<32}{sizes}", "");
    let reads = |text: &str| read(text.as_bytes(), &info, Prefer::Prompt).unwrap();
    row("parse", graphs.each_ref().map(|graph| least(|| Document::parse(graph.text.as_bytes()))));
    let convert = graphs.each_ref().map(|graph| least(|| workflow::convert(&graph.saved, &info)));
    row("convert", convert);
    row("parse and convert", graphs.each_ref().map(|graph| least(|| reads(&graph.saved_text))));
    row("validate", graphs.each_ref().map(|graph| least(|| validate(&graph.document, &catalogue))));
    row("judge as a server", graphs.each_ref().map(|g| least(|| comfy::judge(&g.document, &info))));
    row("plan", graphs.each_ref().map(|graph| least(|| plan(&graph.checked, &()))));
    let saved: Vec<&str> = graphs.iter().map(|graph| graph.saved_text.as_str()).collect();
    match comfy_cli::times(&saved, &described) {
        Some(times) => {
            let times: [f64; SIZES.len()] = times.try_into().unwrap();
            row("convert, comfy-cli", times);
            let ratios: Vec<f64> =
                times.iter().zip(convert).map(|(other, own)| other / own).collect();
            let cells: String = ratios.iter().map(|ratio| format!("{ratio:>30.1}")).collect();
            println!("{:<32}{cells}", "comfy-cli / convert");
        }
        None => {
            println!("convert, comfy-cli: left out, AMDM_COMFY_PYTHON names no Python that has it")
        }
    }
}

/// Seconds of the fastest repetition.
fn least<T>(mut work: impl FnMut() -> T) -> f64 {
    let (began, mut least) = (Instant::now(), f64::INFINITY);
    while least == f64::INFINITY || began.elapsed().as_secs_f64() < SPENT {
        let start = Instant::now();
        let result = black_box(work());
        least = least.min(start.elapsed().as_secs_f64());
        drop(result);
    }
    least
}

fn row(name: &str, times: [f64; SIZES.len()]) {
    let cell = |at: usize| {
        let growth = match at {
            0 => String::new(),
            _ => format!(" x{:.1}", times[at] / times[at - 1]),
        };
        let each = times[at] * 1e6 / SIZES[at] as f64;
        format!("{:>30}", format!("{:.3} ({each:.2}){growth}", times[at] * 1e3))
    };
    println!("{name:<32}{}", (0..SIZES.len()).map(cell).collect::<String>());
}
