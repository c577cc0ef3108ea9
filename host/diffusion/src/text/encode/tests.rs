#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use amdm::error::Code;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::super::{CHUNK, Embedding, Prompt};
use super::{AT_ONCE, Encoded, encode};
use crate::families::{ClipText, Sequence, Token};
use crate::weights::{WeightFile, Weights};
use crate::{Device, Result};

const WIDTH: usize = 8;
const LAYERS: usize = 2;
const VOCABULARY: usize = 49_408;
const TOKENS: &str = "text_model.embeddings.token_embedding.weight";

/// A tower over the whole vocabulary, small and of arbitrary weights.
fn weights() -> WeightFile {
    let mut shapes = vec![
        (TOKENS.to_owned(), vec![VOCABULARY, WIDTH]),
        ("text_model.embeddings.position_embedding.weight".to_owned(), vec![CHUNK, WIDTH]),
    ];
    let mut layer = |name: &str, inputs: Option<usize>, outputs: usize| {
        let shape = inputs.map_or(vec![outputs], |inputs| vec![outputs, inputs]);
        shapes.push((format!("text_model.{name}.weight"), shape));
        shapes.push((format!("text_model.{name}.bias"), vec![outputs]));
    };
    layer("final_layer_norm", None, WIDTH);
    for index in 0..LAYERS {
        let part = |name: &str| format!("encoder.layers.{index}.{name}");
        layer(&part("layer_norm1"), None, WIDTH);
        layer(&part("layer_norm2"), None, WIDTH);
        for name in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            layer(&part(&format!("self_attn.{name}")), Some(WIDTH), WIDTH);
        }
        layer(&part("mlp.fc1"), Some(WIDTH), 2 * WIDTH);
        layer(&part("mlp.fc2"), Some(2 * WIDTH), WIDTH);
    }
    let values: Vec<Vec<u8>> = shapes.iter().map(|(_, shape)| numbers(shape)).collect();
    let views = shapes.iter().zip(&values).map(|((name, shape), bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    let views: BTreeMap<_, _> = views.collect();
    WeightFile::new(safetensors::serialize(views, None).unwrap())
}

fn numbers(shape: &[usize]) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let number = |index: usize| ((index * 7919 + count) % 1009) as f32 / 504.5 - 1.0;
    (0..count).flat_map(|index| number(index).to_le_bytes()).collect()
}

fn with_tower(test: impl Fn(&ClipText, &Weights<'_>)) {
    let file = weights();
    for device in [Device::cpu(2).unwrap(), Device::reference(1).unwrap()] {
        let weights = Weights::parse(&file, &device).unwrap();
        test(&ClipText::load(&weights, 2).unwrap(), &weights);
    }
}

fn missing(_: &str) -> Result<Option<Embedding>> {
    Ok(None)
}

fn encoded(tower: &ClipText, text: &str, last_layer: Option<i32>) -> Encoded {
    let prompt = Prompt::read(text, WIDTH, &missing).unwrap();
    encode(tower, &prompt.chunks, last_layer, &|| false).unwrap()
}

fn tokens(tower: &ClipText, text: &str) -> Vec<f32> {
    encoded(tower, text, None).tokens.to_f32().unwrap()
}

#[test]
fn a_prompt_is_what_the_tower_makes_of_its_tokens() {
    with_tower(|tower, _| {
        let mut tokens = vec![Token::Id(49_407); CHUNK];
        tokens[..3].copy_from_slice(&[Token::Id(49_406), Token::Id(320), Token::Id(3240)]);
        let sequence = Sequence { tokens, end: 3 };
        for (last_layer, layers) in [(-1, 2), (-2, 1), (-3, 2), (-24, 2), (0, 2), (5, 2)] {
            let found = encoded(tower, "a fox", Some(last_layer));
            let states = tower.states(std::slice::from_ref(&sequence), layers, &|| false).unwrap();
            assert_eq!(found.tokens.extents(), [1, 77, 8]);
            assert_eq!(found.tokens.to_f32().unwrap(), states.hidden.to_f32().unwrap());
            assert_eq!(found.pooled.to_f32().unwrap(), states.pooled.to_f32().unwrap());
        }
        assert_ne!(
            encoded(tower, "a fox", Some(-2)).tokens.to_f32().unwrap(),
            encoded(tower, "a fox", None).tokens.to_f32().unwrap()
        );
    });
}

#[test]
fn weights_move_states_away_from_those_of_the_empty_prompt() {
    with_tower(|tower, _| {
        let (plain, empty) = (tokens(tower, "a fox"), tokens(tower, ""));
        for (text, weight) in [("a (fox:0)", 0.0), ("a (fox:1.5)", 1.5), ("a (fox:-1)", -1.0)] {
            let found = tokens(tower, text);
            let state = 2 * WIDTH..3 * WIDTH;
            for index in 0..plain.len() {
                let moved = (plain[index] - empty[index]) * weight + empty[index];
                let expected = if state.contains(&index) { moved } else { plain[index] };
                assert_eq!(found[index].to_bits(), expected.to_bits(), "{text}, value {index}");
            }
            let pooled = |text| encoded(tower, text, None).pooled.to_f32().unwrap();
            assert_eq!(pooled(text), pooled("a fox"));
        }
        assert_ne!(tokens(tower, "a (fox:0)"), plain);
    });
}

#[test]
fn chunks_are_encoded_each_by_itself() {
    with_tower(|tower, _| {
        let chunk = "fox ".repeat(75);
        let one = tokens(tower, &chunk);
        let count = 2 * AT_ONCE + 1;
        let many = encoded(tower, &format!("{}(red:1.3)", chunk.repeat(count)), None);
        assert_eq!(many.tokens.extents(), [1, 77 * (count as u32 + 1), 8]);
        let many = many.tokens.to_f32().unwrap();
        for (index, found) in many.chunks(one.len()).enumerate() {
            let expected = if index < count { one.clone() } else { tokens(tower, "(red:1.3)") };
            assert_eq!(found, expected, "chunk {index}");
        }
    });
}

#[test]
fn the_pooled_state_is_at_the_first_end_of_the_first_chunk() {
    with_tower(|tower, _| {
        let pooled = |text: &str| encoded(tower, text, None).pooled.to_f32().unwrap();
        assert_eq!(pooled("<|endoftext|> fox"), pooled(""));
        assert_ne!(pooled("fox <|endoftext|>"), pooled(""));
        assert_eq!(pooled(&"fox ".repeat(80)), pooled(&"fox ".repeat(75)));
    });
}

#[test]
fn a_row_of_an_embedding_takes_the_place_of_a_token() {
    with_tower(|tower, weights| {
        let table = weights.values(TOKENS, &[VOCABULARY, WIDTH]).unwrap();
        let rows = [320, 3240].map(|id| &table[id * WIDTH..][..WIDTH]).concat();
        let known = |_: &str| Embedding::new(WIDTH, rows.clone()).map(Some);
        let prompt = Prompt::read("embedding:known", WIDTH, &known).unwrap();
        let found = encode(tower, &prompt.chunks, None, &|| false).unwrap();
        assert_eq!(found.tokens.to_f32().unwrap(), tokens(tower, "a fox"));
    });
}

#[test]
fn nothing_to_encode_and_a_cancelled_run_are_errors() {
    with_tower(|tower, _| {
        assert_eq!(encode(tower, &[], None, &|| false).unwrap_err().code, Code::InvalidInput);
        let prompt = Prompt::read("a fox", WIDTH, &missing).unwrap();
        let error = encode(tower, &prompt.chunks, None, &|| true).unwrap_err();
        assert_eq!(error.code, Code::Cancelled);
    });
}
