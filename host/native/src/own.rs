//! A vtable of the embedder's with its data, and calls of its functions.

use std::ffi::c_void;
use std::sync::{Arc, Weak};

use amdm::error::{Code, Error};
use amdm_diffusion::Models;
use amdm_runtime::{Turn, on_caller};

use crate::context::{AmdmContext, Context};
use crate::layout::Versioned;
use crate::status::{AmdmStatus, callback};

/// The embedder's data, and who is to be told at the end.
pub(crate) struct User {
    pub data: *mut c_void,
    pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
}

// SAFETY: the pointer is only handed on; the header says on which threads it comes back.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

impl Drop for User {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy.take() {
            // SAFETY: as the vtable's documentation says; this is the only call.
            callback(|| unsafe { destroy(self.data) });
        }
    }
}

/// A vtable that was registered.
pub(crate) struct Own<V> {
    pub vtable: V,
    pub user: User,
    pub models: Weak<Models>,
    /// Held while a function is called, where calls must come one at a time and the runtime does
    /// not order them.
    pub turn: Option<Turn>,
}

// SAFETY: the vtable's pointers are functions, and data that is only handed on; the header says on
// which threads callbacks come.
unsafe impl<V: Versioned> Send for Own<V> {}
// SAFETY: as above; calls are serialised unless the embedder says that they need not be.
unsafe impl<V: Versioned> Sync for Own<V> {}

impl<V: Versioned + 'static> Own<V> {
    /// Calls a function of the vtable on the thread where such calls belong; `call` gives its
    /// status and what it left, which is taken over before the handles that it was lent end.
    pub fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        context: &Arc<Context>,
        call: impl FnOnce(&Self, &Context, *mut AmdmContext) -> (AmdmStatus, T) + Send + 'static,
    ) -> Result<T, Error> {
        let mut left = None;
        context.during(|handle| {
            let (own, inside, handle) = (self.clone(), context.clone(), handle as usize);
            let (status, given) = on_caller(move || {
                let cancelled = || inside.cancelled();
                let _turn = own.turn.as_ref().map(|turn| turn.wait(&cancelled)).transpose()?;
                let call = || call(&own, &inside, handle as *mut AmdmContext);
                Ok::<_, Error>(inside.call_out(call))
            })??;
            left = Some(given);
            Ok(status)
        })?;
        left.ok_or_else(|| Error::new(Code::Internal, "the callback left nothing"))
    }
}
