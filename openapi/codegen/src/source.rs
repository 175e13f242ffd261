//! `openapi/SOURCE.toml`: the pinned release, the releases beside it, and where the documents come from.

use serde::Deserialize;

use crate::problem::{Problem, Problems};

/// The table.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// The release whose document the client is generated from.
    pub pinned: String,
    /// Supported releases before the pinned one, the oldest first.
    pub older: Vec<String>,
    /// Supported releases after the pinned one.
    pub newer: Vec<String>,
    /// The documents.
    pub document: Vec<Document>,
}

/// A document of the folder.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    /// The release.
    pub version: String,
    /// Its file name.
    pub file: String,
}

impl Source {
    /// The file name of the pinned release's document.
    pub fn pinned_file(&self) -> Result<&str, Problems> {
        let found = self
            .document
            .iter()
            .find(|document| document.version == self.pinned);
        found.map(|document| document.file.as_str()).ok_or_else(|| {
            problem(format!(
                "has no [[document]] of the pinned release {}; run scripts/update-openapi {}",
                self.pinned, self.pinned
            ))
        })
    }
}

/// Reads the table.
pub fn parse(text: &str) -> Result<Source, Problems> {
    toml::from_str(text).map_err(|error| problem(error.to_string()))
}

fn problem(message: String) -> Problems {
    Problems::one(Problem::new("source", "SOURCE.toml", message))
}
