//! Operations of networks.
