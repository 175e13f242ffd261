//! What the provider does wrong on purpose.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::state::new_id;

/// A defect of the provider that a client must notice; see
/// [`TestProvider::with_defect`](super::TestProvider::with_defect).
///
/// A defect of tokens spoils each token that is signed from then on, whoever asks for it: ID tokens,
/// access tokens and logout tokens, if they have the claim at all. Refresh tokens stay good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Defect {
    /// Tokens are of another issuer (`iss`).
    WrongIssuer,
    /// Tokens are for another audience (`aud`).
    WrongAudience,
    /// Tokens are for one more audience (`aud`), which the client does not trust.
    ExtraAudience,
    /// Tokens were issued to another client (`azp`).
    WrongAuthorizedParty,
    /// ID tokens have the nonce of another login.
    WrongNonce,
    /// ID tokens have no nonce.
    MissingNonce,
    /// Tokens expired an hour ago.
    Expired,
    /// Tokens have no `exp`.
    NoExpiry,
    /// Tokens are valid in an hour (`nbf`).
    NotYetValid,
    /// Tokens say that the user logged in a day earlier (`auth_time`).
    StaleAuthTime,
    /// Tokens do not say when the user logged in (`auth_time`).
    MissingAuthTime,
    /// Tokens have the authentication level `0` (`acr`), whatever was requested.
    WrongLevel,
    /// Tokens do not name a session (`sid`), as those of providers that have none.
    MissingSessionId,
    /// ID tokens belong to another access token (`at_hash`).
    WrongHash,
    /// Tokens are of another kind (`typ`).
    WrongType,
    /// The signature of tokens is wrong.
    BadSignature,
    /// Tokens have the id of a key that is not published.
    UnknownKey,
    /// Tokens are not signed: the algorithm `none`.
    AlgNone,
    /// Responses to logins have no `iss` (RFC 9207).
    MissingIss,
    /// Responses to logins have the `iss` of another provider (RFC 9207).
    WrongIss,
    /// Responses to logins have another `state`.
    WrongState,
    /// The token endpoint returns no ID token.
    MissingIdToken,
    /// The userinfo endpoint responds about another user.
    WrongUserInfo,
    /// The well-known document names another issuer.
    WrongDocument,
    /// Every endpoint responds with 503.
    Unavailable,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignatureFault {
    Bad,
    UnknownKey,
    AlgNone,
}

pub(super) const OTHER_ISSUER: &str = "https://other.example/realms/other";

/// The defects of a provider.
#[derive(Debug, Default)]
pub(super) struct Defects(pub(super) BTreeSet<Defect>);

impl Defects {
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.0.contains(&defect)
    }

    pub(super) fn of_signature(&self) -> Option<SignatureFault> {
        let faults = [
            (Defect::AlgNone, SignatureFault::AlgNone),
            (Defect::UnknownKey, SignatureFault::UnknownKey),
            (Defect::BadSignature, SignatureFault::Bad),
        ];
        let mut faults = faults.into_iter();
        let (_, fault) = faults.find(|(defect, _)| self.has(*defect))?;
        Some(fault)
    }

    /// Spoils the claims of a token.
    pub(super) fn spoil(&self, claims: &mut Map<String, Value>) {
        for defect in &self.0 {
            defect.spoil(claims);
        }
    }
}

impl Defect {
    fn spoil(self, claims: &mut Map<String, Value>) {
        let (name, value) = match self {
            Self::WrongIssuer => ("iss", OTHER_ISSUER.into()),
            Self::WrongAudience => ("aud", "other".into()),
            Self::ExtraAudience => ("aud", with_other(claims.get("aud"))),
            Self::WrongAuthorizedParty => ("azp", "other".into()),
            Self::WrongNonce => ("nonce", new_id().into()),
            Self::Expired => ("exp", shifted(claims.get("iat"), -3600)),
            Self::NotYetValid => {
                // This claim is always missing.
                let start = shifted(claims.get("iat"), 3600);
                claims.insert("nbf".to_owned(), start);
                return;
            }
            Self::StaleAuthTime => ("auth_time", shifted(claims.get("auth_time"), -86_400)),
            Self::WrongLevel => ("acr", "0".into()),
            Self::WrongHash => ("at_hash", new_id().into()),
            Self::WrongType => ("typ", "Other".into()),
            Self::MissingNonce => return remove(claims, "nonce"),
            Self::NoExpiry => return remove(claims, "exp"),
            Self::MissingSessionId => return remove(claims, "sid"),
            Self::MissingAuthTime => return remove(claims, "auth_time"),
            _ => return,
        };
        if let Some(claim) = claims.get_mut(name) {
            *claim = value;
        }
    }
}

fn remove(claims: &mut Map<String, Value>, name: &str) {
    claims.remove(name);
}

fn shifted(time: Option<&Value>, seconds: i64) -> Value {
    let time = time.and_then(Value::as_i64).unwrap_or_default();
    time.saturating_add(seconds).into()
}

fn with_other(audience: Option<&Value>) -> Value {
    match audience {
        Some(Value::Array(all)) => {
            let mut all = all.clone();
            all.push("other".into());
            all.into()
        }
        one => json!([one, "other"]),
    }
}
