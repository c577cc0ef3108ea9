//! Where tensors live and networks run, and the threads that serve it.
//!
//! A device owns a thread pool; the global pool of the process stays untouched, so that an
//! embedder's own use of it and ours do not meet. CUDA is a matter of the build: the CPU build
//! names the one that is wanted.

use std::fmt;
use std::sync::Arc;

use amdm::error::{Code, Error};
use rayon::ThreadPool;

use crate::{Result, error};

/// Most threads of a device: beyond the cores of any machine, and a typing error costs no memory.
const THREADS_MAX: usize = 1024;

/// How operations of a device are carried out.
#[derive(Clone)]
pub(crate) enum Backend {
    /// Loops and kernels of our own over slices.
    Host,
    /// candle operations on a device of candle's.
    Composed(candle_core::Device),
}

/// A device with a thread pool of its own; clones share both.
#[derive(Clone)]
pub struct Device(Arc<Inner>);

struct Inner {
    backend: Backend,
    name: String,
    card: String,
    pool: ThreadPool,
}

impl Device {
    /// The CPU with `threads` threads; 0 takes as many as the process may use.
    ///
    /// # Errors
    /// `limit_exceeded` for more than 1,024 threads, `internal` where the system starts none.
    pub fn cpu(threads: usize) -> Result<Self> {
        Self::new(Backend::Host, "cpu".into(), String::new(), threads)
    }

    /// The device called `name`: `cpu`, `cuda`, `cuda:N`, or `auto`, which is the first CUDA device
    /// of a build and machine that have one, else the CPU.
    ///
    /// # Errors
    /// `invalid_input` for another name; `unsupported` for CUDA without a CUDA build or device. All
    /// name the argument at fault: `device` or `threads`.
    pub fn open(name: &str, threads: usize) -> Result<Self> {
        let at_device =
            |error: Error| if error.input.is_none() { error.at("device") } else { error };
        Self::find(name, threads).map_err(at_device)
    }

    fn find(name: &str, threads: usize) -> Result<Self> {
        match name {
            "cpu" => Self::cpu(threads),
            "auto" if cfg!(feature = "cuda") => match Self::cuda(0, threads) {
                Ok(device) => Ok(device),
                Err(error) => {
                    tracing::info!("no CUDA device, running on the CPU: {error}");
                    Self::cpu(threads)
                }
            },
            "auto" => Self::cpu(threads),
            "cuda" => Self::cuda(0, threads),
            other => match other.strip_prefix("cuda:").map(str::parse) {
                Some(Ok(ordinal)) => Self::cuda(ordinal, threads),
                _ => Err(Error::invalid(format!(
                    "found device `{other}`, expected cpu, cuda, cuda:N or auto"
                ))),
            },
        }
    }

    /// The CPU through candle's own operations: what a CUDA build runs, without the GPU.
    ///
    /// Many times slower than [`Device::cpu`]; a second opinion for tests.
    ///
    /// # Errors
    /// As [`Device::cpu`].
    pub fn reference(threads: usize) -> Result<Self> {
        let backend = Backend::Composed(candle_core::Device::Cpu);
        Self::new(backend, "cpu (reference)".into(), String::new(), threads)
    }

    #[cfg(feature = "cuda")]
    fn cuda(ordinal: usize, threads: usize) -> Result<Self> {
        let refused = |reason: String| {
            error::unsupported(format!("cuda:{ordinal} cannot be opened: {reason}"))
        };
        let device = candle_core::Device::new_cuda(ordinal);
        let device = device.map_err(|e| refused(error::plain(e)))?;
        let cuda = device.as_cuda_device().map_err(|e| refused(error::plain(e)))?;
        let context = cuda.cuda_stream().context().clone();
        let card = context.name().map_err(|e| refused(e.to_string()))?;
        let (major, minor) = context.compute_capability().map_err(|e| refused(e.to_string()))?;
        let card = format!("{card}, compute capability {major}.{minor}");
        Self::new(Backend::Composed(device), format!("cuda:{ordinal}"), card, threads)
    }

    #[cfg(not(feature = "cuda"))]
    fn cuda(ordinal: usize, _threads: usize) -> Result<Self> {
        Err(error::unsupported(format!(
            "cuda:{ordinal} was asked for, but this is the CPU build: use the CUDA build of amdm \
             (cargo feature `cuda`), or the device cpu"
        )))
    }

    fn new(backend: Backend, name: String, card: String, threads: usize) -> Result<Self> {
        if threads > THREADS_MAX {
            let message = format!("found {threads} threads, the limit is {THREADS_MAX}");
            return Err(Error::new(Code::LimitExceeded, message).at("threads"));
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("amdm-{i}"))
            .build()
            .map_err(|e| Error::new(Code::Internal, format!("no thread pool: {e}")))?;
        Ok(Self(Arc::new(Inner { backend, name, card, pool })))
    }

    /// `cpu`, `cuda:0` and so on, as results and logs name it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What stands behind the name, on which the last digits of results may depend: of a GPU its
    /// model and compute capability, of the CPU nothing.
    pub fn card(&self) -> &str {
        &self.0.card
    }

    /// Threads that rows of a batch spread over.
    pub fn threads(&self) -> usize {
        self.0.pool.current_num_threads()
    }

    /// Whether both are one device, so that tensors of one may meet those of the other.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || match (self.backend(), other.backend()) {
                (Backend::Host, Backend::Host) => true,
                (Backend::Composed(a), Backend::Composed(b)) => a.same_device(b),
                _ => false,
            }
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.0.backend
    }

    /// Runs `work` on the device's threads; on the caller's where there is just one.
    pub(crate) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.threads() == 1 { work() } else { self.0.pool.install(work) }
    }

    /// Runs `work` here, and what it spawns on the device's threads; waits for all of it.
    pub(crate) fn in_place_scope<'s, R>(&self, work: impl FnOnce(&rayon::Scope<'s>) -> R) -> R {
        self.0.pool.in_place_scope(work)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({}, {} threads)", self.name(), self.threads())
    }
}
