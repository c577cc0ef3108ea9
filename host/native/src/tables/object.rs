//! Interface `objects` of the contract.
//!
//! Every pointer is what the documentation of the table's field says; handles are checked.

#![allow(clippy::undocumented_unsafe_blocks)] // Every pointer is what the table's documentation says.

use std::ffi::c_char;

use amdm_runtime::Object;

use super::nothing;
use crate::context::{AmdmContext, AmdmNamedValue, AmdmObject, AmdmValue, within};
use crate::handle::HANDLES;
use crate::layout::{AmdmStr, clear, list, put, sized, text};
use crate::status::{AmdmStatus, Fail};

/// Typed values of wires; immutable. Handles are lent to the callback.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmObjectApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// An object of named fields, which are given away. `kind` is the wire's type; `MODEL`, `CONDITIONING` and
    /// `STEP_POLICY` are made by the host alone.
    pub create: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        kind: *const c_char,
        fields: *const AmdmNamedValue,
        count: usize,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// The wire's type, such as `LANES`.
    pub kind: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        out: *mut AmdmStr,
    ) -> AmdmStatus,
    /// A field by name. `AMDM_STATUS_EMPTY` where there is none.
    pub field: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        name: *const c_char,
        out: *mut AmdmValue,
    ) -> AmdmStatus,
    /// Members of a list kind such as `LANES`; 1 of any other.
    pub count: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        out: *mut usize,
    ) -> AmdmStatus,
    /// A member of a list kind, in order.
    pub item: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        index: usize,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// A new list with one more member; starts one on a single object of that kind.
    pub append: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        item: *const AmdmObject,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// Adds a reference, so that the object outlives the callback.
    pub retain: unsafe extern "C" fn(ctx: *mut AmdmContext, object: *mut AmdmObject) -> AmdmStatus,
    /// Gives such a reference back.
    pub release: unsafe extern "C" fn(ctx: *mut AmdmContext, object: *mut AmdmObject) -> AmdmStatus,
}

pub(crate) static OBJECT: AmdmObjectApi = AmdmObjectApi {
    struct_size: size_of::<AmdmObjectApi>(),
    create: object_create,
    kind: object_kind,
    field: object_field,
    count: object_count,
    item: object_item,
    append: object_append,
    retain: object_retain,
    release: object_release,
};

unsafe extern "C" fn object_create(
    ctx: *mut AmdmContext,
    kind: *const c_char,
    fields: *const AmdmNamedValue,
    count: usize,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the object")? };
        let kind = unsafe { text(kind, "kind")? };
        let fields = unsafe { list(fields, count, "fields")? };
        let fields = fields.iter().map(|field| {
            let name = unsafe { sized(field.name.ptr, field.name.len, "the name of a field")? };
            Ok((name.to_owned(), unsafe { c.take(field.value)? }))
        });
        let object = Object::fields(kind, fields.collect::<Result<_, Fail>>()?)?;
        unsafe { put(out, c.lend_object(object)?, "the object") }
    })
}

unsafe extern "C" fn object_kind(
    ctx: *mut AmdmContext,
    object: *const AmdmObject,
    out: *mut AmdmStr,
) -> AmdmStatus {
    within(ctx, |c| {
        let object = HANDLES.get::<Object>(object as usize)?;
        unsafe { put(out, c.lend_text(object.kind()), "the kind") }
    })
}

unsafe extern "C" fn object_field(
    ctx: *mut AmdmContext,
    object: *const AmdmObject,
    name: *const c_char,
    out: *mut AmdmValue,
) -> AmdmStatus {
    within(ctx, |c| {
        let object = HANDLES.get::<Object>(object as usize)?;
        let name = unsafe { text(name, "name")? };
        unsafe { put(out, AmdmValue::NONE, "the value")? };
        let Some(value) = object.field(name) else { return Err(nothing("field", name)) };
        unsafe { put(out, c.lend(value)?, "the value") }
    })
}

unsafe extern "C" fn object_count(
    ctx: *mut AmdmContext,
    object: *const AmdmObject,
    out: *mut usize,
) -> AmdmStatus {
    within(ctx, |_| {
        let object = HANDLES.get::<Object>(object as usize)?;
        unsafe { put(out, object.items().len(), "the count") }
    })
}

unsafe extern "C" fn object_item(
    ctx: *mut AmdmContext,
    object: *const AmdmObject,
    index: usize,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the object")? };
        let object = HANDLES.get::<Object>(object as usize)?;
        let item = object.items().into_iter().nth(index);
        let item = item.ok_or_else(|| nothing("member", &index.to_string()))?;
        unsafe { put(out, c.lend_object(item)?, "the object") }
    })
}

unsafe extern "C" fn object_append(
    ctx: *mut AmdmContext,
    object: *const AmdmObject,
    item: *const AmdmObject,
    out: *mut *mut AmdmObject,
) -> AmdmStatus {
    within(ctx, |c| {
        unsafe { clear(out, "the object")? };
        let object = HANDLES.get::<Object>(object as usize)?;
        let list = object.append(&*HANDLES.get::<Object>(item as usize)?)?;
        unsafe { put(out, c.lend_object(list)?, "the object") }
    })
}

unsafe extern "C" fn object_retain(ctx: *mut AmdmContext, object: *mut AmdmObject) -> AmdmStatus {
    within(ctx, |_| HANDLES.retain::<Object>(object as usize))
}

unsafe extern "C" fn object_release(ctx: *mut AmdmContext, object: *mut AmdmObject) -> AmdmStatus {
    within(ctx, |_| HANDLES.release::<Object>(object as usize).map(drop))
}
