//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::limits::{self, Limit};

/// Runs node graphs that aggregate several diffusion models into one image.
#[derive(Debug, Parser)]
#[command(name = "amdm", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to log to stderr: error, warn, info, debug, trace, or a list such as
    /// `warn,amdm_runtime=debug`
    #[arg(long, global = true, value_name = "FILTER", env = "AMDM_LOG", default_value = "error")]
    pub log: String,
    /// How log lines look
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the run failed: a node, a pack, an output
  2    the command line is wrong
  3    the graph cannot be read or is not valid; nothing ran
  4    the run took longer than --timeout, or a pack hung
  130  stopped by Ctrl-C or SIGTERM";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a graph and print the names of the files it wrote
    Run(RunArguments),
    /// Say what is wrong with a graph, without running it
    Check(CheckArguments),
    /// List the nodes that graphs can use
    Nodes(NodesArguments),
    /// List the packs that bring nodes
    Packs(PacksArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressMode {
    /// A bar on a terminal, nothing elsewhere
    Auto,
    /// A bar
    Bar,
    /// One JSON object a line on stdout, in place of the file names
    Json,
    /// Nothing
    None,
}

/// Where packs and models are.
#[derive(Args, Debug)]
pub struct Sources {
    /// Directory of further packs (.wasm); may be given several times
    #[arg(long, value_name = "DIR", env = "AMDM_PACKS", value_delimiter = PATHS)]
    pub packs: Vec<PathBuf>,
    /// Directory of models; may be given several times
    #[arg(long, value_name = "DIR", env = "AMDM_MODELS", value_delimiter = PATHS)]
    pub models: Vec<PathBuf>,
    /// Directory for compiled packs; `none` compiles anew each time [default: the user's cache]
    #[arg(long, value_name = "DIR", env = "AMDM_PACK_CACHE")]
    pub pack_cache: Option<PathBuf>,
    /// Change a bound on packs: `guest-memory=512M`, `guest-time=10` (seconds).
    /// Names: guest-memory, guest-handles, guest-time, node-tensors, run-tensors, run-guest-memory,
    /// pack-size
    #[arg(long, value_name = "NAME=VALUE", value_parser = Limit::parse)]
    pub limit: Vec<Limit>,
}

/// What separates directories in an environment variable.
const PATHS: char = if cfg!(windows) { ';' } else { ':' };

/// A graph and what is changed in it.
#[derive(Args, Debug)]
pub struct GraphArguments {
    /// Graph in API format (JSON); `-` reads stdin
    #[arg(value_name = "GRAPH")]
    pub graph: PathBuf,
    /// Set an input: `id.input=value` or `title.input=value`; may be given several times
    #[arg(long = "set", value_name = "NODE.INPUT=VALUE")]
    pub set: Vec<String>,
    /// Directory that LoadImage reads from [default: the graph's]
    #[arg(long, value_name = "DIR")]
    pub inputs: Option<PathBuf>,
}

/// `amdm run`.
#[derive(Args, Debug)]
pub struct RunArguments {
    /// The graph
    #[command(flatten)]
    pub graph: GraphArguments,
    /// Directory for what the graph writes
    #[arg(long, value_name = "DIR", default_value = "output")]
    pub out: PathBuf,
    /// Where to compute: auto, cpu, cuda, cuda:1
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// Threads on the CPU; 0 takes all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub timeout: Option<Duration>,
    /// How progress is shown
    #[arg(long, value_name = "MODE", default_value = "auto")]
    pub progress: ProgressMode,
    /// Leave the graph out of the pictures
    #[arg(long)]
    pub no_metadata: bool,
    /// Directory for nodes' results, so that a later run computes only what changed; `none` keeps
    /// nothing [default: none]
    #[arg(long, value_name = "DIR", env = "AMDM_CACHE")]
    pub cache: Option<PathBuf>,
    /// Most bytes in that directory; what was used longest ago goes first
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = limits::bytes)]
    pub cache_size: u64,
    /// File for all about the run as JSON: files, times, seeds, versions, or the error; `-` writes it
    /// to stdout in place of the file names
    #[arg(long, value_name = "FILE")]
    pub result: Option<PathBuf>,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm check`.
#[derive(Args, Debug)]
pub struct CheckArguments {
    /// The graph
    #[command(flatten)]
    pub graph: GraphArguments,
    /// Print the errors as JSON
    #[arg(long)]
    pub json: bool,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm nodes`.
#[derive(Args, Debug)]
pub struct NodesArguments {
    /// Show one node with its inputs and outputs
    #[arg(value_name = "CLASS")]
    pub class: Option<String>,
    /// Print descriptors as JSON
    #[arg(long)]
    pub json: bool,
    /// Describe the nodes of a WIT directory in place of those that are loaded
    #[arg(long, value_name = "DIR")]
    pub from_wit: Option<PathBuf>,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm packs`.
#[derive(Args, Debug)]
pub struct PacksArguments {
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm completions`.
#[derive(Args, Debug)]
pub struct CompletionsArguments {
    /// The shell
    pub shell: clap_complete::Shell,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 =
        text.parse().map_err(|_| format!("found {text:?}, expected a number of seconds"))?;
    if seconds <= 0.0 {
        return Err(format!("found {text}, expected more than 0 seconds"));
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
