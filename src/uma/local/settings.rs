//! Exported authorization settings, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::model::{Enforcement, File, Policy, Strategy};
use crate::UmaFault;
use crate::error::{Result, config};
use crate::uma::{Resource, fault};

/// The authorization settings of a resource server, for deciding without asking the server.
///
/// Role, client, user, group, client scope, time and aggregated policies are decided here, with
/// their logic and decision strategies; scripts, regular expressions and policies of other kinds
/// are [`NotEvaluable`](super::Decision::NotEvaluable), never guessed, and neither is what the
/// token does not say. What users granted each other (UMA) is not in such a file: ask
/// [`has_access`](crate::oidc::Oidc::has_access).
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
    /// Which policies each one applies.
    pub(super) parts: Vec<Vec<usize>>,
    /// All of them, each after those that it applies.
    pub(super) order: Vec<usize>,
    pub(super) utc_offset: Option<i32>,
}

/// Reads a file with exported authorization settings (admin console: client, Authorization,
/// Export; or the admin API's `settings`).
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
/// With [`InvalidSettings`](crate::UmaFault::InvalidSettings) when the file cannot be read or is
/// none of these.
pub fn load_authorization_config(path: impl AsRef<Path>) -> Result<AuthorizationSettings> {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).map_err(|source| {
        invalid(format!("the file {} cannot be read", path.display())).with_source(source)
    })?;
    AuthorizationSettings::from_json(&text)
}

/// What authorization settings have and other files of Keycloak do not.
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
    /// With [`InvalidSettings`](crate::UmaFault::InvalidSettings), and what is wrong.
    pub fn from_json(text: &str) -> Result<Self> {
        let start = text.trim_start().chars().next();
        if start.is_some_and(|letter| letter != '{') {
            return Err(invalid(
                "these are no authorization settings of Keycloak: they are no JSON object".into(),
            ));
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let file: File = serde_path_to_error::deserialize(&mut reader).map_err(|failed| {
            let path = failed.path().to_string();
            invalid(format!(
                "these are no authorization settings of Keycloak: {} at {path}",
                failed.inner()
            ))
        })?;
        // The server's import takes a file that leaves lists out; one of something else has none.
        if !MEMBERS.iter().any(|name| members_of(text).contains(*name)) {
            return Err(invalid(format!(
                "these are no authorization settings of Keycloak: none of {} is there",
                MEMBERS.join(", ")
            )));
        }
        let mut places = BTreeMap::new();
        for (at, policy) in file.policies.iter().enumerate() {
            if places.insert(policy.name.clone(), at).is_some() {
                return Err(invalid(format!(
                    "two policies are called {:?}",
                    policy.name
                )));
            }
        }
        let mut parts = Vec::new();
        for policy in &file.policies {
            let name = &policy.name;
            let applied: Vec<String> = policy.list("applyPolicies").ok_or_else(|| {
                invalid(format!("applyPolicies of the policy {name:?} is no list"))
            })?;
            let known = applied.iter().map(|part| {
                places.get(part).copied().ok_or_else(|| {
                    invalid(format!(
                        "the policy {name:?} applies {part:?}, which is not there"
                    ))
                })
            });
            parts.push(known.collect::<Result<Vec<usize>>>()?);
            if policy.is_permission() {
                if policy.list::<String>("scopes").is_none() {
                    return Err(invalid(format!(
                        "scopes of the permission {name:?} is no list"
                    )));
                }
                let resources: Vec<String> = policy.list("resources").ok_or_else(|| {
                    invalid(format!("resources of the permission {name:?} is no list"))
                })?;
                let unknown = resources
                    .iter()
                    .find(|wanted| file.resources.iter().all(|known| known.name != **wanted));
                if let Some(unknown) = unknown {
                    return Err(invalid(format!(
                        "the permission {name:?} is for {unknown:?}, which is not there"
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

    /// The server's distance from UTC in seconds: time policies are in the server's time zone, and
    /// [`NotEvaluable`](super::Decision::NotEvaluable) until it is set. Where the zone has summer
    /// time, set what holds at the moment of the decision.
    #[must_use]
    pub fn utc_offset(mut self, seconds: i32) -> Self {
        self.utc_offset = Some(seconds);
        self
    }
}

/// All policies, each after those that it applies; without those that apply themselves.
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
