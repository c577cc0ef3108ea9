//! Models and objects that one graph is lent, without names: what they hear, what is kept of them,
//! and when they end.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use amdm_capi::*;
use serde_json::{Value, json};

use crate::behaviour::library::{bits, files};
use crate::library::{NOTHING, api, description, graph, last_error, ok, open, taken, text};

/// A model's data, and a condition's: a number, how often it was asked, and how often it ended.
#[derive(Default)]
struct Own {
    number: f64,
    asked: AtomicU32,
    ended: AtomicU32,
}

impl Own {
    /// It outlives whatever is wrong.
    fn new(number: f64) -> &'static Self {
        Box::leak(Box::new(Self { number, ..Self::default() }))
    }

    fn data(&'static self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    fn asked(&self) -> u32 {
        self.asked.swap(0, Ordering::Relaxed)
    }

    fn ended(&self) -> u32 {
        self.ended.load(Ordering::Relaxed)
    }
}

unsafe fn own(data: *mut c_void) -> &'static Own {
    unsafe { &*data.cast::<Own>() }
}

unsafe extern "C" fn end(data: *mut c_void) {
    unsafe { own(data) }.ended.fetch_add(1, Ordering::Relaxed);
}

/// The embedder's pointer of an object.
unsafe fn user_data(
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    object: *const AmdmObject,
) -> (AmdmStatus, *mut c_void) {
    let mut out = std::ptr::without_provenance_mut(7);
    let status = unsafe { ((*(*api).object).user_data)(ctx, object, &mut out) };
    (status, out)
}

/// Its own number times the latent, and the condition's number.
unsafe extern "C" fn predict(
    data: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    requests: *const AmdmRequest,
    count: usize,
    _: u32,
    out: *mut AmdmPrediction,
) -> AmdmStatus {
    let model = unsafe { own(data) };
    model.asked.fetch_add(1, Ordering::Relaxed);
    for at in 0..count {
        unsafe {
            let (request, guided) = (&*requests.add(at), &mut (*out.add(at)).guided);
            let (status, positive) = user_data(ctx, api, request.positive);
            ok(status);
            let negative = match request.negative.is_null() {
                true => 0.0,
                false => own(user_data(ctx, api, request.negative).1).number,
            };
            let shift = own(positive).number - negative;
            ok(((*(*api).tensor).affine)(ctx, request.latent, model.number, shift, guided));
        }
    }
    AMDM_STATUS_OK
}

/// [1, 1, 4, 4] to [1, 4, 4, 1].
unsafe extern "C" fn decode(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
    input: *mut AmdmTensor,
    out: *mut *mut AmdmTensor,
) -> AmdmStatus {
    unsafe { ((*(*api).tensor).reshape)(ctx, input, [1, 4, 4, 1].as_ptr(), 4, out) }
}

/// Hands a vtable with `facts` to `take`.
fn vtable<T>(model: &'static Own, facts: Value, take: impl FnOnce(&AmdmModelVtable) -> T) -> T {
    let mut info = json!({"name": "any\ntext, \u{e9}", "prediction": "flow",
                          "latent_shape": [1, 4, 4], "latent_space": "test-lent"});
    info.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
    let info = text(&info.to_string());
    take(&AmdmModelVtable {
        struct_size: size_of::<AmdmModelVtable>(),
        info_json: info.as_ptr(),
        user_data: model.data(),
        predict: Some(predict),
        decode: Some(decode),
        destroy: Some(end),
        ..unsafe { std::mem::zeroed() }
    })
}

fn set_model(made: *mut AmdmGraph, (node, input): (&str, &str), model: &'static Own) -> AmdmStatus {
    set_facts(made, (node, input), model, json!({}))
}

fn set_facts(
    made: *mut AmdmGraph,
    (node, input): (&str, &str),
    model: &'static Own,
    facts: Value,
) -> AmdmStatus {
    let (node, input) = (text(node), text(input));
    vtable(model, facts, |vtable| unsafe {
        (api().graph_set_model)(made, node.as_ptr(), input.as_ptr(), vtable)
    })
}

fn set_object(made: *mut AmdmGraph, (node, input): (&str, &str), it: &'static Own) -> AmdmStatus {
    let (node, input, set) = (text(node), text(input), api().graph_set_object);
    unsafe { set(made, node.as_ptr(), input.as_ptr(), it.data(), Some(end)) }
}

/// Two lanes that wait for their models and conditions.
fn two_lanes() -> Value {
    json!({
        "first": {"class_type": "Lane", "inputs": {}},
        "lanes": {"class_type": "Lane", "inputs": {"lanes": ["first", 0]}},
        "start": {"class_type": "EmptyLatent", "inputs": {}},
        "merge": {"class_type": "AggregateStep", "inputs": {"method": "slerp", "weight": 0.6}},
        "sample": {"class_type": "Sampler", "inputs": {"lanes": ["lanes", 0], "latent": ["start", 0],
                   "policy": ["merge", 0], "seed": 3, "steps": 4}},
        "decode": {"class_type": "DecodeLatent", "inputs": {"latent": ["sample", 0]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["decode", 0]}},
    })
}

/// Where models go, and conditions.
const MODELS: [(&str, &str); 4] =
    [("first", "model"), ("lanes", "model"), ("start", "model"), ("decode", "model")];
const CONDITIONS: [(&str, &str); 3] =
    [("first", "positive"), ("lanes", "positive"), ("lanes", "negative")];

/// A graph over models and conditions of its own, which are given as well.
fn lent(host: *mut AmdmHost, facts: &Value) -> (*mut AmdmGraph, [&'static Own; 7]) {
    let made = graph(host, &two_lanes());
    let all = [0.4, -0.3, 1.0, 1.0, 0.2, 0.7, 0.1].map(Own::new);
    for (place, model) in MODELS.into_iter().zip(all) {
        ok(set_facts(made, place, model, facts.clone()));
    }
    for (place, condition) in CONDITIONS.into_iter().zip(&all[4..]) {
        ok(set_object(made, place, condition));
    }
    (made, all)
}

fn create(made: *mut AmdmGraph, dir: Option<&Path>) -> *mut AmdmRun {
    let wanted = AmdmOutputName { node: c"sample".as_ptr(), output: c"latent".as_ptr() };
    let dir = dir.map(|dir| text(dir.to_str().unwrap()));
    let desc = AmdmRunDesc {
        struct_size: size_of::<AmdmRunDesc>(),
        wanted: &wanted,
        wanted_count: 1,
        output_dir: dir.as_ref().map_or(std::ptr::null(), |dir| dir.as_ptr()),
        ..unsafe { std::mem::zeroed() }
    };
    let mut run = std::ptr::null_mut();
    ok(unsafe { (api().run_create)(made, &desc, &mut run) });
    run
}

/// The sampled latent of a run, which is destroyed.
fn executed(run: *mut AmdmRun) -> Vec<u32> {
    let mut tensor = std::ptr::null_mut();
    unsafe {
        ok((api().run_execute)(run));
        let (node, output) = (c"sample".as_ptr(), c"latent".as_ptr());
        ok((api().run_output_tensor)(run, node, output, &mut tensor));
        ok((api().run_destroy)(run));
        let values = bits(tensor).1;
        ok((api().tensor_release)(tensor));
        values
    }
}

fn ran(made: *mut AmdmGraph) -> Vec<u32> {
    executed(create(made, None))
}

fn destroy(made: *mut AmdmGraph) {
    ok(unsafe { (api().graph_destroy)(made) });
}

fn close(host: *mut AmdmHost) {
    ok(unsafe { (api().host_destroy)(host) });
}

fn ends<const N: usize>(all: &[&'static Own; N]) -> [u32; N] {
    all.map(Own::ended)
}

#[test]
fn lanes_over_models_of_the_graph_are_lanes_like_others() {
    let host = open(&description());
    let (made, all) = lent(host, &json!({}));
    let found = ran(made);
    assert_eq!([all[0].asked(), all[1].asked(), all[2].asked(), all[3].asked()], [4, 3, 0, 0]);
    // A name is a name, whoever has it.
    let (other, _) = lent(host, &json!({"name": "tiny-layout"}));
    assert_eq!(ran(other), found);
    destroy(other);
    // The same models with names, and links to them.
    let mut json = two_lanes();
    for (name, model) in [("line", Own::new(0.4)), ("other", Own::new(-0.3))] {
        json[name] = json!({"class_type": "ModelLoader", "inputs": {"model_name": name}});
        let facts = json!({"name": name});
        ok(vtable(model, facts, |vtable| unsafe { (api().host_register_model)(host, vtable) }));
    }
    for ((node, input), name) in MODELS.into_iter().zip(["line", "other", "line", "line"]) {
        json[node]["inputs"][input] = json!([name, 0]);
    }
    let named = graph(host, &json);
    for (place, condition) in CONDITIONS.into_iter().zip([0.2, 0.7, 0.1]) {
        ok(set_object(named, place, Own::new(condition)));
    }
    assert_eq!(ran(named), found);
    // A condition alone makes a difference.
    ok(set_object(named, ("lanes", "negative"), Own::new(0.3)));
    assert_ne!(ran(named), found);
    // And links come back.
    ok(set_model(named, ("first", "model"), Own::new(9.0)));
    let link = c"[\"line\", 0]".as_ptr();
    let (node, input) = (c"first".as_ptr(), c"model".as_ptr());
    ok(unsafe { (api().graph_set_json)(named, node, input, link, 11) });
    ok(set_object(named, ("lanes", "negative"), Own::new(0.1)));
    assert_eq!(ran(named), found);
    destroy(made);
    destroy(named);
    assert_eq!(ends(&all), [1; 7]);
    close(host);
}

/// Results are kept for the graph, in memory, and keep nothing of the embedder's alive.
#[test]
fn results_are_kept_for_the_graph_until_it_is_lent_another() {
    let dir = tempfile::tempdir().unwrap();
    let kept = text(dir.path().to_str().unwrap());
    let mut desc = description();
    desc.cache_dir = kept.as_ptr();
    let host = open(&desc);
    let (made, all) = lent(host, &json!({"version": "1"}));
    let found = ran(made);
    assert_eq!((all[0].asked(), ran(made) == found, all[0].asked()), (4, true, 0), "kept");
    // Another graph knows nothing of it, though it looks the same.
    let (twin, others) = lent(host, &json!({"version": "1"}));
    assert_eq!((ran(twin) == found, others[0].asked()), (true, 4));
    // The same numbers again are another model, and another condition.
    let again = Own::new(0.4);
    ok(set_model(made, ("first", "model"), again));
    assert_eq!(all[0].ended(), 1, "it was replaced");
    assert_eq!((ran(made) == found, again.asked(), all[1].asked()), (true, 4, 6));
    let condition = Own::new(0.2);
    ok(set_object(made, ("first", "positive"), condition));
    assert_eq!(all[4].ended(), 1);
    assert_eq!((ran(made) == found, again.asked()), (true, 4));
    destroy(made);
    destroy(twin);
    assert_eq!((ends(&all), ends(&others)), ([1; 7], [1; 7]));
    assert_eq!((again.ended(), condition.ended()), (1, 1), "before the host ends");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing on disk");
    // What may differ is not kept at all.
    let (made, all) = lent(host, &json!({"deterministic": false}));
    assert_eq!((ran(made) == ran(made), all[0].asked()), (true, 8));
    destroy(made);
    close(host);
}

#[test]
fn a_run_has_what_its_graph_had() {
    let host = open(&description());
    let (made, all) = lent(host, &json!({}));
    let (first, second) = (create(made, None), create(made, None));
    let later = Own::new(0.9);
    ok(set_model(made, ("first", "model"), later));
    destroy(made);
    assert_eq!((ends(&all), later.ended()), ([0; 7], 1));
    let found = executed(first);
    assert_eq!(ends(&all), [0; 7], "the other run has them");
    assert_eq!(executed(second), found);
    assert_eq!(ends(&all), [1; 7]);
    close(host);
}

#[test]
fn what_does_not_fit_is_refused_and_ends_at_once() {
    let host = open(&description());
    let made = graph(host, &two_lanes());
    let mut stale = graph(host, &two_lanes());
    destroy(stale);
    let mut refused = Vec::new();
    let mut expect = |status: AmdmStatus, expected: AmdmStatus, own: &'static Own| {
        assert_eq!(status, expected, "{}", last_error());
        refused.push(own);
    };
    let (invalid, argument) = (AMDM_STATUS_INVALID_INPUT, AMDM_STATUS_INVALID_ARGUMENT);
    let no_graph = AMDM_STATUS_INVALID_GRAPH;
    for (place, expected) in [
        (("sample", "lanes"), invalid),
        (("sample", "steps"), invalid),
        (("first", "positive"), invalid),
        (("first", "modem"), no_graph),
        (("nobody", "model"), no_graph),
    ] {
        let own = Own::new(0.0);
        expect(set_model(made, place, own), expected, own);
    }
    for (place, expected) in [
        (("first", "model"), invalid),
        (("first", "lanes"), invalid),
        (("sample", "policy"), invalid),
        (("save", "images"), invalid),
        (("save", "filename_prefix"), invalid),
        (("nobody", "positive"), no_graph),
    ] {
        let own = Own::new(0.0);
        expect(set_object(made, place, own), expected, own);
    }
    for facts in [json!({"latent_shape": [1]}), json!({"deterministic": 1}), json!({"name": ""})] {
        let own = Own::new(0.0);
        expect(set_facts(made, ("first", "model"), own, facts), argument, own);
    }
    for bad in [stale, std::ptr::null_mut(), host.cast()] {
        let [model, object] = [0.0; 2].map(Own::new);
        stale = bad;
        expect(set_model(stale, ("first", "model"), model), AMDM_STATUS_INVALID_HANDLE, model);
        let status = set_object(stale, ("first", "positive"), object);
        expect(status, AMDM_STATUS_INVALID_HANDLE, object);
    }
    assert!(refused.iter().all(|own| own.ended() == 1));
    // None of it left anything.
    let mut out = NOTHING;
    ok(unsafe { (api().graph_inputs)(made, &mut out) });
    assert_eq!(taken(out).matches("embed.memory").count(), 0);
    // Without an end, too.
    let (node, input, none) = (c"first".as_ptr(), c"positive".as_ptr(), std::ptr::null_mut());
    ok(unsafe { (api().graph_set_object)(made, node, input, none, None) });
    destroy(made);
    close(host);
}

/// A built-in model says whose condition it is not.
#[test]
fn other_models_refuse_an_object_by_name() {
    let host = open(&description());
    let mut json = two_lanes();
    json["tiny"] = json!({"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}});
    for (node, input) in MODELS {
        json[node]["inputs"][input] = json!(["tiny", 0]);
    }
    let (made, condition) = (graph(host, &json), Own::new(0.0));
    ok(set_object(made, ("first", "positive"), condition));
    ok(set_object(made, ("lanes", "positive"), Own::new(0.0)));
    let run = create(made, None);
    let mut out = NOTHING;
    unsafe {
        assert_eq!((api().run_execute)(run), AMDM_STATUS_INVALID_INPUT);
        ok((api().run_error)(run, &mut out));
        ok((api().run_destroy)(run));
    }
    let said = taken(out);
    assert!(said.contains("a conditioning made by the embedder, expected one made by"), "{said}");
    destroy(made);
    assert_eq!(condition.ended(), 1);
    close(host);
}

/// Draws the number of an object of a wire of its own; of a latent there is none.
unsafe extern "C" fn draw(
    _: *mut c_void,
    ctx: *mut AmdmContext,
    api: *const AmdmNodeApi,
) -> AmdmStatus {
    unsafe {
        let (call, mut value) = (&*(*api).call, std::mem::zeroed::<AmdmValue>());
        ok((call.input)(ctx, c"latent".as_ptr(), &mut value));
        let found = user_data(ctx, api, value.r#as.object);
        assert_eq!(found, (AMDM_STATUS_EMPTY, std::ptr::null_mut()));
        ok((call.input)(ctx, c"text".as_ptr(), &mut value));
        let mut kind = AmdmStr { ptr: std::ptr::null(), len: 0 };
        ok(((*(*api).object).kind)(ctx, value.r#as.object, &mut kind));
        assert_eq!(crate::library::shown(kind), "TEST.LENT");
        let (status, data) = user_data(ctx, api, value.r#as.object);
        ok(status);
        own(data).asked.fetch_add(1, Ordering::Relaxed);
        let (shape, values) = ([1, 1, 1, 1], [own(data).number as f32]);
        let from = (*(*api).tensor).from_f32;
        ok(from(ctx, shape.as_ptr(), 4, values.as_ptr(), &mut value.r#as.tensor));
        value.kind = AMDM_VALUE_TENSOR;
        (call.set_output)(ctx, c"image".as_ptr(), value)
    }
}

#[test]
fn sockets_of_own_types_read_own_objects() {
    let host = open(&description());
    let descriptor = text(
        &json!({
            "type": "test.lent.Draw", "pack": "test:lent", "version": "1.0.0", "title": "Draw",
            "category": "test", "description": "Draws a number.",
            "inputs": [{"name": "text", "type": "TEST.LENT"}, {"name": "latent", "type": "LATENT"}],
            "outputs": [{"name": "image", "type": "IMAGE"}],
        })
        .to_string(),
    );
    let node = AmdmNodeVtable {
        struct_size: size_of::<AmdmNodeVtable>(),
        descriptor_json: descriptor.as_ptr(),
        execute: Some(draw),
        ..unsafe { std::mem::zeroed() }
    };
    ok(unsafe { (api().host_register_node)(host, &node) });
    let json = json!({
        "tiny": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["tiny", 0]}},
        "draw": {"class_type": "test.lent.Draw", "inputs": {"latent": ["start", 0]}},
        "show": {"class_type": "PreviewImage", "inputs": {"images": ["draw", 0]}},
    });
    let graphs = [graph(host, &json), graph(host, &json)];
    for made in graphs {
        let [first, second] = [1.0, 0.0].map(Own::new);
        for (own, expected) in [(first, 255), (second, 0)] {
            ok(set_object(made, ("draw", "text"), own));
            for asked in [1, 0] {
                assert_eq!(grey(made), expected);
                assert_eq!(own.asked(), asked, "kept for the graph");
            }
        }
        destroy(made);
        assert_eq!((first.ended(), second.ended()), (1, 1));
    }
    close(host);
}

/// The only pixel that is shown.
fn grey(made: *mut AmdmGraph) -> u8 {
    let run = crate::library::run(made);
    let mut image = unsafe { std::mem::zeroed::<AmdmImage>() };
    (image.struct_size, image.channels) = (size_of::<AmdmImage>(), 1);
    let (show, output): (_, *const c_char) = (c"show".as_ptr(), std::ptr::null());
    unsafe {
        ok((api().run_execute)(run));
        ok((api().run_output_image)(run, show, output, 0, &mut image));
        let pixel = *image.data.cast::<u8>();
        image.release.unwrap()(image.release_ctx);
        ok((api().run_destroy)(run));
        pixel
    }
}

/// What is written says where things were set, the same in every process; and the graph inside says
/// what it lacks.
#[test]
fn pictures_hold_nothing_of_it() {
    let host = open(&description());
    let pictures = [(); 2].map(|()| {
        let dir = tempfile::tempdir().unwrap();
        let (made, _) = lent(host, &json!({}));
        executed(create(made, Some(dir.path())));
        destroy(made);
        files(dir.path())
    });
    assert_eq!(pictures[0], pictures[1]);
    let (_, picture) = pictures[0].first_key_value().unwrap();
    let mut again = std::ptr::null_mut();
    let data = picture.as_ptr().cast::<c_char>();
    ok(unsafe { (api().graph_from_json)(host, data, picture.len(), &mut again) });
    let mut out = NOTHING;
    let status = unsafe { (api().graph_validate)(again, &mut out) };
    let said = taken(out);
    assert_eq!(status, AMDM_STATUS_INVALID_GRAPH, "{said}");
    assert!(said.contains("memory:first.model"), "{said}");
    // It is whole again once it is lent the same.
    for place in MODELS {
        ok(set_model(again, place, Own::new(1.0)));
    }
    for place in CONDITIONS {
        ok(set_object(again, place, Own::new(1.0)));
    }
    assert_eq!(unsafe { (api().graph_validate)(again, std::ptr::null_mut()) }, AMDM_STATUS_OK);
    destroy(again);
    close(host);
}
