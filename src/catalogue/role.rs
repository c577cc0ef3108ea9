//! Roles: what inputs, outputs and choices of a node mean to those who plan a run.
//!
//! A pack gives them with the tag `@role`; planning then knows what a node will do without knowing
//! its class. Descriptors hold them as text: one that names a role of a later version still loads.

/// Of a `STRING` input: the names of the files that the node writes begin with it.
pub const FILE_NAMES: &str = "file_names";
/// Of an `INT` input: steps of the sampling that the node runs over the lanes that it takes.
pub const STEPS: &str = "steps";
/// Of a `FLOAT` input beside the steps: the part of them that runs, from 0 to 1.
pub const DENOISE: &str = "denoise";
/// Of a `SIGMAS` input beside the steps: a schedule that runs in place of them.
pub const SCHEDULE: &str = "schedule";
/// Of an output beside the steps: the results of all lanes as one batch. Where it is wanted, every
/// lane runs to the end.
pub const ALL_LANES: &str = "all_lanes";
/// Of a `FLOAT` input of a step operator: the first step of its window, a number from 0, or a
/// fraction of all steps where below 1.
pub const WINDOW_START: &str = "window_start";
/// Of a `FLOAT` input of a step operator: the end of its window, not included; a number of steps,
/// or a fraction of all steps where 1 or below.
pub const WINDOW_END: &str = "window_end";
/// Of a choice of a step operator: one lane at a time runs in the whole sampling.
pub const ONE_LANE: &str = "one_lane";
