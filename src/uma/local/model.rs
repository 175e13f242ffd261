//! The format of exported authorization settings.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::uma::Resource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SettingsFile {
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
    /// The settings; lists and objects are JSON in a string.
    #[serde(default)]
    pub(super) config: BTreeMap<String, String>,
}

/// A role or client scope of a policy. One is sufficient, unless a required one is missing.
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

    /// Returns a setting that is present and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let text = self.config.get(name)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Returns a list that the policy's type requires.
    pub(super) fn required_list<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
    ) -> Option<Vec<T>> {
        self.text(name)?;
        self.list(name)
    }

    /// Returns a setting that is a list, empty if missing, or `None` if it has another format.
    pub(super) fn list<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<Vec<T>> {
        match self.text(name) {
            None => Some(Vec::new()),
            Some(text) => serde_json::from_str(text).ok(),
        }
    }
}
