//! Everything that a program has of the library's, and one random thing done with it.

use std::ffi::{CString, c_void};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use amdm_capi::*;
use serde_json::{Value, json};

use super::callbacks;
use super::calls::{handle, inside, judged, seen, told, wrong};
use super::dice::Dice;
use crate::behaviour::library::Managed;
use crate::library::{NOTHING, api, description};

pub struct World {
    pub dice: Dice,
    hosts: Vec<*mut AmdmHost>,
    graphs: Vec<*mut AmdmGraph>,
    runs: Vec<*mut AmdmRun>,
    tensors: Vec<*mut AmdmTensor>,
    graphs_json: Vec<String>,
    texts: [CString; 3],
    /// How often each vtable's data was ended, and how often it must be.
    ends: Vec<(Box<AtomicU32>, u32)>,
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

unsafe extern "C" fn wakeup(user_data: *mut c_void) {
    if user_data.addr() == 5 {
        static CHANCE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(9);
        unsafe { inside(&mut Dice(CHANCE.fetch_add(77, Relaxed))) };
    }
}

unsafe extern "C" fn counted(counter: *mut c_void) {
    unsafe { &*counter.cast::<AtomicU32>() }.fetch_add(1, Relaxed);
}

unsafe extern "C" fn deleted(managed: *mut Managed) {
    unsafe { counted((*managed).context) };
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
    fn pick<T>(dice: &mut Dice, from: &[*mut T]) -> *mut T {
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
                let again = judged(unsafe { (api().host_destroy)(host) });
                if !host.is_null() && again == AMDM_STATUS_OK {
                    wrong("a host was destroyed twice".into());
                }
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
                    judged((api().graph_destroy)(graph));
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

    fn set(&mut self) {
        let dice = &mut self.dice;
        let graph = Self::pick(dice, &self.graphs);
        let node = dice.text(&[b"text\0", b"show\0", b"s\0", b"Sampler\0", b"\0"]);
        let input = dice.text(&[b"images\0", b"text\0", b"steps\0", b"latent\0"]);
        unsafe {
            match dice.below(3) {
                0 => {
                    let values = ["1", "\"a\"", "[\"text\",0]", "null", "{\"a\":[1]}", "1e400"];
                    let values = values.map(String::from);
                    let (data, len) = dice.json(&values);
                    let data = data.as_ptr().cast();
                    judged((api().graph_set_json)(graph, node, input, data, len));
                }
                1 => {
                    let tensor = Self::pick(dice, &self.tensors);
                    judged((api().graph_set_tensor)(graph, node, input, tensor));
                }
                _ => {
                    let (pixels, counter) = ([7u8; 4 * 4 * 4 * 4], AtomicU32::new(0));
                    let image = AmdmImage {
                        struct_size: dice.size(size_of::<AmdmImage>()),
                        width: dice.of(&[4, 4, 1, 0, u32::MAX, 16385]),
                        height: dice.of(&[4, 4, 0, u32::MAX]),
                        channels: dice.of(&[3, 4, 1, 2, 0, 9]),
                        element_type: dice.of(&[1, 1, 2, 3, 0, 7]),
                        row_stride: dice.of(&[0, 0, 1, i64::MIN, i64::MAX]),
                        channel_order: dice.of(&[0, 1, 2]),
                        alpha_mode: dice.of(&[0, 1, 2]),
                        data: if dice.chance(90) {
                            pixels.as_ptr().cast()
                        } else {
                            std::ptr::null()
                        },
                        release: Some(counted),
                        release_ctx: std::ptr::from_ref(&counter).cast_mut().cast(),
                    };
                    judged((api().graph_set_image)(graph, node, input, &image));
                    let known = (size_of::<AmdmImage>()..=1 << 16).contains(&image.struct_size);
                    if counter.load(Relaxed) != u32::from(known) {
                        wrong(format!("an image was released {counter:?} times"));
                    }
                }
            }
        }
    }

    fn run(&mut self) {
        let dice = &mut self.dice;
        let mut desc = unsafe { std::mem::zeroed::<AmdmRunDesc>() };
        desc.struct_size = dice.size(size_of::<AmdmRunDesc>());
        desc.preview_ms = dice.of(&[0, 1]);
        desc.wakeup = if dice.chance(50) { Some(wakeup) } else { None };
        desc.user_data = std::ptr::without_provenance_mut(dice.of(&[0, 5]));
        let (node, output) =
            (dice.text(&[b"text\0", b"s\0"]), dice.text(&[b"image\0", b"latent\0"]));
        let (wanted, target) = (AmdmOutputName { node, output }, dice.text(&[b"show\0"]));
        match dice.below(8) {
            0 => (desc.wanted, desc.wanted_count) = (&wanted, 1),
            1 => (desc.targets, desc.target_count) = (&target, 1),
            2 => (desc.wanted, desc.wanted_count) = (&wanted, dice.of(&[1 << 40, usize::MAX])),
            3 => desc.target_count = 3,
            4 => desc.timeout_ms = dice.of(&[1, u64::MAX]),
            _ => {}
        }
        let (graph, mut run) = (Self::pick(dice, &self.graphs), std::ptr::null_mut());
        let status = judged(unsafe { (api().run_create)(graph, &desc, &mut run) });
        if status != AMDM_STATUS_OK {
            return;
        }
        seen(run.addr());
        self.runs.push(run);
        match dice.below(5) {
            0 => {}
            1 | 2 => drop(judged(unsafe { (api().run_execute)(run) })),
            _ => drop(judged(unsafe { (api().run_start)(run) })),
        }
        if self.runs.len() > 6 {
            judged(unsafe { (api().run_destroy)(self.runs.remove(0)) });
        }
    }

    fn watch(&mut self) {
        let dice = &mut self.dice;
        let run = Self::pick(dice, &self.runs);
        let (node, output) = (dice.text(&[b"show\0"]), std::ptr::null());
        let mut text = NOTHING;
        unsafe {
            match dice.below(11) {
                0 => drop(judged((api().run_start)(run))),
                1 => drop(judged((api().run_execute)(run))),
                2 => {
                    self.runs.retain(|other| *other != run);
                    judged((api().run_destroy)(run));
                    judged((api().run_destroy)(run));
                }
                3 => drop(judged((api().run_cancel)(run, dice.below(3) as u32))),
                4 => drop(judged((api().run_wait)(run, dice.of(&[0, 1, 5])))),
                5 => told((api().run_error)(run, &mut text), text),
                6 => told((api().run_output_json)(run, &mut text), text),
                7 => {
                    let mut tensor = std::ptr::null_mut();
                    judged((api().run_output_tensor)(run, node, output, &mut tensor));
                    if !tensor.is_null() {
                        seen(tensor.addr());
                        self.tensors.push(tensor);
                    }
                }
                8 => {
                    let mut image = std::mem::zeroed::<AmdmImage>();
                    image.struct_size = dice.size(size_of::<AmdmImage>());
                    image.row_stride = dice.of(&[0, -64, 1 << 30, i64::MIN]);
                    image.channels = dice.of(&[0, 3, 4, 1, 2, 99]);
                    let index = dice.of(&[0, 0, 1, u32::MAX]);
                    let status =
                        judged((api().run_output_image)(run, node, output, index, &mut image));
                    if let Some(release) = image.release.filter(|_| status == AMDM_STATUS_OK) {
                        release(image.release_ctx);
                    }
                }
                _ => {
                    let mut event = std::mem::zeroed::<AmdmEvent>();
                    event.struct_size = dice.size(size_of::<AmdmEvent>());
                    judged((api().run_next_event)(run, dice.of(&[0, 0, 2]), &mut event));
                }
            }
        }
    }

    fn tensor(&mut self) {
        let dice = &mut self.dice;
        let tensor = Self::pick(dice, &self.tensors);
        unsafe {
            match dice.below(5) {
                0 => {
                    self.tensors.retain(|other| *other != tensor);
                    judged((api().tensor_release)(tensor));
                }
                1 => {
                    let mut out = std::ptr::null_mut();
                    let stream = dice.of(&[0, -1, 2, i64::MIN]);
                    judged((api().tensor_to_dlpack)(tensor, stream, &mut out));
                    if let Some(managed) = out.cast::<Managed>().as_mut() {
                        managed.deleter.unwrap()(managed);
                    }
                }
                _ => self.import(),
            }
        }
        if self.tensors.len() > 20 {
            judged(unsafe { (api().tensor_release)(self.tensors.remove(0)) });
        }
    }

    fn import(&mut self) {
        let dice = &mut self.dice;
        let (counter, values) = (AtomicU32::new(0), [1.0f64; 4 * 4 * 3]);
        let mut shape = dice.of(&[
            [1i64, 4, 4, 3],
            [1, 3, 4, 4],
            [0, 4, 4, 3],
            [-1, 1, 1, 1],
            [1 << 40; 4],
            [1 << 31, 1, 1, 1 << 31],
        ]);
        let mut managed = Managed {
            version: [dice.of(&[1, 1, 1, 0, 2, u32::MAX]), 0],
            context: std::ptr::from_ref(&counter).cast_mut().cast(),
            deleter: dice.chance(90).then_some(deleted as _),
            flags: dice.next(),
            data: if dice.chance(90) {
                values.as_ptr().cast_mut().cast()
            } else {
                std::ptr::null_mut()
            },
            device: [dice.of(&[1, 1, 1, 2, 3, -1]), 0],
            rank: dice.of(&[4, 4, 4, 0, 9, -1, i32::MAX]),
            code_bits: dice.of(&[[2, 32], [2, 64], [2, 16], [4, 16], [1, 8], [0, 64], [6, 1]]),
            lanes: dice.of(&[1, 1, 1, 0, 4]),
            shape: if dice.chance(95) { shape.as_mut_ptr() } else { std::ptr::null_mut() },
            strides: std::ptr::null_mut(),
            offset: 0,
        };
        let (host, mut out) = (Self::pick(dice, &self.hosts), std::ptr::null_mut());
        let (there, stream) = ((&raw mut managed).cast(), dice.of(&[0, 0, 3]));
        let status = judged(unsafe { (api().tensor_from_dlpack)(host, there, stream, &mut out) });
        let consumed = u32::from(status == AMDM_STATUS_OK && managed.deleter.is_some());
        if counter.load(Relaxed) != consumed || out.is_null() == (status == AMDM_STATUS_OK) {
            wrong(format!("tensor_from_dlpack: {status}, {out:?}, deleted {counter:?} times"));
        }
        if !out.is_null() {
            seen(out.addr());
            self.tensors.push(out);
        }
    }

    unsafe fn rest(&mut self) {
        let dice = &mut self.dice;
        let host = Self::pick(dice, &self.hosts);
        let mut text = NOTHING;
        unsafe {
            match dice.below(6) {
                0 => told((api().host_info)(host, &mut text), text),
                1 if dice.chance(10) => told((api().host_node_schemas)(host, &mut text), text),
                2 => {
                    let path = dice.text(&[b"/dev/null\0", b"/\0", b"/etc/hostname\0"]);
                    let (flags, hash) = (dice.below(4) as u32, dice.text(&[b"00\0"]));
                    judged((api().host_load_pack)(host, path, flags, hash));
                }
                3 => {
                    let mut desc = description();
                    let size = dice.of(&[0, 1, 8, 16, 24, size_of::<AmdmHostDesc>()]);
                    judged((api().host_desc_init)(&mut desc, size));
                    judged((api().host_desc_init)(std::ptr::null_mut(), size));
                }
                4 => drop(judged((api().string_free)(std::ptr::null_mut()))),
                _ => inside_at_rest(dice),
            }
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

/// Calls that do no harm outside callbacks either.
fn inside_at_rest(dice: &mut Dice) {
    let one = handle(dice);
    unsafe {
        judged((api().run_poll)(one.cast(), std::ptr::null_mut()));
        judged((api().run_cancel)(one.cast(), 7));
        judged((api().tensor_info)(one.cast(), std::ptr::null_mut()));
    }
}
