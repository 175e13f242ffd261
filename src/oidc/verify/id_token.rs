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

/// What a login expects of its ID token, beside what every ID token must be.
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
    /// Expects a token of a login that sent no nonce.
    pub fn new() -> Self {
        Self::default()
    }

    /// The `nonce` that the login sent. Without this call the token must have none.
    #[must_use]
    pub fn nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Takes whatever nonce the token has: it was checked when the login ended, or the login was
    /// somebody else's, such as a browser application's that sends its ID token here.
    ///
    /// # Security
    /// A token that was sent before is taken again. Do not log a browser in by such a token alone.
    #[must_use]
    pub fn any_nonce(mut self) -> Self {
        self.any_nonce = true;
        self
    }

    /// The access token that came with it: `at_hash` must fit where it is there.
    #[must_use]
    pub fn access_token(mut self, token: &'a str) -> Self {
        self.access_token = Some(token);
        self
    }

    /// The authorization code that came with it, or that it was exchanged for: `c_hash` must fit
    /// where it is there.
    #[must_use]
    pub fn code(mut self, code: &'a str) -> Self {
        self.code = Some(code);
        self
    }

    /// The `state` of the login: `s_hash` must fit where it is there.
    #[must_use]
    pub fn state(mut self, state: &'a str) -> Self {
        self.state = Some(state);
        self
    }

    /// `s_hash` must be there, and fit the [`state`](Self::state) (FAPI 1.0 Advanced section 5.2.3).
    #[must_use]
    pub fn require_state_hash(mut self) -> Self {
        self.state_hash = true;
        self
    }

    /// It came through the browser (implicit or hybrid flow): the hashes of the access token and
    /// of the code that came with it must be there (OpenID Connect Core 1.0 sections 3.2.2.9 and
    /// 3.3.2.11).
    #[must_use]
    pub fn from_front_channel(mut self) -> Self {
        self.front_channel = true;
        self
    }

    /// The user has logged in at most so long ago; `auth_time` must be there.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// `auth_time` must be there.
    #[must_use]
    pub fn auth_time(mut self) -> Self {
        self.auth_time = true;
        self
    }

    /// The user has logged in at one of these levels (`acr`).
    #[must_use]
    pub fn acr<S: Into<String>>(mut self, levels: impl IntoIterator<Item = S>) -> Self {
        self.acr = levels.into_iter().map(Into::into).collect();
        self
    }

    /// The token was made at most so long ago (`iat`).
    #[must_use]
    pub fn max_issue_age(mut self, age: Duration) -> Self {
        self.max_issue_age = Some(age);
        self
    }

    /// The same where nothing is set yet.
    #[must_use]
    pub(crate) fn or_max_issue_age(mut self, age: Option<Duration>) -> Self {
        self.max_issue_age = self.max_issue_age.or(age);
        self
    }

    /// It came with a refresh: it must be about the same login as the token before (OpenID
    /// Connect Core 1.0 section 12.2). Its nonce may be missing; if there is one it is the same.
    #[must_use]
    pub fn refreshed_from(mut self, before: &'a IdToken) -> Self {
        self.before = Some(before);
        self
    }
}

/// Shows what is expected, not the values.
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
    /// The user's identifier at this issuer: Keycloak's user id, unless the client has pairwise
    /// subjects.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        text(&self.claims, "iss").unwrap_or_default()
    }

    /// The audiences: this client, and those that were trusted.
    pub fn audience(&self) -> Vec<&str> {
        audience(&self.claims)
    }

    /// The session at the server (`sid`).
    pub fn session_id(&self) -> Option<&str> {
        text(&self.claims, "sid")
    }

    /// The level the user logged in at (`acr`).
    pub fn acr(&self) -> Option<&str> {
        text(&self.claims, "acr")
    }

    /// How the user logged in (`amr`, RFC 8176).
    pub fn amr(&self) -> Vec<&str> {
        texts(self.claims.get("amr"))
    }

    /// When the user logged in.
    pub fn auth_time(&self) -> Option<SystemTime> {
        point(&self.claims, "auth_time")
    }

    /// When it was made.
    pub fn issued_at(&self) -> Option<SystemTime> {
        point(&self.claims, "iat")
    }

    /// When it expires.
    pub fn expires_at(&self) -> Option<SystemTime> {
        point(&self.claims, "exp")
    }

    /// The algorithm it was signed with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Who acts for the user (`act`, RFC 8693 section 4.1), such as an administrator who impersonates
    /// them.
    pub fn actor(&self) -> Option<Actor<'_>> {
        Actor::of(&self.claims)
    }

    /// One claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.claims.get(name)
    }

    /// All claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The claims as a type of your own.
    ///
    /// # Errors
    /// Of kind `InvalidToken` when they do not fit it.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T> {
        own_type(KIND, &self.claims)
    }

    /// The token as it came, for `id_token_hint`. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.raw.expose()
    }
}

standard_claims::getters!(IdToken);

/// Claims as the user's type. What they hold is kept out of the error.
pub(super) fn own_type<T: DeserializeOwned>(
    kind: TokenKind,
    claims: &Map<String, Value>,
) -> Result<T> {
    serde_json::from_value(Value::Object(claims.clone())).map_err(|_| {
        kind.refused(
            TokenFault::Claim,
            "its claims do not fit the type asked for",
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
    // Keycloak says in the payload what a token is; other providers do not.
    if claims.get("typ").is_some_and(|typ| typ != "ID") || claims.contains_key("events") {
        return Err(KIND.refused(TokenFault::Type, "it is a token of another type"));
    }
    let at = CheckTime::new(verifier.now(), verifier.leeway);
    KIND.times(&claims, at)?;
    let issued = KIND.required_time(&claims, "iat")?;
    if let Some(age) = expected.max_issue_age
        && issued + age.as_secs_f64() + at.leeway < at.now
    {
        return Err(KIND.refused(TokenFault::TooOld, "it was made too long ago"));
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
    /// Whether an ID token may have been issued to this client.
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
            .refused(TokenFault::Audience, "it is for others too")
            .with_hint("name those that may have it with trusted_audience"));
    }
    match claims.get("azp") {
        None if all.len() > 1 && !verifier.authorized_party_optional => Err(KIND
            .refused(
                TokenFault::AuthorizedParty,
                "it is for several and does not say whom it was issued to",
            )
            .with_hint("TokenVerifier::authorized_party_optional takes such tokens")),
        Some(azp) if !azp.as_str().is_some_and(|azp| verifier.may_hold(azp)) => Err(KIND
            .refused(
                TokenFault::AuthorizedParty,
                "it was issued to another client",
            )
            .with_hint("name that client with TokenVerifier::authorized_party")),
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
        let error = KIND.refused(TokenFault::Nonce, "its nonce is not the one of this login");
        Err(match (expected.nonce, expected.before) {
            (None, None) => error.with_hint(
                "Expected::nonce takes the nonce of the login; where it is not known to this \
                 program there is Expected::any_nonce",
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
            "require_state_hash compares s_hash with a state: set state too",
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
                None => format!("it has no {name}, which must be there"),
                Some(_) => format!("its {name} does not fit"),
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
                "it does not say when the user logged in",
            )
        })?)
    } else {
        // Nothing depends on it.
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
            "the user did not log in at the level asked for",
        ));
    }
    Ok(())
}

/// OpenID Connect Core 1.0 section 12.2.
fn check_refreshed(claims: &Map<String, Value>, before: &IdToken) -> Result<()> {
    if text(claims, "iss") != text(&before.claims, "iss") {
        return Err(KIND.refused(TokenFault::Issuer, "its issuer is another one than before"));
    }
    if text(claims, "sub") != Some(&before.subject) {
        return Err(KIND.refused(
            TokenFault::Subject,
            "its subject is another one than before",
        ));
    }
    if claims.get("azp") != before.claims.get("azp") {
        return Err(KIND.refused(
            TokenFault::AuthorizedParty,
            "it was issued to another client than before",
        ));
    }
    // The standard wants the time of the first login. Keycloak keeps one for each session: after
    // another login in it, refreshes of all its tokens show the later time.
    let (now, then) = (
        seconds(claims, "auth_time"),
        seconds(&before.claims, "auth_time"),
    );
    if let (Some(now), Some(then)) = (now, then)
        && now < then
    {
        return Err(KIND.refused(
            TokenFault::AuthTime,
            "it is of an earlier login than before",
        ));
    }
    Ok(())
}
