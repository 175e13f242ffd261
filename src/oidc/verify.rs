//! Verification of signed tokens and responses.
//!
//! Each kind of token has its own verifier, which refuses all other kinds (RFC 8725 section 3.12),
//! and its own type for verified tokens.

mod access_token;
mod actor;
mod binding;
mod claims;
mod front_channel;
mod id_token;
mod id_token_secret;
mod introspection;
mod introspection_cache;
mod issuer;
mod issuer_names;
mod jarm;
mod jwks_cache;
mod lightweight;
mod logout_token;
mod refresh_token;
mod registered;
mod replay;
#[cfg(test)]
mod tests;
mod user_info;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

pub use self::access_token::{
    AccessTokenClaims, AccessTokenProfile, AccessTokenVerifier, AccessTokenVerifierBuilder, Check,
    Permission,
};
pub use self::actor::Actor;
pub use self::binding::Presented;
#[cfg(feature = "web")]
pub(crate) use self::claims::has_claim;
use self::claims::{Subjects, TokenKind};
pub(super) use self::claims::{audience, scopes};
pub use self::front_channel::FrontChannelLogout;
pub use self::id_token::{Expected, IdToken};
pub use self::id_token_secret::IdTokenSecret;
pub use self::introspection_cache::Introspect;
pub(super) use self::introspection_cache::TypeOfAnswer;
pub(crate) use self::issuer::KeySource;
pub use self::issuer::TrustedIssuer;
pub use self::issuer_names::IssuerTemplate;
use self::issuer_names::Names;
pub(crate) use self::jwks_cache::TokenOrigin;
pub use self::logout_token::LogoutToken;
pub(super) use self::refresh_token::refuse_others;
pub use self::refresh_token::{OfflineToken, RefreshToken};
use self::registered::Registered;
use self::registered::RegisteredAlgorithms;
pub use self::replay::{ReplayMemory, ReplaySender, ReplayStore};
use crate::error::{Result, TokenFault};
use crate::jose::jws::{self, Jws};
use crate::jose::{DecryptionKey, SignatureAlgorithm, decrypt, json};

/// Returns the current time; tests replace it.
type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The default clock difference that is tolerated.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// Verifies what an issuer signs for a client: ID tokens, logout tokens, userinfo responses,
/// authorization responses (JARM) and introspection responses.
///
/// [`Oidc::verifier`](crate::oidc::Oidc::verifier) returns one with the client's settings. A
/// verifier can also be created without a network:
///
/// ```no_run
/// use keycloak_kit::jose::Jwk;
/// use keycloak_kit::oidc::{Expected, TokenVerifier, TrustedIssuer};
///
/// # async fn show(pem: &str, raw: &str) -> keycloak_kit::Result<()> {
/// let issuer = TrustedIssuer::new("https://sso.example.org/realms/demo", Jwk::from_pem(pem)?);
/// let verifier = TokenVerifier::new(issuer, "web-app");
/// let id_token = verifier.id_token(raw, &Expected::new().nonce("n-0S6_WzA2Mj")).await?;
/// println!("{}", id_token.subject());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TokenVerifier {
    issuer: TrustedIssuer,
    client_id: String,
    algorithms: Option<Vec<SignatureAlgorithm>>,
    /// The registered algorithm of each kind of token.
    registered: RegisteredAlgorithms,
    trusted_audiences: Vec<String>,
    authorized_parties: Vec<String>,
    authorized_party_optional: bool,
    id_token_secret: Option<IdTokenSecret>,
    subjects: Subjects,
    leeway: Duration,
    id_token_keys: Vec<DecryptionKey>,
    userinfo_keys: Vec<DecryptionKey>,
    response_keys: Vec<DecryptionKey>,
    unaddressed_userinfo: bool,
    replay: Arc<dyn ReplayStore>,
    session_optional: bool,
    clock: Clock,
}

impl TokenVerifier {
    /// Creates a verifier of tokens that `issuer` issues to the client `client_id`.
    pub fn new(issuer: TrustedIssuer, client_id: impl Into<String>) -> Self {
        Self {
            issuer,
            client_id: client_id.into(),
            algorithms: None,
            registered: RegisteredAlgorithms::default(),
            trusted_audiences: Vec::new(),
            authorized_parties: Vec::new(),
            authorized_party_optional: false,
            id_token_secret: None,
            subjects: Subjects::Any,
            leeway: LEEWAY,
            id_token_keys: Vec::new(),
            userinfo_keys: Vec::new(),
            response_keys: Vec::new(),
            unaddressed_userinfo: false,
            replay: Arc::new(ReplayMemory::default()),
            session_optional: false,
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Accepts only tokens signed with one of these algorithms. The default is all asymmetric
    /// algorithms that the issuer publishes for the kind of token.
    ///
    /// Symmetric algorithms are ignored, because Keycloak's symmetric keys never leave the server.
    /// For ID tokens of other providers, see
    /// [`id_tokens_signed_with_client_secret`](Self::id_tokens_signed_with_client_secret).
    #[must_use]
    pub fn algorithms(mut self, all: impl IntoIterator<Item = SignatureAlgorithm>) -> Self {
        let asymmetric = |one: &SignatureAlgorithm| SignatureAlgorithm::ASYMMETRIC.contains(one);
        self.algorithms = Some(all.into_iter().filter(asymmetric).collect());
        self
    }

    /// Accepts ID tokens that have this audience in addition to the client (OpenID Connect Core 1.0
    /// section 3.1.3.7). By default the client must be the only audience.
    #[must_use]
    pub fn trusted_audience(mut self, audience: impl Into<String>) -> Self {
        self.trusted_audiences.push(audience.into());
        self
    }

    /// Also accepts ID tokens that were issued to another client (`azp`), such as a mobile
    /// application that obtains the ID token and sends it to this application. The token's audience
    /// (`aud`) must still contain this client.
    #[must_use]
    pub fn authorized_party(mut self, client_id: impl Into<String>) -> Self {
        self.authorized_parties.push(client_id.into());
        self
    }

    /// Accepts ID tokens with several [trusted audiences](Self::trusted_audience) but without
    /// `azp`, which some providers issue. By default they are refused.
    #[must_use]
    pub fn authorized_party_optional(mut self) -> Self {
        self.authorized_party_optional = true;
        self
    }

    /// Accepts another name of the issuer; see [`TrustedIssuer::alias`].
    #[must_use]
    pub fn issuer_alias(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = self.issuer.alias(issuer);
        self
    }

    /// Accepts the issuers that a template allows; see [`TrustedIssuer::template`].
    #[must_use]
    pub fn issuer_template(mut self, template: IssuerTemplate) -> Self {
        self.issuer = self.issuer.template(template);
        self
    }

    /// Accepts only subjects of at most 255 ASCII characters (OpenID Connect Core 1.0 section 2).
    /// By default a subject may have up to 4096 bytes without control characters, such as an id of
    /// a user storage. Subjects are compared byte by byte.
    #[must_use]
    pub fn strict_subjects(mut self) -> Self {
        self.subjects = Subjects::Strict;
        self
    }

    /// Sets how far this machine's clock and the server's may differ. The default is 30 s; it is
    /// limited to half of a token's lifetime.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Requires encrypted ID tokens, for which the client is registered, and adds a key that
    /// decrypts them. Several keys can be added for a key rotation.
    #[must_use]
    pub fn id_token_decryption_key(mut self, key: DecryptionKey) -> Self {
        self.id_token_keys.push(key);
        self
    }

    /// Requires encrypted userinfo responses, for which the client is registered, and adds a key
    /// that decrypts them.
    #[must_use]
    pub fn userinfo_decryption_key(mut self, key: DecryptionKey) -> Self {
        self.userinfo_keys.push(key);
        self
    }

    /// Accepts signed userinfo without `iss` or `aud`, which OpenID Connect Core 1.0 section 5.3.2
    /// recommends but does not require. If present, they are checked.
    ///
    /// # Security
    /// Such a response may have been issued to another client. Only the connection to the provider
    /// and the subject of the ID token protect against that.
    #[must_use]
    pub fn unaddressed_userinfo(mut self) -> Self {
        self.unaddressed_userinfo = true;
        self
    }

    /// Requires encrypted authorization responses (JARM), for which the client is registered, and
    /// adds a key that decrypts them.
    #[must_use]
    pub fn response_decryption_key(mut self, key: DecryptionKey) -> Self {
        self.response_keys.push(key);
        self
    }

    /// Sets the store of used logout tokens. The default is in memory, which is sufficient for a
    /// single process.
    #[must_use]
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.replay = Arc::new(store);
        self
    }

    /// Accepts front-channel logout requests with neither `iss` nor `sid`, for a client registered
    /// without `frontchannel_logout_session_required` (OpenID Connect Front-Channel Logout 1.0
    /// section 2). By default they are refused. A request with only one of the two is always
    /// refused.
    ///
    /// # Security
    /// Any web page can make a browser send such a request and log its user out. End only the
    /// session of the browser that sent it.
    #[must_use]
    pub fn session_optional(mut self) -> Self {
        self.session_optional = true;
        self
    }

    #[cfg(test)]
    pub(crate) fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// Returns a builder for a verifier of access tokens of the same issuer.
    pub fn access_token_verifier(&self) -> AccessTokenVerifierBuilder {
        let mut builder = AccessTokenVerifier::builder(self.issuer.clone()).leeway(self.leeway);
        if self.subjects == Subjects::Strict {
            builder = builder.strict_subjects();
        }
        match &self.algorithms {
            Some(algorithms) => builder.algorithms(algorithms.iter().copied()),
            None => builder,
        }
    }

    /// Verifies an ID token (OpenID Connect Core 1.0 section 3.1.3.7). `expected` has the checks
    /// that depend on the login.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault), if a
    /// check fails. Returns an error of another kind if the issuer's keys cannot be fetched.
    pub async fn id_token(&self, token: &str, expected: &Expected<'_>) -> Result<IdToken> {
        self.id_token_from(token, expected, TokenOrigin::Anybody)
            .await
    }

    /// Like [`id_token`](Self::id_token), for a token of known origin. Anyone can pass a token to a
    /// browser or to the application; only the issuer responds at its token endpoint.
    pub(crate) async fn id_token_from(
        &self,
        token: &str,
        expected: &Expected<'_>,
        from: TokenOrigin,
    ) -> Result<IdToken> {
        id_token::verify(self, token, expected, from).await
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6). A token is
    /// accepted only once. Respond with 200 to a valid token and with 400 to any other, both with
    /// `Cache-Control: no-store`.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault), if a
    /// check fails. Returns an error of another kind if the issuer's keys cannot be fetched or the
    /// replay store fails.
    pub async fn logout_token(&self, token: &str) -> Result<LogoutToken> {
        logout_token::verify(self, token).await
    }

    /// Checks the query of a front-channel logout request (OpenID Connect Front-Channel Logout 1.0
    /// section 2), which has the issuer and the session. With
    /// [`session_optional`](Self::session_optional) both may be missing.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken` if one of them is missing or repeated, or the issuer
    /// is another one.
    pub async fn front_channel_logout(&self, query: &str) -> Result<FrontChannelLogout> {
        FrontChannelLogout::read(query, &self.issuer.names().await?, self.session_optional)
    }

    /// Verifies a userinfo response of type `application/jwt` (OpenID Connect Core 1.0 section
    /// 5.3.2). `subject` is the subject of the ID token.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault), if a
    /// check fails. Returns an error of another kind if the issuer's keys cannot be fetched.
    pub async fn user_info(&self, jwt: &str, subject: Option<&str>) -> Result<Map<String, Value>> {
        user_info::verify(self, jwt, subject, TokenOrigin::Anybody).await
    }

    /// Like [`user_info`](Self::user_info), for a response that came directly from the endpoint.
    pub(crate) async fn answered_user_info(
        &self,
        jwt: &str,
        subject: Option<&str>,
    ) -> Result<Map<String, Value>> {
        user_info::verify(self, jwt, subject, TokenOrigin::Issuer).await
    }

    /// Verifies an authorization response in a JWT (JARM section 2.4), and returns its parameters,
    /// such as `code` and `state`, or `error`. They include `iss`.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault), if a
    /// check fails. Returns an error of another kind if the issuer's keys cannot be fetched.
    pub async fn authorization_response(&self, jwt: &str) -> Result<Vec<(String, String)>> {
        jarm::verify(self, jwt).await
    }

    /// Verifies an introspection response in a JWT: a response of RFC 9701, or the member `jwt` of
    /// Keycloak's response, which is the full access token.
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault), if a
    /// check fails. Returns an error of another kind if the issuer's keys cannot be fetched.
    pub async fn introspection(&self, jwt: &str) -> Result<Map<String, Value>> {
        introspection::verify(self, jwt, TokenOrigin::Anybody).await
    }

    /// Like [`introspection`](Self::introspection), for a response that came directly from the
    /// endpoint.
    pub(crate) async fn answered_introspection(&self, jwt: &str) -> Result<Map<String, Value>> {
        introspection::verify(self, jwt, TokenOrigin::Issuer).await
    }

    fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Returns the configured algorithms, if any, including the one of the ID token secret.
    pub(crate) fn only_algorithms(&self) -> Option<Vec<SignatureAlgorithm>> {
        let secret = self.id_token_secret.as_ref().map(IdTokenSecret::algorithm);
        let all = self.algorithms.as_ref()?;
        Some(all.iter().copied().chain(secret).collect())
    }

    /// Returns a function that recognizes the issuer's name in something other than a token.
    pub(crate) async fn issuer_check(&self) -> Result<impl Fn(&str) -> bool> {
        let names = self.issuer.names().await?;
        Ok(move |issuer: &str| names.accept_name(issuer))
    }

    pub(crate) fn issuer(&self) -> TrustedIssuer {
        self.issuer.clone()
    }

    /// Returns whether userinfo responses must be encrypted.
    pub(crate) fn opens_userinfo(&self) -> bool {
        !self.userinfo_keys.is_empty()
    }

    /// Decrypts claims that are encrypted but not signed (OpenID Connect Core 1.0 section 5.3.2).
    /// Returns `None` if the content is a signed token. Only for responses that came directly from
    /// the endpoint, because anyone can encrypt.
    pub(crate) fn unsigned_user_info(&self, jwe: &str) -> Option<Map<String, Value>> {
        json::object(&decrypt(jwe, &self.userinfo_keys).ok()?)
    }

    async fn accepted(
        &self,
        kind: TokenKind,
        typ: Option<&str>,
    ) -> Result<Vec<SignatureAlgorithm>> {
        let registered = match kind.registered {
            // Keycloak responds with the access token, which has its own algorithm.
            Some(Registered::Introspection) if typ != Some(introspection::STANDARD) => None,
            of_client => of_client.and_then(|kind| self.registered.of(kind)),
        };
        if let Some(algorithm) = registered {
            // There is no key for a symmetric algorithm.
            let all = self.algorithms.as_deref();
            let all = all.unwrap_or(&SignatureAlgorithm::ASYMMETRIC);
            return Ok(all
                .iter()
                .copied()
                .filter(|one| *one == algorithm)
                .collect());
        }
        match &self.algorithms {
            Some(algorithms) => Ok(algorithms.clone()),
            None => self.issuer.algorithms(kind.algorithms).await,
        }
    }

    /// Verifies the signature of a token. If there are `keys`, the token must be encrypted.
    async fn open(
        &self,
        token: &str,
        kind: TokenKind,
        from: TokenOrigin,
        keys: &[DecryptionKey],
    ) -> Result<Opened> {
        let inner;
        let token = if keys.is_empty() {
            token
        } else {
            if token.split('.').count() != 5 {
                return Err(kind
                    .refused(TokenFault::Encryption, "it is not encrypted")
                    .with_hint("the client is registered for encryption"));
            }
            // The content is a signed token, which is verified like any other.
            inner = String::from_utf8(decrypt(token, keys)?)
                .map_err(|_| jws::malformed("the encrypted content is not a token"))?;
            &inner
        };
        let token = Jws::parse(token)?;
        kind.check_header(&token)?;
        let typ = token.typ();
        let secret = match kind.registered {
            Some(Registered::IdToken) => self.id_token_secret.as_ref(),
            _ => None,
        };
        let (algorithm, payload) = match secret {
            // The secret and the published keys are never mixed: each has its own algorithms.
            Some(secret) => {
                let algorithm = token.algorithm(&[secret.algorithm()])?;
                (
                    algorithm,
                    token.verify_with_secret(algorithm, secret.bytes())?,
                )
            }
            None => {
                let algorithm = token.algorithm(&self.accepted(kind, typ.as_deref()).await?)?;
                (algorithm, self.issuer.verify(token, algorithm, from).await?)
            }
        };
        Ok(Opened {
            algorithm,
            typ,
            payload,
            issuer: self.issuer.names().await?,
        })
    }
}

/// A token with a verified signature, whose claims are not yet checked.
struct Opened {
    algorithm: SignatureAlgorithm,
    typ: Option<String>,
    payload: Vec<u8>,
    issuer: Names,
}

impl Opened {
    fn claims(&self) -> Result<Map<String, Value>> {
        jws::claims(&self.payload)
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("algorithms", &self.algorithms)
            .field("registered", &self.registered)
            .field("id_token_secret", &self.id_token_secret)
            .field("leeway", &self.leeway)
            .finish_non_exhaustive()
    }
}
