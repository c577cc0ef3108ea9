//! A pack: the WIT package in a directory, and its nodes in the order of the source.

use std::path::{Path, PathBuf};

use wit_parser::{PackageName, Resolve, SourceMap, UnresolvedPackageGroup};

use crate::contract::{self, NAME, NAMESPACE};
use crate::error::DescribeError;
use crate::node::{self, Node};

/// Everything that descriptors and code are made from.
pub(crate) struct Pack {
    pub(crate) resolve: Resolve,
    pub(crate) nodes: Vec<Node>,
    /// The WIT files read, without the embedded contract.
    pub(crate) files: Vec<PathBuf>,
}

impl Pack {
    /// Parses `dir` and reads its nodes.
    pub(crate) fn read(dir: &Path) -> Result<Self, DescribeError> {
        let mut resolve = Resolve::default();
        if !brings_contract(dir)? {
            let group = contract::sources().parse().map_err(render)?;
            let pushed = resolve.push_group(group);
            pushed.map_err(|error| DescribeError::Wit(error.render(&resolve.source_map)))?;
        }
        let (package, sources) = resolve
            .push_dir(dir)
            .map_err(|error| DescribeError::Wit(resolve.render_error(&error)))?;
        let name = resolve.packages[package].name.clone();
        if name.version.is_none() {
            return Err(DescribeError::Version(name.to_string()));
        }
        // The resolver sorts interfaces by dependency; authors order nodes by writing them.
        let mut interfaces: Vec<_> = resolve.packages[package].interfaces.values().collect();
        interfaces.sort_by_key(|id| resolve.interfaces[**id].span.start());
        let mut nodes = Vec::new();
        for id in interfaces {
            nodes.extend(node::read(&resolve, &resolve.interfaces[*id], &name)?);
        }
        let files = sources.paths().map(Path::to_path_buf).collect();
        Ok(Self { resolve, nodes, files })
    }
}

/// Whether the directory is the contract, or has a copy of it in `deps`.
fn brings_contract(dir: &Path) -> Result<bool, DescribeError> {
    if is_contract(&parse(dir)?.main.name) {
        return Ok(true);
    }
    let deps = dir.join("deps");
    if !deps.is_dir() {
        return Ok(false);
    }
    let entries = std::fs::read_dir(&deps)
        .map_err(|error| DescribeError::Wit(format!("{}: {error}", deps.display())))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_wit = path.extension().is_some_and(|extension| extension == "wit");
        if (path.is_dir() || is_wit) && is_contract(&parse(&path)?.main.name) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_contract(name: &PackageName) -> bool {
    name.namespace == NAMESPACE && name.name == NAME
}

fn parse(path: &Path) -> Result<UnresolvedPackageGroup, DescribeError> {
    let mut map = SourceMap::new();
    let read = if path.is_dir() { map.push_dir(path) } else { map.push_file(path) };
    read.map_err(|error| DescribeError::Wit(format!("{error:#}")))?;
    map.parse().map_err(render)
}

fn render((map, error): (SourceMap, wit_parser::ParseError)) -> DescribeError {
    DescribeError::Wit(error.render(&map))
}
