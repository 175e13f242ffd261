//! Lists of mixed kinds.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::kind::PolicyKind;
use crate::admin::representations::{
    AggregatePolicyRepresentation, AuthzClientPolicyRepresentation,
    ClientScopePolicyRepresentation, GroupPolicyRepresentation, JSPolicyRepresentation,
    PolicyRepresentation, RegexPolicyRepresentation, ResourcePermissionRepresentation,
    RolePolicyRepresentation, ScopePermissionRepresentation, TimePolicyRepresentation,
    UmaPermissionRepresentation, UserPolicyRepresentation,
};

/// The member that holds a kind's members as text, where the server does not write them as members.
const CONFIG: &str = "config";

/// How a member of a kind is written in `config`.
enum Written {
    /// JSON in a string.
    Json,
    /// `true` or `false`.
    Flag,
    Text,
}

/// The member that a key of `config` stands for.
fn member<'a>(kind: &str, key: &'a str) -> Option<(&'a str, Written)> {
    use Written::{Flag, Json, Text};

    Some(match (kind, key) {
        ("role", "roles")
        | ("user", "users")
        | ("group", "groups")
        | ("client", "clients")
        | ("client-scope", "clientScopes") => (key, Json),
        ("role", "fetchRoles") | ("regex", "targetContextAttributes") => (key, Flag),
        ("time", "nbf") => ("notBefore", Text),
        ("time", "noa") => ("notOnOrAfter", Text),
        ("group", "groupsClaim")
        | ("regex", "targetClaim" | "pattern")
        | ("js", "code")
        | (
            "time",
            "dayMonth" | "dayMonthEnd" | "month" | "monthEnd" | "year" | "yearEnd" | "hour"
            | "hourEnd" | "minute" | "minuteEnd",
        ) => (key, Text),
        ("resource" | "scope", "defaultResourceType") => ("resourceType", Text),
        _ => return None,
    })
}

fn read(text: &str, written: &Written) -> Option<Value> {
    match written {
        Written::Json => serde_json::from_str(text).ok(),
        Written::Flag => text.parse().ok().map(Value::Bool),
        Written::Text => Some(Value::String(text.to_owned())),
    }
}

/// Moves the kind's members out of `config`; everything else stays there.
fn with_members(kind: &str, policy: &mut Map<String, Value>) {
    let Some(Value::Object(config)) = policy.remove(CONFIG) else {
        return;
    };
    let nothing_there = config.is_empty();
    let mut rest = Map::new();
    for (key, value) in config {
        let found = member(kind, &key).and_then(|(name, written)| {
            let value = read(value.as_str()?, &written)?;
            (!policy.contains_key(name)).then(|| (name.to_owned(), value))
        });
        match found {
            Some((name, value)) => {
                policy.insert(name, value);
            }
            None => {
                rest.insert(key, value);
            }
        }
    }
    if nothing_there || !rest.is_empty() {
        policy.insert(CONFIG.to_owned(), Value::Object(rest));
    }
}

macro_rules! policy {
    ($($(#[$doc:meta])* $variant:ident($type:ident);)*) => {
        /// A policy or permission of any kind, as in lists of mixed kinds.
        ///
        /// ```no_run
        /// # async fn run(authz: keycloak_kit::admin::handles::ClientAuthorization)
        /// # -> keycloak_kit::Result<()> {
        /// use keycloak_kit::admin::policies::Policy;
        ///
        /// let mut all = authz.policies().list().stream();
        /// while let Some(policy) = all.next().await {
        ///     match Policy::from(policy?) {
        ///         Policy::Role(policy) => println!("roles {:?}", policy.roles),
        ///         Policy::Time(policy) => println!("until {:?}", policy.not_on_or_after),
        ///         other => println!("{}: {:?}", other.kind(), other.name()),
        ///     }
        /// }
        /// # Ok(()) }
        /// ```
        ///
        /// Such lists have a kind's members as text in `config`. Here they are members, and the
        /// rest of `config` is kept in `extra`.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant, reason = "all are large")]
        pub enum Policy {
            $($(#[$doc])* $variant($type),)*
            /// A kind that this crate does not know, or one with invalid members.
            Other(PolicyRepresentation),
        }

        impl Policy {
            /// The kind as Keycloak spells it.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $type::KIND,)*
                    Self::Other(policy) => policy.type_.as_deref().unwrap_or_default(),
                }
            }

            /// The id; `None` if the policy did not come from a server.
            #[must_use]
            pub fn id(&self) -> Option<&str> {
                match self {
                    $(Self::$variant(policy) => policy.id.as_deref(),)*
                    Self::Other(policy) => policy.id.as_deref(),
                }
            }

            /// The name, unique in the resource server.
            #[must_use]
            pub fn name(&self) -> Option<&str> {
                match self {
                    $(Self::$variant(policy) => policy.name.as_deref(),)*
                    Self::Other(policy) => policy.name.as_deref(),
                }
            }

            /// Converts the policy into its kind's type, if the members are valid.
            fn of_its_kind(policy: &PolicyRepresentation) -> Option<Self> {
                let kind = policy.type_.as_deref()?;
                let mut value = serde_json::to_value(policy).ok()?;
                with_members(kind, value.as_object_mut()?);
                match kind {
                    $($type::KIND => serde_json::from_value(value).ok().map(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl Serialize for Policy {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(policy) => policy.serialize(serializer),)*
                    Self::Other(policy) => policy.serialize(serializer),
                }
            }
        }

        $(impl From<$type> for Policy {
            fn from(policy: $type) -> Self {
                Self::$variant(policy)
            }
        })*
    };
}
policy! {
    /// Decides by roles.
    Role(RolePolicyRepresentation);
    /// Decides by users.
    User(UserPolicyRepresentation);
    /// Decides by groups.
    Group(GroupPolicyRepresentation);
    /// Decides by clients.
    Client(AuthzClientPolicyRepresentation);
    /// Decides by client scopes.
    ClientScope(ClientScopePolicyRepresentation);
    /// Decides by time.
    Time(TimePolicyRepresentation);
    /// Decides by a claim.
    Regex(RegexPolicyRepresentation);
    /// Decides by a script.
    Js(JSPolicyRepresentation);
    /// Combines other policies.
    Aggregate(AggregatePolicyRepresentation);
    /// A permission for resources.
    Resource(ResourcePermissionRepresentation);
    /// A permission for scopes.
    Scope(ScopePermissionRepresentation);
    /// A permission granted by an owner.
    Uma(UmaPermissionRepresentation);
}

impl From<PolicyRepresentation> for Policy {
    fn from(policy: PolicyRepresentation) -> Self {
        Self::of_its_kind(&policy).unwrap_or(Self::Other(policy))
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PolicyRepresentation::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(value: Value) -> Policy {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn members_come_out_of_config_and_the_rest_stays() {
        let listed = policy(json!({
            "id": "1", "name": "r", "type": "role", "newMember": { "x": 1 },
            "config": { "roles": "[{\"id\":\"a\",\"required\":true}]", "fetchRoles": "true", "other": "kept" },
        }));
        let Policy::Role(role) = &listed else {
            panic!("{listed:?}");
        };
        assert_eq!(role.fetch_roles, Some(true));
        assert_eq!(role.roles.as_ref().unwrap()[0].id.as_deref(), Some("a"));
        assert_eq!(
            serde_json::to_value(&listed).unwrap(),
            json!({
                "id": "1", "name": "r", "type": "role", "newMember": { "x": 1 },
                "roles": [{ "id": "a", "required": true }], "fetchRoles": true,
                "config": { "other": "kept" },
            })
        );
        assert_eq!(
            (listed.kind(), listed.id(), listed.name()),
            ("role", Some("1"), Some("r"))
        );
    }

    #[test]
    fn what_has_its_members_stays_as_it_is() {
        for whole in [
            json!({ "type": "user", "name": "u", "users": ["a"], "config": {} }),
            json!({ "type": "uma", "scopes": [], "users": ["ada"], "extraList": [] }),
            json!({ "type": "time", "notBefore": "x", "config": { "nbf": "other" } }),
            json!({ "type": "their-own", "config": { "roles": "[]" } }),
            json!({ "name": "without a kind" }),
        ] {
            let read = policy(whole.clone());
            assert_eq!(serde_json::to_value(read).unwrap(), whole);
        }
    }

    #[test]
    fn every_kind_has_its_variant() {
        for (kind, config, member) in [
            (
                "user",
                json!({ "users": "[\"a\"]" }),
                json!({ "users": ["a"] }),
            ),
            (
                "group",
                json!({ "groups": "[]", "groupsClaim": "g" }),
                json!({ "groups": [], "groupsClaim": "g" }),
            ),
            (
                "client",
                json!({ "clients": "[\"a\"]" }),
                json!({ "clients": ["a"] }),
            ),
            (
                "client-scope",
                json!({ "clientScopes": "[]" }),
                json!({ "clientScopes": [] }),
            ),
            (
                "time",
                json!({ "noa": "t", "hour": "9" }),
                json!({ "notOnOrAfter": "t", "hour": "9" }),
            ),
            (
                "regex",
                json!({ "targetContextAttributes": "false" }),
                json!({ "targetContextAttributes": false }),
            ),
            ("js", json!({ "code": "c" }), json!({ "code": "c" })),
            (
                "resource",
                json!({ "defaultResourceType": "t" }),
                json!({ "resourceType": "t" }),
            ),
        ] {
            let read = policy(json!({ "type": kind, "config": config }));
            assert!(!matches!(read, Policy::Other(_)), "{read:?}");
            let mut expected = member;
            expected["type"] = json!(kind);
            assert_eq!(serde_json::to_value(&read).unwrap(), expected);
            assert_eq!(read.kind(), kind);
        }
        for kind in ["aggregate", "scope", "uma"] {
            let read = policy(json!({ "type": kind }));
            assert!(!matches!(read, Policy::Other(_)), "{read:?}");
        }
    }

    #[test]
    fn members_of_other_types_lose_nothing() {
        let odd = json!({ "type": "role", "roles": "not a list" });
        let read = policy(odd.clone());
        assert!(matches!(read, Policy::Other(_)), "{read:?}");
        assert_eq!(serde_json::to_value(read).unwrap(), odd);
        let odd = json!({ "type": "role", "config": { "roles": "{ not JSON" } });
        assert_eq!(serde_json::to_value(policy(odd.clone())).unwrap(), odd);
    }
}
