//! The face of the crate `amdm-runtime`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use amdm::graph::set::Finder;
use amdm::graph::{Document, verdict};
use amdm_diffusion::pixels::quantise;
use amdm_runtime::{
    Asked, CacheDir, Cancel, Event, Host, HostOptions, Inputs, Kept, Prepared, ResultCache,
    RunOptions, Value as Wire,
};
use serde_json::{Value, json};

use super::own;
use super::{Face, Image, Job, Ran, Stop, settled};

pub struct Native {
    host: Host,
    applied: own::Applied,
    inputs: PathBuf,
}

pub fn options() -> HostOptions {
    let cache = CacheDir::At(Path::new(env!("CARGO_TARGET_TMPDIR")).join("packs"));
    HostOptions { device: "cpu".into(), threads: 1, cache, ..HostOptions::default() }
}

impl Native {
    pub fn open(inputs: &Path, keeps: bool) -> Self {
        let results = if keeps { ResultCache::default() } else { ResultCache::off() };
        let host = Host::open(&HostOptions { results, ..options() }).unwrap();
        let applied = own::native::register(&host);
        Self { host, applied, inputs: inputs.into() }
    }

    fn inputs(&self) -> Inputs {
        Inputs::new(Some(self.inputs.clone()))
    }

    fn prepared(&self, job: &Job<'_>, asked: &Asked) -> Prepared {
        let graphs = self.host.graphs(self.inputs());
        let mut document = graphs.read(job.graph.to_string().as_bytes()).unwrap().document;
        for (node, input, value) in job.set {
            let setting = format!("{node}.{input}=");
            let finder = Finder::new(&document, graphs.catalogue());
            let (target, _) = finder.find(&document, &setting).unwrap();
            target.set_value(&mut document, value);
        }
        graphs.prepare(document, asked).unwrap()
    }
}

fn bits(tensor: &amdm_diffusion::Tensor) -> (Vec<u32>, Vec<u32>) {
    let values = tensor.to_f32().unwrap();
    (tensor.extents().to_vec(), values.into_iter().map(f32::to_bits).collect())
}

fn images(kept: &Kept) -> Vec<Image> {
    let images = kept.images().into_iter().flat_map(|(node, batch)| {
        let [_, height, width, 3] = batch.extents()[..] else { panic!("no image") };
        let bytes = batch.to_f32().unwrap().into_iter().map(quantise).collect::<Vec<_>>();
        let one = (width * height * 3) as usize;
        let images = bytes.chunks(one).map(<[u8]>::to_vec).collect::<Vec<_>>();
        images.into_iter().map(move |bytes| (node.clone(), [width, height], bytes))
    });
    images.collect()
}

impl Face for Native {
    fn name(&self) -> &'static str {
        "the crate"
    }

    fn verdict(&self, graph: &Value) -> Value {
        let document = Document::parse(graph.to_string().as_bytes()).unwrap();
        let checked = self.host.check(&document, self.inputs());
        let (checked, errors) = match &checked {
            Ok(checked) => (Some(checked), &[][..]),
            Err(errors) => (None, &errors[..]),
        };
        let catalogue = self.host.catalogue_for(self.inputs());
        serde_json::to_value(verdict(&document, &catalogue, checked, errors)).unwrap()
    }

    fn run(&self, job: &Job<'_>) -> Ran {
        let wanted = job.wanted.iter().map(|(node, output)| (node.to_string(), output.to_string()));
        let asked = Asked { outputs: wanted.collect(), ..Asked::default() };
        let Prepared { document, checked, .. } = self.prepared(job, &asked);
        let (out, kept) = (tempfile::tempdir().unwrap(), Kept::new());
        let options = RunOptions {
            output_dir: out.path().into(),
            inputs: self.inputs(),
            metadata: job.metadata,
            kept: Some(kept.clone()),
            ..RunOptions::default()
        };
        let (cancel, heard) = (Cancel::new(), Arc::new(Mutex::new(Vec::new())));
        assert_ne!(job.stop, Stop::NextPicture, "the crate has no such cancel");
        if job.stop == Stop::Before {
            cancel.stop();
        }
        let (events, stop, token) = (heard.clone(), job.stop, cancel.clone());
        let sink = Arc::new(move |event: Event| {
            if stop == Stop::FirstStep && matches!(event, Event::Progress { .. }) {
                // From another thread, as a program with a button would.
                let token = token.clone();
                std::thread::spawn(move || token.stop()).join().unwrap();
            }
            events.lock().unwrap().push(serde_json::to_value(event).unwrap());
        });
        let result = self.host.report(&document, &checked, &options, &cancel, sink);
        let mut events = std::mem::take(&mut *heard.lock().unwrap());
        let last = if result.error.is_some() { "failed" } else { "finished" };
        assert_eq!(events.pop().unwrap()["event"], last);
        let tensors =
            asked.outputs.iter().filter_map(|(node, output)| match kept.value(node, output)? {
                Wire::Tensor(tensor) => Some(bits(&tensor)),
                Wire::Object(object) => match object.field("samples")? {
                    Wire::Tensor(tensor) => Some(bits(&tensor)),
                    _ => None,
                },
                _ => None,
            });
        Ran {
            failure: result.error.map(|error| json!(error)),
            events: events.into_iter().map(settled).collect(),
            files: super::library::files(out.path()),
            images: Some(images(&kept)),
            tensors: Some(tensors.collect()),
            warnings: result.warnings,
            applied: std::mem::take(&mut *self.applied.lock().unwrap()),
        }
    }
}
