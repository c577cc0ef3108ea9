//! What travels on wires while a graph runs: plain values, tensors, and immutable objects.
//!
//! Objects of the kinds `MODEL`, `CLIP`, `VAE` and `STEP_POLICY`, and entries of `CONDITIONING` that
//! a model made of JSON, hold host data that a guest can pass on but not forge: `object.create`
//! makes field objects only.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use amdm::catalogue::Descriptor;
use amdm::error::{Code, Error};
use amdm_diffusion::{Codec, Conditioning, Denoiser, Embedding, Tensor, TextEncoder};

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
    Codec(Arc<dyn Codec>),
    TextEncoder(Arc<dyn TextEncoder>),
    /// What a model made of JSON, and fields beside it.
    Condition(Conditioning, Vec<(String, Value)>),
    Policy(Vec<Arc<OperatorSpec>>),
    /// An embedder's own.
    Opaque(Arc<dyn Any + Send + Sync>),
}

impl Object {
    /// Kind of the wire that carries models.
    pub const MODEL: &str = "MODEL";
    /// Kind of the wire that carries text encoders.
    pub const CLIP: &str = "CLIP";
    /// Kind of the wire that carries codecs.
    pub const VAE: &str = "VAE";
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
        Self::with(kind, fields, Content::Fields)
    }

    fn with(
        kind: &str,
        fields: Vec<(String, Value)>,
        content: impl FnOnce(Vec<(String, Value)>) -> Content,
    ) -> Result<Self, Error> {
        let inside = fields.iter().map(|(_, value)| match value {
            Value::Object(object) => Some(object.clone()),
            _ => None,
        });
        let inside = inside.collect::<Vec<_>>();
        Self::around(kind, content(fields), inside.iter().map(Option::as_ref))
    }

    /// A `MODEL`.
    pub fn from_model(model: Arc<dyn Denoiser>) -> Self {
        Self::new(Self::MODEL, Content::Model(model))
    }

    /// A `VAE`.
    pub fn from_codec(codec: Arc<dyn Codec>) -> Self {
        Self::new(Self::VAE, Content::Codec(codec))
    }

    /// A `CLIP`.
    pub fn from_text_encoder(encoder: Arc<dyn TextEncoder>) -> Self {
        Self::new(Self::CLIP, Content::TextEncoder(encoder))
    }

    /// A `CONDITIONING` of one entry: what a model made of JSON.
    pub fn from_conditioning(conditioning: Conditioning) -> Self {
        Self::new(Self::CONDITIONING, Content::Condition(conditioning, Vec::new()))
    }

    /// A `CONDITIONING` of one entry: what a text encoder made of a prompt.
    ///
    /// # Errors
    /// None with a tensor or two; as [`Object::fields`].
    pub fn from_embedding(embedding: Embedding) -> Result<Self, Error> {
        let mut fields = vec![("embedding".to_owned(), Value::Tensor(embedding.rows))];
        fields.extend(embedding.pooled.map(|pooled| ("pooled".to_owned(), Value::Tensor(pooled))));
        Self::fields(Self::CONDITIONING, fields)
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
            Content::Fields(fields) | Content::Condition(_, fields) => {
                fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            }
            _ => None,
        }
    }

    /// Names of all fields, in the order in which they were given; none of a list.
    pub fn field_names(&self) -> Vec<String> {
        match &self.0.content {
            Content::Fields(fields) | Content::Condition(_, fields) => {
                fields.iter().map(|(name, _)| name.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A copy in which these fields are replaced or added, or, with none, removed; all else is
    /// shared. Of a list: the list of such copies.
    ///
    /// # Errors
    /// `invalid_input` for what has no fields, `limit_exceeded` for too much inside.
    pub fn with_fields(&self, changes: &[(String, Option<Value>)]) -> Result<Self, Error> {
        let changed = |fields: &[(String, Value)]| {
            let mut fields = fields.to_vec();
            for (name, value) in changes {
                let at = fields.iter().position(|(key, _)| key == name);
                match (at, value) {
                    (Some(at), Some(value)) => fields[at].1 = value.clone(),
                    (Some(at), None) => drop(fields.remove(at)),
                    (None, Some(value)) => fields.push((name.clone(), value.clone())),
                    (None, None) => {}
                }
            }
            fields
        };
        match &self.0.content {
            Content::Fields(fields) => Self::with(self.kind(), changed(fields), Content::Fields),
            Content::Condition(made, fields) => {
                let content = |fields| Content::Condition(made.clone(), fields);
                Self::with(self.kind(), changed(fields), content)
            }
            Content::List(items) => {
                let items = items.iter().map(|item| item.with_fields(changes));
                Self::list(self.kind(), items.collect::<Result<_, Error>>()?)
            }
            _ => {
                let found = self.kind();
                Err(Error::invalid(format!("found an object of kind {found}, which has no fields")))
            }
        }
    }

    /// What it is made of; none of what only the host makes.
    pub(crate) fn parts(&self) -> Option<Parts<'_>> {
        match &self.0.content {
            Content::Fields(fields) => Some(Parts::Fields(fields)),
            Content::List(items) => Some(Parts::List(items)),
            Content::Model(_)
            | Content::Codec(_)
            | Content::TextEncoder(_)
            | Content::Condition(..)
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

    /// A list of the members of `lists`, in order, all of kind `kind`.
    ///
    /// # Errors
    /// `denied` for a kind that only the host makes, `invalid_input` where a kind differs,
    /// `limit_exceeded` for too long a list.
    pub fn from_items(kind: &str, lists: &[Self]) -> Result<Self, Error> {
        free(kind)?;
        Self::list(kind, lists.iter().flat_map(Self::items).collect())
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
            Content::Fields(fields) => of_fields(fields, into),
            Content::Condition(made, fields) => {
                into.push(made.storage());
                of_fields(fields, into)
            }
            Content::List(items) => {
                items.iter().for_each(|item| item.storages(into));
                size_of_val(items.as_slice())
            }
            Content::Policy(operators) => {
                let inputs = operators.iter().flat_map(|operator| &operator.inputs);
                inputs.for_each(|(_, value)| value.storages(into));
                size_of_val(operators.as_slice())
            }
            Content::Model(_)
            | Content::Codec(_)
            | Content::TextEncoder(_)
            | Content::Opaque(_) => 0,
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

    /// The codec inside.
    ///
    /// # Errors
    /// `invalid_input` where it holds none.
    pub fn codec(&self) -> Result<&Arc<dyn Codec>, Error> {
        match &self.0.content {
            Content::Codec(codec) => Ok(codec),
            _ => Err(self.unlike(Self::VAE)),
        }
    }

    /// The text encoder inside.
    ///
    /// # Errors
    /// `invalid_input` where it holds none.
    pub fn text_encoder(&self) -> Result<&Arc<dyn TextEncoder>, Error> {
        match &self.0.content {
            Content::TextEncoder(encoder) => Ok(encoder),
            _ => Err(self.unlike(Self::CLIP)),
        }
    }

    /// What a model made of JSON, of an entry of `CONDITIONING`.
    pub fn condition(&self) -> Option<&Conditioning> {
        match &self.0.content {
            Content::Condition(made, _) => Some(made),
            _ => None,
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

    pub(crate) fn unlike(&self, expected: &str) -> Error {
        Error::invalid(format!("found an object of kind {}, expected {expected}", self.kind()))
    }
}

/// The storages of fields, added to a list, and the bytes of the fields themselves.
fn of_fields(fields: &[(String, Value)], into: &mut Vec<Storage>) -> usize {
    fields.iter().for_each(|(_, value)| value.storages(into));
    let names = fields.iter().map(|(name, _)| name.len()).sum::<usize>();
    names + size_of_val(fields)
}

/// Fails for a kind that only the host makes.
fn free(kind: &str) -> Result<(), Error> {
    if [Object::MODEL, Object::CLIP, Object::VAE, Object::STEP_POLICY].contains(&kind) {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn said(object: &Object) -> Vec<(String, String)> {
        let value = |name: &String| match object.field(name) {
            Some(Value::Text(text)) => text.to_string(),
            _ => panic!("no text"),
        };
        object.field_names().iter().map(|name| (name.clone(), value(name))).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn fields_are_replaced_added_and_removed_in_a_copy() {
        let fields = vec![("a".into(), text("1")), ("b".into(), text("2"))];
        let object = Object::fields("ACME_THING", fields).unwrap();
        let changes =
            [("a".into(), None), ("b".into(), Some(text("3"))), ("c".into(), Some(text("4")))];
        let changed = object.with_fields(&changes).unwrap();
        assert_eq!(said(&changed), pairs(&[("b", "3"), ("c", "4")]));
        assert_eq!(said(&object), pairs(&[("a", "1"), ("b", "2")]), "the first one is as it was");
        let both = object.append(&object).unwrap().with_fields(&changes).unwrap();
        let members = both.items();
        assert_eq!(members.len(), 2);
        assert!(members.iter().all(|member| said(member) == said(&changed)));
    }

    #[test]
    fn what_a_model_made_stays_with_an_entry_whose_fields_change() {
        let made = Object::from_conditioning(Conditioning::new("test", "{}", 7_u32, 0));
        let changed = made.with_fields(&[("strength".into(), Some(Value::Float(0.5)))]).unwrap();
        assert_eq!(changed.field_names(), ["strength"]);
        assert_eq!(changed.condition().and_then(Conditioning::find::<u32>), Some(&7));
        assert!(!changed.is_plain(), "only its model can make it again");
        let bytes = |of: &Object| of.held().iter().map(|(_, bytes)| bytes).sum::<usize>();
        assert!(bytes(&changed) > bytes(&made), "its fields count");
    }

    #[test]
    fn lists_are_made_of_members_and_of_lists() {
        let one = Object::fields("THINGS", vec![("a".into(), text("1"))]).unwrap();
        let two = one.append(&one).unwrap();
        assert_eq!(Object::from_items("THINGS", &[two, one.clone()]).unwrap().items().len(), 3);
        assert!(Object::from_items("THINGS", &[]).unwrap().items().is_empty());
        let error = Object::from_items("OTHERS", &[one]).unwrap_err();
        assert_eq!(error.message, "found THINGS for a list of OTHERS");
        for kind in ["MODEL", "CLIP", "VAE", "STEP_POLICY"] {
            assert_eq!(Object::from_items(kind, &[]).unwrap_err().code, Code::Denied, "{kind}");
            assert_eq!(Object::fields(kind, Vec::new()).unwrap_err().code, Code::Denied, "{kind}");
        }
        let model = Object::from_conditioning(Conditioning::new("test", "{}", (), 0));
        assert!(model.with_fields(&[]).is_ok());
        let policy = Object::from_operators(Vec::new());
        let error = policy.with_fields(&[]).unwrap_err();
        assert_eq!(error.message, "found an object of kind STEP_POLICY, which has no fields");
    }
}
