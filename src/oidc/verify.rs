//! Verifying what an issuer signed.
//!
//! Each kind of token has a verifier of its own that refuses all other kinds (RFC 8725 section
//! 3.12), and a type of its own for what was verified.

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

/// Tells the time; tests set it.
type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How far clocks may differ, unless set.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// Verifies what one issuer signs for one client: ID tokens, logout tokens, signed userinfo,
/// authorization responses (JARM), introspection answers.
///
/// [`Oidc::verifier`](crate::oidc::Oidc::verifier) gives one with the settings of the client. This
/// is how to make one by hand, without a network:
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
    /// Those that were registered, for each kind of token.
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
    /// Verifies tokens that `issuer` made for the client `client_id`.
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

    /// Takes only tokens signed with one of these algorithms; unless set, all asymmetric ones that
    /// the issuer publishes for the kind of token. Symmetric ones are left out: Keycloak signs with a
    /// key that only it has. For ID tokens of other providers, see
    /// [`id_tokens_signed_with_client_secret`](Self::id_tokens_signed_with_client_secret).
    #[must_use]
    pub fn algorithms(mut self, all: impl IntoIterator<Item = SignatureAlgorithm>) -> Self {
        let asymmetric = |one: &SignatureAlgorithm| SignatureAlgorithm::ASYMMETRIC.contains(one);
        self.algorithms = Some(all.into_iter().filter(asymmetric).collect());
        self
    }

    /// Takes ID tokens that are for this audience too, beside the client itself (OpenID Connect
    /// Core 1.0 section 3.1.3.7). None unless set.
    #[must_use]
    pub fn trusted_audience(mut self, audience: impl Into<String>) -> Self {
        self.trusted_audiences.push(audience.into());
        self
    }

    /// Takes ID tokens that were issued to this client too (`azp`), beside the client itself: an
    /// application that gets its ID token through a client of the same provider, such as one of a
    /// phone. Each such client is named; the token must be for this client all the same (`aud`).
    #[must_use]
    pub fn authorized_party(mut self, client_id: impl Into<String>) -> Self {
        self.authorized_parties.push(client_id.into());
        self
    }

    /// Takes ID tokens for several [trusted audiences](Self::trusted_audience) that do not say whom
    /// they were issued to (`azp`), as some providers make them. They are refused unless set.
    #[must_use]
    pub fn authorized_party_optional(mut self) -> Self {
        self.authorized_party_optional = true;
        self
    }

    /// Takes this text as the issuer too; see [`TrustedIssuer::alias`].
    #[must_use]
    pub fn issuer_alias(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = self.issuer.alias(issuer);
        self
    }

    /// Takes the issuers that this template allows; see [`TrustedIssuer::template`].
    #[must_use]
    pub fn issuer_template(mut self, template: IssuerTemplate) -> Self {
        self.issuer = self.issuer.template(template);
        self
    }

    /// Takes only subjects of at most 255 ASCII characters (OpenID Connect Core 1.0 section 2). Unless
    /// set, a subject has at most 4096 octets of any characters but control characters, such as the id
    /// that a user storage gives; it is compared as it is written.
    #[must_use]
    pub fn strict_subjects(mut self) -> Self {
        self.subjects = Subjects::Strict;
        self
    }

    /// How far this machine's clock and the server's may differ; 30 s unless set, and never more
    /// than half of a token's life.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The client is registered for encrypted ID tokens: they are opened with this key, and plain
    /// ones are refused. Several keys may be set, for the time of a rotation.
    #[must_use]
    pub fn id_token_decryption_key(mut self, key: DecryptionKey) -> Self {
        self.id_token_keys.push(key);
        self
    }

    /// The client is registered for encrypted userinfo: plain answers are refused.
    #[must_use]
    pub fn userinfo_decryption_key(mut self, key: DecryptionKey) -> Self {
        self.userinfo_keys.push(key);
        self
    }

    /// Takes signed userinfo that does not name its issuer or its audience, which it should but need
    /// not (OpenID Connect Core 1.0 section 5.3.2). Where they are there, they have to fit all the
    /// same.
    ///
    /// # Security
    /// Such an answer can be one that was made for another client. Only the connection to the
    /// provider, and the subject of the ID token, say that it is not.
    #[must_use]
    pub fn unaddressed_userinfo(mut self) -> Self {
        self.unaddressed_userinfo = true;
        self
    }

    /// The client is registered for encrypted authorization responses (JARM): plain ones are
    /// refused.
    #[must_use]
    pub fn response_decryption_key(mut self, key: DecryptionKey) -> Self {
        self.response_keys.push(key);
        self
    }

    /// Where used logout tokens are remembered; in memory unless set, which is enough for one
    /// process.
    #[must_use]
    pub fn replay_store(mut self, store: impl ReplayStore) -> Self {
        self.replay = Arc::new(store);
        self
    }

    /// Takes front-channel logout requests that name neither issuer nor session, for a client that is
    /// registered without `frontchannel_logout_session_required` (OpenID Connect Front-Channel Logout
    /// 1.0 section 2). One that names only one of them is refused all the same. They are refused
    /// unless set.
    ///
    /// # Security
    /// Any page can make a browser send such a request, and so log its user out. It ends only the
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

    /// Verifies access tokens of the same issuer; see [`AccessTokenVerifier`].
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

    /// Verifies an ID token (OpenID Connect Core 1.0 section 3.1.3.7). `expected` says what else
    /// the login it is from asks of it.
    ///
    /// # Errors
    /// Of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault); of another kind when the
    /// keys of the issuer cannot be had.
    pub async fn id_token(&self, token: &str, expected: &Expected<'_>) -> Result<IdToken> {
        self.id_token_from(token, expected, TokenOrigin::Anybody)
            .await
    }

    /// The same, for a token whose origin is known: anybody can pass one to a browser or to the
    /// application, the issuer alone answers at its token endpoint.
    pub(crate) async fn id_token_from(
        &self,
        token: &str,
        expected: &Expected<'_>,
        from: TokenOrigin,
    ) -> Result<IdToken> {
        id_token::verify(self, token, expected, from).await
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6), once: the
    /// same one is refused from then on. Answer 200 when it is good and 400 when it is not, both
    /// with `Cache-Control: no-store`.
    ///
    /// # Errors
    /// Of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault); of another kind when the
    /// keys of the issuer cannot be had or the replay store fails.
    pub async fn logout_token(&self, token: &str) -> Result<LogoutToken> {
        logout_token::verify(self, token).await
    }

    /// Checks a front-channel logout request (OpenID Connect Front-Channel Logout 1.0 section 2):
    /// the query of the request names the issuer and the session. After
    /// [`session_optional`](Self::session_optional) it may also name neither.
    ///
    /// # Errors
    /// Of kind `InvalidToken` when one of them is missing, repeated, or of another issuer.
    pub async fn front_channel_logout(&self, query: &str) -> Result<FrontChannelLogout> {
        FrontChannelLogout::read(query, &self.issuer.names().await?, self.session_optional)
    }

    /// Verifies a userinfo answer of type `application/jwt` (OpenID Connect Core 1.0 section
    /// 5.3.2). `subject` is that of the ID token.
    ///
    /// # Errors
    /// Of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault); of another kind when the
    /// keys of the issuer cannot be had.
    pub async fn user_info(&self, jwt: &str, subject: Option<&str>) -> Result<Map<String, Value>> {
        user_info::verify(self, jwt, subject, TokenOrigin::Anybody).await
    }

    /// The same, for what the userinfo endpoint has answered.
    pub(crate) async fn answered_user_info(
        &self,
        jwt: &str,
        subject: Option<&str>,
    ) -> Result<Map<String, Value>> {
        user_info::verify(self, jwt, subject, TokenOrigin::Issuer).await
    }

    /// Verifies an authorization response that came as a JWT (JARM section 2.4) and gives its
    /// parameters: `code`, `state` and so on, or `error`. `iss` is among them.
    ///
    /// # Errors
    /// Of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault); of another kind when the
    /// keys of the issuer cannot be had.
    pub async fn authorization_response(&self, jwt: &str) -> Result<Vec<(String, String)>> {
        jarm::verify(self, jwt).await
    }

    /// Verifies an introspection answer that came as a JWT: that of RFC 9701, or the `jwt` member
    /// of Keycloak's answer, which is the full access token.
    ///
    /// # Errors
    /// Of kind `InvalidToken`, with a [`TokenFault`](crate::TokenFault); of another kind when the
    /// keys of the issuer cannot be had.
    pub async fn introspection(&self, jwt: &str) -> Result<Map<String, Value>> {
        introspection::verify(self, jwt, TokenOrigin::Anybody).await
    }

    /// The same, for what the introspection endpoint has answered.
    pub(crate) async fn answered_introspection(&self, jwt: &str) -> Result<Map<String, Value>> {
        introspection::verify(self, jwt, TokenOrigin::Issuer).await
    }

    fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// The algorithms that were named, where any were, with that of the secret for ID tokens.
    pub(crate) fn only_algorithms(&self) -> Option<Vec<SignatureAlgorithm>> {
        let secret = self.id_token_secret.as_ref().map(IdTokenSecret::algorithm);
        let all = self.algorithms.as_ref()?;
        Some(all.iter().copied().chain(secret).collect())
    }

    /// Whether a text names the issuer, for what is not a token.
    pub(crate) async fn issuer_check(&self) -> Result<impl Fn(&str) -> bool> {
        let names = self.issuer.names().await?;
        Ok(move |issuer: &str| names.accept_name(issuer))
    }

    pub(crate) fn issuer(&self) -> TrustedIssuer {
        self.issuer.clone()
    }

    /// Whether answers of the userinfo endpoint have to be encrypted.
    pub(crate) fn opens_userinfo(&self) -> bool {
        !self.userinfo_keys.is_empty()
    }

    /// Claims that are encrypted and not signed (OpenID Connect Core 1.0 section 5.3.2); `None` where
    /// a signed token is inside. Only for what the endpoint itself has answered: anybody can encrypt.
    pub(crate) fn unsigned_user_info(&self, jwe: &str) -> Option<Map<String, Value>> {
        json::object(&decrypt(jwe, &self.userinfo_keys).ok()?)
    }

    async fn accepted(
        &self,
        kind: TokenKind,
        typ: Option<&str>,
    ) -> Result<Vec<SignatureAlgorithm>> {
        let registered = match kind.registered {
            // Keycloak answers with the access token, which has an algorithm of its own.
            Some(Registered::Introspection) if typ != Some(introspection::STANDARD) => None,
            of_client => of_client.and_then(|kind| self.registered.of(kind)),
        };
        if let Some(algorithm) = registered {
            // A symmetric one has no key here.
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

    /// Opens a token and verifies its signature. With `keys`, it must have been encrypted.
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
                    .with_hint("the client is registered for encrypted ones"));
            }
            // What is inside is a signed token, which is verified like any other.
            inner = String::from_utf8(decrypt(token, keys)?)
                .map_err(|_| jws::malformed("the encrypted content is no token"))?;
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
            // The secret and the published keys never meet: each has its own algorithms.
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

/// A token whose signature is good; its claims are still to be checked.
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
