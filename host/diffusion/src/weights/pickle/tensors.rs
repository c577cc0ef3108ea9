//! The tensors among the values of a pickle, with names and places.
//!
//! Names of nested dictionaries are joined by dots, as safetensors of the same weights have them. A
//! checkpoint's own dictionary, `state_dict`, stands for the file, as does one that is alone in it.

use std::collections::BTreeMap;
use std::ops::Range;

use amdm::error::Error;

use super::super::header::{ENTRIES_MAX, EXTENTS_MAX};
use super::super::tensor_file::{Place, row_major};
use super::super::{TensorInfo, bytes_of, quoted};
use super::machine::{Heap, Id, Value};
use crate::{Result, error};

/// Dictionaries inside of each other: those of checkpoints have at most three.
const DEPTH_MAX: usize = 4;
/// Bytes of all names: nested dictionaries repeat those above them.
const NAME_BYTES_MAX: usize = 16 << 20;
/// Packages whose classes may be named: their objects stay data, or are left out.
const PACKAGES: [&str; 4] = ["torch.nn.", "pytorch_lightning.", "lightning.", "lightning_fabric."];
/// What may be named of Python's own functions.
const BUILTINS: [&str; 12] = [
    "bool",
    "bytearray",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "set",
    "slice",
    "str",
    "tuple",
];

type Found = BTreeMap<String, (TensorInfo, Place)>;

/// The tensors of `heap`; `content` says where the storage of a key lies in the file.
pub(super) fn collect(
    heap: &Heap<'_>,
    content: impl Fn(&str) -> Result<Option<Range<usize>>>,
) -> Result<Found> {
    check_globals(heap)?;
    let mut collector = Collector { heap, content, found: Found::new(), name_bytes: 0 };
    collector.enter("", state(heap), 0)?;
    Ok(collector.found)
}

/// Refuses a pickle that names what is no part of a tensor.
fn check_globals(heap: &Heap<'_>) -> Result<()> {
    let code = heap.values().iter().find_map(|value| match *value {
        Value::Global(module, name) if !is_data(module, name) => Some((module, name)),
        _ => None,
    });
    let Some((module, name)) = code else { return Ok(()) };
    let named = quoted(&format!("{module}.{name}"));
    Err(error::unsupported(format!(
        "the pickle holds code, it names {named}: nothing of it was run, expected tensors alone"
    )))
}

/// Whether a class or function makes data, so that a file that names it may be read without it.
fn is_data(module: &str, name: &str) -> bool {
    match module {
        "builtins" | "__builtin__" => BUILTINS.contains(&name),
        "collections" => ["OrderedDict", "defaultdict", "Counter", "deque"].contains(&name),
        "argparse" => name == "Namespace",
        "_codecs" => name == "encode",
        "numpy" | "numpy.core.multiarray" | "numpy._core.multiarray" => {
            ["dtype", "ndarray", "scalar", "_reconstruct"].contains(&name)
        }
        "torch" | "torch._utils" | "torch._tensor" | "torch.storage" => is_torch(name),
        _ => PACKAGES.iter().any(|package| module.starts_with(package)) && !name.contains('.'),
    }
}

/// Whether PyTorch has a class, a dtype or a function of tensors called so.
fn is_torch(name: &str) -> bool {
    let kinds = ["float", "bfloat", "int", "uint", "complex", "bool", "_rebuild_"];
    name.ends_with("Storage")
        || ["Tensor", "Size", "device", "dtype"].contains(&name)
        || kinds.iter().any(|kind| name.starts_with(kind))
}

/// The dictionary that stands for the file.
fn state(heap: &Heap<'_>) -> Id {
    let Value::Dict(entries) = heap.get(heap.root) else { return heap.root };
    let is_dict = |id: &Id| matches!(heap.get(*id), Value::Dict(_));
    let named = entries.iter().rev().find(|(key, _)| *heap.get(*key) == Value::Text("state_dict"));
    match (named, &entries[..]) {
        (Some((_, state)), _) if is_dict(state) => *state,
        (_, [(_, only)]) if is_dict(only) => *only,
        _ => heap.root,
    }
}

struct Collector<'h, 'a, C> {
    heap: &'h Heap<'a>,
    content: C,
    found: Found,
    name_bytes: usize,
}

impl<C: Fn(&str) -> Result<Option<Range<usize>>>> Collector<'_, '_, C> {
    /// Adds what lies at `id`, whose name is `name`. What is neither a dictionary nor a tensor is
    /// left out.
    fn enter(&mut self, name: &str, id: Id, depth: usize) -> Result<()> {
        let heap = self.heap;
        let entries = match heap.get(id) {
            Value::Dict(entries) => entries,
            Value::Object { callable, state: Some(state), .. } => {
                match (heap.get(*callable), parameters(heap, *state)) {
                    (Value::Global(module, _), Some(entries))
                        if module.starts_with("torch.nn.") =>
                    {
                        entries
                    }
                    _ => return Ok(()),
                }
            }
            Value::Object { callable, arguments, .. } => {
                return self.tensor(name, *callable, *arguments);
            }
            _ => return Ok(()),
        };
        if depth == DEPTH_MAX {
            return Ok(());
        }
        for &(key, value) in entries {
            let Value::Text(key) = *heap.get(key) else { continue };
            let dot = if name.is_empty() { "" } else { "." };
            self.name_bytes += name.len() + key.len();
            if self.name_bytes > NAME_BYTES_MAX {
                return Err(error::unsupported("the pickle has longer names than any network"));
            }
            self.enter(&format!("{name}{dot}{key}"), value, depth + 1)?;
        }
        Ok(())
    }

    fn tensor(&mut self, name: &str, callable: Id, arguments: Id) -> Result<()> {
        let heap = self.heap;
        let wrong = |reason: &str| Error::invalid(format!("tensor {} {reason}", quoted(name)));
        let (Value::Global(module, function), Value::Tuple(items)) =
            (heap.get(callable), heap.get(arguments))
        else {
            return Ok(());
        };
        match (*module, *function, &items[..]) {
            (
                "torch._utils",
                "_rebuild_tensor_v2" | "_rebuild_tensor",
                &[storage, from, shape, strides, ..],
            ) => {
                let numbers =
                    |id| numbers(heap, id).ok_or_else(|| wrong("has a shape that is none"));
                let (shape, strides) = (numbers(shape)?, numbers(strides)?);
                let from = number(heap, from).ok_or_else(|| wrong("begins nowhere"))?;
                let entry = self.plain(&wrong, storage, from, shape, strides)?;
                if self.found.len() == ENTRIES_MAX {
                    return Err(error::unsupported("more tensors than any network has"));
                }
                self.found.insert(name.to_owned(), entry);
                Ok(())
            }
            ("torch._utils", "_rebuild_parameter", &[inner, ..]) => match *heap.get(inner) {
                Value::Object { callable, arguments, .. } => {
                    self.rebuilt(name, callable, arguments)
                }
                _ => Err(wrong("is a parameter without values")),
            },
            ("torch._tensor", "_rebuild_from_type_v2", &[callable, _, arguments, ..]) => {
                self.rebuilt(name, callable, arguments)
            }
            ("torch._utils", other, _) if other.starts_with("_rebuild") => {
                let reason = format!("is rebuilt by `{other}`, expected a plain tensor");
                Err(error::unsupported(wrong(&reason).message))
            }
            _ => Ok(()),
        }
    }

    /// A tensor inside of another one's call, which must be a plain one.
    fn rebuilt(&mut self, name: &str, callable: Id, arguments: Id) -> Result<()> {
        match self.heap.get(callable) {
            Value::Global("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => {
                self.tensor(name, callable, arguments)
            }
            _ => Err(error::unsupported(format!(
                "tensor {} is rebuilt in an unknown way",
                quoted(name)
            ))),
        }
    }

    /// A tensor of `shape` whose values begin `from` values behind the start of `storage`.
    fn plain(
        &self,
        wrong: &dyn Fn(&str) -> Error,
        storage: Id,
        from: usize,
        shape: Vec<usize>,
        strides: Vec<usize>,
    ) -> Result<(TensorInfo, Place)> {
        let (dtype, key) =
            self.storage(storage).ok_or_else(|| wrong("has no storage of a known kind"))?;
        if shape.len() > EXTENTS_MAX || shape.len() != strides.len() {
            return Err(wrong(&format!("has shape {shape:?} and strides {strides:?}")));
        }
        let range = (self.content)(key)?;
        let range =
            range.ok_or_else(|| wrong(&format!("lies in `data/{key}`, which is missing")))?;
        let size = bytes_of(dtype).unwrap_or(1) as usize;
        let held = range.len() / size;
        let needed = extent(from, &shape, &strides);
        // One value for many places would make a large tensor of a small file.
        let count = shape.iter().try_fold(1_usize, |count, &extent| count.checked_mul(extent));
        if needed.is_none_or(|needed| needed > held) || count.is_none_or(|count| count > held) {
            return Err(wrong(&format!(
                "of shape {shape:?} is cut: `data/{key}` has {} bytes",
                range.len()
            )));
        }
        let start = range.start + from * size;
        let strides = Some(strides).filter(|strides| !is_row_major(&shape, strides));
        let info = TensorInfo { dtype: dtype.to_owned(), shape, data_offsets: None };
        Ok((info, Place { start, strides }))
    }

    /// Dtype and key of a storage.
    fn storage(&self, id: Id) -> Option<(&'static str, &str)> {
        let Value::Outside(id) = *self.heap.get(id) else { return None };
        let Value::Tuple(items) = self.heap.get(id) else { return None };
        let &[_, class, key, ..] = &items[..] else { return None };
        match (self.heap.get(class), self.heap.get(key)) {
            (&Value::Global(_, class), &Value::Text(key)) => Some((dtype(class)?, key)),
            _ => None,
        }
    }
}

/// The parameters in the state of a module or a list of them.
fn parameters<'h>(heap: &'h Heap<'_>, state: Id) -> Option<&'h [(Id, Id)]> {
    let Value::Dict(entries) = heap.get(state) else { return None };
    let own = entries.iter().find(|(key, _)| *heap.get(*key) == Value::Text("_parameters"));
    match heap.get(own?.1) {
        Value::Dict(entries) => Some(entries),
        _ => None,
    }
}

/// What a storage of this class holds, in the words of safetensors.
fn dtype(class: &str) -> Option<&'static str> {
    Some(match class {
        "FloatStorage" => "F32",
        "HalfStorage" => "F16",
        "BFloat16Storage" => "BF16",
        "DoubleStorage" => "F64",
        "LongStorage" => "I64",
        "IntStorage" => "I32",
        "ShortStorage" => "I16",
        "CharStorage" => "I8",
        "ByteStorage" => "U8",
        "BoolStorage" => "BOOL",
        _ => return None,
    })
}

fn number(heap: &Heap<'_>, id: Id) -> Option<usize> {
    match *heap.get(id) {
        Value::Int(number) => usize::try_from(number).ok(),
        _ => None,
    }
}

fn numbers(heap: &Heap<'_>, id: Id) -> Option<Vec<usize>> {
    match heap.get(id) {
        Value::Tuple(items) => items.iter().map(|&id| number(heap, id)).collect(),
        _ => None,
    }
}

/// Values of a storage up to the last one of a tensor; none where no storage has so many.
fn extent(from: usize, shape: &[usize], strides: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(from);
    }
    let last = shape.iter().zip(strides).try_fold(from, |last, (&extent, &stride)| {
        last.checked_add((extent - 1).checked_mul(stride)?)
    });
    last?.checked_add(1)
}

/// Whether values follow each other; the stride of an axis of one entry does not matter.
fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    let mut axes = shape.iter().zip(strides.iter().zip(row_major(shape)));
    shape.contains(&0) || axes.all(|(&extent, (&stride, plain))| extent == 1 || stride == plain)
}
