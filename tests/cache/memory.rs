//! Results in memory: for all runs of a host, within their bytes.

use amdm_runtime::{CacheState, Event, HostOptions, Limits, ResultCache};

use crate::scene::{graph, host, memory, once, options, with};

#[test]
fn without_room_everything_runs() {
    let host = host(ResultCache::off());
    let first = once(&host, &graph());
    let again = once(&host, &graph());
    assert_eq!(first.outcome.passes, again.outcome.passes);
    assert_eq!(first.pictures, again.pictures);
    assert_eq!(again.outcome.cached(), 0);
}

#[test]
fn what_was_used_longest_ago_goes() {
    // A labelled picture of 32 pixels a side has some tens of kilobytes with all that led to it.
    let host = host(ResultCache { memory_bytes: 100_000, ..memory() });
    once(&host, &graph());
    assert!(once(&host, &graph()).is_cached());
    for seed in 100..110 {
        once(&host, &with("sample", "seed", seed.into()));
        assert!(once(&host, &with("sample", "seed", seed.into())).is_cached());
    }
    assert!(once(&host, &graph()).outcome.passes > 0);
}

#[test]
fn runs_side_by_side_share_and_agree() {
    let host = host(memory());
    let off = crate::scene::host(ResultCache::off());
    let alone = (0..4).map(|seed| once(&off, &with("sample", "seed", seed.into())).pictures);
    let alone = alone.collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for round in 0..12_usize {
            let (host, alone) = (&host, &alone);
            scope.spawn(move || {
                let seed = round % 4;
                let ran = once(host, &with("sample", "seed", seed.into()));
                assert_eq!(ran.pictures, alone[seed], "{seed}");
            });
        }
    });
    assert!(once(&host, &with("sample", "seed", 3.into())).is_cached());
}

#[test]
fn kept_results_do_not_count_against_a_run() {
    let limits = Limits { run_tensor_bytes: 700_000, ..Limits::default() };
    let host = amdm_runtime::Host::open(&HostOptions { limits, ..options(memory()) }).unwrap();
    for seed in 0..60 {
        once(&host, &with("sample", "seed", seed.into()));
    }
    assert!(once(&host, &with("sample", "seed", 0.into())).is_cached());
}

#[test]
fn a_kept_node_is_told_of_in_its_place() {
    let host = host(memory());
    once(&host, &graph());
    let again = once(&host, &with("label", "text", "two".into()));
    let told = again.events.iter().map(|event| match event {
        Event::Started { nodes, .. } => format!("started {}", nodes.join(" ")),
        Event::Cached { node, class, from } => {
            assert_eq!((class.as_str(), *from), ("DecodeLatent", CacheState::Memory));
            format!("cached {node}")
        }
        Event::NodeStarted { node, .. } => format!("begins {node}"),
        Event::NodeFinished { node, .. } => format!("ends {node}"),
        Event::Finished { .. } => "finished".into(),
        _ => "other".into(),
    });
    let told = told.filter(|text| text != "other").collect::<Vec<_>>();
    let expected = [
        "started decode label save",
        "cached decode",
        "begins label",
        "ends label",
        "begins save",
        "ends save",
        "finished",
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_editors_were_shown_is_shown_again() {
    let host = host(memory());
    let shown = |ran: crate::scene::Ran| {
        let events = ran.events.into_iter();
        let ui = events.filter_map(|event| match event {
            Event::Ui { node, ui } if node == "sample" => Some(ui),
            _ => None,
        });
        ui.collect::<Vec<_>>()
    };
    let first = shown(once(&host, &graph()));
    assert!(first[0]["seeds"][0] == 7, "{first:?}");
    // Another model to decode with: the sampler's result is used.
    let again = once(&host, &with("decode", "model", serde_json::json!(["attributes", 0])));
    assert_eq!(again.outcome.passes, 0);
    assert_eq!(shown(again), first);
}
