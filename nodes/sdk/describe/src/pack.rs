//! A pack: the WIT package in a directory, and its nodes.
//!
//! Nodes stand in the order in which a world of the package imports them. Those that no world
//! imports come after, by the names of their files and in the order of the source.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use wit_parser::{
    InterfaceId, PackageId, PackageName, Resolve, SourceMap, Span, UnresolvedPackageGroup, WorldKey,
};

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
        let mut nodes = Vec::new();
        for id in interfaces(&resolve, package) {
            nodes.extend(node::read(&resolve, &resolve.interfaces[id], &name)?);
        }
        let files = sources.paths().map(Path::to_path_buf).collect();
        Ok(Self { resolve, nodes, files })
    }
}

/// The interfaces of a package in the order of its nodes; the resolver sorts them by dependency.
fn interfaces(resolve: &Resolve, package: PackageId) -> Vec<InterfaceId> {
    let package = &resolve.packages[package];
    let mut worlds: Vec<_> = package.worlds.values().map(|id| &resolve.worlds[*id]).collect();
    worlds.sort_by_cached_key(|world| place(resolve, world.span));
    let mut imported = HashMap::new();
    for key in worlds.into_iter().flat_map(|world| world.imports.keys()) {
        if let WorldKey::Interface(id) = key {
            let next = imported.len();
            imported.entry(*id).or_insert(next);
        }
    }
    let mut interfaces: Vec<_> = package.interfaces.values().copied().collect();
    interfaces.sort_by_cached_key(|id| {
        let rank = imported.get(id).copied().unwrap_or(usize::MAX);
        (rank, place(resolve, resolve.interfaces[*id].span))
    });
    interfaces
}

/// The file, and the place in it.
fn place(resolve: &Resolve, span: Span) -> Option<(&str, usize)> {
    let location = resolve.source_map.resolve_span(span)?;
    Some((location.path, location.range.start))
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
