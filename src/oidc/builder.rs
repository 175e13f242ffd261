//! Setting up an OpenID Connect client.

mod adapter_file;
mod environment;
mod provider_source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub(super) use self::provider_source::is_loopback;
pub use self::provider_source::{Connected, Discovered, ProviderSource};
use super::client::{Oidc, OidcInner};
use super::issuer_source::IssuerSource;
use super::limits::ParameterLimits;
use super::profile::{LoginRules, SecurityProfile};
use super::verify::{TokenVerifier, TrustedIssuer};
use crate::client_auth::ClientAuth;
use crate::client_auth::OAuthClient;
use crate::client_metadata::ClientMetadata;
use crate::discovery::ProviderId;
use crate::endpoint::Channel;
use crate::error::{Result, config};
use crate::jose::{DpopKey, SigningKey};
use crate::token::dpop::Dpop;

/// Sets up an [`Oidc`]; created by [`Keycloak::oidc`](crate::Keycloak::oidc) or [`Oidc::discover`].
///
/// Everything but the client's id has a default; [`build`](Self::build) reports mistakes.
///
/// `P` says where the provider is. A client of a realm shares the connections of its
/// [`Keycloak`](crate::Keycloak), and a registered client those of its registration
/// ([`Connected`]). What [`Oidc::discover`] starts has settings for the provider and its
/// connections too ([`Discovered`]). They do not exist where they would have no effect:
///
/// ```compile_fail
/// # fn show(kc: keycloak_kit::Keycloak) {
/// use keycloak_kit::ClientOptions;
///
/// kc.oidc("demo", "web-app").options(ClientOptions::new());
/// # }
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct OidcBuilder<P = Connected> {
    source: P,
    client: OAuthClient,
    redirect_uri: Option<String>,
    leeway: Duration,
    verification: Vec<Verification>,
    rules: LoginRules,
    /// What the client registered.
    registered: Option<Box<ClientMetadata>>,
    limits: Option<ParameterLimits>,
}

type Verification = Box<dyn FnOnce(TokenVerifier) -> TokenVerifier + Send>;

impl OidcBuilder {
    pub(crate) fn of_realm(channel: Arc<Channel>, realm: String, client_id: String) -> Self {
        Self::of_channel(channel, ProviderId::Realm(realm), client_id)
    }

    /// Shares the connections of another client.
    pub(crate) fn of_channel(
        channel: Arc<Channel>,
        provider: ProviderId,
        client_id: String,
    ) -> Self {
        Self::new(Connected::new(channel, provider), client_id)
    }
}

impl OidcBuilder<Discovered> {
    pub(super) fn of_issuer(issuer: String) -> Self {
        Self::new(Discovered::new(issuer), String::new())
    }
}

impl<P: ProviderSource> OidcBuilder<P> {
    fn new(source: P, client_id: String) -> Self {
        Self {
            source,
            client: OAuthClient::new(client_id, ClientAuth::none()),
            redirect_uri: None,
            leeway: Duration::from_secs(30),
            verification: Vec::new(),
            rules: LoginRules::default(),
            registered: None,
            limits: None,
        }
    }

    /// Sets the id of the client.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client.id = id.into();
        self
    }

    /// Sets the secret of a confidential client, sent by HTTP Basic (RFC 6749 section 2.3.1). A client
    /// without a secret or another [`ClientAuth`] is a public one.
    pub fn client_secret(self, secret: impl Into<crate::Secret>) -> Self {
        self.client_auth(ClientAuth::client_secret_basic(secret))
    }

    /// Sets how the client authenticates.
    pub fn client_auth(mut self, auth: impl Into<ClientAuth>) -> Self {
        self.client.auth = auth.into();
        self
    }

    /// Sets where the provider sends users back to, exactly as it is registered there. A login can
    /// set its own, such as a loopback address with a port that was just opened (RFC 8252 section
    /// 7.3).
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Binds tokens to this key (DPoP, RFC 9449): each request carries a new proof of the key, and a
    /// stolen token is worth nothing.
    pub fn dpop(mut self, key: DpopKey) -> Self {
        self.client.dpop = Some(Arc::new(Dpop::new(key)));
        self
    }

    /// Expects tokens that are bound to the client's TLS certificate (RFC 8705 section 3), however the
    /// client authenticates: endpoints are called at their `mtls_endpoint_aliases`.
    pub fn certificate_bound_tokens(mut self) -> Self {
        self.client.certificate_bound = true;
        self
    }

    /// Changes how tokens of the provider are verified: accepted algorithms, keys that decrypt,
    /// trusted audiences, the memory of used logout tokens.
    ///
    /// ```no_run
    /// # fn show(kc: keycloak_kit::Keycloak, key: keycloak_kit::jose::DecryptionKey) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::jose::SignatureAlgorithm::Ps256;
    ///
    /// let oidc = kc
    ///     .oidc("demo", "web-app")
    ///     .verification(|verifier| verifier.algorithms([Ps256]).id_token_decryption_key(key))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn verification(
        mut self,
        set: impl FnOnce(TokenVerifier) -> TokenVerifier + Send + 'static,
    ) -> Self {
        self.verification.push(Box::new(set));
        self
    }

    /// Sets how far this machine's clock and the server's may differ; 30 s unless set, and never more
    /// than half of a token's lifetime.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Keeps to a security profile: sets what the profile prescribes. Whatever else the client's
    /// settings lack is an error of [`build`](Self::build), before anything is sent.
    ///
    /// ```
    /// use keycloak_kit::ClientAuth;
    /// use keycloak_kit::jose::{DpopKey, SignatureAlgorithm::Es256, SigningKey};
    /// use keycloak_kit::oidc::{Oidc, SecurityProfile};
    ///
    /// # fn main() -> keycloak_kit::Result<()> {
    /// let builder = || {
    ///     Oidc::discover("https://bank.example")
    ///         .client_id("app")
    ///         .redirect_uri("https://app.example/cb")
    ///         .security_profile(SecurityProfile::Fapi2Security)
    /// };
    /// let error = builder().client_secret("s3cret").build().unwrap_err();
    /// assert!(error.to_string().contains("private_key_jwt"), "{error}");
    ///
    /// let oidc = builder()
    ///     .client_auth(ClientAuth::private_key_jwt(SigningKey::generate(Es256)?))
    ///     .dpop(DpopKey::generate(Es256)?)
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn security_profile(mut self, profile: SecurityProfile) -> Self {
        self.rules.profile = Some(profile);
        self
    }

    /// Signs authorization requests (RFC 9101) and backchannel requests with this key, unless they
    /// name another one.
    pub fn request_signing_key(mut self, key: &SigningKey) -> Self {
        self.rules.request_key = Some(key.clone());
        self
    }

    /// Limits the age (`iat`) of the ID tokens of logins and refreshes; no limit unless set, an hour
    /// with a [security profile](Self::security_profile). Tokens that are [restored](Oidc::restore) may
    /// be older.
    pub fn max_issue_age(mut self, age: Duration) -> Self {
        self.rules.max_issue_age = Some(age);
        self
    }

    /// Sets how long the parameters of requests may be, if the server's settings are not Keycloak's
    /// defaults. Unless set, Keycloak's defaults hold if the provider is a Keycloak.
    pub fn parameter_limits(mut self, limits: ParameterLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Accepts this text too as the issuer of tokens, of responses to logins and of front-channel
    /// logout requests, exactly as it is written; see [`TrustedIssuer::alias`]. The provider's document
    /// must still name the issuer itself.
    pub fn issuer_alias(self, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        self.verification(|verifier| verifier.issuer_alias(issuer))
    }

    /// Pushes every authorization request (RFC 9126), as a client must that is registered with
    /// `require_pushed_authorization_requests`.
    pub fn pushed_requests(mut self) -> Self {
        self.rules.pushed = true;
        self
    }

    /// Expects the algorithms that the client registered.
    pub(crate) fn registered(mut self, metadata: ClientMetadata) -> Self {
        self.registered = Some(Box::new(metadata));
        self
    }

    /// Returns the provider and the channel to it, whatever the client is.
    pub(crate) fn place(self) -> Result<(Arc<Channel>, ProviderId)> {
        let located = self.source.locate()?;
        Ok((located.channel, located.provider))
    }

    /// Checks the settings. Nothing is sent until the first call.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a setting is wrong or missing.
    pub fn build(mut self) -> Result<Oidc> {
        self.client.check()?;
        if let Some(uri) = &self.redirect_uri {
            check_redirect_uri(uri)?;
        }
        let located = self.source.locate()?;
        let (channel, provider) = (located.channel, located.provider);
        let source = IssuerSource {
            channel: channel.clone(),
            provider: provider.clone(),
        };
        let issuer = TrustedIssuer::discovered(Arc::new(source));
        let mut verifier = TokenVerifier::new(issuer, &self.client.id).leeway(self.leeway);
        self.rules.complete(&mut self.client);
        if let Some(profile) = self.rules.profile {
            verifier = verifier.algorithms(profile.algorithms().iter().copied());
        }
        for set in self.verification {
            verifier = set(verifier);
        }
        if let Some(metadata) = &self.registered {
            verifier = verifier.registered(metadata)?;
        }
        self.rules.check(
            &self.client,
            channel.sender.may_show_certificate(),
            self.redirect_uri.as_deref(),
            verifier.only_algorithms().as_deref(),
        )?;
        Ok(Oidc {
            inner: Arc::new(OidcInner {
                channel,
                provider,
                client: self.client,
                redirect_uri: self.redirect_uri,
                verifier,
                rules: self.rules,
                limits: self.limits,
            }),
        })
    }
}

/// Returns an error if a redirect URI is not absolute or has a fragment (RFC 6749 section 3.1.2). It
/// is sent as it is written, because servers compare it character by character.
pub(super) fn check_redirect_uri(uri: &str) -> Result<()> {
    let fail = |problem: &str| {
        Err(config(format!(
            "the redirect URI {problem}: write it exactly as it is registered, like \
             https://app.example/callback"
        )))
    };
    match Url::parse(uri) {
        // A URL parser drops them.
        _ if uri.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            fail("has white space or control characters")
        }
        Err(_) => fail("is not an absolute URL"),
        Ok(_) if uri.contains('#') => fail("has a fragment"),
        Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file") => {
            fail("has a scheme that no application is called back with")
        }
        Ok(_) => Ok(()),
    }
}

impl<P> fmt::Debug for OidcBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcBuilder")
            .field("client_id", &self.client.id)
            .field("client_auth", &self.client.auth)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
