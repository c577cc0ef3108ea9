//! The wasmtime engine: how guests are compiled and interrupted.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Cache, CacheConfig, Config, Engine};

use super::bindings::StepPack;
use super::interfaces::StoreData;
use crate::failure::{Failure, FailureCode};

/// Length of one epoch: guests look at the cancel token this often.
pub const TICK: Duration = Duration::from_millis(10);

/// Address space that a guest's memory takes before it grows.
const RESERVED: u64 = 4 << 20;

/// Where compiled packs are kept between runs.
#[derive(Clone, Debug, Default)]
pub enum CacheDir {
    /// The user's cache directory, where there is one that can be written.
    #[default]
    User,
    /// A directory of the caller's choice.
    At(PathBuf),
    /// Compile anew at every start.
    Off,
}

/// An engine whose guests can be stopped and whose traps stay out of the embedder's signals.
///
/// # Errors
/// `internal` where the machine is not one that wasmtime knows.
pub fn engine(cache: &CacheDir) -> Result<Engine, Failure> {
    let mut config = Config::new();
    // Memory images would be files in memory, which limits on the size of files forbid.
    config.epoch_interruption(true).signals_based_traps(false).memory_init_cow(false);
    // Bounds are checked in code, so the usual 4 GiB of address space a memory would only be in the
    // way of limits on it, and of tools that watch it.
    config
        .memory_reservation(RESERVED)
        .memory_reservation_for_growth(RESERVED)
        .memory_guard_size(0);
    config.cache(open_cache(cache));
    Engine::new(&config).map_err(|error| {
        Failure::new(
            FailureCode::Node(amdm::error::Code::Internal),
            format!("cannot run WebAssembly on this machine: {error:#}"),
        )
    })
}

/// A cache that can be used, or none: containers often lack a home or forbid writing.
fn open_cache(dir: &CacheDir) -> Option<Cache> {
    let path = match dir {
        CacheDir::Off => return None,
        CacheDir::At(path) => path.clone(),
        CacheDir::User => user_cache()?,
    };
    let cache = prepare(&path).and_then(|path| {
        let mut config = CacheConfig::new();
        config.with_directory(path);
        Cache::new(config).map_err(|error| error.to_string())
    });
    cache.inspect_err(|error| tracing::debug!(?path, %error, "running without a pack cache")).ok()
}

fn prepare(path: &Path) -> Result<PathBuf, String> {
    std::fs::create_dir_all(path).map_err(|error| error.to_string())?;
    tempfile::tempfile_in(path).map_err(|error| error.to_string())?;
    path.canonicalize().map_err(|error| error.to_string())
}

/// The platform's directory for files that can be made again.
fn user_cache() -> Option<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        absolute("HOME").map(|home| home.join("Library/Caches"))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
    };
    base.map(|base| base.join("amdm").join("packs"))
}

/// Everything that a pack may import of the contract.
///
/// # Errors
/// `internal`, never for a contract that compiled.
pub fn linker(engine: &Engine) -> Result<Linker<StoreData>, Failure> {
    let mut linker = Linker::new(engine);
    StepPack::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |data| data)
        .map_err(|error| {
            Failure::new(
                FailureCode::Node(amdm::error::Code::Internal),
                format!("cannot link the contract: {error:#}"),
            )
        })?;
    Ok(linker)
}

/// The ticker of an engine: one, however many runs there are, or time would pass faster for each.
#[derive(Default)]
pub struct Clock {
    ticker: Mutex<Weak<Ticker>>,
    ticks: Arc<AtomicU64>,
}

impl Clock {
    /// Counts the ticks so far, while it ticks.
    pub fn ticks(&self) -> Arc<AtomicU64> {
        self.ticks.clone()
    }

    /// Ticks while what it returns lives.
    ///
    /// # Errors
    /// `out_of_memory` where no thread can be had.
    pub fn tick(&self, engine: &Engine) -> Result<Arc<Ticker>, Failure> {
        let mut ticker = self.ticker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ticker) = ticker.upgrade() {
            return Ok(ticker);
        }
        let fresh = Arc::new(Ticker::start(engine, self.ticks.clone())?);
        *ticker = Arc::downgrade(&fresh);
        Ok(fresh)
    }
}

/// Advances the engine's epoch while it lives, so that guests are interrupted.
pub struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: &Engine, ticks: Arc<AtomicU64>) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, engine) = (stop.clone(), engine.clone());
        let thread = std::thread::Builder::new()
            .name("amdm-ticker".into())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::park_timeout(TICK);
                    ticks.fetch_add(1, Ordering::Relaxed);
                    engine.increment_epoch();
                }
            })
            .map_err(|error| {
                Failure::new(
                    FailureCode::Node(amdm::error::Code::OutOfMemory),
                    format!("cannot start a thread: {error}"),
                )
            })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread only sleeps and counts: it cannot have panicked.
            let _ = thread.join();
        }
    }
}
