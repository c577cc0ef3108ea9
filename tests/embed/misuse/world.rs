//! Everything that a program has of the library's, and one random thing done with it.

use std::ffi::CString;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use amdm_capi::*;
use serde_json::{Value, json};

use super::callbacks;
use super::calls::{again, handle, judged, seen, told, wrong};
use super::dice::Dice;
use crate::library::{NOTHING, api, description};

pub struct World {
    pub dice: Dice,
    pub(super) hosts: Vec<*mut AmdmHost>,
    pub(super) graphs: Vec<*mut AmdmGraph>,
    pub(super) runs: Vec<*mut AmdmRun>,
    pub(super) tensors: Vec<*mut AmdmTensor>,
    graphs_json: Vec<String>,
    pub(super) texts: [CString; 3],
    /// How often each vtable's data was ended, and how often it must be.
    pub(super) ends: Vec<(Box<AtomicU32>, u32)>,
}

/// Graphs that are fine where the classes and the model are there.
fn graphs() -> Vec<String> {
    let text = json!({"class_type": "TextImage",
                      "inputs": {"text": "a", "width": 16, "height": 8, "size": 6}});
    let show = |from: &str| json!({"class_type": "PreviewImage", "inputs": {"images": [from, 0]}});
    let plain = json!({"text": text, "show": show("text")});
    let mut own = json!({"text": text, "show": show("own")});
    own["own"] = json!({"class_type": "test.misuse.Node", "inputs": {"image": ["text", 0]}});
    let model = json!({
        "m": {"class_type": "ModelLoader", "inputs": {"model_name": "test-misuse"}},
        "c": {"class_type": "ConditionJson", "inputs": {"model": ["m", 0]}},
        "l": {"class_type": "Lane", "inputs": {"model": ["m", 0], "positive": ["c", 0]}},
        "e": {"class_type": "EmptyLatent", "inputs": {"model": ["m", 0]}},
        "o": {"class_type": "test.misuse.Operator", "inputs": {}},
        "s": {"class_type": "Sampler", "inputs": {"lanes": ["l", 0], "latent": ["e", 0],
              "policy": ["o", 0], "steps": 3}},
        "d": {"class_type": "DecodeLatent", "inputs": {"model": ["m", 0], "latent": ["s", 0]}},
        "show": show("d"),
    });
    let mut without = model.clone();
    without["s"]["inputs"].as_object_mut().unwrap().remove("policy");
    without.as_object_mut().unwrap().remove("o");
    [plain, own, model, without].map(|graph| graph.to_string()).into()
}

impl World {
    pub fn new(seed: u64) -> Self {
        let json = [callbacks::node_json(), callbacks::operator_json(), callbacks::model_json()];
        Self {
            dice: Dice(seed),
            hosts: Vec::new(),
            graphs: Vec::new(),
            runs: Vec::new(),
            tensors: Vec::new(),
            graphs_json: graphs(),
            texts: json.map(|json: Value| CString::new(json.to_string()).unwrap()),
            ends: Vec::new(),
        }
    }

    /// One that is there, or a wrong one.
    pub(super) fn pick<T>(dice: &mut Dice, from: &[*mut T]) -> *mut T {
        if from.is_empty() || dice.chance(20) { handle(dice).cast() } else { dice.of(from) }
    }

    /// One sequence of calls.
    pub fn sequence(&mut self) {
        for _ in 0..1 + self.dice.below(8) {
            match self.dice.below(100) {
                0..4 => self.host(),
                4..10 => self.register(),
                10..30 => self.graph(),
                30..45 => self.set(),
                45..60 => self.run(),
                60..85 => self.watch(),
                85..92 => self.tensor(),
                _ => unsafe { self.rest() },
            }
        }
    }

    fn host(&mut self) {
        let dice = &mut self.dice;
        if self.hosts.len() >= 3 || dice.chance(30) {
            let host = Self::pick(dice, &self.hosts);
            // As often as not the last that is there stays.
            if self.hosts.len() > 1 || dice.chance(10) {
                self.hosts.retain(|other| *other != host);
                judged(unsafe { (api().host_destroy)(host) });
                again("a host", host, unsafe { (api().host_destroy)(host) });
            }
            return;
        }
        let mut desc = description();
        desc.struct_size = dice.size(size_of::<AmdmHostDesc>());
        if dice.chance(10) {
            desc.abi_version = dice.of(&[0, 2 << 16, 1 << 16 | 9, u32::MAX]);
        }
        match dice.below(14) {
            0 => desc.device = c"abacus".as_ptr(),
            1 => desc.threads = dice.of(&[1025, u32::MAX]),
            2 => desc.model_dir_count = dice.of(&[1, 1 << 30, usize::MAX]),
            3 => desc.input_dir = c"/nowhere/at/all".as_ptr(),
            4 => desc.log_level = dice.of(&[1, 6, u32::MAX]),
            5 => desc.device = c"\xFF\xFE".as_ptr(),
            6 => desc.cache_bytes = dice.of(&[0, 1, u64::MAX]),
            7 => desc.memory_budget = dice.of(&[1, u64::MAX]),
            _ => {}
        }
        let mut host = std::ptr::null_mut();
        let status = judged(unsafe { (api().host_create)(&desc, &mut host) });
        if host.is_null() == (status == AMDM_STATUS_OK) {
            wrong(format!("host_create gave {status} and {host:?}"));
        }
        if status == AMDM_STATUS_OK {
            self.hosts.push(host);
            seen(host.addr());
            self.register();
            self.register();
        }
    }

    fn register(&mut self) {
        for which in 0..3 {
            let dice = &mut self.dice;
            let host = Self::pick(dice, &self.hosts);
            let json = match dice.below(20) {
                0 => std::ptr::null(),
                1 => c"{}".as_ptr(),
                2 => c"\xFF".as_ptr(),
                _ => self.texts[which].as_ptr(),
            };
            let counter = Box::new(AtomicU32::new(0));
            let data = std::ptr::from_ref(&*counter).cast_mut().cast();
            let (size, whole) = unsafe {
                if which < 2 {
                    let mut vtable = callbacks::node(dice, which == 1, json);
                    vtable.user_data = data;
                    judged((api().host_register_node)(host, &vtable));
                    (vtable.struct_size, size_of::<AmdmNodeVtable>())
                } else {
                    let mut vtable = callbacks::model(dice, json);
                    vtable.user_data = data;
                    judged((api().host_register_model)(host, &vtable));
                    (vtable.struct_size, size_of::<AmdmModelVtable>())
                }
            };
            // The last field is `destroy`; a caller whose struct ends before it has none.
            let told = (whole..=1 << 16).contains(&size);
            self.ends.push((counter, u32::from(told)));
        }
    }

    fn graph(&mut self) {
        let dice = &mut self.dice;
        let graph = Self::pick(dice, &self.graphs);
        let mut text = NOTHING;
        unsafe {
            match dice.below(8) {
                0 => told((api().graph_validate)(graph, &mut text), text),
                1 => told((api().graph_inputs)(graph, &mut text), text),
                2 => drop(judged((api().graph_inputs)(graph, std::ptr::null_mut()))),
                3 | 4 => {
                    self.graphs.retain(|other| *other != graph);
                    judged((api().graph_destroy)(graph));
                    again("a graph", graph, (api().graph_destroy)(graph));
                }
                _ => {
                    let host = Self::pick(dice, &self.hosts);
                    let (data, len) = dice.json(&self.graphs_json);
                    let mut out = std::ptr::without_provenance_mut(3);
                    let data = data.as_ptr().cast();
                    let status = judged((api().graph_from_json)(host, data, len, &mut out));
                    if out.is_null() == (status == AMDM_STATUS_OK) {
                        wrong(format!("graph_from_json gave {status} and {out:?}"));
                    }
                    if !out.is_null() {
                        self.graphs.push(out);
                        seen(out.addr());
                    }
                }
            }
        }
        if self.graphs.len() > 8 {
            judged(unsafe { (api().graph_destroy)(self.graphs.remove(0)) });
        }
    }

    /// Destroys everything, and says how often vtables were ended.
    pub fn end(self) {
        unsafe {
            for host in self.hosts {
                judged((api().host_destroy)(host));
            }
            for run in self.runs {
                judged((api().run_destroy)(run));
            }
            for graph in self.graphs {
                judged((api().graph_destroy)(graph));
            }
            for tensor in self.tensors {
                judged((api().tensor_release)(tensor));
            }
        }
        for (at, (counter, expected)) in self.ends.into_iter().enumerate() {
            if counter.load(Relaxed) != expected {
                wrong(format!("vtable {at} was ended {counter:?} times, expected {expected}"));
            }
            // A late call would count here, not in memory that is gone.
            Box::leak(counter);
        }
    }
}
