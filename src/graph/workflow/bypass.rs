//! Which input a bypassed node gives on.
//!
//! The socket at the output's own place if the types allow, else the first of exactly the wanted
//! type, else the first that fits both the wanted type and the output's.

use super::socket::Socket;

/// The index of the socket that stands for output `slot` of type `output`, where an input of type
/// `wanted` is to be filled.
pub(super) fn socket(
    sockets: &[Socket<'_>],
    slot: usize,
    output: &str,
    wanted: &str,
) -> Option<usize> {
    if matches!(wanted, "*" | "") {
        let place = if slot < sockets.len() { slot } else { 0 };
        return (place < sockets.len()).then_some(place);
    }
    let fits = |socket: &Socket<'_>| {
        compatible(socket.type_name, output) && compatible(socket.type_name, wanted)
    };
    if sockets.get(slot).is_some_and(fits) {
        return Some(slot);
    }
    let exact = sockets.iter().position(|socket| socket.type_name == wanted);
    exact.or_else(|| sockets.iter().position(fits))
}

/// About how many steps [`socket`] takes: lists of types are compared each with each.
pub(super) fn effort(sockets: &[Socket<'_>], output: &str, wanted: &str) -> usize {
    let others = parts(output) + parts(wanted);
    sockets.iter().map(|socket| 1 + COMPARISON * parts(socket.type_name) * others).sum()
}

/// Steps that a comparison of two parts of lists counts for.
const COMPARISON: usize = 4;

fn parts(types: &str) -> usize {
    1 + types.bytes().filter(|byte| *byte == b',').count()
}

/// Whether one type may be linked to the other: equal but for case, open, or lists that share one.
fn compatible(a: &str, b: &str) -> bool {
    let open = |name: &str| matches!(name, "*" | "");
    if open(a) || open(b) || a.eq_ignore_ascii_case(b) {
        return true;
    }
    a.split(',').any(|a| b.split(',').any(|b| a.trim().eq_ignore_ascii_case(b.trim())))
}
