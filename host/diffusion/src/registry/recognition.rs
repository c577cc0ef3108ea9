//! Which family and kind a weight file is of: by its header, by its metadata, or as asked for.

use std::sync::Arc;

use amdm::error::Error;

use crate::families::Family;
use crate::{Architecture, Header, Result, error};

/// The key of a file's metadata that says what kind it is.
const NOTE: &str = "amdm.family";

/// Whether a family takes a file with this header.
pub(super) fn is_known(families: &[Arc<dyn Family>], header: &Header) -> bool {
    families.iter().any(|family| !family.recognise(header).is_empty())
}

/// The family and kind of the file `name` with this header: as `asked`, else as its metadata say,
/// else the only one that its header fits.
pub(super) fn kind<'f>(
    families: &'f [Arc<dyn Family>],
    header: &Header,
    name: &str,
    asked: Option<&str>,
) -> Result<(&'f dyn Family, &'f str)> {
    let mut fitting = Vec::new();
    for family in families {
        fitting.extend(family.recognise(header).into_iter().map(|kind| (&**family, kind)));
    }
    if fitting.is_empty() {
        let found = Architecture::of(header).name();
        let known: Vec<&str> = families.iter().map(|family| family.name()).collect();
        let (last, others) = known.split_last().unwrap_or((&"no family", &[]));
        let known = match others {
            [] => (*last).to_owned(),
            others => format!("{} or {last}", others.join(", ")),
        };
        let message = format!("found {found}, expected weights of {known}");
        return Err(error::unsupported(format!("model file `{name}`: {message}")));
    }
    let kinds = || fitting.iter().map(|(_, kind)| *kind).collect::<Vec<_>>().join(", ");
    let invalid = |message: String| Error::invalid(message).at("family");
    let kind = match (asked, header.note(NOTE)) {
        (Some(asked), Some(said)) if asked != said => {
            let message = format!("model file `{name}` says that it is `{said}`, found `{asked}`");
            return Err(invalid(message));
        }
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) => match fitting[..] {
            [(family, kind)] => return Ok((family, kind)),
            _ => {
                let kinds = kinds();
                return Err(invalid(format!(
                    "model file `{name}` does not say what it holds, expected one of {kinds}"
                )));
            }
        },
    };
    fitting.iter().find(|(_, known)| *known == kind).copied().ok_or_else(|| {
        let kinds = kinds();
        invalid(format!("found family `{kind}`, expected one of {kinds}"))
    })
}
