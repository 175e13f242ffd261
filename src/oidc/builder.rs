//! How an OpenID Connect client is set up.

mod adapter_file;
mod environment;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::client::{Inner, Oidc};
use super::issuer_source::IssuerSource;
use super::limits::ParameterLimits;
use super::profile::{LoginRules, SecurityProfile};
use super::verify::{IssuerTemplate, TokenVerifier, TrustedIssuer};
use crate::builder::KeycloakBuilder;
use crate::client_auth::ClientAuth;
use crate::client_auth::OAuthClient;
use crate::client_metadata::ClientMetadata;
use crate::discovery::{Discovery, Given, IssuerRule, ProviderId, ProviderMetadata, parse_issuer};
use crate::endpoint::Channel;
use crate::error::{Result, config};
use crate::http::base::BaseUrl;
use crate::http::segment;
use crate::jose::{DpopKey, SigningKey};
use crate::operation::Operation;
use crate::token::dpop::Dpop;

const OP: Operation = Operation::new("oidc", "", "");

/// Sets up an [`Oidc`]; from [`Keycloak::oidc`](crate::Keycloak::oidc) or [`Oidc::discover`].
///
/// Everything but the client's id has a default; mistakes are reported by
/// [`build`](Self::build).
#[must_use = "a builder does nothing until it is built"]
pub struct OidcBuilder {
    origin: Origin,
    client: OAuthClient,
    redirect_uri: Option<String>,
    leeway: Duration,
    verification: Vec<Verification>,
    rules: LoginRules,
    /// How the client is registered.
    registered: Option<Box<ClientMetadata>>,
    limits: Option<ParameterLimits>,
    /// A setting that the provider's origin has no use for.
    misplaced: Option<&'static str>,
}

type Verification = Box<dyn FnOnce(TokenVerifier) -> TokenVerifier + Send>;

/// Where the provider is.
enum Origin {
    /// A realm or an issuer that is set up already.
    Shared(Arc<Channel>, ProviderId),
    Issuer(Box<Issuer>),
}

struct Issuer {
    issuer: String,
    base_url: Option<String>,
    allow_http: bool,
    connection: KeycloakBuilder,
    metadata: Option<ProviderMetadata>,
    endpoints: Vec<(String, String)>,
    template: Option<IssuerTemplate>,
}

impl OidcBuilder {
    pub(crate) fn of_realm(channel: Arc<Channel>, realm: String, client_id: String) -> Self {
        Self::of_channel(channel, ProviderId::Realm(realm), client_id)
    }

    /// Shares the connections of somebody else.
    pub(crate) fn of_channel(
        channel: Arc<Channel>,
        provider: ProviderId,
        client_id: String,
    ) -> Self {
        Self::new(Origin::Shared(channel, provider), client_id)
    }

    pub(super) fn of_issuer(issuer: String) -> Self {
        let connection = KeycloakBuilder::new(String::new());
        Self::new(
            Origin::Issuer(Box::new(Issuer {
                issuer,
                base_url: None,
                allow_http: false,
                connection,
                metadata: None,
                endpoints: Vec::new(),
                template: None,
            })),
            String::new(),
        )
    }

    fn new(origin: Origin, client_id: String) -> Self {
        Self {
            origin,
            client: OAuthClient::new(client_id, ClientAuth::none()),
            redirect_uri: None,
            leeway: Duration::from_secs(30),
            verification: Vec::new(),
            rules: LoginRules::default(),
            registered: None,
            limits: None,
            misplaced: None,
        }
    }

    /// The id of the client.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client.id = id.into();
        self
    }

    /// The secret of a confidential client, sent by HTTP Basic (RFC 6749 section 2.3.1). Without
    /// it the client is a public one.
    pub fn client_secret(self, secret: impl Into<crate::Secret>) -> Self {
        self.client_auth(ClientAuth::client_secret_basic(secret))
    }

    /// Any other way for the client to prove who it is.
    pub fn client_auth(mut self, auth: impl Into<ClientAuth>) -> Self {
        self.client.auth = auth.into();
        self
    }

    /// Where the provider sends users back to, exactly as it is registered there. A login can set
    /// its own, such as a loopback address with the port of the moment (RFC 8252 section 7.3).
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Binds tokens to this key (DPoP, RFC 9449): each request carries a new proof of it, and a
    /// stolen token is worth nothing.
    pub fn dpop(mut self, key: DpopKey) -> Self {
        self.client.dpop = Some(Arc::new(Dpop::new(key)));
        self
    }

    /// Tokens are bound to the client's TLS certificate (RFC 8705 section 3), however the client
    /// authenticates: endpoints are called at their `mtls_endpoint_aliases`.
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

    /// How far this machine's clock and the server's may differ; 30 s unless set, and never more
    /// than half of a token's life.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Keeps to a security profile: sets what belongs together for it. What else the client's
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

    /// Signs authorization requests (RFC 9101) and backchannel requests with this key, where they
    /// do not name another one.
    pub fn request_signing_key(mut self, key: &SigningKey) -> Self {
        self.rules.request_key = Some(key.clone());
        self
    }

    /// The ID tokens of every login and refresh must have been made at most so long ago (`iat`); no
    /// limit unless set, an hour with a [security profile](Self::security_profile). Tokens that are [restored](Oidc::restore) may be older.
    pub fn max_issue_age(mut self, age: Duration) -> Self {
        self.rules.max_issue_age = Some(age);
        self
    }

    /// How long the parameters of requests may be, where the server's settings are not Keycloak's
    /// defaults. Unless set, Keycloak's defaults hold where the provider is a Keycloak.
    pub fn parameter_limits(mut self, limits: ParameterLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Calls the provider through this base URL, such as `http://keycloak:8080` inside a cluster,
    /// while its issuer stays the public one. Endpoints that the provider publishes under its
    /// issuer's origin are called there; browsers are still sent to the public ones.
    ///
    /// For [`Oidc::discover`] alone; for a realm, see
    /// [`KeycloakBuilder::issuer`](crate::KeycloakBuilder::issuer).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        match &mut self.origin {
            Origin::Issuer(issuer) => issuer.base_url = Some(url.into()),
            Origin::Shared(..) => self.misplaced = Some("base_url"),
        }
        self
    }

    /// Time limits, proxy, TLS and headers, as for a [`Keycloak`](crate::Keycloak). For
    /// [`Oidc::discover`] alone: a realm's client shares the connections of its `Keycloak`.
    ///
    /// ```no_run
    /// # fn show(ca: &[u8]) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::oidc::Oidc;
    ///
    /// let oidc = Oidc::discover("https://op.example")
    ///     .client_id("web-app")
    ///     .connection(|c| c.add_root_certificate_pem(ca).max_retries(1))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn connection(mut self, set: impl FnOnce(KeycloakBuilder) -> KeycloakBuilder) -> Self {
        match self.origin {
            Origin::Issuer(issuer) => {
                self.origin = Origin::Issuer(Box::new(Issuer {
                    connection: set(issuer.connection),
                    ..*issuer
                }));
            }
            Origin::Shared(..) => self.misplaced = Some("connection"),
        }
        self
    }

    /// The provider's document by hand: nothing is fetched but its keys. It must name the issuer
    /// that the client was made for, and its endpoints keep the rules for HTTPS.
    ///
    /// For [`Oidc::discover`] only.
    ///
    /// ```
    /// use keycloak_kit::ProviderMetadata;
    /// use keycloak_kit::oidc::Oidc;
    ///
    /// # fn show(document: &str) -> keycloak_kit::Result<()> {
    /// # let unreadable = |_| keycloak_kit::Error::token_source("no JSON");
    /// let metadata: ProviderMetadata = serde_json::from_str(document).map_err(unreadable)?;
    /// let oidc = Oidc::discover("https://op.example").client_id("web-app").metadata(metadata).build()?;
    /// # Ok(()) }
    /// # show(r#"{"issuer":"https://op.example","token_endpoint":"https://op.example/token"}"#).unwrap();
    /// # show(r#"{"issuer":"https://other.example"}"#).unwrap_err();
    /// ```
    pub fn metadata(mut self, metadata: ProviderMetadata) -> Self {
        match &mut self.origin {
            Origin::Issuer(issuer) => issuer.metadata = Some(metadata),
            Origin::Shared(..) => self.misplaced = Some("metadata"),
        }
        self
    }

    /// An endpoint that the provider's document lacks or has wrong, by the name that it has there.
    ///
    /// For [`Oidc::discover`] only.
    ///
    /// ```
    /// use keycloak_kit::oidc::Oidc;
    ///
    /// # fn main() -> keycloak_kit::Result<()> {
    /// let oidc = Oidc::discover("https://op.example")
    ///     .client_id("web-app")
    ///     .endpoint("revocation_endpoint", "https://op.example/oauth/revoke")
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn endpoint(mut self, name: impl Into<String>, url: impl Into<String>) -> Self {
        match &mut self.origin {
            Origin::Issuer(issuer) => issuer.endpoints.push((name.into(), url.into())),
            Origin::Shared(..) => self.misplaced = Some("endpoint"),
        }
        self
    }

    /// Logs in users of a provider that has an issuer for each tenant. Its document names
    /// the template in place of an issuer; the issuer given to [`Oidc::discover`] is where that
    /// document is. Tokens, `iss` of the answer to a login and front-channel logout requests must be
    /// of an allowed tenant.
    ///
    /// For [`Oidc::discover`] only.
    ///
    /// ```
    /// use keycloak_kit::oidc::{IssuerTemplate, Oidc};
    ///
    /// # fn main() -> keycloak_kit::Result<()> {
    /// let tenants = ["72f988bf-86f1-41af-91ab-2d7cd011db47"];
    /// let oidc = Oidc::discover("https://op.example/common/v2.0")
    ///     .client_id("web-app")
    ///     .issuer_template(IssuerTemplate::new("https://op.example/{tenantid}/v2.0", tenants)?)
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn issuer_template(mut self, template: IssuerTemplate) -> Self {
        match &mut self.origin {
            Origin::Issuer(issuer) => issuer.template = Some(template.clone()),
            Origin::Shared(..) => self.misplaced = Some("issuer_template"),
        }
        self.verification(|verifier| verifier.issuer_template(template))
    }

    /// Takes this text as the issuer of tokens, of answers to logins and of front-channel logout
    /// requests too, exactly as it is written; see [`TrustedIssuer::alias`]. The provider's document
    /// must still name the issuer itself.
    pub fn issuer_alias(self, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        self.verification(|verifier| verifier.issuer_alias(issuer))
    }

    /// Takes an issuer with plain HTTP that is not on this machine.
    ///
    /// # Security
    /// Anyone on the way can then read and change everything, the keys that tokens are verified
    /// with included. For a test network.
    pub fn danger_allow_http(mut self) -> Self {
        match &mut self.origin {
            Origin::Issuer(issuer) => issuer.allow_http = true,
            Origin::Shared(..) => self.misplaced = Some("danger_allow_http"),
        }
        self
    }

    /// Pushes every authorization request (RFC 9126), as a client has to that is registered with
    /// `require_pushed_authorization_requests`.
    pub fn pushed_requests(mut self) -> Self {
        self.rules.pushed = true;
        self
    }

    /// Of a client that was registered: it is answered with the algorithms that are named there.
    pub(crate) fn registered(mut self, metadata: ClientMetadata) -> Self {
        self.registered = Some(Box::new(metadata));
        self
    }

    /// The provider, and the way to it, whatever the client is.
    pub(crate) fn place(self) -> Result<(Arc<Channel>, ProviderId)> {
        place(self.origin, self.misplaced)
    }

    /// Checks the settings. Nothing is sent until the first call.
    ///
    /// # Errors
    /// Of kind `Config`, with the setting that is wrong or missing.
    pub fn build(mut self) -> Result<Oidc> {
        self.client.check()?;
        if let Some(uri) = &self.redirect_uri {
            check_redirect_uri(uri)?;
        }
        let (channel, provider) = place(self.origin, self.misplaced)?;
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
            channel.sender.settings.shows_certificate,
            self.redirect_uri.as_deref(),
            verifier.only_algorithms().as_deref(),
        )?;
        Ok(Oidc {
            inner: Arc::new(Inner {
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

/// The provider, and the way to it.
fn place(origin: Origin, misplaced: Option<&str>) -> Result<(Arc<Channel>, ProviderId)> {
    let (channel, provider) = match origin {
        Origin::Issuer(issuer) => return issuer.channel(),
        Origin::Shared(channel, provider) => (channel, provider),
    };
    let realm = match &provider {
        ProviderId::Realm(realm) => Some(realm),
        _ => None,
    };
    if let Some(name) = misplaced {
        let (whose, hint) = match realm {
            Some(_) => (
                "a realm's client",
                "set it on Keycloak::builder: the client shares its connections",
            ),
            None => (
                "a registered client",
                "set it where the registration was made: the client shares its connections",
            ),
        };
        return Err(config(format!("{name} has no effect on {whose}")).with_hint(hint));
    }
    if let Some(realm) = realm {
        segment::check(&OP, "realm", realm)?;
    }
    Ok((channel, provider))
}

impl Issuer {
    fn channel(self) -> Result<(Arc<Channel>, ProviderId)> {
        let url = parse_issuer(&self.issuer)?;
        if url.scheme() == "http" && !self.allow_http && !is_loopback(&url) {
            return Err(config("the issuer has plain HTTP")
                .with_hint("use https; for a test network there is danger_allow_http"));
        }
        let base = match &self.base_url {
            Some(url) => Some(BaseUrl::parse("base URL", url)?),
            None => None,
        };
        let template = self.template.map(|template| template.text());
        let rule = IssuerRule::of_issuer(&self.issuer, base)?.template(template);
        let given = Given::new(&rule, &self.issuer, self.metadata, self.endpoints)?;
        let sender = self.connection.sender(rule.addresses().clone())?;
        let channel = Arc::new(Channel::new(sender, Discovery::with(rule, given)));
        Ok((channel, ProviderId::Issuer(self.issuer)))
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// RFC 6749 section 3.1.2: absolute and without fragment. It is sent as it is written: servers
/// compare it character by character.
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
        Err(_) => fail("is no absolute URL"),
        Ok(_) if uri.contains('#') => fail("has a fragment"),
        Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file") => {
            fail("has a scheme that no application is called back with")
        }
        Ok(_) => Ok(()),
    }
}

impl fmt::Debug for OidcBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcBuilder")
            .field("client_id", &self.client.id)
            .field("client_auth", &self.client.auth)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
