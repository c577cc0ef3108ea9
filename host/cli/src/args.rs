//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
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
  1    the run failed: a node, a pack, an output; with run --partial also: not all outputs ran;
       with check --object-info: the server would refuse the graph
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
    /// List what can be set in a graph: types, ranges and present values
    Inputs(InputsArguments),
    /// Say what running a graph would do, without running it
    Plan(PlanArguments),
    /// Print the API graph of a workflow that an editor saved, or of a picture
    Convert(ConvertArguments),
    /// List the nodes that graphs can use
    Nodes(NodesArguments),
    /// Print the JSON Schema of a kind of file
    Schema(SchemaArguments),
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
    #[arg(long, value_name = "DIR", env = "AMDM_PACKS", value_delimiter = PATHS, value_parser = path())]
    pub packs: Vec<PathBuf>,
    /// Directory of models; may be given several times
    #[arg(long, value_name = "DIR", env = "AMDM_MODELS", value_delimiter = PATHS, value_parser = path())]
    pub models: Vec<PathBuf>,
    /// Directories of models as an extra_model_paths.yaml lists them
    #[arg(long, value_name = "FILE")]
    pub model_paths: Option<PathBuf>,
    /// Directory for compiled packs; `none` compiles anew each time [default: the user's cache]
    #[arg(long, value_name = "DIR", env = "AMDM_PACK_CACHE", value_parser = path())]
    pub pack_cache: Option<PathBuf>,
    /// Load native packs: libraries with nodes, which are not isolated and can do whatever this
    /// process can. A file of lines `sha256  path`, paths relative to it; another file than one
    /// whose SHA-256 stands there is refused
    #[arg(long, value_name = "FILE", env = "AMDM_LOAD_NATIVE", value_parser = path())]
    pub allow_native_packs: Option<PathBuf>,
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
    /// Graph in API format, bare or in a request body under `prompt`, or as editors save it (JSON),
    /// or a PNG or WebP picture with one inside; `-` reads stdin
    #[arg(value_name = "GRAPH")]
    pub graph: PathBuf,
    /// Set an input: `id.input=value` or `title.input=value`, or a parameter that the graph
    /// declares: `name=value`. `@file` reads the value from a file, `@@` is an `@`; pictures are
    /// named by path. May be given several times
    #[arg(long = "set", value_name = "NODE.INPUT=VALUE")]
    pub set: Vec<String>,
    /// Set what a JSON file says, {"name or node.input": value, ...}; --set comes after it
    #[arg(long, value_name = "FILE")]
    pub params: Option<PathBuf>,
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
    /// Run the graph for each of many values, and with several sweeps for all combinations:
    /// `sampler.seed=1..8`, `aggregate.weight=.5,.7,.9`, `sampler.eta=0..1:.25`. Each run writes to
    /// a numbered directory below --out, beside sweep.json, which says what each was
    #[arg(long, value_name = "NODE.INPUT=VALUES")]
    pub sweep: Vec<String>,
    /// Continue the sweep in --out where it was interrupted; refused where the graph, the pictures,
    /// models or packs that it reads, or the program are other ones than before
    #[arg(long, requires = "sweep")]
    pub resume: bool,
    /// Also put the first picture that each run of a sweep saves into one labelled picture; made
    /// anew under the same name when the sweep is continued
    #[arg(long, requires = "sweep")]
    pub sheet: bool,
    /// Run the outputs whose nodes are all valid, and print the errors of the others; ends with
    /// exit code 1 where there are any, with 3 where no output is valid
    #[arg(long)]
    pub partial: bool,
    /// Where results are kept
    #[command(flatten)]
    pub results: ResultArguments,
    /// With --cache, how often a long sampling is kept there unfinished, so that the same run goes
    /// on from there after it was broken off: seconds, 0 = after every step
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = span)]
    pub checkpoint_every: Duration,
    /// File for all about the run as JSON: files, times, seeds, versions, or the error; `-` writes
    /// it to stdout in place of the file names. Of a sweep it lists all runs, each with its
    /// settings
    #[arg(long, value_name = "FILE")]
    pub result: Option<PathBuf>,
    /// Directory for the values of all nodes' outputs, which are all computed: a safetensors file
    /// each, `NODE.SLOT.safetensors`
    #[arg(long, value_name = "DIR", conflicts_with = "sweep")]
    pub dump: Option<PathBuf>,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm check`: strictly, as `run` does, or with --object-info as a server of the ComfyUI family
/// does.
///
/// A request body is judged by its `prompt`; where it has `partial_execution_targets`, only those
/// outputs and what they depend on count. Without --object-info the exit code is 0 for a valid
/// graph and 3 for another one; with it 0 where the server would accept the request, which it does
/// if at least one output is valid, and 1 where it would not.
#[derive(Args, Debug)]
pub struct CheckArguments {
    /// The graph
    #[command(flatten)]
    pub graph: GraphArguments,
    /// Print the judgement as servers answer it: {"error": ..., "node_errors": {...}}, and
    /// "warnings" beside an error that is null
    #[arg(long)]
    pub json: bool,
    /// Judge as the server does whose answer to GET /object_info is in this file; `-` reads stdin
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["set", "params", "inputs"])]
    pub object_info: Option<PathBuf>,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// Where results of nodes are kept.
#[derive(Args, Debug)]
pub struct ResultArguments {
    /// Directory for nodes' results, so that a later run computes only what changed; `none` keeps
    /// nothing [default: none]
    #[arg(long, value_name = "DIR", env = "AMDM_CACHE", value_parser = path())]
    pub cache: Option<PathBuf>,
    /// Most bytes in that directory; what was used longest ago goes first
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = limits::bytes)]
    pub cache_size: u64,
}

/// `amdm inputs`.
#[derive(Args, Debug)]
pub struct InputsArguments {
    /// The graph
    #[command(flatten)]
    pub graph: GraphArguments,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm plan`.
#[derive(Args, Debug)]
pub struct PlanArguments {
    /// The graph
    #[command(flatten)]
    pub graph: GraphArguments,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// Where results are kept
    #[command(flatten)]
    pub results: ResultArguments,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm convert`.
#[derive(Args, Debug)]
pub struct ConvertArguments {
    /// Workflow (JSON), or a PNG or WebP picture with one inside; `-` reads stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The installation that the workflow is for: what its `/object_info` answers, saved as a file
    /// [default: the nodes that are loaded here]
    #[arg(long, value_name = "FILE")]
    pub object_info: Option<PathBuf>,
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
    /// Print them as JSON as editors of the ComfyUI family ask for them (`/object_info`)
    #[arg(long, conflicts_with = "json")]
    pub object_info: bool,
    /// Describe the nodes of a WIT directory in place of those that are loaded
    #[arg(long, value_name = "DIR")]
    pub from_wit: Option<PathBuf>,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// `amdm schema`.
#[derive(Args, Debug)]
pub struct SchemaArguments {
    /// Of what
    pub kind: SchemaKind,
    /// Where packs and models are
    #[command(flatten)]
    pub sources: Sources,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaKind {
    /// A graph of the nodes that are loaded, as `run` reads it
    Graph,
    /// The list that `amdm nodes --json` prints, and that packs carry
    Nodes,
    /// A line of `run --progress json`
    Events,
    /// The file that `run --result` writes
    Result,
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

/// A path; empty in variables that are set to nothing, and then passed over.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = span(text)?;
    if seconds.is_zero() {
        return Err(format!("found {text}, expected more than 0 seconds"));
    }
    Ok(seconds)
}

fn span(text: &str) -> Result<Duration, String> {
    let seconds: f64 =
        text.parse().map_err(|_| format!("found {text:?}, expected a number of seconds"))?;
    if seconds < 0.0 {
        return Err(format!("found {text}, expected 0 seconds or more"));
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
