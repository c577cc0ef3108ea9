use std::path::PathBuf;

use amdm::error::Code;
use amdm::limits::{EMBEDDING_ROWS, PROMPT_BYTES, PROMPT_CHUNKS, PROMPT_DEPTH};
use amdm_diffusion::Result;
use amdm_diffusion::text::{
    CHUNK, END, Embedding, EmbeddingFolders, Embeddings, Prompt, START, Tokenizer, Word,
};
use serde_json::{Value, json};

const WIDTH: usize = 768;

fn fixtures(name: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

/// The one embedding that the recorded runs had.
fn recorded(name: &str) -> Result<Option<Embedding>> {
    let known = name == "gen_emb_s1";
    known.then(|| Embedding::new(WIDTH, vec![0.5; 3 * WIDTH])).transpose()
}

fn read(text: &str) -> Result<Prompt> {
    Prompt::read(text, WIDTH, &recorded)
}

fn six(weight: f64) -> f64 {
    (weight * 1e6).round() / 1e6
}

/// Words and weights as the recordings write them: weights to six places.
fn pairs(prompt: &Prompt) -> Value {
    let chunks = prompt.chunks.iter().map(|chunk| {
        let tokens = chunk.tokens().iter().map(|token| match token.word {
            Word::Id(id) => json!([id, six(token.weight)]),
            Word::Row { .. } => json!(["vector", six(token.weight)]),
        });
        tokens.collect::<Vec<_>>()
    });
    chunks.collect()
}

/// The words and weights up to the first end token.
fn begin(text: &str) -> Vec<(Option<u32>, f64)> {
    let prompt = read(text).unwrap();
    let tokens = &prompt.chunks[0].tokens()[1..prompt.chunks[0].first_end()];
    let word = |word: &Word| match word {
        Word::Id(id) => Some(*id),
        Word::Row { .. } => None,
    };
    tokens.iter().map(|token| (word(&token.word), token.weight)).collect()
}

#[test]
fn tokens_of_the_reference_tokenizer() {
    let fixture = fixtures("clip_tokenizer/config.json");
    let tokenizer = Tokenizer::clip().unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 28);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let ids = tokenizer.ids(text).unwrap();
        let found = [&[START], ids.as_slice(), &[END]].concat();
        assert_eq!(json!(found), case["ids_raw"], "{text}");
    }
}

#[test]
fn prompts_give_the_recorded_tokens() {
    let sets = [
        ("core_graphs/prompts", 18),
        ("core_graphs_more/prompts_brackets", 14),
        ("core_graphs_more/prompts_more", 26),
    ];
    for (set, count) in sets {
        let graph = fixtures(&format!("comfyui-run/{set}/graph.json"));
        let tokens = fixtures(&format!("comfyui-run/{set}/tokens.json"));
        let tokens = tokens.as_object().unwrap();
        assert_eq!(tokens.len(), count, "{set}");
        for (node, expected) in tokens {
            let text = graph[node]["inputs"]["text"].as_str().unwrap();
            let prompt = read(text).unwrap();
            assert_eq!(pairs(&prompt), *expected, "{set}, {node}: {text}");
            let missing = text.contains("missing_name");
            assert_eq!(prompt.warnings.len(), usize::from(missing), "{set}, {node}");
        }
    }
}

#[test]
fn embeddings_give_their_rows_in_order() {
    let prompt = read("(embedding:gen_emb_s1:0.5)").unwrap();
    let rows: Vec<usize> = prompt.chunks[0]
        .tokens()
        .iter()
        .filter_map(|token| match &token.word {
            Word::Row { embedding, row } => {
                assert_eq!((embedding.rows(), token.weight), (3, 0.5));
                Some(*row)
            }
            Word::Id(_) => None,
        })
        .collect();
    assert_eq!(rows, [0, 1, 2]);
}

#[test]
fn references_are_found_as_comfyui_finds_them() {
    let fox = 3240;
    let vectors = [(None, 1.); 3];
    let plain = |ids: &[u32]| ids.iter().map(|&id| (Some(id), 1.)).collect::<Vec<_>>();
    assert_eq!(begin("embedding: gen_emb_s1"), vectors);
    assert_eq!(begin("fox\nembedding:gen_emb_s1"), [&plain(&[fox]), &vectors[..]].concat());
    // A tab is no border; the last character of a name behind a comma stays as text.
    assert_eq!(
        begin("fox\tembedding:gen_emb_s1").iter().filter(|token| token.0.is_none()).count(),
        0
    );
    assert_eq!(begin("Embedding:gen_emb_s1").iter().filter(|token| token.0.is_none()).count(), 0);
    let one = Tokenizer::clip().unwrap().ids("1").unwrap();
    assert_eq!(begin("embedding:,gen_emb_s1"), [&vectors[..], &plain(&one)].concat());
    let error = read("a fox, embedding:").unwrap_err();
    assert_eq!(error.code, Code::InvalidInput);
}

#[test]
fn an_embedding_for_another_encoder_is_left_out_with_a_warning() {
    let wide = |_: &str| Embedding::new(1024, vec![0.; 2048]).map(Some);
    let prompt = Prompt::read("embedding:wide fox", WIDTH, &wide).unwrap();
    let expected = "embedding:wide is left out, it has rows of 1024 values and the encoder of 768";
    assert_eq!(prompt.warnings, [expected]);
    assert_eq!(pairs(&prompt), pairs(&read("fox").unwrap()));
}

#[test]
fn prompts_are_bounded() {
    let limited = |text: &str| {
        let error = read(text).unwrap_err();
        assert_eq!(error.code, Code::LimitExceeded, "{error}");
    };
    limited(&"a".repeat(PROMPT_BYTES + 1));
    let nested = |depth| "(".repeat(depth) + "a" + &")".repeat(depth);
    limited(&nested(PROMPT_DEPTH + 1));
    let weight = begin(&nested(PROMPT_DEPTH))[0].1;
    assert!((weight / 1.1_f64.powi(500) - 1.).abs() < 1e-9);
    let most = PROMPT_CHUNKS * (CHUNK - 2);
    assert_eq!(read(&"a ".repeat(most)).unwrap().chunks.len(), PROMPT_CHUNKS);
    limited(&"a ".repeat(most + 1));
    let long = |_: &str| Embedding::new(1, vec![0.; EMBEDDING_ROWS]).map(Some);
    let error = Prompt::read("embedding:x embedding:y", 1, &long).unwrap_err();
    assert_eq!(error.code, Code::LimitExceeded);
    assert!(Embedding::new(1, vec![0.; EMBEDDING_ROWS + 1]).is_err());
    assert!(Embedding::new(0, vec![0.; 4]).is_err());
    assert!(Embedding::new(3, vec![0.; 4]).is_err());
}

#[test]
fn names_do_not_lead_out_of_their_folders() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("embeddings");
    std::fs::create_dir_all(inside.join("styles")).unwrap();
    for file in ["a.pt", "a.safetensors", "b.bin", "styles/c.pt", "../outside.pt"] {
        std::fs::write(inside.join(file), b"").unwrap();
    }
    let other = folder.path().join("more");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("a.pt"), b"").unwrap();
    std::fs::write(other.join("d.pt"), b"").unwrap();
    let folders = EmbeddingFolders(vec![inside.clone(), other.clone()]);
    let find = |name: &str| folders.file(name);
    assert_eq!(find("a"), Some(inside.join("a.safetensors")));
    assert_eq!(find("a.pt"), Some(inside.join("a.pt")));
    assert_eq!(find("b"), Some(inside.join("b.bin")));
    assert_eq!(find(r"styles\c"), Some(inside.join("styles/c.pt")));
    assert_eq!(find("d"), Some(other.join("d.pt")));
    let absolute = folder.path().join("outside.pt");
    for name in ["", ".", "..", "../outside", "styles/../../outside", absolute.to_str().unwrap()] {
        assert_eq!(find(name), None, "{name}");
    }
}

#[test]
fn accents_and_special_tokens_as_the_reference_tokenizer_has_them() {
    let ids = |text: &str| Tokenizer::clip().unwrap().ids(text).unwrap();
    assert_eq!(ids("caf\u{e9}"), ids("cafe\u{301}"));
    assert_eq!(ids("a<|startoftext|>b"), [320, START, 321]);
    assert_eq!(ids("<|ENDOFTEXT|>"), [27, 347, 40786, 4160, 91, 285]);
    assert!(ids(" \t\n").is_empty());
}

/// Rows [0, .25, .5, .75] and [1, 1.25, 1.5, 1.75]; `make.py` beside the files made them.
#[test]
fn files_of_all_trainers_are_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/embeddings");
    let folders = EmbeddingFolders(vec![folder.clone()]);
    let both = [0., 0.25, 0.5, 0.75, 1., 1.25, 1.5, 1.75];
    for (name, expected) in
        [("trained", &both[..]), ("learned", &both[4..]), ("two", &both[..]), ("plain", &both[..])]
    {
        let found = folders.find(name).unwrap().unwrap();
        assert_eq!(found, Embedding::new(4, expected).unwrap(), "{name}");
    }
    assert_eq!(folders.find("none").unwrap(), None);
    let error = folders.find("cube").unwrap_err();
    let expected = "weight file `cube`: tensor `emb_params` has shape [2, 2, 2], \
                    expected [rows, width]";
    assert_eq!((error.code, error.message.as_str()), (Code::InvalidInput, expected));
    let error = folders.find("code").unwrap_err();
    assert_eq!(error.code, Code::Unsupported, "{error}");
    let error = folders.find("legacy").unwrap_err();
    assert!(error.message.contains("pickle of PyTorch before 1.6"), "{error}");
}
