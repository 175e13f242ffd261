//! What single policies decide.

use std::time::SystemTime;

use super::identity::Identity;
use super::model::{Group, Logic, Policy, Strategy, Wanted};
use super::settings::AuthorizationSettings;
use super::time;

/// A decision, if one can be made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Access is granted.
    Permit,
    /// Access is denied.
    Deny,
    /// Only the server can tell: a script, a regular expression, a policy of its own, or something
    /// that the token does not say. Ask [`has_access`](crate::oidc::Oidc::has_access).
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
    /// What comes of several decisions. What is not known counts only where it could change that.
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
    /// What each policy decides, in the order of the file.
    pub(super) fn decide(&self, who: &Identity) -> Vec<Decision> {
        let mut decisions = vec![Decision::NotEvaluable; self.policies.len()];
        for at in &self.order {
            let (Some(policy), Some(parts)) = (self.policies.get(*at), self.parts.get(*at)) else {
                continue;
            };
            let decision = match policy.kind.as_str() {
                // A policy that applies none decides nothing, and that is a denial.
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

    /// Whether a policy that stands alone grants access before its logic is applied; `None` when
    /// that cannot be told here.
    fn grants(&self, policy: &Policy, who: &Identity) -> Option<bool> {
        match policy.kind.as_str() {
            "role" => roles(policy, who),
            "client" => {
                let clients: Vec<String> = policy.list("clients")?;
                let own = who.text("azp").or_else(|| who.text("client_id"))?;
                Some(clients.iter().any(|client| client == own))
            }
            "user" => {
                let users: Vec<String> = policy.list("users")?;
                let own = who.text("preferred_username")?;
                Some(users.iter().any(|user| user == own))
            }
            "group" => groups(policy, who),
            "client-scope" => {
                let own: Vec<&str> = who.text("scope")?.split(' ').collect();
                let wanted: Vec<Wanted> = policy.list("clientScopes")?;
                Some(wanted_ones(&wanted, |scope| own.contains(&scope)))
            }
            "time" => {
                let at = who.at.unwrap_or_else(SystemTime::now);
                time::allows(policy, at, self.utc_offset)
            }
            _ => None,
        }
    }
}

/// The decisions at these places.
pub(super) fn among(decisions: &[Decision], places: &[usize]) -> Vec<Decision> {
    let places = places.iter();
    places
        .filter_map(|at| decisions.get(*at))
        .copied()
        .collect()
}

/// One is enough, unless a required one is missing.
fn wanted_ones(wanted: &[Wanted], has: impl Fn(&str) -> bool) -> bool {
    wanted.iter().any(|one| has(&one.id)) && wanted.iter().all(|one| !one.required || has(&one.id))
}

fn roles(policy: &Policy, who: &Identity) -> Option<bool> {
    if who.is_lightweight() {
        return None;
    }
    let wanted: Vec<Wanted> = policy.list("roles")?;
    let granted = wanted_ones(&wanted, |role| who.has_role(role));
    // The server then looks at all roles of the user, the token may have some of them.
    let looks_up = policy.text("fetchRoles") == Some("true");
    let has_all = wanted.iter().all(|one| who.has_role(&one.id));
    if looks_up && !has_all && !granted {
        return None;
    }
    Some(granted)
}

fn groups(policy: &Policy, who: &Identity) -> Option<bool> {
    // Without the claim the server looks at the user's groups.
    let own = who.texts(policy.text("groupsClaim")?)?;
    let wanted: Vec<Group> = policy.list("groups")?;
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
            // A name alone may be that of another group.
            doubtful |= *own == name;
        }
    }
    if doubtful { None } else { Some(false) }
}
