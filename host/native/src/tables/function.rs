//! Functions of the tables: written where a field wants a pointer, and made there.
//!
//! In all bodies pointers are what the documentation of the table's field says; handles are
//! checked.

/// A function of the callback's context and of what else is named.
macro_rules! function {
    (|$c:pat_param $(, $name:ident: $type:ty)*| $body:expr) => {{
        #[allow(unused_unsafe)] // Some bodies are without pointers.
        unsafe extern "C" fn function(
            ctx: *mut $crate::context::AmdmContext
            $(, $name: $type)*
        ) -> $crate::status::AmdmStatus {
            // SAFETY: pointers are what the documentation of the table's field says.
            $crate::context::within(ctx, |$c| unsafe { $body })
        }
        function
    }};
}

/// A function with one more parameter: where it leaves the handle that its body gives.
macro_rules! gives {
    ($handle:ty, $name:literal, |$c:pat_param $(, $arg:ident: $type:ty)*| $body:expr) => {
        function!(|$c $(, $arg: $type)*, out: *mut *mut $handle| {
            $crate::layout::give(out, $name, || $body)
        })
    };
}

/// A function that gives a tensor, which is lent to the callback.
macro_rules! tensor {
    (|$c:ident $(, $arg:ident: $type:ty)*| $body:expr) => {
        gives!($crate::tensor::AmdmTensor, "the tensor", |$c $(, $arg: $type)*| {
            $c.lend_tensor($body?)
        })
    };
}

/// The same of an object.
macro_rules! object {
    (|$c:ident $(, $arg:ident: $type:ty)*| $body:expr) => {
        gives!($crate::context::AmdmObject, "the object", |$c $(, $arg: $type)*| {
            $c.lend_object($body?)
        })
    };
}

/// Adds a reference to a handle.
macro_rules! retain {
    ($kind:ty, $handle:ty) => {
        function!(|_, handle: *mut $handle| {
            $crate::handle::HANDLES.retain::<$kind>(handle as usize)
        })
    };
}

/// Gives a reference back.
macro_rules! release {
    ($kind:ty, $handle:ty) => {
        function!(|_, handle: *mut $handle| {
            $crate::handle::HANDLES.release::<$kind>(handle as usize).map(drop)
        })
    };
}
