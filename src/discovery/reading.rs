//! Reading a well-known document that has odd members.
//!
//! There are two kinds of members. Most of them describe: an odd value of one of these is kept in
//! `extra`, and only a flow that needs the member notices. Others switch a check on, or choose
//! algorithms and methods. These are read by their plain meaning. Where they have none, the value
//! stays in `extra`, the member is read as the strictest value there is, so that no check is left
//! out, and the flows that use it are refused.

use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::ProviderMetadata;
use crate::error::{Result, protocol};

/// A member that is not only a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decisive {
    /// A flag, and how it is read where it is neither true nor false.
    Flag(bool),
    /// A list of names. Without one that can be read nothing is accepted.
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

    /// The value without what is odd about it; `None` where that leaves no meaning.
    fn plain(self, value: &Value) -> Option<Value> {
        match (self, value) {
            // A server that writes its unset members too.
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
    /// Refuses to go on where one of these members is there and cannot be read.
    pub(crate) fn readable(&self, members: &[&str]) -> Result<()> {
        for member in members {
            let odd = self.extra.get(*member);
            if odd.is_some_and(|odd| {
                Decisive::of(member).is_none_or(|kind| kind.plain(odd).is_none())
            }) {
                return Err(unreadable(member));
            }
        }
        Ok(())
    }

    /// Reads the members of a document.
    fn of_members(mut members: Map<String, Value>) -> serde_json::Result<Self> {
        let mut odd = Map::new();
        for (name, value) in &mut members {
            let Some(kind) = Decisive::of(name) else {
                continue;
            };
            let plain = kind.plain(value).unwrap_or_else(|| {
                odd.insert(name.clone(), value.clone());
                kind.strictest()
            });
            *value = plain;
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
                        Some(value) if name != "issuer" => odd.insert(name.to_owned(), value),
                        _ => return Err(serde_json::Error::custom("the issuer is not a text")),
                    };
                }
            }
        };
        metadata.extra.extend(odd);
        Ok(metadata)
    }

    /// The members as they are in a document.
    pub(super) fn members(&self) -> serde_json::Result<Map<String, Value>> {
        let mut members = match Self::serialize(self, serde_json::value::Serializer)? {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        // What was odd stands in place of how it was read.
        let odd = self.extra.iter();
        members.extend(odd.map(|(name, value)| (name.clone(), value.clone())));
        Ok(members)
    }

    /// The same document with what only `other` has.
    pub(super) fn completed_by(&self, other: &Self) -> serde_json::Result<Self> {
        let mut members = self.members()?;
        for (name, value) in other.members()? {
            match (members.get_mut(&name), value) {
                (None | Some(Value::Null), value) => {
                    members.insert(name, value);
                }
                // The aliases of endpoints.
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

    /// The endpoints in it, for clients with a certificate too, by the names of their members.
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

    /// The same document with another endpoint; `None` where no flow has one of this name.
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

/// A member that no decision can be made with.
fn unreadable(member: &str) -> crate::Error {
    protocol(format!(
        "the {member} of the well-known document cannot be read"
    ))
    .with_hint("the document is at fault; OidcBuilder::metadata takes a corrected one")
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

/// Members of an object. One that is there twice with two values has no meaning.
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
                    "a member is there twice with different values",
                ));
            }
            members.insert(name, value);
        }
        Ok(members)
    }
}
