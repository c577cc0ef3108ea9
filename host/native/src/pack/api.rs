//! All functions as one table, for packs and for programs that open the library themselves.
//!
//! Written by `AMDM_ACCEPT=1 cargo test -p amdm-capi --test embed api`, which finds the functions.

use std::ffi::{c_char, c_void};

use crate::*;

/// The functions of the library, under their names without `amdm_`; they are described at those.
/// Functions are only ever added at the end: look at `struct_size` before using a later one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct AmdmApi {
    /// Bytes of this table.
    pub struct_size: usize,
    /// `amdm_abi_version`.
    pub abi_version: extern "C" fn() -> u32,
    /// `amdm_version_string`.
    pub version_string: extern "C" fn() -> *const c_char,
    /// `amdm_last_error`.
    pub last_error: extern "C" fn() -> *const c_char,
    /// `amdm_string_free`.
    pub string_free: unsafe extern "C" fn(text: *mut AmdmString) -> AmdmStatus,
    /// `amdm_host_desc_init`.
    pub host_desc_init: unsafe extern "C" fn(desc: *mut AmdmHostDesc, size: usize) -> AmdmStatus,
    /// `amdm_host_create`.
    pub host_create:
        unsafe extern "C" fn(desc: *const AmdmHostDesc, out: *mut *mut AmdmHost) -> AmdmStatus,
    /// `amdm_host_destroy`.
    pub host_destroy: unsafe extern "C" fn(host: *mut AmdmHost) -> AmdmStatus,
    /// `amdm_host_load_pack`.
    pub host_load_pack: unsafe extern "C" fn(
        host: *mut AmdmHost,
        path: *const c_char,
        flags: u32,
        sha256: *const c_char,
    ) -> AmdmStatus,
    /// `amdm_host_register_node`.
    pub host_register_node:
        unsafe extern "C" fn(host: *mut AmdmHost, vtable: *const AmdmNodeVtable) -> AmdmStatus,
    /// `amdm_host_register_model`.
    pub host_register_model:
        unsafe extern "C" fn(host: *mut AmdmHost, vtable: *const AmdmModelVtable) -> AmdmStatus,
    /// `amdm_host_node_schemas`.
    pub host_node_schemas:
        unsafe extern "C" fn(host: *mut AmdmHost, out: *mut AmdmString) -> AmdmStatus,
    /// `amdm_host_info`.
    pub host_info: unsafe extern "C" fn(host: *mut AmdmHost, out: *mut AmdmString) -> AmdmStatus,
    /// `amdm_graph_from_json`.
    pub graph_from_json: unsafe extern "C" fn(
        host: *mut AmdmHost,
        data: *const c_char,
        len: usize,
        out: *mut *mut AmdmGraph,
    ) -> AmdmStatus,
    /// `amdm_graph_validate`.
    pub graph_validate:
        unsafe extern "C" fn(graph: *mut AmdmGraph, out: *mut AmdmString) -> AmdmStatus,
    /// `amdm_graph_inputs`.
    pub graph_inputs:
        unsafe extern "C" fn(graph: *mut AmdmGraph, out: *mut AmdmString) -> AmdmStatus,
    /// `amdm_graph_set_json`.
    pub graph_set_json: unsafe extern "C" fn(
        graph: *mut AmdmGraph,
        node: *const c_char,
        input: *const c_char,
        json: *const c_char,
        len: usize,
    ) -> AmdmStatus,
    /// `amdm_graph_set_image`.
    pub graph_set_image: unsafe extern "C" fn(
        graph: *mut AmdmGraph,
        node: *const c_char,
        input: *const c_char,
        image: *const AmdmImage,
    ) -> AmdmStatus,
    /// `amdm_graph_set_tensor`.
    pub graph_set_tensor: unsafe extern "C" fn(
        graph: *mut AmdmGraph,
        node: *const c_char,
        input: *const c_char,
        tensor: *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `amdm_graph_destroy`.
    pub graph_destroy: unsafe extern "C" fn(graph: *mut AmdmGraph) -> AmdmStatus,
    /// `amdm_run_create`.
    pub run_create: unsafe extern "C" fn(
        graph: *mut AmdmGraph,
        desc: *const AmdmRunDesc,
        out: *mut *mut AmdmRun,
    ) -> AmdmStatus,
    /// `amdm_run_start`.
    pub run_start: unsafe extern "C" fn(run: *mut AmdmRun) -> AmdmStatus,
    /// `amdm_run_execute`.
    pub run_execute: unsafe extern "C" fn(run: *mut AmdmRun) -> AmdmStatus,
    /// `amdm_run_poll`.
    pub run_poll: unsafe extern "C" fn(run: *mut AmdmRun, state: *mut u32) -> AmdmStatus,
    /// `amdm_run_wait`.
    pub run_wait: unsafe extern "C" fn(run: *mut AmdmRun, timeout_ms: i64) -> AmdmStatus,
    /// `amdm_run_next_event`.
    pub run_next_event: unsafe extern "C" fn(
        run: *mut AmdmRun,
        timeout_ms: i64,
        event: *mut AmdmEvent,
    ) -> AmdmStatus,
    /// `amdm_run_cancel`.
    pub run_cancel: unsafe extern "C" fn(run: *mut AmdmRun, when: u32) -> AmdmStatus,
    /// `amdm_run_error`.
    pub run_error: unsafe extern "C" fn(run: *mut AmdmRun, out: *mut AmdmString) -> AmdmStatus,
    /// `amdm_run_output_image`.
    pub run_output_image: unsafe extern "C" fn(
        run: *mut AmdmRun,
        node: *const c_char,
        output: *const c_char,
        index: u32,
        image: *mut AmdmImage,
    ) -> AmdmStatus,
    /// `amdm_run_output_tensor`.
    pub run_output_tensor: unsafe extern "C" fn(
        run: *mut AmdmRun,
        node: *const c_char,
        output: *const c_char,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `amdm_run_output_json`.
    pub run_output_json:
        unsafe extern "C" fn(run: *mut AmdmRun, out: *mut AmdmString) -> AmdmStatus,
    /// `amdm_run_destroy`.
    pub run_destroy: unsafe extern "C" fn(run: *mut AmdmRun) -> AmdmStatus,
    /// `amdm_tensor_from_dlpack`.
    pub tensor_from_dlpack: unsafe extern "C" fn(
        host: *mut AmdmHost,
        managed: *mut DLManagedTensorVersioned,
        stream: i64,
        out: *mut *mut AmdmTensor,
    ) -> AmdmStatus,
    /// `amdm_tensor_to_dlpack`.
    pub tensor_to_dlpack: unsafe extern "C" fn(
        tensor: *const AmdmTensor,
        stream: i64,
        out: *mut *mut DLManagedTensorVersioned,
    ) -> AmdmStatus,
    /// `amdm_tensor_info`.
    pub tensor_info:
        unsafe extern "C" fn(tensor: *const AmdmTensor, info: *mut AmdmTensorInfo) -> AmdmStatus,
    /// `amdm_tensor_retain`.
    pub tensor_retain: unsafe extern "C" fn(tensor: *mut AmdmTensor) -> AmdmStatus,
    /// `amdm_tensor_release`.
    pub tensor_release: unsafe extern "C" fn(tensor: *mut AmdmTensor) -> AmdmStatus,
    /// `amdm_host_model_info`.
    pub host_model_info: unsafe extern "C" fn(
        host: *mut AmdmHost,
        name: *const c_char,
        out: *mut AmdmString,
    ) -> AmdmStatus,
    /// `amdm_lane_seed`.
    pub lane_seed: extern "C" fn(seed: u64, lane: u32) -> u64,
    /// `amdm_graph_set_model`.
    pub graph_set_model: unsafe extern "C" fn(
        graph: *mut AmdmGraph,
        node: *const c_char,
        input: *const c_char,
        vtable: *const AmdmModelVtable,
    ) -> AmdmStatus,
    /// `amdm_graph_set_object`.
    pub graph_set_object: unsafe extern "C" fn(
        graph: *mut AmdmGraph,
        node: *const c_char,
        input: *const c_char,
        user_data: *mut c_void,
        destroy: AmdmDestroy,
    ) -> AmdmStatus,
}

/// The table.
pub(crate) static API: AmdmApi = AmdmApi {
    struct_size: size_of::<AmdmApi>(),
    abi_version: amdm_abi_version,
    version_string: amdm_version_string,
    last_error: amdm_last_error,
    string_free: amdm_string_free,
    host_desc_init: amdm_host_desc_init,
    host_create: amdm_host_create,
    host_destroy: amdm_host_destroy,
    host_load_pack: amdm_host_load_pack,
    host_register_node: amdm_host_register_node,
    host_register_model: amdm_host_register_model,
    host_node_schemas: amdm_host_node_schemas,
    host_info: amdm_host_info,
    graph_from_json: amdm_graph_from_json,
    graph_validate: amdm_graph_validate,
    graph_inputs: amdm_graph_inputs,
    graph_set_json: amdm_graph_set_json,
    graph_set_image: amdm_graph_set_image,
    graph_set_tensor: amdm_graph_set_tensor,
    graph_destroy: amdm_graph_destroy,
    run_create: amdm_run_create,
    run_start: amdm_run_start,
    run_execute: amdm_run_execute,
    run_poll: amdm_run_poll,
    run_wait: amdm_run_wait,
    run_next_event: amdm_run_next_event,
    run_cancel: amdm_run_cancel,
    run_error: amdm_run_error,
    run_output_image: amdm_run_output_image,
    run_output_tensor: amdm_run_output_tensor,
    run_output_json: amdm_run_output_json,
    run_destroy: amdm_run_destroy,
    tensor_from_dlpack: amdm_tensor_from_dlpack,
    tensor_to_dlpack: amdm_tensor_to_dlpack,
    tensor_info: amdm_tensor_info,
    tensor_retain: amdm_tensor_retain,
    tensor_release: amdm_tensor_release,
    host_model_info: amdm_host_model_info,
    lane_seed: amdm_lane_seed,
    graph_set_model: amdm_graph_set_model,
    graph_set_object: amdm_graph_set_object,
};
