//! The exported file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::uma::Resource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File {
    #[serde(default)]
    pub(super) policy_enforcement_mode: Enforcement,
    #[serde(default)]
    pub(super) decision_strategy: Strategy,
    #[serde(default)]
    pub(super) resources: Vec<Resource>,
    #[serde(default)]
    pub(super) policies: Vec<Policy>,
}

#[derive(Deserialize, Default, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Enforcement {
    #[default]
    Enforcing,
    Permissive,
    Disabled,
}

#[derive(Deserialize, Default, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Strategy {
    #[default]
    Unanimous,
    Affirmative,
    Consensus,
}

#[derive(Deserialize, Default, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Logic {
    #[default]
    Positive,
    Negative,
}

#[derive(Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Policy {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) logic: Logic,
    #[serde(default)]
    pub(super) decision_strategy: Strategy,
    /// Lists and objects are written as text that is JSON again.
    #[serde(default)]
    pub(super) config: BTreeMap<String, String>,
}

/// A role, a client scope: whoever has one passes, unless a required one is missing.
#[derive(Deserialize)]
pub(super) struct PolicyItem {
    pub(super) id: String,
    #[serde(default)]
    pub(super) required: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group {
    pub(super) path: String,
    #[serde(default)]
    pub(super) extend_children: bool,
}

impl Policy {
    pub(super) fn is_permission(&self) -> bool {
        matches!(self.kind.as_str(), "resource" | "scope")
    }

    pub(super) fn is_scope_permission(&self) -> bool {
        self.kind == "scope"
    }

    /// A setting that is there and says something.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let text = self.config.get(name)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// A list that a policy of its kind cannot do without.
    pub(super) fn named<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<Vec<T>> {
        self.text(name)?;
        self.list(name)
    }

    /// A setting that is a list; `None` when it is written otherwise.
    pub(super) fn list<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<Vec<T>> {
        match self.text(name) {
            None => Some(Vec::new()),
            Some(text) => serde_json::from_str(text).ok(),
        }
    }
}
