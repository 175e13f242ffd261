//! Which of the supported releases is the oldest that has what: `openapi/since.toml`.
//!
//! Written by `scripts/update-openapi --since`; what it does not list is in the first release.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::document::{operation_key, operation_mut, operations, parameters, schemas, schemas_mut};
use crate::problem::{Problem, Problems};

const FILE: &str = "openapi/since.toml";
/// The release that an operation, a query parameter or a member needs, for the steps that follow.
pub const SINCE: &str = "x-since";

/// The table as it stands in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The supported releases, the oldest first.
    pub releases: Vec<String>,
    /// Releases after the last of these, the oldest first: what the client has of them beyond the
    /// document, by their classes.
    #[serde(default)]
    pub newer: Vec<String>,
    /// What each release but the first has that the one before it has not.
    #[serde(default)]
    pub new: BTreeMap<String, New>,
}

/// What a release is the oldest to have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct New {
    /// `METHOD /path`.
    pub operations: BTreeSet<String>,
    /// `METHOD /path?name`, of operations that are older.
    pub parameters: BTreeSet<String>,
    /// Types.
    pub types: BTreeSet<String>,
    /// `Type.member`, of types that are older.
    pub members: BTreeSet<String>,
}

/// Reads the table.
pub fn parse(text: &str) -> Result<Table, Problems> {
    let refuse = |message: String| Problems::one(Problem::new("since", FILE, message));
    let table: Table = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
    let later = table.releases.iter().skip(1).chain(&table.newer);
    match table
        .new
        .keys()
        .find(|release| !later.clone().any(|known| known == *release))
    {
        Some(release) => Err(refuse(format!(
            "[new.\"{release}\"] is none of the releases after the first"
        ))),
        None => Ok(table),
    }
}

impl Table {
    fn find(&self, has: impl Fn(&New) -> bool) -> Option<&str> {
        self.new
            .iter()
            .find(|(_, new)| has(new))
            .map(|(release, _)| release.as_str())
    }

    /// Writes [`SINCE`] on what the first release does not have.
    pub fn mark(&self, document: &mut Value) {
        for (method, path) in operations(document) {
            let key = operation_key(&method, &path);
            let Some(operation) = operation_mut(document, &method, &path) else {
                continue;
            };
            if let Some(release) = self.find(|new| new.operations.contains(&key)) {
                operation.insert(SINCE.into(), release.into());
            }
            let list = operation
                .get_mut("parameters")
                .and_then(Value::as_array_mut);
            for parameter in list.into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default();
                let row = format!("{key}?{name}");
                if let Some(release) = self.find(|new| new.parameters.contains(&row)) {
                    parameter[SINCE] = release.into();
                }
            }
        }
        for (ty, schema) in schemas_mut(document).into_iter().flatten() {
            if let Some(release) = self.find(|new| new.types.contains(ty)) {
                schema[SINCE] = release.into();
            }
            let list = schema.get_mut("properties").and_then(Value::as_object_mut);
            for (member, property) in list.into_iter().flatten() {
                let row = format!("{ty}.{member}");
                if let Some(release) = self.find(|new| new.members.contains(&row)) {
                    property[SINCE] = release.into();
                }
            }
        }
    }

    /// Every `(type, member, release)`, sorted.
    pub fn members(&self) -> Vec<(&str, &str, &str)> {
        let mut all: Vec<_> = self
            .new
            .iter()
            .flat_map(|(release, new)| {
                new.members
                    .iter()
                    .filter_map(|member| member.split_once('.'))
                    .map(|(ty, member)| (ty, member, release.as_str()))
            })
            .collect();
        all.sort_unstable();
        all
    }

    /// Rows that name nothing of a document.
    pub fn stale(&self, document: &Value) -> Vec<Problem> {
        let mut known = BTreeSet::new();
        for (method, path) in operations(document) {
            let key = operation_key(&method, &path);
            for parameter in parameters(document, &method, &path) {
                if let Some(name) = parameter["name"].as_str() {
                    known.insert(format!("{key}?{name}"));
                }
            }
            known.insert(key);
        }
        for (name, schema) in schemas(document) {
            known.insert(name.clone());
            let members = schema["properties"].as_object().into_iter().flatten();
            known.extend(members.map(|(member, _)| format!("{name}.{member}")));
        }
        self.new
            .values()
            .flat_map(|new| {
                [&new.operations, &new.parameters, &new.types, &new.members]
                    .into_iter()
                    .flatten()
            })
            .filter(|row| !known.contains(*row))
            .map(|row| {
                let message = format!(
                    "is in {FILE} but not in the document; run scripts/update-openapi --since"
                );
                Problem::new("since", row.clone(), message)
            })
            .collect()
    }
}
