//! The command `cargo xtask`: what it says, where, and with which exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::process::{Command, Output};

fn xtask(words: &[&str]) -> (Output, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command.args(words).env("RUST_BACKTRACE", "1").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(!stderr.contains("backtrace"), "{stderr}");
    (output, stdout, stderr)
}

#[test]
fn help_is_no_error() {
    for words in [&["--help"][..], &["install", "--help"], &["install", "-h"], &["nodes", "--help"]]
    {
        let (output, stdout, stderr) = xtask(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(
            stdout.starts_with("usage: cargo xtask ") && stderr.is_empty(),
            "{words:?}: {stderr}"
        );
    }
}

#[test]
fn wrong_words_are_one_line_and_the_usage() {
    for (words, told) in [
        (&[][..], "found no command"),
        (&["build"], "found build"),
        (&["nodes", "--wrong"], "found --wrong"),
        (&["install"], "found no --prefix"),
        (&["install", "--static"], "found --static"),
        (&["install", "--prefix"], "found no value of --prefix"),
    ] {
        let (output, stdout, stderr) = xtask(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(stdout.is_empty(), "{stdout}");
        assert!(stderr.starts_with(&format!("error: {told}\nusage: cargo xtask ")), "{stderr}");
    }
}

#[test]
fn what_fails_says_so_in_one_line() {
    let (output, _, stderr) =
        xtask(&["install", "--prefix", "no", "--artifacts", "no such folder"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.starts_with("error: cannot read no such folder: "), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}
