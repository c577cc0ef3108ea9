//! The stable codes of errors that nodes and the maths end with.

table! { ($)
    /// What kind of thing went wrong; the same cases as `error-code` in `wit/types.wit`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Code in error, mirrored by codes, else Internal {
        /// A value does not fit: out of range, wrong shape, contradicting another.
        InvalidInput = "invalid_input",
        /// A name that nothing answers to.
        NotFound = "not_found",
        /// Well-formed, but not something this build, model or device can do.
        Unsupported = "unsupported",
        /// The device or the process has no memory left for it.
        OutOfMemory = "out_of_memory",
        /// A configured bound was reached.
        LimitExceeded = "limit_exceeded",
        /// Reading or writing failed.
        InputOutput = "input_output",
        /// The run is being stopped.
        Cancelled = "cancelled",
        /// Not permitted here, such as a path outside the run's directories.
        Denied = "denied",
        /// A defect of ours.
        Internal = "internal",
    }
}
