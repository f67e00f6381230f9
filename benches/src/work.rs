//! The work that every server of the benchmark does: the arguments' types, the twenty hits, and the other tools' bodies. The peers
//! take this file by its path. The server on this framework has its own copy, because it is also an example.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a hit is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Article,
    Image,
    Video,
}

/// Which hits are wanted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// The lowest score.
    pub min: f64,
    /// The highest score.
    pub max: f64,
    /// The kind of all hits.
    pub kind: Kind,
}

/// One hit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// Its number.
    pub id: u32,
    /// Its title.
    pub title: String,
    /// Where it is.
    pub url: String,
    /// What it is.
    pub kind: Kind,
    /// How well it fits.
    pub score: f64,
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// How many there are.
    pub total: u32,
    /// What all of them are tagged with.
    pub tags: Vec<String>,
    /// The best of them.
    pub hits: Vec<Hit>,
}

/// At most twenty hits, made of the question.
pub fn find(query: &str, limit: u32, tags: Vec<String>, filter: Option<&Filter>) -> Found {
    let kind = filter.map_or(Kind::Article, |filter| filter.kind);
    let (low, high) = filter.map_or((0.0, 1.0), |filter| (filter.min, filter.max));
    let hits: Vec<Hit> = (0..limit.min(20))
        .map(|id| Hit {
            id,
            title: format!("{query} {id}"),
            url: format!("https://example.com/{query}/{id}"),
            kind,
            score: low + (high - low) * f64::from(id) / 20.0,
        })
        .collect();
    Found { total: limit, tags, hits }
}

/// What an extra tool answers.
pub fn extra(value: &str, count: u32) -> String {
    format!("{value} {count}")
}
