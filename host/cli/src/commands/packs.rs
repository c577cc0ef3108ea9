//! `amdm packs`: what is loaded, and from where.

use super::source;
use crate::args::PacksArguments;
use crate::exit::Stop;
use crate::output;

/// Lists the packs.
pub fn run(arguments: &PacksArguments) -> Result<(), Stop> {
    let host = source::idle_host(&arguments.sources)?;
    for pack in host.packs() {
        output::line(format_args!(
            "{}@{}  {} nodes  {} KiB  {}",
            pack.name(),
            pack.version(),
            pack.descriptors().len(),
            pack.size().div_ceil(1024),
            match pack.origin() {
                amdm_runtime::Origin::Embedded(_) => "built in".to_owned(),
                amdm_runtime::Origin::File(path) => path.display().to_string(),
            }
        ));
    }
    for pack in host.native_packs() {
        let (path, nodes) = (pack.file.path.display(), pack.nodes);
        output::line(format_args!(
            "{}@{}  {nodes} nodes  native code  {path}",
            pack.name, pack.version
        ));
    }
    Ok(())
}
