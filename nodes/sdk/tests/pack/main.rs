//! A pack with every kind of field compiles, natively too, and says what its WIT says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use amdm_sdk::glue::{Choice, Pack};
use amdm_sdk::images::Filter;
use amdm_sdk::{Call, Error, Object, Operator, Phase, StepContext, Tensor};

amdm_sdk::pack!(Trial, "tests/pack/wit");

impl Nodes for Trial {
    fn every_kind(inputs: every_kind::Inputs, call: &Call) -> Result<every_kind::Outputs, Error> {
        let _: (bool, i64, u32, u64) = (inputs.match_, inputs.signed, inputs.short, inputs.long);
        let _: (f64, f32, String) = (inputs.double, inputs.single, inputs.text);
        let _: (every_kind::SelfMade, palette::Tone) = (inputs.solver, inputs.tone);
        let _: (Option<Filter>, Option<u64>) = (inputs.filter, inputs.seed);
        let _: Object = inputs.thing;
        let image: Tensor = inputs.image.into_iter().next().unwrap();
        let spare = inputs.latent.filter(|_| call.output_wanted("spare"));
        Ok(every_kind::Outputs { type_: image, spare, count: 1, tone: every_kind::Shade::Dark })
    }

    fn sink(inputs: sink::Inputs, _: &Call) -> Result<(), Error> {
        match inputs.value {
            0 => Err(Error::invalid("found 0, expected another number").at("value")),
            _ => Ok(()),
        }
    }

    fn source(_: source::Inputs, _: &Call) -> Result<source::Outputs, Error> {
        Ok(source::Outputs { tone: palette::Tone::LightGrey })
    }

    fn nudge(inputs: nudge::Inputs, _: &Call) -> Result<Box<dyn Operator>, Error> {
        let _: (Option<Tensor>, f64) = (inputs.mask, inputs.amount);
        Ok(Box::new(Still))
    }
}

/// An operator that relies on every default.
struct Still;

impl Operator for Still {
    fn apply(&mut self, _: Phase, _: &StepContext) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn it_says_what_its_wit_says() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pack/wit");
    let nodes = amdm_describe::describe(&dir).unwrap();
    assert_eq!(Trial::NODES, amdm_describe::to_json(&nodes));
    let types: Vec<&str> = nodes.iter().map(|node| node.r#type.as_str()).collect();
    let expected =
        ["EveryKind", "Sink", "Source", "Nudge"].map(|name| format!("acme.trial.{name}"));
    assert_eq!(types, expected);
}

#[test]
fn choices_keep_their_text() {
    use every_kind::SelfMade;
    assert_eq!(SelfMade::ALL, [SelfMade::Dpmpp2m, SelfMade::Async]);
    assert_eq!(SelfMade::Dpmpp2m.as_str(), "dpmpp-2m");
    assert_eq!(SelfMade::Async.as_str(), "in step");
    assert_eq!(every_kind::Shade::LightGrey.as_str(), "light-grey");
    assert_eq!(Filter::NearestExact.as_str(), "nearest-exact");
}

#[test]
fn an_operator_takes_the_window_before_it() {
    assert_eq!(Still.window(20, &[]), (0, 20));
    assert_eq!(Still.window(20, &[(0, 5), (2, 13)]), (2, 13));
    assert!(!Still.wants_parts());
}

#[test]
fn an_error_names_its_input() {
    let error = Error::invalid("found 3, expected at most 2").at("radius");
    assert_eq!(error.input.as_deref(), Some("radius"));
    assert_eq!(error.code, amdm_sdk::ErrorCode::InvalidInput);
}
