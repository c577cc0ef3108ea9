//! Callers with little stack: guests have a stack of the run's own.

use amdm_runtime::Limits;

use crate::pack::Source;
use crate::stage::{Stage, alone, assert_failure, sampling};

fn on_a_thread_with(bytes: usize, work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(bytes);
        builder.spawn_scoped(scope, work).unwrap().join().unwrap();
    });
}

#[test]
fn guests_that_recurse() {
    for bytes in [2 << 20, 256 << 10] {
        let stage = Stage::new(&Source::node("recursion"), Limits::default());
        on_a_thread_with(bytes, || {
            assert_failure(&stage.fails(&alone()), "trap", "call stack exhausted");
        });
        let stage = Stage::new(&Source::operator("recursion"), Limits::default());
        on_a_thread_with(bytes, || {
            assert_failure(&stage.fails(&sampling(2, 1)), "trap", "call stack exhausted");
        });
    }
}
