//! Finds what settings name, in time that does not grow with the graph for each of them.
//!
//! A node is named by its id or its title; both may hold dots, spaces and `=`: the longest id that
//! fits wins, then the longest title. A name without a dot is a parameter that the graph declares.
//! Names of inputs hold no dot.

use super::{Parameter, Target, parameters, place};
use crate::catalogue::{Catalogue, closest::closest};
use crate::graph::error::{quoted, word};
use crate::graph::{Document, ErrorCode, GraphError};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// Parameters that a message lists; more are counted.
const SHOWN_PARAMETERS: usize = 20;

/// What settings of one graph may name. It stays good while only values of the graph change.
#[derive(Debug)]
pub struct Finder<'c> {
    catalogue: &'c Catalogue,
    /// The parameters and their places in the list, or what is wrong with their declarations.
    parameters: Result<(Vec<Parameter>, HashMap<String, usize>), GraphError>,
    ids: Nodes<usize>,
    /// The node, and another one of that title.
    titles: Nodes<(usize, Option<usize>)>,
}

/// Nodes by name. Lengths are kept so that only what can be a name is looked up: values may be
/// long.
#[derive(Debug)]
struct Nodes<T> {
    by_name: HashMap<String, T>,
    lengths: HashSet<usize>,
}

impl<T> Nodes<T> {
    fn new(by_name: HashMap<String, T>) -> Self {
        let lengths = by_name.keys().map(String::len).collect();
        Self { by_name, lengths }
    }

    /// The longest name that `setting` begins with, of those before one of the `dots`.
    fn longest(&self, setting: &str, dots: &[usize]) -> Option<(usize, &T)> {
        let mut fits = dots.iter().rev().filter(|dot| self.lengths.contains(dot));
        fits.find_map(|dot| Some((*dot, self.by_name.get(&setting[..*dot])?)))
    }
}

impl<'c> Finder<'c> {
    /// Reads the names of `document`.
    pub fn new(document: &Document, catalogue: &'c Catalogue) -> Self {
        let declared = parameters(document, catalogue).map(|parameters| {
            let names = parameters.iter().enumerate().map(|(at, one)| (one.name.clone(), at));
            let index = names.collect();
            (parameters, index)
        });
        // A setting meets one error; the rest is shown by checking the graph.
        let parameters = declared.map_err(|mut errors| errors.swap_remove(0));
        let (mut ids, mut titles) = (HashMap::new(), HashMap::new());
        for (at, node) in document.nodes().iter().enumerate() {
            ids.insert(node.id().to_owned(), at);
            let Some(title) = node.title() else { continue };
            match titles.entry(title.to_owned()) {
                Entry::Vacant(entry) => {
                    entry.insert((at, None));
                }
                Entry::Occupied(mut entry) => {
                    entry.get_mut().1.get_or_insert(at);
                }
            }
        }
        Self { catalogue, parameters, ids: Nodes::new(ids), titles: Nodes::new(titles) }
    }

    /// The target and the value of `NODE.INPUT=VALUE` or `PARAMETER=VALUE`. `document` is the one
    /// that the finder was made for.
    ///
    /// # Errors
    /// As [`super::apply`], but for those about the value.
    pub fn find<'s>(
        &self,
        document: &Document,
        setting: &'s str,
    ) -> Result<(Target, &'s str), GraphError> {
        let plain = setting.split_once('=');
        let plain = plain.filter(|(name, _)| !name.is_empty() && !name.contains('.'));
        if let Some((name, value)) = plain
            && let Some(target) = self.parameter(name)?
        {
            return Ok((target, value));
        }
        let (node, dot) = self.node(document, setting).map_err(|error| match plain {
            Some((name, _)) if error.code != ErrorCode::AmbiguousTitle => {
                self.unknown_parameter(document, name)
            }
            _ => error,
        })?;
        let (input, value) = setting[dot + 1..].split_once('=').unwrap_or_default();
        let places = vec![place(document, self.catalogue, node, input)?];
        let name = setting[..dot + 1 + input.len()].to_owned();
        Ok((Target { name, places }, value))
    }

    /// The target that an input of a node is, the node by its id or title; without a node the
    /// parameter of that name.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn find_input(
        &self,
        document: &Document,
        node: &str,
        input: &str,
    ) -> Result<Target, GraphError> {
        if node.is_empty() {
            let unknown = || self.unknown_parameter(document, input);
            return self.parameter(input)?.ok_or_else(unknown);
        }
        let at = match (self.ids.by_name.get(node), self.titles.by_name.get(node)) {
            (Some(at), _) => *at,
            (None, Some(titled)) => only(document, node, titled)?,
            (None, None) => return Err(unknown_node(document, node)),
        };
        let places = vec![place(document, self.catalogue, at, input)?];
        Ok(Target { name: format!("{node}.{input}"), places })
    }

    fn parameter(&self, name: &str) -> Result<Option<Target>, GraphError> {
        let (declared, index) = self.parameters.as_ref().map_err(Clone::clone)?;
        let parameter = index.get(name).and_then(|at| declared.get(*at));
        Ok(parameter
            .map(|parameter| Target { name: name.to_owned(), places: parameter.places.clone() }))
    }

    /// The node of a setting, and the dot after its name.
    fn node(&self, document: &Document, setting: &str) -> Result<(usize, usize), GraphError> {
        let dots = dots(setting);
        if let Some((dot, at)) = self.ids.longest(setting, &dots) {
            return Ok((*at, dot));
        }
        let Some((dot, titled)) = self.titles.longest(setting, &dots) else {
            return Err(unknown(document, setting));
        };
        Ok((only(document, &setting[..dot], titled)?, dot))
    }

    /// A name that the graph does not declare; the first of those that it does are listed, and an
    /// input of that name is offered.
    fn unknown_parameter(&self, document: &Document, name: &str) -> GraphError {
        let declared = self.parameters.as_ref().map_or(&[][..], |(declared, _)| declared);
        let names = || declared.iter().map(|parameter| parameter.name.as_str());
        let mut listed: Vec<String> = names().take(SHOWN_PARAMETERS).map(word).collect();
        if declared.len() > SHOWN_PARAMETERS {
            listed.push(format!("{} more", declared.len() - SHOWN_PARAMETERS));
        }
        let found = format!("the parameter {}, which the graph lacks", quoted(name));
        let written = "node.input=value, the node by its id or title";
        let expected = match listed.is_empty() {
            true => written.to_owned(),
            false => format!("one of {}, or {written}", listed.join(", ")),
        };
        let error = GraphError::new(ErrorCode::UnknownParameter, found, expected);
        let near = closest(name, names()).map(str::to_owned);
        let near = near.or_else(|| self.input(document, name));
        error.closest(near)
    }

    /// The first input of that name, or of the nearest one, as settings name it.
    fn input(&self, document: &Document, name: &str) -> Option<String> {
        let (mut seen, mut classes, mut first) = (HashSet::new(), Vec::new(), HashMap::new());
        for node in document.nodes() {
            let Some(class) = node.class().and_then(|class| self.catalogue.find(class)) else {
                continue;
            };
            if seen.insert(class.r#type.as_str()) {
                classes.push((node, class));
            }
        }
        let inputs = classes.iter().flat_map(|(node, class)| {
            class.inputs.iter().map(|input| (node.id(), input.name.as_str()))
        });
        for (id, input) in inputs {
            first.entry(input).or_insert(id);
        }
        let mut names: Vec<&str> = first.keys().copied().collect();
        names.sort_unstable();
        let input = first.get_key_value(name).map(|(name, _)| *name);
        let input = input.or_else(|| closest(name, names))?;
        Some(format!("{}.{input}", first.get(input)?))
    }
}

/// The node of a title, where it is the only one.
fn only(
    document: &Document,
    title: &str,
    (at, other): &(usize, Option<usize>),
) -> Result<usize, GraphError> {
    let Some(other) = other else { return Ok(*at) };
    let id = |at: usize| word(document.nodes()[at].id());
    let ids = format!("nodes {} and {}", id(*at), id(*other));
    let found = format!("the title {} at {ids}", quoted(title));
    let expected = "the id of one of them in its place";
    Err(GraphError::new(ErrorCode::AmbiguousTitle, found, expected))
}

/// The dots after which an input and `=` follow.
fn dots(setting: &str) -> Vec<usize> {
    let mut dots = Vec::new();
    let mut last = None;
    for (at, byte) in setting.bytes().enumerate() {
        match (byte, last) {
            (b'.', _) => last = Some(at),
            (b'=', Some(dot)) => {
                if dot + 1 < at {
                    dots.push(dot);
                }
                last = None;
            }
            _ => {}
        }
    }
    dots
}

fn unknown(document: &Document, setting: &str) -> GraphError {
    let named = setting.split_once('=').and_then(|(left, _)| left.rsplit_once('.'));
    let Some((name, _)) = named.filter(|(name, input)| !name.is_empty() && !input.is_empty())
    else {
        let expected = "node.input=value, the node by its id or title";
        return GraphError::new(ErrorCode::InvalidSetting, quoted(setting), expected);
    };
    unknown_node(document, name)
}

fn unknown_node(document: &Document, name: &str) -> GraphError {
    let names = document.nodes().iter().flat_map(|node| [Some(node.id()), node.title()]);
    let found = format!("a setting for node {}, which is not there", quoted(name));
    GraphError::new(ErrorCode::UnknownNode, found, "the id or the title of a node")
        .closest(closest(name, names.flatten()))
}
