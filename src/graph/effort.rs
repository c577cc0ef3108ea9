//! Counts steps of work in tests, so that they can tell linear from quadratic without a clock.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// One step: a visit of an input, a link, a name or an operator.
#[inline]
pub(super) fn tick() {
    #[cfg(test)]
    STEPS.set(STEPS.get() + 1);
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::STEPS;
    use crate::catalogue::Catalogue;
    use crate::graph::{Document, Limits, validate};
    use serde_json::{Map, Value, json};

    const CATALOGUE: &str = include_str!("../../tests/graphs/catalogue.json");

    fn steps(graph: Map<String, Value>, valid: bool) -> usize {
        let catalogue = Catalogue::from_json(CATALOGUE).expect("catalogue");
        let document =
            Document::from_value(Value::Object(graph), &Limits::default()).expect("document");
        STEPS.set(0);
        assert_eq!(validate(&document, &catalogue).is_ok(), valid);
        STEPS.get()
    }

    /// Twice the nodes must not cost much more than twice the steps.
    fn assert_linear(make: impl Fn(usize) -> Map<String, Value>, valid: bool) {
        let (small, large) = (steps(make(1000), valid), steps(make(2000), valid));
        assert!(small >= 1000 && large <= small * 2 + small / 10, "{small} then {large} steps");
    }

    fn put(graph: &mut Map<String, Value>, id: &str, class: &str, inputs: Value) {
        graph.insert(id.to_owned(), json!({ "class_type": class, "inputs": inputs }));
    }

    fn output(graph: &mut Map<String, Value>, image: &str) {
        put(graph, "out", "PreviewImage", json!({ "images": [image, 0] }));
    }

    fn picture(graph: &mut Map<String, Value>) {
        put(graph, "0", "LoadImage", json!({ "image": "fox.png" }));
    }

    #[test]
    fn a_chain_is_linear() {
        let chain = |n: usize| {
            let mut graph = Map::new();
            output(&mut graph, &n.to_string());
            for i in (1..=n).rev() {
                let from = json!({ "image": [(i - 1).to_string(), 0] });
                put(&mut graph, &i.to_string(), "ImageScale", from);
            }
            picture(&mut graph);
            graph
        };
        assert_linear(chain, true);
    }

    #[test]
    fn a_wide_group_is_linear() {
        let wide = |n: usize| {
            let mut graph = Map::new();
            picture(&mut graph);
            let members = (1..=n).map(|i| (format!("image_{i}"), json!(["0", 0])));
            put(&mut graph, "grid", "ImageGrid", Value::Object(members.collect()));
            output(&mut graph, "grid");
            graph
        };
        assert_linear(wide, true);
    }

    #[test]
    fn one_cycle_of_all_nodes_is_linear() {
        let ring = |n: usize| {
            let mut graph = Map::new();
            for i in 0..n {
                let from = json!({ "image": [((i + 1) % n).to_string(), 0] });
                put(&mut graph, &i.to_string(), "ImageScale", from);
            }
            output(&mut graph, "0");
            graph
        };
        assert_linear(ring, false);
    }

    #[test]
    fn operators_on_one_long_chain_are_linear() {
        let comb = |n: usize| {
            let mut graph = Map::new();
            put(&mut graph, "0", "AggregateStep", json!({}));
            for i in 1..=n {
                let before = json!({ "policy": [(i - 1).to_string(), 0] });
                put(&mut graph, &i.to_string(), "AggregateStep", before);
                let end = json!({ "policy": [n.to_string(), 0] });
                put(&mut graph, &format!("refine {i}"), "ManifoldRefine", end);
            }
            picture(&mut graph);
            graph.shift_remove("0");
            put(&mut graph, "0", "AggregateStep", json!({}));
            put(&mut graph, "picture", "LoadImage", json!({ "image": "fox.png" }));
            output(&mut graph, "picture");
            graph
        };
        assert_linear(comb, true);
    }

    #[test]
    fn unknown_names_are_linear() {
        let wrong = |n: usize| {
            let mut graph = Map::new();
            for i in 0..n {
                put(&mut graph, &i.to_string(), "ImageScal", json!({ "imag": ["gone", 0] }));
            }
            graph
        };
        assert_linear(wrong, false);
    }
}
