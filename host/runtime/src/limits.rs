//! What a run and its guests may use; every bound can be changed.

use std::time::Duration;

/// Bounds of one host. Defaults come from [`amdm::limits`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Linear memory of one guest instance, in bytes.
    pub guest_memory: usize,
    /// Handles that one guest instance may hold.
    pub guest_handles: usize,
    /// Bytes of tensors that one guest instance, or one sampling, may hold.
    pub node_tensor_bytes: usize,
    /// Bytes of tensors that all of a run may hold; what two instances hold counts for each.
    pub run_tensor_bytes: usize,
    /// Linear memory of all guest instances of a run, in bytes.
    pub run_guest_memory: usize,
    /// Time that a guest may compute in one call without the host's help. Nodes orchestrate; a
    /// guest that computes for a minute hangs.
    pub guest_time: Duration,
    /// Bytes that one host call may copy out of a guest.
    pub call_bytes: usize,
    /// Values that a guest may read back from a tensor in one call.
    pub read_values: usize,
    /// Bytes of one pack file.
    pub pack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guest_memory: amdm::limits::GUEST_MEMORY_BYTES,
            guest_handles: amdm::limits::GUEST_HANDLES,
            node_tensor_bytes: amdm::limits::NODE_TENSOR_BYTES,
            run_tensor_bytes: amdm::limits::RUN_TENSOR_BYTES,
            run_guest_memory: amdm::limits::RUN_GUEST_MEMORY_BYTES,
            guest_time: Duration::from_secs(60),
            call_bytes: 128 << 20,
            read_values: amdm::limits::READ_VALUES,
            pack_bytes: amdm::limits::PACK_BYTES,
        }
    }
}
