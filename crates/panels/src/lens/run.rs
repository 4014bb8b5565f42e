//! A panel's searches, one round after another, without input or output of its own.
//!
//! Most panels need one search. A round before it asks for the smallest and largest value where an interval depends on
//! them; rounds after it ask for what the top values leave over.

use serde_json::Value;

use super::PanelQuery;
use super::error::{Error, Problem, Result};
use super::fields::Fields;
use super::layer::{Layer, Shifted};
use super::other::{self, Rest};
use super::{hits, rows, tiles};
use crate::table::Table;

/// A search for Elasticsearch: `POST /{index}/_search` with the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Index pattern or alias.
    pub index: String,
    /// The request's body.
    pub body: Value,
}

/// What a panel asks for.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    Layer(Box<Layer>, Fields),
    Tiles(tiles::Tiles),
    Hits(hits::Hits),
}

/// A panel's query on its way: send [`searches`](Self::searches), give the answers to [`answer`](Self::answer), repeat
/// until there are no more searches, then [`finish`](Self::finish).
#[derive(Debug)]
pub struct Run<'a> {
    query: &'a PanelQuery,
    searches: Vec<Search>,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    /// The answer of a plan that needs one search.
    Single(Option<Value>),
    Layer(Box<LayerRun>),
}

#[derive(Debug)]
struct LayerRun {
    layer: Layer,
    shifts: Vec<Shifted>,
    roots: Vec<Value>,
    round: Round,
}

#[derive(Debug)]
enum Round {
    Bounds,
    Main,
    /// Rests of a level of buckets, for each of the shifts in time that have some.
    Rest(usize, Vec<(usize, Vec<Rest>)>),
}

impl<'a> Run<'a> {
    pub(crate) fn begin(query: &'a PanelQuery) -> Self {
        let (searches, progress) = match &query.plan {
            Plan::Tiles(tiles) => (vec![tiles.search()], Progress::Single(None)),
            Plan::Hits(hits) => (vec![hits.search()], Progress::Single(None)),
            Plan::Layer(layer, _) => {
                let bounds = layer.bounds();
                let round = if bounds.is_some() { Round::Bounds } else { Round::Main };
                let shifts = query.shifts.clone();
                let mut run = LayerRun { layer: layer.as_ref().clone(), shifts, roots: Vec::new(), round };
                let searches = match bounds {
                    _ if layer.is_constant() => Vec::new(),
                    Some(body) => vec![run.search(body)],
                    // The plan was tried when the query was made.
                    None => run.main().unwrap_or_default(),
                };
                (searches, Progress::Layer(Box::new(run)))
            }
        };
        Self { query, searches, progress }
    }

    /// What to send now; empty when everything is answered.
    pub fn searches(&self) -> &[Search] {
        &self.searches
    }

    /// Takes the answers of [`Self::searches`], in their order.
    pub fn answer(&mut self, answers: Vec<Value>) -> std::result::Result<(), Error> {
        let (sent, given) = (self.searches.len(), answers.len());
        let next = if sent == given {
            self.take(answers)
        } else {
            Err(Problem::new(format!("{sent} searches were sent, {given} answers came")))
        };
        self.searches = next.map_err(|problem| self.query.error(problem))?;
        Ok(())
    }

    fn take(&mut self, answers: Vec<Value>) -> Result<Vec<Search>> {
        let roots = answers.iter().map(rows::root).collect::<Result<Vec<_>>>()?;
        match (&mut self.progress, &self.query.plan) {
            (Progress::Layer(run), Plan::Layer(_, fields)) => run.take(roots, fields),
            (Progress::Single(answer), _) => {
                *answer = answers.into_iter().next();
                Ok(Vec::new())
            }
            (Progress::Layer(_), _) => Err(Problem::new("the answer belongs to another panel")),
        }
    }

    /// The table, when everything is answered.
    pub fn finish(self) -> std::result::Result<Table, Error> {
        if !self.searches.is_empty() {
            return Err(self.query.error(Problem::new("a search has not been answered")));
        }
        match (&self.progress, &self.query.plan) {
            (Progress::Layer(run), _) if run.layer.is_constant() => Ok(rows::constant(&run.layer)),
            (Progress::Layer(run), _) => Ok(rows::table(&run.layer, &run.shifts, &run.roots)),
            (Progress::Single(Some(answer)), Plan::Tiles(tiles)) => Ok(tiles.table(answer)),
            (Progress::Single(Some(answer)), Plan::Hits(hits)) => Ok(hits.table(answer)),
            (Progress::Single(_), _) => Err(self.query.error(Problem::new("no answer was given"))),
        }
    }
}

impl LayerRun {
    fn search(&self, body: Value) -> Search {
        Search { index: self.layer.view.index.clone(), body }
    }

    fn main(&mut self) -> Result<Vec<Search>> {
        self.round = Round::Main;
        let body = |shifted: &Shifted| Ok(self.search(self.layer.body(shifted.span, self.layer.tree(0, *shifted)?)));
        self.shifts.iter().map(body).collect()
    }

    fn take(&mut self, roots: Vec<Value>, fields: &Fields) -> Result<Vec<Search>> {
        match std::mem::replace(&mut self.round, Round::Main) {
            Round::Bounds => {
                self.layer.take_bounds(&roots[0], fields);
                self.main()
            }
            Round::Main => {
                self.roots = roots;
                self.rest(0)
            }
            Round::Rest(level, rests) => {
                for ((shift, rests), answer) in rests.iter().zip(&roots) {
                    other::join(level, &mut self.roots[*shift], rests, answer);
                }
                self.rest(level + 1)
            }
        }
    }

    /// Searches for the rests of the next level that has some.
    fn rest(&mut self, first: usize) -> Result<Vec<Search>> {
        for level in first..self.layer.buckets().count() {
            let rests = self.roots.iter().map(|root| other::rests(&self.layer, level, root)).enumerate();
            let rests: Vec<(usize, Vec<Rest>)> = rests.filter(|(_, rests)| !rests.is_empty()).collect();
            if rests.is_empty() {
                continue;
            }
            let body = |(shift, rests): &(usize, Vec<Rest>)| {
                Ok(self.search(other::body(&self.layer, level, self.shifts[*shift], rests)?))
            };
            let searches = rests.iter().map(body).collect::<Result<Vec<_>>>()?;
            self.round = Round::Rest(level, rests);
            return Ok(searches);
        }
        Ok(Vec::new())
    }
}
