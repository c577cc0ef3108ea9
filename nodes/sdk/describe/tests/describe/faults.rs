//! Every fault, with the place it names.

use super::{input, node, pack, read, write};
use amdm_describe::{DescribeError, describe};

/// The fault's variant, and its message without the path.
fn check<T: std::fmt::Debug>(result: Result<T, DescribeError>, variant: &str, message: &str) {
    let error = result.unwrap_err();
    let debug = format!("{error:?}");
    assert!(debug.starts_with(variant), "{debug}");
    let text = error.to_string();
    assert!(text.contains(message), "{text}");
    if let Some(finding) = error.finding() {
        assert!(finding.location.contains("blur.wit:"), "{text}");
    }
}

#[test]
fn wit_that_does_not_parse() {
    check(read("interface {"), "Wit", "blur.wit:2:11");
    check(read("interface a { record inputs { x: nothing } }"), "Wit", "`nothing`");
    check(describe(std::path::Path::new("/nonexistent")), "Wit", "/nonexistent");
}

#[test]
fn a_package_without_version() {
    let dir = pack("");
    write(dir.path(), "blur.wit", "package acme:blur;\ninterface a { record inputs { x: bool } }");
    check(describe(dir.path()), "Version", "acme:blur has no version");
}

#[test]
fn unknown_tags() {
    check(input("/// @defualt 3\n x: u32"), "UnknownTag", "thing.x: found @defualt");
    check(node("/// @colour red", "x: u32"), "UnknownTag", "thing: found @colour");
}

#[test]
fn tags_that_do_not_fit_their_place() {
    check(node("/// @default 3", "x: u32"), "MisplacedTag", "thing: found @default");
    check(input("/// @category A\n x: u32"), "MisplacedTag", "thing.x: found @category");
    check(node("/// @after A", "x: u32"), "MisplacedTag", "@after without @step-operator");
    check(node("/// @stateless", "x: u32"), "MisplacedTag", "@stateless without @step-operator");
    let inherits = node("/// @inherits-window", "x: u32");
    check(inherits, "MisplacedTag", "@inherits-window without @step-operator");
    check(read("/// @title A\ninterface a { enum b { c } }"), "MisplacedTag", "a: found @title");
    let case = "interface a { enum b { /// @default 1\n c } record inputs { x: b } }";
    check(read(case), "MisplacedTag", "a.c: found @default, expected @role");
    let value = |tags: &str| {
        read(&format!("interface a {{ enum b {{ d, {tags} c }} record inputs {{ x: b }} }}"))
    };
    check(
        value("/// @value 90\n"),
        "TagArgument",
        "a.c: found @value 90, expected @value \"words\"",
    );
    check(value("/// @value\n"), "TagArgument", "a.c: found @value alone");
    check(value("/// @value \"d\"\n"), "ConflictingTag", "a.c: found \"d\" twice");
    let output = "interface a { record outputs { /// @advanced\n x: bool } }";
    check(read(output), "MisplacedTag", "a.x: found @advanced");
}

#[test]
fn tags_that_do_not_fit_the_type() {
    check(input("/// @range 0 1\n x: string"), "MisplacedTag", "@range on a string");
    check(input("/// @default 1\n x: image"), "MisplacedTag", "@default on IMAGE");
    check(input("/// @step 1\n x: bool"), "MisplacedTag", "@step on a bool");
    check(input("/// @multiline\n x: tone"), "MisplacedTag", "@multiline on an enum");
    check(input("/// @choices models\n x: u32"), "MisplacedTag", "@choices on a whole number");
    let seed = "/// @control-after-generate\n x: f64";
    check(input(seed), "MisplacedTag", "@control-after-generate on a number");
}

#[test]
fn tags_that_conflict() {
    check(input("/// @default 1\n/// @default 2\n x: u32"), "ConflictingTag", "@default twice");
    check(input("/// @choices models\n/// @multiline\n x: string"), "ConflictingTag", "@multiline");
    let both = node("/// @output-node\n/// @step-operator prepare", "x: bool");
    check(both, "ConflictingTag", "@output-node with @step-operator");
}

#[test]
fn tags_with_other_words() {
    check(input("/// @advanced very\n x: u32"), "TagArgument", "@advanced alone");
    check(input("/// @default\n x: u32"), "TagArgument", "found @default alone");
    check(input("/// @range 1\n x: u32"), "TagArgument", "two whole numbers");
    check(input("/// @range 1 2 3\n x: f64"), "TagArgument", "two numbers");
    check(input("/// @step 0\n x: f64"), "TagArgument", "a number above 0");
    check(input("/// @choices fonts\n x: string"), "TagArgument", "one of models, checkpoints");
    check(node("/// @title", "x: u32"), "TagArgument", "@title words");
}

#[test]
fn ranges() {
    check(input("/// @range 3 1\n x: u32"), "Range", "found 3 1");
    check(input("/// @range -1 1\n x: u32"), "Range", "0 to 4294967295");
    check(input("/// @range 0 9007199254740992\n x: u64"), "Range", "9007199254740991");
    check(input("/// @range 3 1\n x: f64"), "Range", "found 3 1");
}

#[test]
fn defaults() {
    check(input("/// @default 65\n/// @range 1 64\n x: u32"), "Default", "found 65, expected a");
    check(input("/// @default 1.5\n x: s64"), "Default", "found 1.5");
    check(input("/// @default nan\n x: f64"), "Default", "found nan");
    check(input("/// @default 2\n/// @range 0 1\n x: f64"), "Default", "a number from 0 to 1");
    check(input("/// @default yes\n x: bool"), "Default", "true or false");
    check(input("/// @default grey\n x: tone"), "Default", "one of dark, light-grey");
}

#[test]
fn types() {
    check(input("x: s32"), "Type", "thing.x: found s32");
    check(input("x: tensor"), "Type", "found tensor");
    check(input("x: list<u32>"), "Type", "found list<u32>, expected a list of a wire type");
    check(input("x: option<list<image>>"), "Type", "found list<image>");
    check(input("x: tuple<u32, u32>"), "Type", "found tuple");
    let outside = "interface a { use amdm:node/tensors@0.1.0.{tensor}; type picture = tensor;
                   record inputs { x: picture } }";
    check(read(outside), "Type", "found picture");
    let output = "interface a { use amdm:node/wires@0.1.0.{image};
                  record outputs { x: list<image> } }";
    check(read(output), "Type", "a single value");
}

#[test]
fn step_operators() {
    check(node("/// @step-operator later", "x: bool"), "Phase", "found later");
    let tag = "/// @step-operator prepare";
    check(node(tag, "x: bool"), "StepOperator", "policy: option<step-policy>");
    check(node(tag, "policy: step-policy"), "StepOperator", "policy: option<step-policy>");
    check(node(tag, "policy: option<step-policy>"), "StepOperator", "outputs [image]");
}

#[test]
fn roles() {
    check(
        input("/// @role seed\n x: u64"),
        "TagArgument",
        "found @role seed, expected one of file-",
    );
    check(input("/// @role steps\n x: f64"), "MisplacedTag", "@role steps on FLOAT");
    check(input("/// @role steps\n x: image"), "MisplacedTag", "@role steps on IMAGE");
    check(input("/// @role steps\n x: u32"), "MisplacedTag", "it beside an input of lanes");
    check(input("/// @role denoise\n x: f64"), "MisplacedTag", "it beside @role steps");
    let window = "/// @role window-end\n x: f64";
    check(input(window), "MisplacedTag", "it beside @role window-start");
    let both = "/// @role window-start\n x: f64, /// @role window-end\n y: f64";
    check(input(both), "MisplacedTag", "it beside @step-operator without @inherits-window");
    let twice = "/// @role file-names\n x: string, /// @role file-names\n y: string";
    check(input(twice), "ConflictingTag", "@role file-names twice");
    let case = "interface a { enum b { /// @role one-lane\n c } record inputs { x: b } }";
    check(read(case), "MisplacedTag", "@role one-lane, expected it beside @role window-start");
}

#[test]
fn sizes() {
    let size = |words: &str, kind: &str| {
        read(&format!(
            "interface a {{
                use amdm:node/wires@0.1.0.{{image, latent, model, boxes}};
                record inputs {{ image: image, many: list<image>, latent: latent, model: model,
                                 boxes: boxes, x: u32, y: f64 }}
                record outputs {{ /// @size {words}\n
                                  out: {kind} }}
            }}"
        ))
    };
    check(size("like image", "boxes"), "MisplacedTag", "a.out: found @size on BOXES");
    for words in ["", "like", "like image x", "as image", "like image,", "like image batch x"] {
        check(size(words, "image"), "TagArgument", "like INPUT, batch INPUT");
    }
    for (words, expected) in [
        ("like nothing", "like and an input of type IMAGE or MASK or LATENT"),
        ("like boxes", "like and an input of type IMAGE or MASK or LATENT"),
        ("like many", "like and an input of type IMAGE"),
        ("like image, batch y", "batch and an input of type INT"),
        ("like image, times x", "times and an input of type FLOAT"),
        ("like image, like latent", "like once"),
        ("like image, about image", "one of like, about and sum"),
        ("like image, width x", "width and height, or neither"),
        ("like image, width x, height x, times y", "times, or width and height"),
        ("batch x", "like, about, sum, or width and height"),
    ] {
        check(size(words, "image"), "TagArgument", expected);
    }
    check(size("like image", "latent"), "TagArgument", "an input of type LATENT or MODEL");
    for words in ["about latent", "like latent, times y", "like latent, sum many"] {
        check(size(words, "latent"), "TagArgument", "of a latent like, with or without batch");
    }
}

#[test]
fn names_that_a_group_takes() {
    check(input("image: list<image>, image-2: image"), "Name", "found image_2");
}
