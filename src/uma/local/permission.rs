//! Evaluation of permissions from the decisions of policies.

use std::collections::BTreeSet;

use super::identity::Identity;
use super::model::{Enforcement, Policy, Strategy};
use super::policy::{Decision, among};
use super::settings::AuthorizationSettings;
use crate::uma::Resource;

/// With more unknown decisions than this, the result is unknown.
const MAX_UNKNOWN: usize = 10;

/// The decision of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyDecision {
    /// The policy's name.
    pub name: String,
    /// The policy's type, such as `role`.
    pub kind: String,
    /// The decision.
    pub decision: Decision,
}

/// The decision about a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopeDecision {
    /// The scope's name.
    pub scope: String,
    /// The decision.
    pub decision: Decision,
}

/// The decision about a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalPermission {
    /// The resource's name.
    pub resource: String,
    /// The owner's name, or `None` if the resource server is the owner.
    pub owner: Option<String>,
    /// Whether there is any access to the resource.
    pub decision: Decision,
    /// The decision about each requested scope.
    pub scopes: Vec<ScopeDecision>,
}

impl LocalPermission {
    /// Returns the granted scopes.
    pub fn granted_scopes(&self) -> Vec<&str> {
        let scopes = self.scopes.iter();
        scopes
            .filter(|scope| scope.decision == Decision::Permit)
            .map(|scope| scope.scope.as_str())
            .collect()
    }
}

/// A permission that applies to a request.
struct ApplicablePermission<'a> {
    permission: &'a Policy,
    scopes: BTreeSet<String>,
    resources: Vec<String>,
}

impl AuthorizationSettings {
    /// Evaluates all policies, without permissions.
    pub fn policies(&self, who: &Identity) -> Vec<PolicyDecision> {
        let decided = self.policies.iter().zip(self.decide(who));
        decided
            .filter(|(policy, _)| !policy.is_permission())
            .map(|(policy, decision)| PolicyDecision {
                name: policy.name.clone(),
                kind: policy.kind.clone(),
                decision,
            })
            .collect()
    }

    /// Returns the decisions about all resources that are not denied.
    pub fn permissions(&self, who: &Identity) -> Vec<LocalPermission> {
        let decided = self.decide(who);
        let all = self.resources.iter();
        let all = all.map(|resource| self.check(resource, &resource.scopes, &decided));
        all.filter(|found| found.decision != Decision::Deny)
            .collect()
    }

    /// Decides about scopes of a resource owned by the resource server, or about all its scopes if
    /// `scopes` is empty. Returns `None` if there is no such resource, or it lacks one of the
    /// scopes.
    pub fn permission<S: AsRef<str>>(
        &self,
        resource: &str,
        scopes: &[S],
        who: &Identity,
    ) -> Option<LocalPermission> {
        let mut own = self.resources.iter().filter(|known| known.name == resource);
        let resource = own.find(|known| known.owner.is_none())?;
        let scopes: Vec<String> = match scopes {
            [] => resource.scopes.clone(),
            some => some.iter().map(|scope| scope.as_ref().to_owned()).collect(),
        };
        let known = |scope: &String| resource.scopes.contains(scope);
        scopes
            .iter()
            .all(known)
            .then(|| self.check(resource, &scopes, &self.decide(who)))
    }

    fn check(
        &self,
        resource: &Resource,
        asked: &[String],
        decided: &[Decision],
    ) -> LocalPermission {
        let asked: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
        let outcome = self.outcomes(resource, &asked, decided);
        // A decision is certain only if all possible outcomes agree.
        let same = |test: &dyn Fn(&Option<BTreeSet<String>>) -> bool| {
            let mut results = outcome.iter().map(test);
            let first = results.next();
            match first {
                Some(granted) if results.all(|other| other == granted) => {
                    if granted {
                        Decision::Permit
                    } else {
                        Decision::Deny
                    }
                }
                _ => Decision::NotEvaluable,
            }
        };
        LocalPermission {
            resource: resource.name.clone(),
            owner: resource.owner.as_ref().and_then(|owner| owner.name.clone()),
            decision: same(&Option::is_some),
            scopes: asked
                .iter()
                .map(|scope| ScopeDecision {
                    scope: (*scope).to_owned(),
                    decision: same(&|granted| {
                        granted.as_ref().is_some_and(|all| all.contains(*scope))
                    }),
                })
                .collect(),
        }
    }

    /// Returns the possible outcomes: the granted scopes, or `None` for no access at all. There are
    /// several if some decisions are unknown, and none if too many are.
    fn outcomes(
        &self,
        resource: &Resource,
        asked: &BTreeSet<&str>,
        decided: &[Decision],
    ) -> Vec<Option<BTreeSet<String>>> {
        let everything = || Some(asked.iter().map(|scope| (*scope).to_owned()).collect());
        if self.enforcement == Enforcement::Disabled {
            return vec![everything()];
        }
        // Owners also decide about their resources, which is not in the settings. Resources of
        // users also inherit the permissions of their type.
        if resource.owner.is_some() || resource.owner_managed_access {
            return Vec::new();
        }
        let namesakes = self
            .resources
            .iter()
            .filter(|one| one.name == resource.name);
        let ambiguous = namesakes.count() > 1;
        let mut applies = false;
        let mut applicable = Vec::new();
        for (at, permission) in self.policies.iter().enumerate() {
            let Some(found) = self.applicable(permission, resource, asked) else {
                continue;
            };
            applies = true;
            let parts = self.parts.get(at).map(Vec::as_slice).unwrap_or_default();
            let decisions = among(decided, parts);
            // A permission without policies has no effect.
            if !decisions.is_empty() {
                // The settings do not tell resources with the same name apart.
                let decision = match ambiguous && found.resources.contains(&resource.name) {
                    true => Decision::NotEvaluable,
                    false => permission.decision_strategy.of(&decisions),
                };
                applicable.push((found, decision));
            }
        }
        if !applies && self.enforcement == Enforcement::Permissive {
            return vec![everything()];
        }
        if applicable.is_empty() {
            return vec![None];
        }
        let unknown = applicable
            .iter()
            .filter(|(_, decision)| *decision == Decision::NotEvaluable)
            .count();
        if unknown > MAX_UNKNOWN {
            return Vec::new();
        }
        (0..1_usize << unknown)
            .map(|choice| {
                let mut next = 0;
                let decided: Vec<(&ApplicablePermission<'_>, bool)> = applicable
                    .iter()
                    .map(|(found, decision)| {
                        let granted = match decision {
                            Decision::Permit => true,
                            Decision::Deny => false,
                            Decision::NotEvaluable => {
                                next += 1;
                                choice >> (next - 1) & 1 == 1
                            }
                        };
                        (found, granted)
                    })
                    .collect();
                self.combine(resource, asked, &decided)
            })
            .collect()
    }

    /// Returns a permission if it applies to the request. A permission for the resource applies
    /// whatever its scopes: a denial of one scope denies access if nothing else grants any, and the
    /// enforcement mode does not apply to a resource with a permission.
    fn applicable<'a>(
        &self,
        permission: &'a Policy,
        resource: &Resource,
        asked: &BTreeSet<&str>,
    ) -> Option<ApplicablePermission<'a>> {
        if !permission.is_permission() {
            return None;
        }
        let resources: Vec<String> = permission.list("resources")?;
        let scopes: BTreeSet<String> = permission.list("scopes")?.into_iter().collect();
        let of_type = permission.text("defaultResourceType");
        let is_for_resource = resources.contains(&resource.name);
        let by_type = of_type.is_some() && of_type == resource.type_.as_deref();
        let applies = if permission.is_scope_permission() {
            let any_scope = scopes.iter().any(|scope| asked.contains(scope.as_str()));
            let anywhere = resources.is_empty() && of_type.is_none();
            by_type || is_for_resource || any_scope && anywhere
        } else {
            by_type || is_for_resource
        };
        applies.then_some(ApplicablePermission {
            permission,
            scopes,
            resources,
        })
    }

    /// Combines the results of all applicable permissions. A denial overrides a grant, unless the
    /// strategy is affirmative. A permission for a type does not deny what a permission for the
    /// resource grants.
    fn combine(
        &self,
        resource: &Resource,
        asked: &BTreeSet<&str>,
        applicable: &[(&ApplicablePermission<'_>, bool)],
    ) -> Option<BTreeSet<String>> {
        let own = |found: &ApplicablePermission<'_>| found.resources.contains(&resource.name);
        let by_scope = |found: &ApplicablePermission<'_>| found.permission.is_scope_permission();
        let resource_granted = applicable
            .iter()
            .any(|(found, grants)| *grants && own(found) && !by_scope(found));
        let mut granted: BTreeSet<&str> = BTreeSet::new();
        let mut denied: BTreeSet<&str> = BTreeSet::new();
        for (found, grants) in applicable {
            match (grants, by_scope(found)) {
                (true, true) => {
                    granted.extend(asked.iter().filter(|scope| found.scopes.contains(**scope)));
                }
                (true, false) => granted.extend(asked),
                (false, true) if own(found) || found.resources.is_empty() => {
                    denied.extend(found.scopes.iter().map(String::as_str));
                }
                (false, false) if own(found) || !resource_granted => denied.extend(asked),
                (false, _) => {}
            }
        }
        if self.strategy == Strategy::Affirmative {
            denied.retain(|scope| !granted.contains(scope));
        }
        granted.retain(|scope| !denied.contains(scope));
        let any_denied = applicable.iter().any(|(_, grants)| !grants);
        if granted.is_empty() && (any_denied || !resource_granted && !asked.is_empty()) {
            return None;
        }
        Some(granted.into_iter().map(str::to_owned).collect())
    }
}
