//! Evaluation of policies.

use std::time::SystemTime;

use super::identity::Identity;
use super::model::{Group, Logic, Policy, PolicyItem, Strategy};
use super::settings::AuthorizationSettings;
use super::time;

/// A local decision, if one is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Access is granted.
    Permit,
    /// Access is denied.
    Deny,
    /// Only the server can decide: the policy is a script, a regular expression or a custom policy,
    /// or the token lacks information. Use [`has_access`](crate::oidc::Oidc::has_access).
    NotEvaluable,
}

impl Decision {
    fn of(granted: Option<bool>) -> Self {
        match granted {
            Some(true) => Self::Permit,
            Some(false) => Self::Deny,
            None => Self::NotEvaluable,
        }
    }

    fn reversed_by(self, logic: Logic) -> Self {
        match (self, logic) {
            (Self::Permit, Logic::Negative) => Self::Deny,
            (Self::Deny, Logic::Negative) => Self::Permit,
            _ => self,
        }
    }
}

impl Strategy {
    /// Combines several decisions. An unknown decision matters only if it could change the result.
    pub(super) fn of(self, decisions: &[Decision]) -> Decision {
        let count = |wanted| decisions.iter().filter(|one| **one == wanted).count();
        let (permits, unknown) = (count(Decision::Permit), count(Decision::NotEvaluable));
        let all = decisions.len();
        let granted = |permits: usize| match self {
            Self::Affirmative => permits > 0,
            Self::Unanimous => permits == all,
            Self::Consensus => permits > all - permits,
        };
        let (least, most) = (granted(permits), granted(permits + unknown));
        Decision::of((least == most).then_some(least))
    }
}

impl AuthorizationSettings {
    /// Evaluates all policies, and returns their decisions in the order of the file.
    pub(super) fn decide(&self, who: &Identity) -> Vec<Decision> {
        let mut decisions = vec![Decision::NotEvaluable; self.policies.len()];
        for at in &self.order {
            let (Some(policy), Some(parts)) = (self.policies.get(*at), self.parts.get(*at)) else {
                continue;
            };
            let decision = match policy.kind.as_str() {
                // An aggregated policy without policies is a denial.
                "aggregate" if parts.is_empty() => Decision::Deny,
                "aggregate" => policy.decision_strategy.of(&among(&decisions, parts)),
                _ => Decision::of(self.grants(policy, who)),
            };
            if let Some(slot) = decisions.get_mut(*at) {
                *slot = decision.reversed_by(policy.logic);
            }
        }
        decisions
    }

    /// Returns whether a policy grants access before its logic is applied, or `None` if only the
    /// server can decide. Aggregated policies are not evaluated here.
    fn grants(&self, policy: &Policy, who: &Identity) -> Option<bool> {
        match policy.kind.as_str() {
            "role" => roles(policy, who),
            "client" => {
                let clients: Vec<String> = policy.required_list("clients")?;
                let own = who.text("azp").or_else(|| who.text("client_id"))?;
                one_of(&clients, &[own])
            }
            "user" => {
                let users: Vec<String> = policy.required_list("users")?;
                users_allow(&users, who)
            }
            "group" => groups(policy, who),
            "client-scope" => {
                let own: Vec<&str> = who.text("scope")?.split(' ').collect();
                let wanted: Vec<PolicyItem> = policy.required_list("clientScopes")?;
                holds(&wanted, |scope| own.contains(&scope))
            }
            "time" => {
                let at = who.at.unwrap_or_else(SystemTime::now);
                time::allows(policy, at, self.utc_offset?)
            }
            _ => None,
        }
    }
}

/// Returns the decisions at these indexes.
pub(super) fn among(decisions: &[Decision], places: &[usize]) -> Vec<Decision> {
    let places = places.iter();
    places
        .filter_map(|at| decisions.get(*at))
        .copied()
        .collect()
}

/// Returns whether a text looks like an id of the server. Exported settings have names; an id
/// cannot be resolved locally.
fn is_id(name: &str) -> bool {
    name.len() == 36
        && name.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn one_of(wanted: &[String], own: &[&str]) -> Option<bool> {
    if wanted.iter().any(|one| own.contains(&one.as_str())) {
        return Some(true);
    }
    (!wanted.iter().any(|one| is_id(one))).then_some(false)
}

/// Evaluates a user policy. A text that looks like an id may be the name of one user and the id of
/// another, so it is compared only with the subject.
fn users_allow(users: &[String], who: &Identity) -> Option<bool> {
    let (ids, names): (Vec<&String>, Vec<&String>) = users.iter().partition(|user| is_id(user));
    let is = |all: &[&String], claim| {
        let own = who.text(claim);
        all.iter().any(|one| Some(one.as_str()) == own)
    };
    if is(&ids, "sub") || is(&names, "preferred_username") {
        return Some(true);
    }
    let named = names.is_empty() || who.text("preferred_username").is_some();
    (ids.is_empty() && named).then_some(false)
}

/// Returns whether one of the items is present and no required one is missing.
fn holds(wanted: &[PolicyItem], has: impl Fn(&str) -> bool) -> Option<bool> {
    let unknown = |one: &PolicyItem| !has(&one.id) && is_id(&one.id);
    let any = wanted.iter().any(|one| has(&one.id));
    let missing = |one: &PolicyItem| one.required && !has(&one.id);
    if wanted.iter().any(|one| missing(one) && !unknown(one)) {
        return Some(false);
    }
    if wanted
        .iter()
        .any(|one| unknown(one) && (one.required || !any))
    {
        return None;
    }
    Some(any)
}

fn roles(policy: &Policy, who: &Identity) -> Option<bool> {
    if who.is_lightweight() {
        return None;
    }
    // The server then uses the user's roles, which may differ from those in the token.
    if policy.text("fetchRoles") == Some("true") {
        return None;
    }
    let wanted: Vec<PolicyItem> = policy.required_list("roles")?;
    if wanted.iter().any(|role| who.has_role(&role.id).is_none()) {
        return None;
    }
    holds(&wanted, |role| who.has_role(role) == Some(true))
}

fn groups(policy: &Policy, who: &Identity) -> Option<bool> {
    // Without the claim, or with an empty one, the server uses the user's groups.
    let own = who.texts(policy.text("groupsClaim")?)?;
    if own.is_empty() {
        return None;
    }
    let wanted: Vec<Group> = policy.required_list("groups")?;
    let mut doubtful = false;
    for group in &wanted {
        let name = group.path.rsplit('/').next().unwrap_or_default();
        for own in &own {
            if own.contains('/') {
                let below = own.strip_prefix(group.path.as_str());
                let fits = match below {
                    Some("") => true,
                    Some(rest) => group.extend_children && rest.starts_with('/'),
                    None => false,
                };
                if fits {
                    return Some(true);
                }
            }
            // A name without a path may belong to another group.
            doubtful |= *own == name;
        }
    }
    if doubtful { None } else { Some(false) }
}
