//! Getting a graph ready to run: one recipe for every program.
//!
//! 1. [`Graphs::read`]: bytes become a graph; workflows are converted, old graphs brought up to date.
//! 2. The caller sets values, with what [`amdm::graph::set`] offers and [`Graphs::catalogue`].
//! 3. [`Graphs::prepare`]: file names are filled in, the editor's workflow takes over what was set,
//!    and the part that is asked for is checked.

use std::sync::OnceLock;

use amdm::catalogue::Catalogue;
use amdm::graph::comfy::ObjectInfo;
use amdm::graph::{
    self, Checked, Document, GraphError, Prefer, Targets, set, validate_asked, validate_partial,
    version,
};

/// Reads and checks graphs, for the nodes of one host and the pictures of one run.
pub struct Graphs {
    catalogue: Catalogue,
    info: OnceLock<ObjectInfo>,
}

/// A graph as it was read.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The graph.
    pub document: Document,
    /// What its conversion and its age gave cause to say.
    pub warnings: Vec<GraphError>,
}

/// Which part of a graph is wanted.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Output nodes that run; without, those that the graph's request names, which may be all.
    pub targets: Option<Targets>,
    /// Outputs, by their node's id and their name, that are computed besides.
    pub outputs: Vec<(String, String)>,
    /// Whether output nodes that are not valid are left out, rather than the graph refused. Where
    /// `outputs` are asked for nothing is left out.
    pub partial: bool,
}

/// A graph that is ready to run.
#[derive(Debug)]
pub struct Prepared {
    /// The graph as it goes into pictures.
    pub document: Document,
    /// What runs.
    pub checked: Checked,
    /// What is wrong with the outputs that were left out.
    pub left_out: Vec<GraphError>,
}

impl Graphs {
    /// For the nodes of `catalogue`.
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, info: OnceLock::new() }
    }

    /// The nodes, with the names of models and pictures as choices.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The nodes as editors describe them. All models and pictures are listed for it, so it is made
    /// only where it is needed.
    fn info(&self) -> &ObjectInfo {
        self.info.get_or_init(|| ObjectInfo::of(&self.catalogue))
    }

    /// Reads a graph: in API format, as editors save workflows, or a picture with either inside.
    ///
    /// # Errors
    /// All that keeps it from being read, or from being brought up to date.
    pub fn read(&self, bytes: &[u8]) -> Result<Draft, Vec<GraphError>> {
        let read = graph::read_with(bytes, &|| self.info(), Prefer::Prompt)?;
        let (mut document, mut warnings) = (read.document, read.warnings);
        warnings.extend(version::migrate(&mut document, &self.catalogue)?);
        Ok(Draft { document, warnings })
    }

    /// Makes a graph ready.
    ///
    /// # Errors
    /// Everything that is wrong with it, sorted.
    pub fn prepare(
        &self,
        mut document: Document,
        asked: &Asked,
    ) -> Result<Prepared, Vec<GraphError>> {
        set::fill_file_names(&mut document, &self.catalogue);
        if document.is_workflow_stale() {
            document.renew_workflow(self.info());
        }
        let targets = match &asked.targets {
            Some(targets) => targets.clone(),
            None => Targets::read(&document).map_err(|error| vec![error])?,
        };
        let (checked, left_out) = match asked.partial && asked.outputs.is_empty() {
            true => validate_partial(&document, &self.catalogue, &targets)?,
            false => {
                let asked = &asked.outputs;
                let checked = validate_asked(&document, &self.catalogue, &targets, asked)?;
                (checked, Vec::new())
            }
        };
        Ok(Prepared { document, checked, left_out })
    }
}
