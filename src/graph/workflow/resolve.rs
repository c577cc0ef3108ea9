//! From an input along its link to the value or output that it really gets.
//!
//! Reroutes, bypassed nodes and the borders of subgraphs are crossed one step at a time; what a
//! chain leads to is remembered for all its parts, so that long chains with many ends cost no more
//! than their length. Chains that come back to themselves are found.

use super::bypass;
use super::expand::Scope;
use super::layer::{Layer, Origin};
use super::node::{Mode, Node, Role};
use super::socket::Socket;
use crate::limits;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// What an input gets.
#[derive(Clone, Copy)]
pub(super) enum Outcome<'a> {
    /// Nothing: what it is linked to is muted, or leads nowhere.
    Nothing,
    /// The value of a primitive, for widgets.
    Constant(&'a Value),
    /// Output `slot` of a node of a scope.
    Output { scope: usize, node: usize, slot: usize },
    /// The value of a promoted widget; `None` leaves the widget its own.
    Promoted(Option<&'a Value>),
}

/// Why a link cannot be followed.
#[derive(Clone, Copy)]
pub(super) enum Broken {
    /// It leads back to itself.
    Cycle,
    /// All steps that a conversion may take are taken.
    Steps,
}

/// A place on the way: an output, and the type that is wanted of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct At<'a> {
    scope: usize,
    origin: Origin,
    slot: usize,
    wanted: &'a str,
}

enum Step<'a> {
    Done(Outcome<'a>),
    On(At<'a>),
}

/// Steps that a place on the way counts for: it takes about a hundred bytes.
const REMEMBERED: usize = 32;

/// Follows links.
pub(super) struct Resolver<'a, 's> {
    layers: &'s [Layer<'a>],
    scopes: &'s [Scope<'a>],
    /// Where chains lead; `None` while they are followed.
    known: HashMap<At<'a>, Option<Result<Outcome<'a>, Broken>>>,
    steps: usize,
}

impl<'a, 's> Resolver<'a, 's> {
    pub fn new(layers: &'s [Layer<'a>], scopes: &'s [Scope<'a>]) -> Self {
        Self { layers, scopes, known: HashMap::new(), steps: 0 }
    }

    /// What a linked socket of a node in `scope` gets.
    pub fn input(&mut self, scope: usize, socket: &Socket<'a>) -> Result<Outcome<'a>, Broken> {
        let Some(mut at) = self.start(scope, socket) else { return Ok(Outcome::Nothing) };
        let mut given = None;
        while socket.widget && at.origin == Origin::Entry {
            self.count(1)?;
            let inner = &self.scopes[at.scope];
            let Some(outer) = self.outer(at) else { return Ok(Outcome::Nothing) };
            given = inner.given.inputs.get(at.slot).copied().flatten().or(given);
            let parent = inner.parent.map_or(0, |(parent, _)| parent);
            match self.start(parent, outer) {
                Some(next) => at = next,
                None => return Ok(Outcome::Promoted(given)),
            }
        }
        self.follow(at)
    }

    fn start(&self, scope: usize, socket: &Socket<'a>) -> Option<At<'a>> {
        let link = self.layers[self.scopes[scope].layer].links.get(socket.link?)?;
        let wanted = socket.type_name;
        Some(At { scope, origin: link.origin, slot: link.slot, wanted })
    }

    /// The instance's socket that a subgraph's input continues in.
    fn outer(&self, at: At<'a>) -> Option<&'s Socket<'a>> {
        let (parent, node) = self.scopes[at.scope].parent?;
        let inputs = self.layers[self.scopes[at.scope].layer].inputs.len();
        let instance = self.layers[self.scopes[parent].layer].nodes.get(node)?;
        instance.sockets.get(at.slot).filter(|_| at.slot < inputs)
    }

    fn follow(&mut self, start: At<'a>) -> Result<Outcome<'a>, Broken> {
        let mut at = start;
        let mut trail = Vec::new();
        let end = loop {
            self.count(1)?;
            match self.step(at)? {
                // Most links lead straight to a node: nothing to remember.
                Step::Done(outcome) => break Ok(outcome),
                Step::On(next) => {
                    self.count(REMEMBERED + at.wanted.len() / REMEMBERED)?;
                    trail.push(at);
                    self.known.insert(at, None);
                    match self.known.get(&next) {
                        None => at = next,
                        Some(Some(end)) => break *end,
                        Some(None) => break Err(Broken::Cycle),
                    }
                }
            }
        };
        for at in trail {
            self.known.insert(at, Some(end));
        }
        end
    }

    fn step(&mut self, at: At<'a>) -> Result<Step<'a>, Broken> {
        if let Some(Some(end)) = self.known.get(&at) {
            return end.map(Step::Done);
        }
        let index = match at.origin {
            Origin::Missing => return Ok(Step::Done(Outcome::Nothing)),
            Origin::Entry => {
                let parent = self.scopes[at.scope].parent.map_or(0, |(parent, _)| parent);
                return Ok(self.on(self.outer(at).and_then(|socket| self.start(parent, socket))));
            }
            Origin::Node(index) => index,
        };
        let layers = self.layers;
        let node = &layers[self.scopes[at.scope].layer].nodes[index];
        let next = match (node.role, node.mode) {
            (Role::Primitive, _) => return Ok(Step::Done(self.primitive(at.scope, index, node))),
            (Role::Note, _) | (_, Mode::Muted) => None,
            (_, Mode::Bypassed) => {
                let output = node.output_type(at.slot, layers);
                self.count(bypass::effort(&node.sockets, output, at.wanted))?;
                let place = bypass::socket(&node.sockets, at.slot, output, at.wanted);
                place.and_then(|place| self.start(at.scope, &node.sockets[place]))
            }
            (Role::Reroute, _) => {
                let socket = node.sockets.first();
                let next = socket.and_then(|socket| self.start(at.scope, socket));
                next.map(|next| At { wanted: at.wanted, ..next })
            }
            (Role::Instance(inner), _) => self.inside(at, index, inner),
            (Role::Ordinary(_) | Role::Unknown, _) => {
                let (scope, slot) = (at.scope, at.slot);
                return Ok(Step::Done(Outcome::Output { scope, node: index, slot }));
            }
        };
        Ok(self.on(next))
    }

    fn on(&self, next: Option<At<'a>>) -> Step<'a> {
        next.map_or(Step::Done(Outcome::Nothing), Step::On)
    }

    /// The link inside a subgraph that leads to its output.
    fn inside(&self, at: At<'a>, node: usize, inner: usize) -> Option<At<'a>> {
        let scope = *self.scopes[at.scope].children.get(&node)?;
        let layer = &self.layers[inner];
        let link = layer.links.get(*layer.exits.get(&at.slot)?)?;
        Some(At { scope, origin: link.origin, slot: link.slot, wanted: at.wanted })
    }

    /// A primitive's value: what a subgraph's instance says, or its own.
    fn primitive(&self, scope: usize, index: usize, node: &Node<'a>) -> Outcome<'a> {
        let given = self.scopes[scope].given.nodes.get(&index).and_then(|values| values.last());
        let own = || node.raw.get("widgets_values")?.as_array()?.first();
        let value = given.map(|given| given.value).or_else(own);
        value.map_or(Outcome::Nothing, Outcome::Constant)
    }

    /// Takes `steps` of those that a conversion may take.
    pub fn count(&mut self, steps: usize) -> Result<(), Broken> {
        self.steps += steps;
        if self.steps > limits::CONVERSION_STEPS { Err(Broken::Steps) } else { Ok(()) }
    }

    /// The id in the graph of a node of a scope.
    pub fn id(&self, scope: usize, node: usize) -> Cow<'a, str> {
        let scope = &self.scopes[scope];
        let id = &self.layers[scope.layer].nodes[node].id;
        if scope.prefix.is_empty() { id.clone() } else { format!("{}{id}", scope.prefix).into() }
    }
}
