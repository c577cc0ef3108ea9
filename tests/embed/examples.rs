//! The example programs build against an installation alone, and do what they say.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::installed::{C, CPP, command, compiled, flags, has, library, prefix, ran, root, told};

pub fn example(path: &str) -> PathBuf {
    root().join("examples").join(path)
}

fn ready(programs: &[&str]) -> bool {
    programs.iter().all(|program| has(program))
}

/// The example in C, or in C++, built by our own flags.
fn built(name: &str, dir: &Path) -> PathBuf {
    let program = dir.join(name);
    let (compiler, source) = match name {
        "embed-c" => (C, "main.c"),
        _ => (CPP, "main.cpp"),
    };
    let libraries = flags(&["--libs"]);
    let libraries = libraries.iter().map(String::as_str).collect::<Vec<_>>();
    compiled(&compiler, &[&example(name).join(source)], &libraries, &program);
    program
}

/// Pixels of a PNG, 8-bit RGB.
fn png(path: &Path) -> (u32, u32, Vec<u8>) {
    let file = BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
    pixels.truncate(info.buffer_size());
    (info.width, info.height, pixels)
}

#[test]
fn c_loads_sets_a_seed_shows_progress_saves_and_fetches() {
    if !ready(&["gcc", "pkg-config"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = built("embed-c", dir.path());
    let out = dir.path().join("out");
    let graph = example("embed-c/graph.json");
    let said = ran(command(&program).arg(&graph).arg(&out).arg("7"));
    for step in 1..=12 {
        assert!(said.contains(&format!("sampler: step {step} of 12\n")), "{said}");
    }
    let (width, height, pixels) = png(&out.join("embed_00001_.png"));
    let fetched = std::fs::read(out.join("pixels.ppm")).unwrap();
    let head = format!("P6\n{width} {height}\n255\n");
    assert!(fetched.starts_with(head.as_bytes()));
    assert_eq!(&fetched[head.len()..], pixels, "the pixels fetched are those of the file");

    // Another seed is another picture.
    ran(command(&program).arg(&graph).arg(dir.path().join("other")).arg("8"));
    assert_ne!(png(&dir.path().join("other/embed_00001_.png")).2, pixels);
}

#[test]
fn c_says_what_is_wrong() {
    if !ready(&["gcc", "pkg-config"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = built("embed-c", dir.path());
    let run = |words: &[&str]| {
        let words = words.iter().map(|word| word.replace("GRAPH", "graph.json"));
        let words = words.collect::<Vec<_>>();
        let mut command = command(&program);
        let output = command.args(words).current_dir(example("embed-c")).output().unwrap();
        (output.status.code(), told(&output).1)
    };
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    assert_eq!(run(&["GRAPH"]).0, Some(2));
    let (code, said) = run(&["GRAPH", out, "7", "0"]);
    assert!(code == Some(1) && said.contains("node sampler") && said.contains("steps"), "{said}");
    let (code, said) = run(&["none.json", out]);
    assert!(code == Some(1) && said.contains("none.json"), "{said}");
    assert!(!Path::new(out).exists(), "nothing ran");
}

/// Ctrl-C is the program's: it tells the library, which ends the run and leaves nothing.
#[cfg(unix)]
#[test]
fn c_stops_at_ctrl_c() {
    if !ready(&["gcc", "pkg-config"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = built("embed-c", dir.path());
    let out = dir.path().join("out");
    let mut running = command(&program)
        .arg(example("embed-c/graph.json"))
        .arg(&out)
        .args(["7", "1000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("of 1000"));
    ran(command("kill").args(["-INT", &running.id().to_string()]));
    // The program must be able to go on writing.
    let steps = lines.count();
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{:?}", told(&output));
    assert!(steps < 999, "it ran to its end");
    assert!(!out.join("embed_00001_.png").exists());
}

#[test]
fn c_links_the_static_library() {
    if !ready(&["gcc", "pkg-config"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("static");
    let libraries = ran(command("pkg-config").args(["--libs", "amdm-static"]));
    let libraries = libraries.split_whitespace().collect::<Vec<_>>();
    compiled(&C, &[&example("embed-c/main.c")], &libraries, &program);
    let mut command = command(&program);
    command.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_LIBRARY_PATH");
    ran(command.arg(example("embed-c/graph.json")).arg(dir.path().join("out")));
    assert!(dir.path().join("out/embed_00001_.png").is_file());
}

#[test]
fn the_makefiles_need_the_installation_alone() {
    if !ready(&["gcc", "g++", "pkg-config", "make"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["embed-c", "embed-cpp"] {
        let program = dir.path().join(name);
        let found = prefix().join("lib/pkgconfig");
        ran(command("make")
            .current_dir(example(name))
            .arg(format!("OUT={}", program.display()))
            .arg(format!("PKG_CONFIG_PATH={}", found.display())));
        let mut command = command(&program);
        command.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_LIBRARY_PATH");
        ran(command.arg(example(name).join("graph.json")).arg(dir.path().join("out")));
    }
}

#[test]
fn cpp_runs_a_node_of_its_own() {
    if !ready(&["g++", "pkg-config"]) {
        return;
    }
    let header = std::fs::read_to_string(example("embed-cpp/amdm.hpp")).unwrap();
    assert!(header.lines().count() < 200);
    let dir = tempfile::tempdir().unwrap();
    let program = built("embed-cpp", dir.path());
    let graph = example("embed-cpp/graph.json");
    let said = ran(command(&program).arg(&graph).arg(dir.path().join("out")));
    assert!(said.contains("dark: ") && said.contains("corner "), "{said}");
    let (width, _, pixels) = png(&dir.path().join("out/framed_00001_.png"));

    // The same graph without the node: the middle is as it was, the corner darker.
    let text = std::fs::read_to_string(&graph).unwrap().replace("\"dark\", 0", "\"large\", 0");
    let plain = dir.path().join("plain.json");
    std::fs::write(&plain, text).unwrap();
    ran(command(&program).arg(&plain).arg(dir.path().join("plain")));
    let before = png(&dir.path().join("plain/framed_00001_.png")).2;
    let middle = (width * width / 2 + width / 2) as usize * 3;
    assert!(pixels[middle].abs_diff(before[middle]) <= 1);
    assert!(pixels[0] < before[0] / 2, "{} {}", pixels[0], before[0]);
}

#[test]
fn exceptions_in_cpp_become_the_error_of_the_run() {
    if !ready(&["g++", "pkg-config"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("throws.cpp");
    let text = r#"
        #include "amdm.hpp"
        #include <iostream>
        int main() {
            amdm::Host host;
            int thrown = 0;
            host.add_node(R"({"type": "a.b.Throw", "pack": "a:b", "version": "1.0.0", "title": "T",
                "category": "c", "description": "d", "inputs": [], "outputs": [],
                "output_node": true})", [&](const amdm::Call &) {
                    if (thrown++ == 0) throw std::runtime_error("no luck");
                    throw 42;
                });
            amdm::Graph graph(host, R"({"1": {"class_type": "a.b.Throw", "inputs": {}}})");
            for (int i = 0; i < 2; i++) {
                amdm::Run run(graph);
                try { run.execute(); } catch (const amdm::Error &error) {
                    std::cout << error.what() << " [" << error.status << "]\n";
                }
            }
            return thrown == 2 ? 0 : 1;
        }"#;
    std::fs::write(&source, text).unwrap();
    let include = format!("-I{}", example("embed-cpp").display());
    let mut words = vec![include];
    words.extend(flags(&["--libs"]));
    let words = words.iter().map(String::as_str).collect::<Vec<_>>();
    compiled(&CPP, &[&source], &words, &dir.path().join("throws"));
    let said = ran(&mut command(dir.path().join("throws")));
    assert!(said.contains("no luck") && said.contains("[-18]"), "{said}");
    assert!(said.contains("an exception that is no std::exception"), "{said}");
}

/// Previews belong to the library until the next event: nothing is released twice.
#[test]
fn cpp_reads_previews() {
    if !ready(&["g++", "pkg-config"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("previews.cpp");
    let text = r#"
        #include "amdm.hpp"
        #include <fstream>
        #include <iostream>
        #include <sstream>
        int main(int, char **argv) {
            std::ostringstream text;
            text << std::ifstream(argv[1]).rdbuf();
            amdm::Host host;
            amdm::Graph graph(host, text.str());
            auto desc = amdm::sized<AmdmRunDesc>();
            desc.preview_ms = 1;
            amdm::Run run(graph, desc);
            run.start();
            run.follow([](const AmdmEvent &event) {
                if (event.kind != AMDM_EVENT_PREVIEW) return;
                amdm::Image image(*event.image);
                amdm::Image moved(std::move(image));
                std::cout << moved.get().width << " wide, " << int(moved.row(0)[0]) << "\n";
            });
        }"#;
    std::fs::write(&source, text).unwrap();
    let include = format!("-I{}", example("embed-cpp").display());
    let mut words = vec![include];
    words.extend(flags(&["--libs"]));
    let words = words.iter().map(String::as_str).collect::<Vec<_>>();
    compiled(&CPP, &[&source], &words, &dir.path().join("previews"));
    let said = ran(command(dir.path().join("previews")).arg(example("embed-c/graph.json")));
    assert!(
        said.lines().count() > 1 && said.lines().all(|line| line.contains(" wide, ")),
        "{said}"
    );
}

/// Python with the package from the sources, or from `site`.
pub fn python(site: Option<&Path>) -> std::process::Command {
    let mut command = command("python3");
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg("-Werror");
    match site {
        Some(site) => command.env("PYTHONPATH", site).env_remove("AMDM_LIBRARY"),
        None => command.env("PYTHONPATH", example("embed-python")).env("AMDM_LIBRARY", library()),
    };
    command
}

#[test]
fn a_model_in_python_gives_the_pixels_of_the_built_in_one_that_it_computes() {
    if !ready(&["python3"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let said = ran(python(None)
        .arg(example("embed-python/example.py"))
        .arg(example("embed-c/graph.json"))
        .arg(dir.path().join("out")));
    for line in [
        "sampler: step 12 of 12\n",
        "in Python: the same pixels\n",
        "previews: (32, 32, 3)\n",
        "flat: 0.250, its negative 0.750\n",
        "faded: 0.125\n",
        "RuntimeError: out of coffee [INTERNAL]\n",
    ] {
        assert!(said.contains(line), "found no {line:?} in\n{said}");
    }
    assert!(dir.path().join("out/embed_00001_.png").is_file());
}

/// Runs a part of the package's own tests.
fn promises(part: &str) {
    if !ready(&["python3"]) {
        return;
    }
    let said = ran(python(None)
        .current_dir(example("embed-c"))
        .arg(root().join("tests/embed/python").join(part)));
    assert!(said.ends_with("ok\n"), "{said}");
    for skipped in said.lines().filter(|line| line.starts_with("skipped")) {
        eprintln!("{skipped}");
    }
}

#[test]
fn python_runs_cancel_at_ctrl_c_and_say_what_failed() {
    promises("runs.py");
}

#[test]
fn python_raises_what_callbacks_raised() {
    promises("raised.py");
}

#[test]
fn python_tells_of_events_as_they_come() {
    promises("events.py");
}

#[test]
fn python_shares_tensors_with_what_has_buffers_or_dlpack() {
    promises("tensors.py");
}

#[test]
fn python_gives_torch_its_tensors_and_takes_them() {
    promises("torches.py");
}

#[test]
fn python_says_what_is_for_what_and_has_types() {
    promises("surface.py");
}

#[test]
fn python_lends_models_and_objects_to_one_graph() {
    promises("lent.py");
}

#[test]
fn python_acts_between_steps() {
    promises("operators.py");
}

#[test]
fn python_ends_what_it_lets_go_of_in_callbacks_and_at_exit() {
    promises("endings.py");
}

#[test]
fn the_wheel_carries_the_library() {
    if !ready(&["python3"]) {
        return;
    }
    let pip = command("python3").args(["-m", "pip", "--version"]).output().unwrap();
    if !pip.status.success() {
        eprintln!("skipped: pip is not there");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (wheels, site) = (dir.path().join("wheels"), dir.path().join("site"));
    let quiet = ["--no-deps", "--no-index", "--no-cache-dir", "--disable-pip-version-check", "-q"];
    ran(command("python3")
        .env_remove("AMDM_LIBRARY")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args(["-m", "pip", "wheel"])
        .arg(example("embed-python"))
        .args(quiet)
        .arg("--wheel-dir")
        .arg(&wheels));
    let wheel = std::fs::read_dir(&wheels).unwrap().next().unwrap().unwrap().path();
    let name = wheel.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("amdm-0.1.0-py3-none-") && !name.contains("any"), "{name}");
    ran(command("python3")
        .args(["-m", "pip", "install", "--root-user-action", "ignore"])
        .args(quiet)
        .arg("--target")
        .arg(&site)
        .arg(&wheel));
    let mut alone = python(Some(&site));
    alone.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_LIBRARY_PATH").current_dir(dir.path());
    let said = ran(alone.args(["-c", "import amdm; print(amdm.version, amdm.__file__)"]));
    assert!(said.contains(site.to_str().unwrap()), "{said}");
}

/// Without errors and leaks, as far as valgrind can tell; what it cannot is in `valgrind.supp`.
#[test]
fn valgrind_finds_nothing() {
    if std::env::var_os("AMDM_VALGRIND").is_none() {
        eprintln!("skipped: set AMDM_VALGRIND=1 to run the examples under valgrind (minutes)");
        return;
    }
    if !ready(&["valgrind", "gcc", "g++", "pkg-config"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let suppressions = root().join("tests/embed/valgrind.supp");
    for name in ["embed-c", "embed-cpp"] {
        let program = built(name, dir.path());
        let mut valgrind = command("valgrind");
        valgrind
            .args(["--leak-check=full", "--error-exitcode=9", "--smc-check=all-non-file"])
            .arg(format!("--suppressions={}", suppressions.display()))
            .arg(&program)
            .arg(example(name).join("graph.json"))
            .arg(dir.path().join("out"));
        let output = valgrind.output().unwrap();
        let (_, said) = told(&output);
        let counts = said.lines().filter(|line| line.contains("lost:") || line.contains("SUMMARY"));
        eprintln!("{name}\n{}", counts.collect::<Vec<_>>().join("\n"));
        assert!(output.status.success(), "{name}\n{said}");
    }
}
