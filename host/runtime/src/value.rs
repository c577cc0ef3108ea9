//! What travels on wires while a graph runs: plain values, tensors, and immutable objects.
//!
//! Objects of the kinds `MODEL`, `CONDITIONING` and `STEP_POLICY` hold host data that a guest can
//! pass on but not forge: `object.create` makes field objects only.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::{Code, Error};
use amdm_diffusion::{Conditioning, Denoiser, Tensor};

use crate::budget::Storage;
use crate::failure::NodeRef;

/// Values inside one object, those of objects in it included: a graph's lanes are some hundred.
const MEMBERS: usize = 16 << 10;
/// Objects inside objects: they are dropped and counted by recursion.
const DEPTH: usize = 32;

/// A value on a wire or in a widget.
#[derive(Clone, Debug)]
pub enum Value {
    /// `BOOLEAN`.
    Boolean(bool),
    /// `INT`.
    Integer(i64),
    /// `FLOAT`.
    Float(f64),
    /// `STRING` or a `COMBO`'s case.
    Text(Arc<str>),
    /// JSON text that a pack defined.
    Json(Arc<str>),
    /// `IMAGE`, `MASK`, or a tensor inside an object.
    Tensor(Tensor),
    /// Every other wire type.
    Object(Object),
}

impl Value {
    /// What it is, for messages: `a whole number`, `a tensor [1, 32, 32, 3]`, `MODEL`.
    pub fn describe(&self) -> String {
        match self {
            Self::Boolean(_) => "a boolean".into(),
            Self::Integer(_) => "a whole number".into(),
            Self::Float(_) => "a number".into(),
            Self::Text(_) => "a text".into(),
            Self::Json(_) => "JSON".into(),
            Self::Tensor(tensor) => {
                format!("a tensor {:?}", amdm::math::Tensor::shape(tensor))
            }
            Self::Object(object) => object.kind().into(),
        }
    }

    /// Whether it may travel on a wire of type `wire`.
    pub(crate) fn fits(&self, wire: &str) -> bool {
        match (wire, self) {
            ("BOOLEAN", Self::Boolean(_))
            | ("INT", Self::Integer(_))
            | ("FLOAT", Self::Float(_))
            | ("STRING" | "COMBO", Self::Text(_)) => true,
            ("IMAGE", Self::Tensor(tensor)) => {
                matches!(amdm::math::Tensor::shape(tensor)[..], [_, _, _, 1 | 3 | 4])
            }
            ("MASK", Self::Tensor(tensor)) => amdm::math::Tensor::shape(tensor).len() == 3,
            ("BOOLEAN" | "INT" | "FLOAT" | "STRING" | "COMBO" | "IMAGE" | "MASK", _) => false,
            (_, Self::Object(object)) => object.kind() == wire,
            // A pack's own wire may carry bare tensors.
            (_, Self::Tensor(_)) => true,
            _ => false,
        }
    }

    /// Whether it is numbers, texts and tensors alone, at any depth, and nothing of a host's or an
    /// embedder's.
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Object(object) => object.is_plain(),
            _ => true,
        }
    }

    /// The host memory that it keeps alive, piece by piece.
    pub(crate) fn held(&self) -> Vec<Storage> {
        let mut held = Vec::new();
        self.storages(&mut held);
        held
    }

    fn storages(&self, into: &mut Vec<Storage>) {
        match self {
            Self::Boolean(_) | Self::Integer(_) | Self::Float(_) => {}
            Self::Text(text) | Self::Json(text) => into.push((text.as_ptr().addr(), text.len())),
            Self::Tensor(tensor) => into.push(tensor.storage()),
            Self::Object(object) => object.storages(into),
        }
    }
}

/// An immutable value of a named kind; clones share it.
#[derive(Clone)]
pub struct Object(Arc<Inner>);

struct Inner {
    kind: String,
    content: Content,
    /// Values inside, at any depth.
    members: usize,
    /// Objects on the longest way inwards.
    depth: usize,
}

/// What an object holds, where that is no host data.
pub(crate) enum Parts<'a> {
    /// Named fields.
    Fields(&'a [(String, Value)]),
    /// Members of a list kind.
    List(&'a [Object]),
}

enum Content {
    Fields(Vec<(String, Value)>),
    List(Vec<Object>),
    Model(Arc<dyn Denoiser>),
    Conditioning(Conditioning),
    Policy(Vec<Arc<OperatorSpec>>),
    /// An embedder's own.
    Opaque(Arc<dyn Any + Send + Sync>),
}

impl Object {
    /// Kind of the wire that carries models.
    pub const MODEL: &str = "MODEL";
    /// Kind of the wire that carries what a model is asked for.
    pub const CONDITIONING: &str = "CONDITIONING";
    /// Kind of the wire that carries step operators.
    pub const STEP_POLICY: &str = "STEP_POLICY";

    fn new(kind: &str, content: Content) -> Self {
        Self(Arc::new(Inner { kind: kind.into(), content, members: 1, depth: 1 }))
    }

    /// An object around `members`, within what recursion and memory bear.
    fn around<'a>(
        kind: &str,
        content: Content,
        inside: impl Iterator<Item = Option<&'a Self>>,
    ) -> Result<Self, Error> {
        let (mut members, mut depth) = (1_usize, 1);
        for member in inside {
            members = members.saturating_add(member.map_or(1, |object| object.0.members));
            depth = depth.max(member.map_or(0, |object| object.0.depth + 1));
        }
        if members > MEMBERS || depth > DEPTH {
            return Err(Error::new(
                Code::LimitExceeded,
                format!(
                    "found {members} values nested {depth} deep in an object {kind}, \
                     at most {MEMBERS} values and {DEPTH} levels are kept"
                ),
            ));
        }
        Ok(Self(Arc::new(Inner { kind: kind.into(), content, members, depth })))
    }

    /// An object of named fields.
    ///
    /// # Errors
    /// `denied` for a kind that only the host makes, `limit_exceeded` for too much inside.
    pub fn fields(kind: &str, fields: Vec<(String, Value)>) -> Result<Self, Error> {
        free(kind)?;
        let inside = fields.iter().map(|(_, value)| match value {
            Value::Object(object) => Some(object.clone()),
            _ => None,
        });
        let inside = inside.collect::<Vec<_>>();
        Self::around(kind, Content::Fields(fields), inside.iter().map(Option::as_ref))
    }

    /// A `MODEL`.
    pub fn from_model(model: Arc<dyn Denoiser>) -> Self {
        Self::new(Self::MODEL, Content::Model(model))
    }

    /// A `CONDITIONING`.
    pub fn from_conditioning(conditioning: Conditioning) -> Self {
        Self::new(Self::CONDITIONING, Content::Conditioning(conditioning))
    }

    /// A `STEP_POLICY`: operators in the order in which they act.
    pub fn from_operators(operators: Vec<Arc<OperatorSpec>>) -> Self {
        Self::new(Self::STEP_POLICY, Content::Policy(operators))
    }

    /// An object around `data` of an embedder's, which nobody else looks into.
    ///
    /// # Errors
    /// `denied` for a kind that only the host makes.
    pub fn opaque(kind: &str, data: Arc<dyn Any + Send + Sync>) -> Result<Self, Error> {
        free(kind)?;
        Ok(Self::new(kind, Content::Opaque(data)))
    }

    /// The data of an opaque object; none where it is of another type, and of other objects.
    pub fn data<T: Any>(&self) -> Option<&T> {
        match &self.0.content {
            Content::Opaque(data) => data.downcast_ref(),
            _ => None,
        }
    }

    fn is_plain(&self) -> bool {
        match self.parts() {
            Some(Parts::Fields(fields)) => fields.iter().all(|(_, value)| value.is_plain()),
            Some(Parts::List(items)) => items.iter().all(Self::is_plain),
            None => false,
        }
    }

    /// The wire type, such as `LANES`.
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// A field by name; `None` where the object has no such field.
    pub fn field(&self, name: &str) -> Option<Value> {
        match &self.0.content {
            Content::Fields(fields) => {
                fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            }
            _ => None,
        }
    }

    /// What it is made of; none of what only the host makes.
    pub(crate) fn parts(&self) -> Option<Parts<'_>> {
        match &self.0.content {
            Content::Fields(fields) => Some(Parts::Fields(fields)),
            Content::List(items) => Some(Parts::List(items)),
            Content::Model(_)
            | Content::Conditioning(_)
            | Content::Policy(_)
            | Content::Opaque(_) => None,
        }
    }

    /// A list of objects of one kind.
    ///
    /// # Errors
    /// `invalid_input` where the kinds differ, `limit_exceeded` for too long a list.
    pub(crate) fn list(kind: &str, items: Vec<Self>) -> Result<Self, Error> {
        if let Some(other) = items.iter().find(|item| item.kind() != kind) {
            let message = format!("found {} for a list of {kind}", other.kind());
            return Err(Error::invalid(message));
        }
        let inside = items.clone();
        Self::around(kind, Content::List(items), inside.iter().map(Some))
    }

    /// Members of a list kind in order; a single object is a list of one.
    pub fn items(&self) -> Vec<Self> {
        match &self.0.content {
            Content::List(items) => items.clone(),
            _ => vec![self.clone()],
        }
    }

    /// A new list with one more member.
    ///
    /// # Errors
    /// `invalid_input` where the kinds differ, `limit_exceeded` for too long a list.
    pub fn append(&self, item: &Self) -> Result<Self, Error> {
        if self.kind() != item.kind() {
            return Err(Error::invalid(format!(
                "found {} for a list of {}",
                item.kind(),
                self.kind()
            )));
        }
        let mut items = self.items();
        items.extend(item.items());
        Self::list(self.kind(), items)
    }

    /// The host memory that it keeps alive, piece by piece.
    pub(crate) fn held(&self) -> Vec<Storage> {
        let mut held = Vec::new();
        self.storages(&mut held);
        held
    }

    /// The same, added to a list; models are shared by all runs, so they are not its own.
    fn storages(&self, into: &mut Vec<Storage>) {
        let own = match &self.0.content {
            Content::Fields(fields) => {
                fields.iter().for_each(|(_, value)| value.storages(into));
                let names = fields.iter().map(|(name, _)| name.len()).sum::<usize>();
                names + size_of_val(fields.as_slice())
            }
            Content::List(items) => {
                items.iter().for_each(|item| item.storages(into));
                size_of_val(items.as_slice())
            }
            Content::Conditioning(conditioning) => {
                into.push(conditioning.storage());
                0
            }
            Content::Policy(operators) => {
                let inputs = operators.iter().flat_map(|operator| &operator.inputs);
                inputs.for_each(|(_, value)| value.storages(into));
                size_of_val(operators.as_slice())
            }
            Content::Model(_) | Content::Opaque(_) => 0,
        };
        into.push((Arc::as_ptr(&self.0).addr(), own + self.0.kind.len() + size_of::<Inner>()));
    }

    /// The model inside.
    ///
    /// # Errors
    /// `invalid_input` where it holds none.
    pub fn model(&self) -> Result<&Arc<dyn Denoiser>, Error> {
        match &self.0.content {
            Content::Model(model) => Ok(model),
            _ => Err(self.unlike(Self::MODEL)),
        }
    }

    /// The conditioning inside.
    ///
    /// # Errors
    /// `invalid_input` where it holds none.
    pub fn conditioning(&self) -> Result<&Conditioning, Error> {
        match &self.0.content {
            Content::Conditioning(conditioning) => Ok(conditioning),
            _ => Err(self.unlike(Self::CONDITIONING)),
        }
    }

    /// The operators inside.
    ///
    /// # Errors
    /// `invalid_input` where it holds none.
    pub fn operators(&self) -> Result<&[Arc<OperatorSpec>], Error> {
        match &self.0.content {
            Content::Policy(operators) => Ok(operators),
            _ => Err(self.unlike(Self::STEP_POLICY)),
        }
    }

    fn unlike(&self, expected: &str) -> Error {
        Error::invalid(format!("found an object of kind {}, expected {expected}", self.kind()))
    }
}

/// Fails for a kind that only the host makes.
fn free(kind: &str) -> Result<(), Error> {
    if [Object::MODEL, Object::CONDITIONING, Object::STEP_POLICY].contains(&kind) {
        let message = format!("found the kind {kind}, which only the host makes");
        return Err(Error::new(Code::Denied, message));
    }
    Ok(())
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.0.kind)
    }
}

/// A step operator with its resolved inputs. It is data: what acts in a sampling is made from it
/// when the sampling begins.
pub struct OperatorSpec {
    /// The node, as errors name it.
    pub node: NodeRef,
    /// Its class.
    pub descriptor: Descriptor,
    /// Its inputs but for the policy before it.
    pub inputs: Vec<(String, Value)>,
}

impl fmt::Debug for OperatorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorSpec({})", self.node)
    }
}
