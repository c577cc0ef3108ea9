//! Random things done with graphs, runs and tensors.

use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use amdm_capi::*;

use super::callbacks;
use super::calls::{again, handle, inside, judged, seen, told, wrong};
use super::dice::Dice;
use super::world::World;
use crate::behaviour::library::Managed;
use crate::library::{NOTHING, api, description};

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
    pub(super) fn set(&mut self) {
        let dice = &mut self.dice;
        let graph = Self::pick(dice, &self.graphs);
        let node = dice.text(&[b"text\0", b"show\0", b"s\0", b"Sampler\0", b"\0"]);
        let input = dice.text(&[b"images\0", b"text\0", b"steps\0", b"latent\0"]);
        unsafe {
            match dice.below(5) {
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
                2 => self.lend(graph, true),
                3 => self.lend(graph, false),
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

    /// Sets a model or an object, as often as not where one may be.
    unsafe fn lend(&mut self, graph: *mut AmdmGraph, model: bool) {
        let places: [&[(&[u8], &[u8])]; 2] = [
            &[(b"l\0", b"positive\0"), (b"l\0", b"negative\0")],
            &[(b"l\0", b"model\0"), (b"d\0", b"model\0"), (b"e\0", b"model\0")],
        ];
        let dice = &mut self.dice;
        let (node, input) = dice.of(places[usize::from(model)]);
        let (node, input) = (dice.text(&[node]), dice.text(&[input, b"lanes\0"]));
        let counter = Box::new(AtomicU32::new(0));
        let data = std::ptr::from_ref(&*counter).cast_mut().cast();
        let told = unsafe {
            if model {
                let mut vtable = callbacks::model(dice, self.texts[2].as_ptr());
                vtable.user_data = data;
                judged((api().graph_set_model)(graph, node, input, &vtable));
                (size_of::<AmdmModelVtable>()..=1 << 16).contains(&vtable.struct_size)
            } else {
                let end = dice.chance(90).then_some(callbacks::end as _);
                judged((api().graph_set_object)(graph, node, input, data, end));
                end.is_some()
            }
        };
        self.ends.push((counter, u32::from(told)));
    }

    pub(super) fn run(&mut self) {
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

    pub(super) fn watch(&mut self) {
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
                    again("a run", run, (api().run_destroy)(run));
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

    pub(super) fn tensor(&mut self) {
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

    pub(super) unsafe fn rest(&mut self) {
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
