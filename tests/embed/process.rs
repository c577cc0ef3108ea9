//! Processes of the tests' own: this program again for one test, and C programs.

use std::process::{Command, Output};

/// How C is compiled.
pub const C_FLAGS: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"];

/// This program, for one test alone.
pub fn alone(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command
}

/// What the test of [`alone`] said on stderr; it was there, and it passed.
#[track_caller]
pub fn passed(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    assert!(output.status.success(), "{said}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
    said
}

/// Says that something is not tested here; with `AMDM_NO_SKIPS` that is a failure.
#[track_caller]
pub fn left_out(what: &str) {
    assert!(std::env::var_os("AMDM_NO_SKIPS").is_none(), "left out: {what}");
    eprintln!("left out: {what}");
}
