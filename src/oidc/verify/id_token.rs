//! ID tokens.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::claims::{CheckTime, TokenKind, audience, text, texts};
use super::jwks_cache::TokenOrigin;
use super::registered::Registered;
use super::{Actor, TokenVerifier};
use crate::Secret;
use crate::error::{Result, TokenFault, config};
use crate::jose::time::{point, seconds};
use crate::jose::{SignatureAlgorithm, hash};
use crate::oidc::standard_claims;

pub(super) const KIND: TokenKind = TokenKind {
    name: "ID token",
    media_types: &["jwt"],
    algorithms: |metadata| metadata.id_token_signing_alg_values_supported.as_ref(),
    registered: Some(Registered::IdToken),
};

/// The checks of an ID token that depend on the login, in addition to those of every ID token.
///
/// ```
/// use std::time::Duration;
///
/// use keycloak_kit::oidc::Expected;
///
/// let expected = Expected::new()
///     .nonce("n-0S6_WzA2Mj")
///     .max_age(Duration::from_secs(600))
///     .acr(["gold"]);
/// ```
#[derive(Clone, Default)]
pub struct Expected<'a> {
    nonce: Option<&'a str>,
    any_nonce: bool,
    access_token: Option<&'a str>,
    code: Option<&'a str>,
    state: Option<&'a str>,
    state_hash: bool,
    front_channel: bool,
    max_age: Option<Duration>,
    auth_time: bool,
    acr: Vec<String>,
    max_issue_age: Option<Duration>,
    before: Option<&'a IdToken>,
}

impl<'a> Expected<'a> {
    /// Expects the ID token of a login without a nonce.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires the `nonce` of the login. By default the token must not have a nonce.
    #[must_use]
    pub fn nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Accepts any nonce, because it was checked at the end of the login, or because the login
    /// belongs to another program, such as a browser application that sends its ID token here.
    ///
    /// # Security
    /// A token can be replayed. Do not log in a browser with nothing but such a token.
    #[must_use]
    pub fn any_nonce(mut self) -> Self {
        self.any_nonce = true;
        self
    }

    /// Sets the access token issued with the ID token: `at_hash` must match if present.
    #[must_use]
    pub fn access_token(mut self, token: &'a str) -> Self {
        self.access_token = Some(token);
        self
    }

    /// Sets the authorization code issued with the ID token or exchanged for it: `c_hash` must
    /// match if present.
    #[must_use]
    pub fn code(mut self, code: &'a str) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets the `state` of the login: `s_hash` must match if present.
    #[must_use]
    pub fn state(mut self, state: &'a str) -> Self {
        self.state = Some(state);
        self
    }

    /// Requires `s_hash`, which must match the [`state`](Self::state) (FAPI 1.0 Advanced section
    /// 5.2.3).
    #[must_use]
    pub fn require_state_hash(mut self) -> Self {
        self.state_hash = true;
        self
    }

    /// Expects a token that came through the browser (implicit or hybrid flow): the hashes of the
    /// access token and the code issued with it are required (OpenID Connect Core 1.0 sections
    /// 3.2.2.9 and 3.3.2.11).
    #[must_use]
    pub fn from_front_channel(mut self) -> Self {
        self.front_channel = true;
        self
    }

    /// Requires `auth_time`, and that the user logged in within this time.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Requires `auth_time`.
    #[must_use]
    pub fn auth_time(mut self) -> Self {
        self.auth_time = true;
        self
    }

    /// Requires one of these authentication levels (`acr`).
    #[must_use]
    pub fn acr<S: Into<String>>(mut self, levels: impl IntoIterator<Item = S>) -> Self {
        self.acr = levels.into_iter().map(Into::into).collect();
        self
    }

    /// Requires that the token was issued within this time (`iat`).
    #[must_use]
    pub fn max_issue_age(mut self, age: Duration) -> Self {
        self.max_issue_age = Some(age);
        self
    }

    /// Sets the maximum age unless it is already set.
    #[must_use]
    pub(crate) fn or_max_issue_age(mut self, age: Option<Duration>) -> Self {
        self.max_issue_age = self.max_issue_age.or(age);
        self
    }

    /// Expects a token from a refresh: it must belong to the same login as the previous ID token
    /// (OpenID Connect Core 1.0 section 12.2). Its nonce must be the same or missing.
    #[must_use]
    pub fn refreshed_from(mut self, before: &'a IdToken) -> Self {
        self.before = Some(before);
        self
    }
}

/// Shows which checks are set, without secret values.
impl fmt::Debug for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected")
            .field("nonce", &self.nonce.is_some())
            .field("access_token", &self.access_token.is_some())
            .field("code", &self.code.is_some())
            .field("max_age", &self.max_age)
            .field("acr", &self.acr)
            .field("refreshed", &self.before.is_some())
            .finish_non_exhaustive()
    }
}

/// A verified ID token (OpenID Connect Core 1.0 section 2). `Debug` shows neither the token nor
/// the values of its claims.
#[derive(Clone)]
pub struct IdToken {
    raw: Secret,
    subject: String,
    claims: Map<String, Value>,
    algorithm: SignatureAlgorithm,
}

impl IdToken {
    /// Returns the subject: the user's Keycloak id, unless the client has pairwise subjects.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the issuer.
    pub fn issuer(&self) -> &str {
        text(&self.claims, "iss").unwrap_or_default()
    }

    /// Returns the audiences: this client, and trusted audiences.
    pub fn audience(&self) -> Vec<&str> {
        audience(&self.claims)
    }

    /// Returns the id of the session at the server (`sid`).
    pub fn session_id(&self) -> Option<&str> {
        text(&self.claims, "sid")
    }

    /// Returns the authentication level of the login (`acr`).
    pub fn acr(&self) -> Option<&str> {
        text(&self.claims, "acr")
    }

    /// Returns the authentication methods of the login (`amr`, RFC 8176).
    pub fn amr(&self) -> Vec<&str> {
        texts(self.claims.get("amr"))
    }

    /// Returns when the user logged in.
    pub fn auth_time(&self) -> Option<SystemTime> {
        point(&self.claims, "auth_time")
    }

    /// Returns when the token was issued.
    pub fn issued_at(&self) -> Option<SystemTime> {
        point(&self.claims, "iat")
    }

    /// Returns when the token expires.
    pub fn expires_at(&self) -> Option<SystemTime> {
        point(&self.claims, "exp")
    }

    /// Returns the algorithm of the token's signature.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Returns the actor that acts for the user (`act`, RFC 8693 section 4.1), such as an
    /// administrator who impersonates the user.
    pub fn actor(&self) -> Option<Actor<'_>> {
        Actor::of(&self.claims)
    }

    /// Returns a claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// Returns all claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Deserializes the claims as `T`.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken` if the claims do not match `T`.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T> {
        own_type(KIND, &self.claims)
    }

    /// Returns the raw token, for `id_token_hint`. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.raw.expose()
    }
}

standard_claims::getters!(IdToken);

/// Deserializes claims as `T`. The error does not contain their values.
pub(super) fn own_type<T: DeserializeOwned>(
    kind: TokenKind,
    claims: &Map<String, Value>,
) -> Result<T> {
    serde_json::from_value(Value::Object(claims.clone())).map_err(|_| {
        kind.refused(
            TokenFault::Claim,
            "its claims do not match the requested type",
        )
        .with_hint("make optional claims an Option, with #[serde(default)]")
    })
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken")
            .field("raw", &self.raw)
            .field("claims", &self.claims.keys().collect::<Vec<_>>())
            .finish()
    }
}

pub(super) async fn verify(
    verifier: &TokenVerifier,
    token: &str,
    expected: &Expected<'_>,
    from: TokenOrigin,
) -> Result<IdToken> {
    let opened = verifier
        .open(token, KIND, from, &verifier.id_token_keys)
        .await?;
    let claims = opened.claims()?;
    KIND.issuer(&claims, &opened.issuer)?;
    check_audience(&claims, verifier)?;
    // Keycloak's tokens have the type in the payload; other providers' tokens do not.
    if claims.get("typ").is_some_and(|typ| typ != "ID") || claims.contains_key("events") {
        return Err(KIND.refused(TokenFault::Type, "it is a token of another type"));
    }
    let at = CheckTime::new(verifier.now(), verifier.leeway);
    KIND.times(&claims, at)?;
    let issued = KIND.required_time(&claims, "iat")?;
    if let Some(age) = expected.max_issue_age
        && issued + age.as_secs_f64() + at.leeway < at.now
    {
        return Err(KIND.refused(TokenFault::TooOld, "it was issued too long ago"));
    }
    let subject = KIND.subject(&claims, verifier.subjects)?.to_owned();
    check_nonce(&claims, expected)?;
    check_hashes(&claims, opened.algorithm, expected)?;
    check_login(&claims, expected, at)?;
    if let Some(before) = expected.before {
        check_refreshed(&claims, before)?;
    }
    Ok(IdToken {
        raw: token.into(),
        subject,
        claims,
        algorithm: opened.algorithm,
    })
}

impl TokenVerifier {
    /// Returns whether an ID token may be issued to the client `azp`.
    fn may_hold(&self, azp: &str) -> bool {
        azp == self.client_id || self.authorized_parties.iter().any(|one| one == azp)
    }
}

fn check_audience(claims: &Map<String, Value>, verifier: &TokenVerifier) -> Result<()> {
    let client_id = verifier.client_id.as_str();
    KIND.audience(claims, client_id)?;
    let all = KIND.audiences(claims)?;
    let trusted =
        |one: &&str| *one == client_id || verifier.trusted_audiences.iter().any(|t| t == one);
    if !all.iter().all(trusted) {
        return Err(KIND
            .refused(
                TokenFault::Audience,
                "it has an audience that is not trusted",
            )
            .with_hint("allow other audiences with trusted_audience"));
    }
    match claims.get("azp") {
        None if all.len() > 1 && !verifier.authorized_party_optional => Err(KIND
            .refused(
                TokenFault::AuthorizedParty,
                "it has several audiences but no azp",
            )
            .with_hint("TokenVerifier::authorized_party_optional accepts such tokens")),
        Some(azp) if !azp.as_str().is_some_and(|azp| verifier.may_hold(azp)) => Err(KIND
            .refused(
                TokenFault::AuthorizedParty,
                "it was issued to another client",
            )
            .with_hint("allow that client with TokenVerifier::authorized_party")),
        _ => Ok(()),
    }
}

fn check_nonce(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<()> {
    let nonce = claims.get("nonce");
    let good = match (expected.nonce, expected.before) {
        (Some(wanted), _) => nonce
            .and_then(Value::as_str)
            .is_some_and(|nonce| hash::same(nonce, wanted)),
        (None, Some(before)) => nonce.is_none() || nonce == before.claims.get("nonce"),
        (None, None) => nonce.is_none() || expected.any_nonce,
    };
    if good {
        Ok(())
    } else {
        let error = KIND.refused(TokenFault::Nonce, "its nonce does not belong to this login");
        Err(match (expected.nonce, expected.before) {
            (None, None) => error.with_hint(
                "set the nonce of the login with Expected::nonce, or use Expected::any_nonce if this \
                 program does not know the nonce",
            ),
            _ => error,
        })
    }
}

fn check_hashes(
    claims: &Map<String, Value>,
    algorithm: SignatureAlgorithm,
    expected: &Expected<'_>,
) -> Result<()> {
    let front = expected.front_channel;
    if expected.state_hash && expected.state.is_none() {
        return Err(config(
            "require_state_hash compares s_hash with the state: set state as well",
        ));
    }
    for (name, value, required) in [
        ("at_hash", expected.access_token, front),
        ("c_hash", expected.code, front),
        ("s_hash", expected.state, expected.state_hash),
    ] {
        let Some(value) = value else { continue };
        let good = match claims.get(name) {
            None => !required,
            Some(found) => found
                .as_str()
                .is_some_and(|found| hash::same(found, &hash::half(algorithm, value))),
        };
        if !good {
            let why = match claims.get(name) {
                None => format!("it has no {name}, which is required"),
                Some(_) => format!("its {name} does not match"),
            };
            return Err(KIND.refused(TokenFault::Hash, &why));
        }
    }
    Ok(())
}

fn check_login(claims: &Map<String, Value>, expected: &Expected<'_>, at: CheckTime) -> Result<()> {
    let auth_time = if expected.auth_time || expected.max_age.is_some() {
        Some(KIND.time(claims, "auth_time")?.ok_or_else(|| {
            KIND.refused(
                TokenFault::AuthTime,
                "it has no auth_time, which is required",
            )
        })?)
    } else {
        // No check depends on it.
        None
    };
    if let (Some(time), Some(age)) = (auth_time, expected.max_age)
        && time + age.as_secs_f64() + at.leeway < at.now
    {
        return Err(KIND.refused(TokenFault::AuthTime, "the user logged in too long ago"));
    }
    let level = text(claims, "acr");
    if !expected.acr.is_empty() && !expected.acr.iter().any(|wanted| level == Some(wanted)) {
        return Err(KIND.refused(
            TokenFault::AuthenticationLevel,
            "the user did not log in at a required authentication level",
        ));
    }
    Ok(())
}

/// Checks a token from a refresh (OpenID Connect Core 1.0 section 12.2).
fn check_refreshed(claims: &Map<String, Value>, before: &IdToken) -> Result<()> {
    if text(claims, "iss") != text(&before.claims, "iss") {
        return Err(KIND.refused(
            TokenFault::Issuer,
            "its issuer is not that of the previous ID token",
        ));
    }
    if text(claims, "sub") != Some(&before.subject) {
        return Err(KIND.refused(
            TokenFault::Subject,
            "its subject is not that of the previous ID token",
        ));
    }
    if claims.get("azp") != before.claims.get("azp") {
        return Err(KIND.refused(
            TokenFault::AuthorizedParty,
            "it was issued to another client than the previous ID token",
        ));
    }
    // The standard requires the time of the original login. Keycloak keeps one time per session, so
    // after another login in the session, refreshed tokens have the later time.
    let (now, then) = (
        seconds(claims, "auth_time"),
        seconds(&before.claims, "auth_time"),
    );
    if let (Some(now), Some(then)) = (now, then)
        && now < then
    {
        return Err(KIND.refused(
            TokenFault::AuthTime,
            "it belongs to an earlier login than the previous ID token",
        ));
    }
    Ok(())
}
