//! The settings that are measured, and the rates that the reference got.
//!
//! Lane A is the layout model, lane B the attribute model; one object, 12 steps, eta 1. Rates were
//! measured by the reference on 1,200 scenes of its own.

use serde_json::{Value, json};

/// One line of the table.
pub struct Row {
    pub name: &'static str,
    pub guidance: [f64; 2],
    pub operators: Vec<(&'static str, Value)>,
    /// Whether each lane is the target of a run of its own; else one run gives both.
    pub apart: bool,
    /// Position, colour, both, both and shape, valid with A as the target.
    pub layout: [f64; 5],
    /// Both, both and shape, valid with B as the target.
    pub attributes: [f64; 3],
}

fn aggregate(method: &str, end: u32, inputs: Value) -> (&'static str, Value) {
    let mut all = json!({"method": method, "weight": 0.866, "end": end});
    for (name, value) in inputs.as_object().unwrap() {
        all[name] = value.clone();
    }
    ("AggregateStep", all)
}

fn row(
    name: &'static str,
    guidance: [f64; 2],
    operators: Vec<(&'static str, Value)>,
    layout: [f64; 5],
    attributes: [f64; 3],
) -> Row {
    Row { name, guidance, operators, apart: false, layout, attributes }
}

/// The rows that every test run measures.
pub fn main() -> Vec<Row> {
    vec![
        row(
            "each alone, g 6",
            [6.0; 2],
            vec![],
            [0.98, 0.14, 0.14, 0.06, 0.98],
            [0.05, 0.04, 0.98],
        ),
        row(
            "slerp, w .866, s 8, g 6",
            [6.0; 2],
            vec![aggregate("slerp", 8, json!({}))],
            [0.98, 0.70, 0.70, 0.43, 0.98],
            [0.59, 0.59, 0.70],
        ),
        Row {
            apart: true,
            ..row(
                "handoff, s 6, g 6",
                [6.0; 2],
                vec![aggregate("handoff", 6, json!({}))],
                [0.98, 0.58, 0.58, 0.24, 0.96],
                [0.31, 0.28, 0.58],
            )
        },
        row(
            "compose, s 8, g 4",
            [4.0; 2],
            vec![aggregate("compose", 8, json!({}))],
            [0.98, 0.74, 0.74, 0.48, 0.98],
            [0.72, 0.69, 0.82],
        ),
    ]
}

/// The other rows that the reference has.
pub fn further() -> Vec<Row> {
    let slerp = || aggregate("slerp", 8, json!({}));
    let shell = ("ManifoldRefine", json!({"mode": "shell", "shell": 0.8}));
    // The published formula's weight is the first lane's; the reference's .5 was the share of B.
    let official = aggregate("official", 5, json!({"weight": 0.866, "start": 1}));
    let radius = json!({"mode": "radius", "mean": "official", "radius": 0.366});
    vec![
        row(
            "slerp, w .866, s 8, g 9",
            [9.0; 2],
            vec![slerp()],
            [0.98, 0.75, 0.75, 0.44, 0.96],
            [0.62, 0.61, 0.71],
        ),
        row(
            "slerp and shell c .8, g 6",
            [6.0; 2],
            vec![slerp(), shell],
            [0.98, 0.62, 0.62, 0.39, 0.99],
            [0.53, 0.53, 0.68],
        ),
        row(
            "normalized, w .866, s 8, g 6",
            [6.0; 2],
            vec![aggregate("normalized", 8, json!({}))],
            [0.99, 0.70, 0.70, 0.45, 0.99],
            [0.61, 0.60, 0.69],
        ),
        row(
            "mean-noise, w .866, s 8, g 6",
            [6.0; 2],
            vec![aggregate("mean-noise", 8, json!({}))],
            [0.94, 0.67, 0.67, 0.37, 0.96],
            [0.42, 0.42, 0.57],
        ),
        row(
            "official, A .866, p .366, [1, 5), g 6",
            [6.0; 2],
            vec![official, ("ManifoldRefine", radius)],
            [0.97, 0.24, 0.24, 0.11, 0.96],
            [0.33, 0.33, 0.62],
        ),
        row(
            "compose, s 8, g 3 and 9, after 6",
            [3.0, 9.0],
            vec![aggregate("compose", 8, json!({"guidance_after": 6}))],
            [0.99, 0.89, 0.89, 0.68, 0.98],
            [0.84, 0.84, 0.88],
        ),
        row(
            "compose, s 10, g 3 and 9, after 2",
            [3.0, 9.0],
            vec![aggregate("compose", 10, json!({"guidance_after": 2}))],
            [0.99, 0.92, 0.92, 0.77, 0.99],
            [0.89, 0.83, 0.96],
        ),
    ]
}
