//! Reading a well-known document with malformed members.
//!
//! There are two kinds of members. Most are descriptive: a malformed value is kept in `extra`, and
//! only a flow that needs the member fails. Others enable a check, or select algorithms and
//! methods. For these, the obvious meaning of a malformed value is used. If there is none, the
//! value is kept in `extra`, the member gets the strictest possible value so that no check is
//! skipped, and the flows that depend on it fail.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::ProviderMetadata;
use crate::error::{Result, protocol};

/// A member that enables a check or selects algorithms and methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decisive {
    /// A flag, with its value if it is neither true nor false.
    Flag(bool),
    /// A list of names. If it cannot be read, nothing is accepted.
    Names,
}

impl Decisive {
    fn of(member: &str) -> Option<Self> {
        const LISTS: [&str; 4] = [
            "_signing_alg_values_supported",
            "_encryption_alg_values_supported",
            "_encryption_enc_values_supported",
            "_auth_methods_supported",
        ];
        Some(match member {
            "authorization_response_iss_parameter_supported" => Self::Flag(true),
            "tls_client_certificate_bound_access_tokens"
            | "request_parameter_supported"
            | "request_uri_parameter_supported" => Self::Flag(false),
            "code_challenge_methods_supported" => Self::Names,
            _ if member.starts_with("require_") => Self::Flag(true),
            _ if LISTS.iter().any(|end| member.ends_with(end)) => Self::Names,
            _ => return None,
        })
    }

    /// Returns the value in its regular form, or `None` if it has no obvious meaning.
    fn normalized(self, value: &Value) -> Option<Value> {
        match (self, value) {
            // Some servers write unset members as null.
            (_, Value::Null) => Some(Value::Null),
            (Self::Flag(_), Value::Bool(_)) => Some(value.clone()),
            (Self::Flag(_), Value::String(text)) => {
                let text = text.trim();
                let yes = text.eq_ignore_ascii_case("true");
                (yes || text.eq_ignore_ascii_case("false")).then_some(Value::Bool(yes))
            }
            (Self::Names, Value::String(_)) => Some(Value::Array(vec![value.clone()])),
            (Self::Names, Value::Array(all)) => {
                let names: Vec<_> = all.iter().filter(|name| !name.is_null()).cloned().collect();
                let readable =
                    names.iter().all(Value::is_string) && (all.is_empty() || !names.is_empty());
                readable.then_some(Value::Array(names))
            }
            _ => None,
        }
    }

    fn strictest(self) -> Value {
        match self {
            Self::Flag(strict) => Value::Bool(strict),
            Self::Names => Value::Array(Vec::new()),
        }
    }
}

impl ProviderMetadata {
    /// Returns an error if one of these members is present but malformed.
    pub(crate) fn readable(&self, members: &[&str]) -> Result<()> {
        for member in members {
            let malformed = self.extra.get(*member).is_some_and(|value| {
                Decisive::of(member).is_none_or(|kind| kind.normalized(value).is_none())
            });
            if malformed {
                return Err(unreadable(member));
            }
        }
        Ok(())
    }

    /// Reads the members of a document.
    fn of_members(mut members: Map<String, Value>) -> serde_json::Result<Self> {
        let mut malformed = Map::new();
        for (name, value) in &mut members {
            let Some(kind) = Decisive::of(name) else {
                continue;
            };
            let normalized = kind.normalized(value).unwrap_or_else(|| {
                malformed.insert(name.clone(), value.clone());
                kind.strictest()
            });
            *value = normalized;
        }
        let mut members = Value::Object(members);
        let mut metadata = loop {
            let mut track = serde_path_to_error::Track::new();
            let reader = serde_path_to_error::Deserializer::new(&members, &mut track);
            match Self::deserialize(reader) {
                Ok(metadata) => break metadata,
                Err(error) => {
                    let path = track.path();
                    let name = match path.iter().next() {
                        Some(serde_path_to_error::Segment::Map { key }) => key.as_str(),
                        _ => return Err(error),
                    };
                    let removed = members.as_object_mut().and_then(|all| all.remove(name));
                    match removed {
                        Some(value) if name != "issuer" => malformed.insert(name.to_owned(), value),
                        _ => return Err(serde_json::Error::custom("the issuer is not a string")),
                    };
                }
            }
        };
        metadata.extra.extend(malformed);
        Ok(metadata)
    }

    /// Returns the members as they are in the document.
    pub(super) fn members(&self) -> serde_json::Result<Map<String, Value>> {
        let mut members = match Self::serialize(self, serde_json::value::Serializer)? {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        // The original of a malformed value replaces the value it was read as.
        let extra = self.extra.iter();
        members.extend(extra.map(|(name, value)| (name.clone(), value.clone())));
        Ok(members)
    }

    /// Returns this document with the members that only `other` has.
    pub(super) fn completed_by(&self, other: &Self) -> serde_json::Result<Self> {
        let mut members = self.members()?;
        for (name, value) in other.members()? {
            match (members.get_mut(&name), value) {
                (None | Some(Value::Null), value) => {
                    members.insert(name, value);
                }
                // `mtls_endpoint_aliases`.
                (Some(Value::Object(known)), Value::Object(more)) => {
                    for (name, value) in more {
                        known.entry(name).or_insert(value);
                    }
                }
                _ => {}
            }
        }
        Self::of_members(members)
    }

    /// Returns the endpoints with their member names, including those for mutual TLS.
    #[cfg(feature = "oidc")]
    pub(super) fn endpoints(&self) -> Vec<(String, String)> {
        let members = self.members().unwrap_or_default();
        let aliases = self.mtls_endpoint_aliases.iter().flatten();
        let aliases = aliases.map(|(name, url)| (name.clone(), url.clone()));
        let endpoints = members.into_iter().filter_map(|(name, value)| match value {
            Value::String(url) if is_endpoint(&name) => Some((name, url)),
            _ => None,
        });
        endpoints.chain(aliases).collect()
    }

    /// Returns the document with an endpoint replaced, or `None` if no flow uses an endpoint of
    /// this name.
    pub(super) fn with_endpoint(&self, name: &str, url: &str) -> serde_json::Result<Option<Self>> {
        if !is_endpoint(name) {
            return Ok(None);
        }
        let mut members = self.members()?;
        members.insert(name.to_owned(), url.into());
        let metadata = Self::of_members(members)?;
        Ok((!metadata.extra.contains_key(name)).then_some(metadata))
    }
}

fn is_endpoint(member: &str) -> bool {
    member.ends_with("_endpoint") || member == "jwks_uri"
}

/// Creates the error for a malformed member that a flow depends on.
fn unreadable(member: &str) -> crate::Error {
    protocol(format!(
        "the member {member} of the well-known document is malformed"
    ))
    .with_hint("the provider's document is wrong; OidcBuilder::metadata takes a corrected one")
}

impl<'de> Deserialize<'de> for ProviderMetadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = deserializer.deserialize_map(Members)?;
        Self::of_members(members).map_err(D::Error::custom)
    }
}

impl Serialize for ProviderMetadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.members().map_err(serde::ser::Error::custom)?;
        members.serialize(serializer)
    }
}

/// The members of an object. A member that appears twice with different values is an error.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.get(&name).is_some_and(|known| *known != value) {
                return Err(A::Error::custom(
                    "a member appears twice with different values",
                ));
            }
            members.insert(name, value);
        }
        Ok(members)
    }
}
