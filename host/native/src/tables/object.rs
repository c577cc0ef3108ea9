//! Interface `objects` of the contract.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use amdm_runtime::Object;

use super::nothing;
use crate::context::{AMDM_VALUE_NONE, AmdmContext, AmdmNamedValue, AmdmObject, AmdmValue};
use crate::handle::HANDLES;
use crate::layout::{AmdmStr, list, put, sized, text};
use crate::lent::user_data;
use crate::status::{AmdmStatus, Fail};

/// Typed values of wires; immutable. Handles are lent to the callback.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmObjectApi {
    /// Bytes of this table; functions are only ever added at its end.
    pub struct_size: usize,
    /// An object of named fields, which are given away. `kind` is the wire's type; `MODEL`, `CLIP`,
    /// `VAE` and `STEP_POLICY` are made by the host alone.
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
    /// The `user_data` of an object of `amdm_graph_set_object`; the object is not ended while the
    /// callback has it. `AMDM_STATUS_EMPTY`, and NULL in `out`, of any other object.
    pub user_data: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        out: *mut *mut c_void,
    ) -> AmdmStatus,
    /// A list kind from its members, each of that kind or a list of it, in order.
    pub from_items: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        kind: *const c_char,
        items: *const *const AmdmObject,
        count: usize,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
    /// The name of a field by its place, from 0, in the order in which fields were given.
    /// `AMDM_STATUS_EMPTY` beyond the last.
    pub field_name: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        index: usize,
        out: *mut AmdmStr,
    ) -> AmdmStatus,
    /// A copy in which these fields, which are given away, are replaced or added, or, with
    /// `AMDM_VALUE_NONE`, removed; all else is shared. Of a list: the list of such copies.
    pub with_fields: unsafe extern "C" fn(
        ctx: *mut AmdmContext,
        object: *const AmdmObject,
        fields: *const AmdmNamedValue,
        count: usize,
        out: *mut *mut AmdmObject,
    ) -> AmdmStatus,
}

type In = *const AmdmObject;

pub(crate) static OBJECT: AmdmObjectApi = AmdmObjectApi {
    struct_size: size_of::<AmdmObjectApi>(),
    create: object!(|c, kind: *const c_char, fields: *const AmdmNamedValue, count: usize| {
        let kind = text(kind, "kind")?;
        let fields = list(fields, count, "fields")?.iter().map(|field| {
            let name = sized(field.name.ptr, field.name.len, "the name of a field")?;
            Ok((name.to_owned(), c.take(field.value)?))
        });
        Object::fields(kind, fields.collect::<Result<_, Fail>>()?)
    }),
    kind: function!(|c, object: In, out: *mut AmdmStr| {
        put(out, c.lend_text(of(object)?.kind()), "the kind")
    }),
    field: function!(|c, object: In, name: *const c_char, out: *mut AmdmValue| {
        let object = of(object)?;
        let name = text(name, "name")?;
        put(out, AmdmValue::NONE, "the value")?;
        let value = object.field(name).ok_or_else(|| nothing("field", name))?;
        put(out, c.lend(value)?, "the value")
    }),
    count: function!(|_, object: In, out: *mut usize| {
        put(out, of(object)?.items().len(), "the count")
    }),
    item: object!(|c, object: In, index: usize| {
        let item = of(object)?.items().into_iter().nth(index);
        item.ok_or_else(|| nothing("member", &index.to_string()))
    }),
    append: object!(|c, object: In, item: In| of(object)?.append(&*of(item)?)),
    retain: retain!(Object, AmdmObject),
    release: release!(Object, AmdmObject),
    user_data: function!(|_, object: In, out: *mut *mut c_void| {
        put(out, std::ptr::null_mut(), "the pointer")?;
        let object = of(object)?;
        let given = user_data(&object).ok_or_else(|| nothing("user_data of", object.kind()))?;
        put(out, given, "the pointer")
    }),
    from_items: object!(|c, kind: *const c_char, items: *const In, count: usize| {
        let kind = text(kind, "kind")?;
        let items = list(items, count, "items")?.iter().map(|item| Ok((*of(*item)?).clone()));
        Object::from_items(kind, &items.collect::<Result<Vec<_>, Fail>>()?)
    }),
    field_name: function!(|c, object: In, index: usize, out: *mut AmdmStr| {
        put(out, AmdmStr { ptr: std::ptr::null(), len: 0 }, "the name")?;
        let name = of(object)?.field_names().into_iter().nth(index);
        let name = name.ok_or_else(|| nothing("field", &index.to_string()))?;
        put(out, c.lend_text(name), "the name")
    }),
    with_fields: object!(|c, object: In, fields: *const AmdmNamedValue, count: usize| {
        let object = of(object)?;
        let changes = list(fields, count, "fields")?.iter().map(|field| {
            let name = sized(field.name.ptr, field.name.len, "the name of a field")?;
            let removed = field.value.kind == AMDM_VALUE_NONE;
            let value = if removed { None } else { Some(c.take(field.value)?) };
            Ok((name.to_owned(), value))
        });
        object.with_fields(&changes.collect::<Result<Vec<_>, Fail>>()?)
    }),
};

/// The object of a handle.
pub(super) fn of(handle: In) -> Result<Arc<Object>, Fail> {
    HANDLES.get::<Object>(handle as usize)
}
