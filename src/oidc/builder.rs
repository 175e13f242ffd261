//! Configures an OpenID Connect client.

mod adapter_file;
mod environment;
mod redirect_uri;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::redirect_uri::{check_redirect_uri, is_loopback};
use super::client::{Oidc, OidcInner};
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

/// Builds an [`Oidc`]; see [`Keycloak::oidc`](crate::Keycloak::oidc) and [`Oidc::discover`].
///
/// Everything except the client id has a default. [`build`](Self::build) reports invalid settings.
#[must_use = "a builder does nothing until it is built"]
pub struct OidcBuilder {
    source: ProviderSource,
    client: OAuthClient,
    redirect_uri: Option<String>,
    leeway: Duration,
    verification: Vec<Verification>,
    rules: LoginRules,
    /// The metadata that the client is registered with.
    registered: Option<Box<ClientMetadata>>,
    limits: Option<ParameterLimits>,
    /// A setting that has no effect on a client of this source.
    misplaced: Option<&'static str>,
}

type Verification = Box<dyn FnOnce(TokenVerifier) -> TokenVerifier + Send>;

/// How the provider is reached.
enum ProviderSource {
    /// A provider whose channel is set up already.
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

    /// Uses an existing channel.
    pub(crate) fn of_channel(
        channel: Arc<Channel>,
        provider: ProviderId,
        client_id: String,
    ) -> Self {
        Self::new(ProviderSource::Shared(channel, provider), client_id)
    }

    pub(super) fn of_issuer(issuer: String) -> Self {
        let connection = KeycloakBuilder::new(String::new());
        Self::new(
            ProviderSource::Issuer(Box::new(Issuer {
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

    fn new(source: ProviderSource, client_id: String) -> Self {
        Self {
            source,
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

    /// Sets the client id.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client.id = id.into();
        self
    }

    /// Sets the secret of a confidential client, sent with HTTP Basic (RFC 6749 section 2.3.1).
    /// Without a secret the client is public.
    pub fn client_secret(self, secret: impl Into<crate::Secret>) -> Self {
        self.client_auth(ClientAuth::client_secret_basic(secret))
    }

    /// Sets any other client authentication method.
    pub fn client_auth(mut self, auth: impl Into<ClientAuth>) -> Self {
        self.client.auth = auth.into();
        self
    }

    /// Sets the URI that the provider sends users back to, exactly as it is registered there. A
    /// login can set its own, such as a loopback address with a dynamic port (RFC 8252 section
    /// 7.3).
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Binds tokens to this key (DPoP, RFC 9449). Each request carries a new proof of possession,
    /// which makes a stolen token useless.
    pub fn dpop(mut self, key: DpopKey) -> Self {
        self.client.dpop = Some(Arc::new(Dpop::new(key)));
        self
    }

    /// Binds tokens to the client's TLS certificate (RFC 8705 section 3), however the client
    /// authenticates. Requests go to the provider's `mtls_endpoint_aliases`.
    pub fn certificate_bound_tokens(mut self) -> Self {
        self.client.certificate_bound = true;
        self
    }

    /// Changes how tokens of the provider are verified: accepted algorithms, decryption keys,
    /// trusted audiences, the store of used logout tokens.
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

    /// Sets how far this machine's clock and the server's may differ. The default is 30 s; at most
    /// half of a token's lifetime is used.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Applies a security profile and the settings that it implies. [`build`](Self::build) returns
    /// an error if other settings of the client do not satisfy the profile.
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

    /// Signs authorization requests (RFC 9101) and backchannel authentication requests with this
    /// key, unless a request sets its own.
    pub fn request_signing_key(mut self, key: &SigningKey) -> Self {
        self.rules.request_key = Some(key.clone());
        self
    }

    /// Sets the greatest age of the ID tokens of logins and refreshes (`iat`). The default is no
    /// limit, or an hour with a [security profile](Self::security_profile). It does not apply to
    /// [restored](Oidc::restore) tokens.
    pub fn max_issue_age(mut self, age: Duration) -> Self {
        self.rules.max_issue_age = Some(age);
        self
    }

    /// Sets the longest parameters that a request may have, for a server with other settings than
    /// Keycloak's defaults. By default Keycloak's defaults apply to a Keycloak, and no limits to
    /// other providers.
    pub fn parameter_limits(mut self, limits: ParameterLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Calls the provider through this base URL, such as `http://keycloak:8080` inside a cluster,
    /// while its issuer stays the public URL. Endpoints that the provider publishes under its
    /// issuer's source are called there; browsers are still sent to the public URLs.
    ///
    /// For [`Oidc::discover`] only; for a realm, see
    /// [`KeycloakBuilder::issuer`](crate::KeycloakBuilder::issuer).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        match &mut self.source {
            ProviderSource::Issuer(issuer) => issuer.base_url = Some(url.into()),
            ProviderSource::Shared(..) => self.misplaced = Some("base_url"),
        }
        self
    }

    /// Configures time limits, proxy, TLS and headers, as for a [`Keycloak`](crate::Keycloak).
    ///
    /// For [`Oidc::discover`] only; a realm's client shares the connections of its `Keycloak`.
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
        match self.source {
            ProviderSource::Issuer(issuer) => {
                self.source = ProviderSource::Issuer(Box::new(Issuer {
                    connection: set(issuer.connection),
                    ..*issuer
                }));
            }
            ProviderSource::Shared(..) => self.misplaced = Some("connection"),
        }
        self
    }

    /// Sets the provider's metadata, so that only the provider's keys are fetched. It must name the
    /// client's issuer, and its endpoints must use HTTPS like fetched ones.
    ///
    /// For [`Oidc::discover`] only.
    ///
    /// ```
    /// use keycloak_kit::ProviderMetadata;
    /// use keycloak_kit::oidc::Oidc;
    ///
    /// # fn show(document: &str) -> keycloak_kit::Result<()> {
    /// # let unreadable = |_| keycloak_kit::Error::token_source("not JSON");
    /// let metadata: ProviderMetadata = serde_json::from_str(document).map_err(unreadable)?;
    /// let oidc = Oidc::discover("https://op.example").client_id("web-app").metadata(metadata).build()?;
    /// # Ok(()) }
    /// # show(r#"{"issuer":"https://op.example","token_endpoint":"https://op.example/token"}"#).unwrap();
    /// # show(r#"{"issuer":"https://other.example"}"#).unwrap_err();
    /// ```
    pub fn metadata(mut self, metadata: ProviderMetadata) -> Self {
        match &mut self.source {
            ProviderSource::Issuer(issuer) => issuer.metadata = Some(metadata),
            ProviderSource::Shared(..) => self.misplaced = Some("metadata"),
        }
        self
    }

    /// Sets an endpoint that the provider's document lacks or gets wrong, by its name in the
    /// metadata.
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
        match &mut self.source {
            ProviderSource::Issuer(issuer) => issuer.endpoints.push((name.into(), url.into())),
            ProviderSource::Shared(..) => self.misplaced = Some("endpoint"),
        }
        self
    }

    /// Logs in users of a provider with an issuer per tenant, whose document names a template in
    /// place of an issuer. The issuer passed to [`Oidc::discover`] is where that document is.
    /// Tokens, the `iss` of authorization responses and front-channel logout requests must be of an
    /// allowed tenant.
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
        match &mut self.source {
            ProviderSource::Issuer(issuer) => issuer.template = Some(template.clone()),
            ProviderSource::Shared(..) => self.misplaced = Some("issuer_template"),
        }
        self.verification(|verifier| verifier.issuer_template(template))
    }

    /// Also accepts this text, exactly as written, as the issuer of tokens, authorization responses
    /// and front-channel logout requests; see [`TrustedIssuer::alias`]. The provider's document
    /// must still name the issuer itself.
    pub fn issuer_alias(self, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        self.verification(|verifier| verifier.issuer_alias(issuer))
    }

    /// Allows an issuer with plain HTTP that is not on this machine.
    ///
    /// # Security
    /// Anyone on the network can then read and change everything, including the keys that tokens
    /// are verified with. Use it in test networks only.
    pub fn danger_allow_http(mut self) -> Self {
        match &mut self.source {
            ProviderSource::Issuer(issuer) => issuer.allow_http = true,
            ProviderSource::Shared(..) => self.misplaced = Some("danger_allow_http"),
        }
        self
    }

    /// Pushes every authorization request (RFC 9126), as required for a client registered with
    /// `require_pushed_authorization_requests`.
    pub fn pushed_requests(mut self) -> Self {
        self.rules.pushed = true;
        self
    }

    /// Sets the metadata of a registered client, whose algorithms apply to the server's responses.
    pub(crate) fn registered(mut self, metadata: ClientMetadata) -> Self {
        self.registered = Some(Box::new(metadata));
        self
    }

    /// Returns the provider and the channel to it, without the client.
    pub(crate) fn place(self) -> Result<(Arc<Channel>, ProviderId)> {
        place(self.source, self.misplaced)
    }

    /// Checks the settings and builds the client. Nothing is sent until the first call.
    ///
    /// # Errors
    /// Returns an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config) that names the
    /// setting that is wrong or missing.
    pub fn build(mut self) -> Result<Oidc> {
        self.client.check()?;
        if let Some(uri) = &self.redirect_uri {
            check_redirect_uri(uri)?;
        }
        let (channel, provider) = place(self.source, self.misplaced)?;
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

/// Returns the provider and the channel to it.
fn place(source: ProviderSource, misplaced: Option<&str>) -> Result<(Arc<Channel>, ProviderId)> {
    let (channel, provider) = match source {
        ProviderSource::Issuer(issuer) => return issuer.channel(),
        ProviderSource::Shared(channel, provider) => (channel, provider),
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
            return Err(config("the issuer uses plain HTTP")
                .with_hint("use https, or call danger_allow_http in a test network"));
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

impl fmt::Debug for OidcBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcBuilder")
            .field("client_id", &self.client.id)
            .field("client_auth", &self.client.auth)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}
