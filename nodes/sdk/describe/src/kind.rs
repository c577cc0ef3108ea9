//! What a field's WIT type is: a wire, or a widget.
//!
//! A wire type is an alias of the contract's `tensor` or `object` in an interface named `wires`;
//! the alias is found by walking from the field's handle to the resource.

use amdm::catalogue::wire::ANY;
use wit_parser::{Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

use crate::contract::{NAME, NAMESPACE};
use crate::error::DescribeError;
use crate::walk::Place;

/// Types that a field may have, for messages.
const EXPECTED: &str = "bool, s64, u32, u64, f64, f32, string, an enum, objects.value, or an alias \
                        of tensor or object in an interface `wires`";

/// Whole-number types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    S64,
    U32,
    U64,
}

/// What a wire carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carried {
    Tensor,
    Object,
}

/// A field's type, without `option` and `list`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Boolean,
    Int(Whole),
    Float {
        single: bool,
    },
    Text,
    /// The enum's definition.
    Combo(TypeId),
    Wire {
        name: String,
        carried: Carried,
    },
    /// A value of any wire or widget.
    Any,
}

impl Kind {
    /// The type's name in descriptors.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Int(_) => "INT",
            Self::Float { .. } => "FLOAT",
            Self::Text => "STRING",
            Self::Combo(_) => "COMBO",
            Self::Wire { name, .. } => name,
            Self::Any => ANY,
        }
    }

    pub(crate) fn is_wire(&self) -> bool {
        matches!(self, Self::Wire { .. } | Self::Any)
    }
}

/// How often a field's value may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    Once,
    AtMostOnce,
    /// An open-ended group.
    Many,
}

/// Takes a field's type apart.
pub(crate) fn read(ty: &Type, place: &Place<'_>) -> Result<(Kind, Times), DescribeError> {
    let resolve = place.resolve;
    if let Type::Id(id) = ty {
        match &resolve.types[*id].kind {
            TypeDefKind::Option(inner) => return Ok((plain(inner, place)?, Times::AtMostOnce)),
            TypeDefKind::List(inner) => {
                let kind = plain(inner, place)?;
                if !kind.is_wire() {
                    let found = format!("list<{}>", spell(resolve, inner));
                    return Err(DescribeError::Type(place.finding(found, "a list of a wire type")));
                }
                return Ok((kind, Times::Many));
            }
            _ => {}
        }
    }
    Ok((plain(ty, place)?, Times::Once))
}

fn plain(ty: &Type, place: &Place<'_>) -> Result<Kind, DescribeError> {
    let resolve = place.resolve;
    let kind = match ty {
        Type::Bool => Some(Kind::Boolean),
        Type::S64 => Some(Kind::Int(Whole::S64)),
        Type::U32 => Some(Kind::Int(Whole::U32)),
        Type::U64 => Some(Kind::Int(Whole::U64)),
        Type::F64 => Some(Kind::Float { single: false }),
        Type::F32 => Some(Kind::Float { single: true }),
        Type::String => Some(Kind::Text),
        Type::Id(id) => match &resolve.types[*id].kind {
            TypeDefKind::Type(inner) => return plain(inner, place),
            TypeDefKind::Enum(_) => Some(Kind::Combo(*id)),
            TypeDefKind::Handle(Handle::Own(resource)) => wire(resolve, *resource),
            TypeDefKind::Variant(_) if is_value(resolve, &resolve.types[*id]) => Some(Kind::Any),
            _ => None,
        },
        _ => None,
    };
    kind.ok_or_else(|| DescribeError::Type(place.finding(spell(resolve, ty), EXPECTED)))
}

/// Whether it is the contract's `value`, which holds all that inputs may be.
fn is_value(resolve: &Resolve, ty: &TypeDef) -> bool {
    let TypeOwner::Interface(owner) = ty.owner else { return false };
    is_of_contract(resolve, owner, "objects") && ty.name.as_deref() == Some("value")
}

/// The wire type that an alias chain passes through on its way to `tensor` or `object`.
fn wire(resolve: &Resolve, mut id: TypeId) -> Option<Kind> {
    let mut name = None;
    loop {
        let this = &resolve.types[id];
        match &this.kind {
            TypeDefKind::Type(Type::Id(next)) => {
                // A `use` leads to another interface; an alias stays in its own.
                if name.is_none() && resolve.types[*next].owner == this.owner {
                    name = alias(resolve, this);
                }
                id = *next;
            }
            TypeDefKind::Resource => break,
            _ => return None,
        }
    }
    Some(Kind::Wire { name: name?, carried: carried(resolve, &resolve.types[id])? })
}

fn alias(resolve: &Resolve, ty: &TypeDef) -> Option<String> {
    let TypeOwner::Interface(owner) = ty.owner else { return None };
    let interface = &resolve.interfaces[owner];
    if interface.name.as_deref() != Some("wires") {
        return None;
    }
    let package = &resolve.packages[interface.package?].name;
    let name = upper(ty.name.as_deref()?);
    if package.namespace == NAMESPACE && package.name == NAME {
        return Some(name);
    }
    Some(format!("{}_{}_{name}", upper(&package.namespace), upper(&package.name)))
}

/// Whether an interface of that name is the contract's.
fn is_of_contract(resolve: &Resolve, interface: InterfaceId, name: &str) -> bool {
    let interface = &resolve.interfaces[interface];
    let package = interface.package.map(|id| &resolve.packages[id].name);
    interface.name.as_deref() == Some(name)
        && package.is_some_and(|package| package.namespace == NAMESPACE && package.name == NAME)
}

fn carried(resolve: &Resolve, resource: &TypeDef) -> Option<Carried> {
    let TypeOwner::Interface(owner) = resource.owner else { return None };
    let name = resolve.interfaces[owner].name.as_deref()?;
    if !is_of_contract(resolve, owner, name) {
        return None;
    }
    match (name, resource.name.as_deref()?) {
        ("tensors", "tensor") => Some(Carried::Tensor),
        ("objects", "object") => Some(Carried::Object),
        _ => None,
    }
}

/// `guidance-scale` as graphs write it: `guidance_scale`.
pub(crate) fn snake(kebab: &str) -> String {
    kebab.replace('-', "_").to_lowercase()
}

fn upper(kebab: &str) -> String {
    kebab.replace('-', "_").to_uppercase()
}

/// The type as an author would write it.
fn spell(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else { return format!("{ty:?}").to_lowercase() };
    let definition = &resolve.types[*id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    match &definition.kind {
        TypeDefKind::Option(inner) => format!("option<{}>", spell(resolve, inner)),
        TypeDefKind::List(inner) => format!("list<{}>", spell(resolve, inner)),
        TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => {
            resolve.types[*id].name.clone().unwrap_or_else(|| "a handle".to_owned())
        }
        other => other.as_str().to_owned(),
    }
}

/// The definition that a chain of aliases and uses ends at.
pub(crate) fn definition(resolve: &Resolve, mut id: TypeId) -> &TypeDef {
    while let TypeDefKind::Type(Type::Id(next)) = &resolve.types[id].kind {
        id = *next;
    }
    &resolve.types[id]
}

pub(crate) fn is_enum(resolve: &Resolve, id: TypeId) -> bool {
    matches!(definition(resolve, id).kind, TypeDefKind::Enum(_))
}
