//! Reading and checking exported authorization settings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::model::{Enforcement, Policy, SettingsFile, Strategy};
use crate::UmaFault;
use crate::error::{Result, config};
use crate::uma::{Resource, fault};

/// The authorization settings of a resource server, for access decisions without the server.
///
/// Role, client, user, group, client scope, time and aggregated policies are evaluated locally,
/// with their logic and decision strategies. Scripts, regular expressions and other kinds of
/// policies are [`NotEvaluable`](super::Decision::NotEvaluable), and so are policies that depend on
/// information missing in the token. Nothing is guessed. Permissions that users grant each other
/// (UMA) are not in the settings; use [`has_access`](crate::oidc::Oidc::has_access) for them.
///
/// ```
/// # fn main() -> keycloak_kit::Result<()> {
/// use keycloak_kit::uma::AuthorizationSettings;
///
/// let settings = AuthorizationSettings::from_json(
///     r#"{ "resources": [{ "name": "album", "scopes": [{ "name": "view" }] }], "policies": [
///         { "name": "editors", "type": "role", "config": { "roles": "[{\"id\":\"editor\"}]" } },
///         { "name": "albums", "type": "resource", "config": {
///             "resources": "[\"album\"]", "applyPolicies": "[\"editors\"]" } }
///     ] }"#,
/// )?;
/// # let _ = settings;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct AuthorizationSettings {
    pub(super) enforcement: Enforcement,
    pub(super) strategy: Strategy,
    pub(super) resources: Vec<Resource>,
    pub(super) policies: Vec<Policy>,
    /// The policies that each policy applies.
    pub(super) parts: Vec<Vec<usize>>,
    /// All policies, each after those that it applies.
    pub(super) order: Vec<usize>,
    pub(super) utc_offset: Option<i32>,
}

/// Reads a file with exported authorization settings, from the admin console (client,
/// Authorization, Export) or the admin API's `settings`.
///
/// ```no_run
/// # async fn show(claims: keycloak_kit::oidc::AccessTokenClaims) -> keycloak_kit::Result<()> {
/// use keycloak_kit::uma::{Identity, load_authorization_config};
///
/// let settings = load_authorization_config("authorization.json")?;
/// for granted in settings.permissions(&Identity::of_token(&claims)) {
///     println!("{} {:?}", granted.resource, granted.granted_scopes());
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// Returns an error with [`InvalidSettings`](crate::UmaFault::InvalidSettings) if the file cannot
/// be read or has no valid authorization settings.
pub fn load_authorization_config(path: impl AsRef<Path>) -> Result<AuthorizationSettings> {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).map_err(|source| {
        invalid(format!("the file {} cannot be read", path.display())).with_source(source)
    })?;
    AuthorizationSettings::from_json(&text)
}

/// Members that distinguish authorization settings from other files of Keycloak.
const MEMBERS: [&str; 5] = [
    "resources",
    "policies",
    "scopes",
    "policyEnforcementMode",
    "decisionStrategy",
];

fn members_of(text: &str) -> BTreeSet<String> {
    let members: BTreeMap<String, serde::de::IgnoredAny> =
        serde_json::from_str(text).unwrap_or_default();
    members.into_keys().collect()
}

fn invalid(message: String) -> crate::Error {
    fault::explained(config(message), UmaFault::InvalidSettings)
}

impl AuthorizationSettings {
    /// Reads exported authorization settings.
    ///
    /// # Errors
    /// Returns an error with [`InvalidSettings`](crate::UmaFault::InvalidSettings) if the settings
    /// are not valid.
    pub fn from_json(text: &str) -> Result<Self> {
        let start = text.trim_start().chars().next();
        if start.is_some_and(|letter| letter != '{') {
            return Err(invalid(
                "the text is not valid authorization settings: it is not a JSON object".into(),
            ));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let file: SettingsFile =
            serde_path_to_error::deserialize(&mut reader).map_err(|failed| {
                let path = failed.path().to_string();
                invalid(format!(
                    "the text is not valid authorization settings: {} at {path}",
                    failed.inner()
                ))
            })?;
        // The server's import accepts missing lists, but a file without any of the members is
        // another file.
        if !MEMBERS.iter().any(|name| members_of(text).contains(*name)) {
            return Err(invalid(format!(
                "the text is not valid authorization settings: it has none of the members {}",
                MEMBERS.join(", ")
            )));
        }
        let mut places = BTreeMap::new();
        for (at, policy) in file.policies.iter().enumerate() {
            if places.insert(policy.name.clone(), at).is_some() {
                return Err(invalid(format!(
                    "two policies have the name {:?}",
                    policy.name
                )));
            }
        }
        let mut parts = Vec::new();
        for policy in &file.policies {
            let name = &policy.name;
            let applied: Vec<String> = policy.list("applyPolicies").ok_or_else(|| {
                invalid(format!(
                    "applyPolicies of the policy {name:?} is not a list"
                ))
            })?;
            let known = applied.iter().map(|part| {
                places.get(part).copied().ok_or_else(|| {
                    invalid(format!(
                        "the policy {name:?} applies {part:?}, which does not exist"
                    ))
                })
            });
            parts.push(known.collect::<Result<Vec<usize>>>()?);
            if policy.is_permission() {
                if policy.list::<String>("scopes").is_none() {
                    return Err(invalid(format!(
                        "scopes of the permission {name:?} is not a list"
                    )));
                }
                let resources: Vec<String> = policy.list("resources").ok_or_else(|| {
                    invalid(format!(
                        "resources of the permission {name:?} is not a list"
                    ))
                })?;
                let unknown = resources
                    .iter()
                    .find(|wanted| file.resources.iter().all(|known| known.name != **wanted));
                if let Some(unknown) = unknown {
                    return Err(invalid(format!(
                        "the permission {name:?} is for {unknown:?}, which does not exist"
                    )));
                }
            }
        }
        let order = order(&parts);
        if let Some(name) = (0..parts.len())
            .find(|at| !order.contains(at))
            .and_then(|at| file.policies.get(at))
            .map(|policy| &policy.name)
        {
            return Err(invalid(format!("the policy {name:?} applies itself")));
        }
        Ok(Self {
            enforcement: file.policy_enforcement_mode,
            strategy: file.decision_strategy,
            resources: file.resources,
            policies: file.policies,
            parts,
            order,
            utc_offset: None,
        })
    }

    /// Sets the server's UTC offset in seconds. Time policies use the server's time zone, and are
    /// [`NotEvaluable`](super::Decision::NotEvaluable) without the offset. With daylight saving
    /// time, set the offset at the time of the decision.
    #[must_use]
    pub fn utc_offset(mut self, seconds: i32) -> Self {
        self.utc_offset = Some(seconds);
        self
    }
}

/// Returns all policies, each after those that it applies, without policies that apply themselves.
fn order(parts: &[Vec<usize>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let mut done = vec![false; parts.len()];
    loop {
        let before = order.len();
        for (at, applied) in parts.iter().enumerate() {
            let is_done = |at: usize| done.get(at).copied().unwrap_or_default();
            if !is_done(at) && applied.iter().all(|part| is_done(*part)) {
                order.push(at);
                if let Some(done) = done.get_mut(at) {
                    *done = true;
                }
            }
        }
        if order.len() == before {
            return order;
        }
    }
}
