//! Data of the embedder's, which a vtable hands to its functions.

use std::ffi::c_void;

use crate::status::callback;

/// The embedder's data, and who is to be told at the end.
pub(crate) struct User {
    pub data: *mut c_void,
    destroy: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: the header says on which threads callbacks come; the pointer is only handed on.
unsafe impl Send for User {}
// SAFETY: as above; calls are serialised unless the embedder says that they need not be.
unsafe impl Sync for User {}

impl User {
    pub fn new(data: *mut c_void, destroy: Option<unsafe extern "C" fn(*mut c_void)>) -> Self {
        Self { data, destroy }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy.take() {
            // SAFETY: as the vtable's documentation says; this is the only call.
            callback(|| unsafe { destroy(self.data) });
        }
    }
}
