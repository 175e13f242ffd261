//! A set of published keys, read one by one: a key of an unknown kind must not hide the others.

use serde_json::{Map, Value};

use super::jwk::Jwk;
use super::jws::Jws;
use super::public_key::Refusal;
use super::{KeyEncryption, SignatureAlgorithm, json};
use crate::error::{Result, TokenFault, config, invalid_token};

/// Most keys of one set.
const MAX_KEYS: usize = 100;
/// Most keys that are tried with one token.
const MAX_CANDIDATES: usize = 4;

/// A set of public keys (RFC 7517 section 5), without those that cannot be used.
///
/// ```
/// use keycloak_kit::jose::{Jwk, JwkSet};
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let published = r#"{"keys":[
///     {"kid":"1","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kid":"2","kty":"of another time"}
/// ]}"#;
/// let keys = JwkSet::from_json(published)?;
/// assert_eq!(keys.iter().map(Jwk::kid).collect::<Vec<_>>(), [Some("1")]);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    /// The ids of the keys that were left out, and why.
    left_out: Vec<(String, Refusal)>,
}

impl JwkSet {
    /// Parses a key set as an issuer publishes it. A byte order mark is skipped.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if `json` is not a key set or has more than 100
    /// keys.
    pub fn from_json(json: &str) -> Result<Self> {
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        let members = json::object(json.as_bytes())
            .ok_or_else(|| config("the key set is not a JSON object, or a member is repeated"))?;
        Self::read(&members)
    }

    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self> {
        let Some(keys) = members.get("keys").and_then(Value::as_array) else {
            return Err(config("the key set has no list of keys"));
        };
        if keys.len() > MAX_KEYS {
            return Err(config(format!("the key set has more than {MAX_KEYS} keys")));
        }
        let mut set = Self::default();
        for members in keys.iter().filter_map(Value::as_object) {
            match Jwk::read(members) {
                Ok(key) => set.keys.push(key),
                Err(why) => {
                    let kid = members.get("kid").and_then(Value::as_str);
                    set.left_out.push((kid.unwrap_or_default().to_owned(), why));
                }
            }
        }
        Ok(set)
    }

    /// Returns the keys that can be used.
    pub fn iter(&self) -> impl Iterator<Item = &Jwk> {
        self.keys.iter()
    }

    /// Returns how many keys can be used.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether no key can be used.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns a key that is published for encrypting to the set's owner with `algorithm`, such as a
    /// realm's key for request objects.
    pub fn encryption_key(&self, algorithm: KeyEncryption) -> Option<&Jwk> {
        self.keys
            .iter()
            .find(|key| key.usage.as_deref() == Some("enc") && super::jwe::is_for(key, algorithm))
    }

    /// Returns the distinct keys that a token with this key id and algorithm can be signed with:
    /// mostly one.
    pub(crate) fn candidates(&self, kid: Option<&str>, algorithm: SignatureAlgorithm) -> Vec<&Jwk> {
        let usable = || self.keys.iter().filter(|key| key.is_for(algorithm));
        let mut found: Vec<&Jwk> = usable()
            .filter(|key| kid.is_none() || kid == key.kid())
            .collect();
        if found.is_empty() {
            // A key without an id, such as one from a PEM file, is for any token.
            found = usable().filter(|key| key.kid().is_none()).collect();
        }
        let mut different: Vec<&Jwk> = Vec::new();
        for key in found {
            // A key that is published twice, or under two ids, counts once.
            if !different.iter().any(|known| known.key == key.key) {
                different.push(key);
            }
        }
        different
    }

    /// Verifies a token with these keys and returns its payload.
    pub(crate) fn verify(&self, token: Jws<'_>, algorithm: SignatureAlgorithm) -> Result<Vec<u8>> {
        let candidates = self.candidates(token.kid(), algorithm);
        let mut fault = None;
        for key in candidates.iter().take(MAX_CANDIDATES) {
            match token.check(algorithm, key) {
                Ok(()) => return Ok(token.into_payload()),
                Err(error) => fault = Some(error),
            }
        }
        if candidates.len() > MAX_CANDIDATES {
            return Err(invalid_token(
                TokenFault::UnknownKey,
                format!(
                    "{} published keys fit the token, and none of the first {MAX_CANDIDATES} has \
                     signed it",
                    candidates.len()
                ),
            )
            .with_hint("let the issuer give each key an id of its own"));
        }
        Err(
            fault.unwrap_or_else(|| match self.why_left_out(token.kid()) {
                Some(why) => invalid_token(
                    TokenFault::UnknownKey,
                    format!("the key of the token cannot be used: {why}"),
                ),
                None => invalid_token(
                    TokenFault::UnknownKey,
                    "the issuer publishes no key that fits the token",
                ),
            }),
        )
    }

    /// The set without some of its keys.
    #[must_use]
    pub(crate) fn without(&self, out: impl Fn(&Jwk) -> bool) -> Self {
        Self {
            keys: self.keys.iter().filter(|key| !out(key)).cloned().collect(),
            left_out: self.left_out.clone(),
        }
    }

    /// Returns why the key with this id was left out, if it was.
    pub(crate) fn why_left_out(&self, kid: Option<&str>) -> Option<Refusal> {
        let (_, why) = self.left_out.iter().find(|(id, _)| kid == Some(id))?;
        Some(why)
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            left_out: Vec::new(),
        }
    }
}

impl From<Jwk> for JwkSet {
    fn from(key: Jwk) -> Self {
        Self::from_iter([key])
    }
}
