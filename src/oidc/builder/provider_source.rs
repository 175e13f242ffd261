//! Where the provider is, and how it is reached.

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::OidcBuilder;
use crate::discovery::{Discovery, Given, IssuerRule, ProviderId, ProviderMetadata, parse_issuer};
use crate::endpoint::Channel;
use crate::error::{Result, config};
use crate::http::base::BaseUrl;
use crate::http::client_options::ClientOptions;
use crate::http::segment;
use crate::oidc::verify::IssuerTemplate;
use crate::operation::Operation;

const OP: Operation = Operation::new("oidc", "", "");

/// Where the provider of an [`OidcBuilder`] is: [`Connected`] or [`Discovered`].
pub trait ProviderSource: sealed::Locate {}

mod sealed {
    use super::{Arc, Channel, ProviderId, Result};

    pub trait Locate {
        fn locate(self) -> Result<Located>;
    }

    #[allow(missing_debug_implementations)]
    pub struct Located {
        pub(crate) channel: Arc<Channel>,
        pub(crate) provider: ProviderId,
    }
}

use self::sealed::{Locate, Located};

/// A provider that is reached by the connections of a [`Keycloak`](crate::Keycloak) or of a
/// registration.
pub struct Connected {
    channel: Arc<Channel>,
    provider: ProviderId,
}

impl Connected {
    pub(super) fn new(channel: Arc<Channel>, provider: ProviderId) -> Self {
        Self { channel, provider }
    }
}

impl ProviderSource for Connected {}

impl Locate for Connected {
    fn locate(self) -> Result<Located> {
        if let ProviderId::Realm(realm) = &self.provider {
            segment::check(&OP, "realm", realm)?;
        }
        Ok(Located {
            channel: self.channel,
            provider: self.provider,
        })
    }
}

/// A provider that is found by its issuer, with connections of its own.
pub struct Discovered {
    issuer: String,
    base_url: Option<String>,
    allow_http: bool,
    options: ClientOptions,
    metadata: Option<ProviderMetadata>,
    endpoints: Vec<(String, String)>,
    template: Option<IssuerTemplate>,
}

impl Discovered {
    pub(super) fn new(issuer: String) -> Self {
        Self {
            issuer,
            base_url: None,
            allow_http: false,
            options: ClientOptions::new(),
            metadata: None,
            endpoints: Vec::new(),
            template: None,
        }
    }
}

impl ProviderSource for Discovered {}

impl Locate for Discovered {
    fn locate(self) -> Result<Located> {
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
        let sender = self.options.sender(rule.addresses().clone())?;
        Ok(Located {
            channel: Arc::new(Channel::new(sender, Discovery::with(rule, given))),
            provider: ProviderId::Issuer(self.issuer),
        })
    }
}

/// The provider and its connections.
impl OidcBuilder<Discovered> {
    /// Sets time limits, retries, headers, proxies and TLS, in place of all that were set before. A
    /// realm's client shares the connections of its [`Keycloak`](crate::Keycloak).
    ///
    /// ```no_run
    /// # fn show(ca: &[u8]) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::ClientOptions;
    /// use keycloak_kit::oidc::Oidc;
    ///
    /// let oidc = Oidc::discover("https://op.example")
    ///     .options(ClientOptions::new().root_certificate_pem(ca).max_retries(1))
    ///     .client_id("web-app")
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn options(mut self, options: ClientOptions) -> Self {
        self.source.options = options;
        self
    }

    /// Calls the provider through this base URL, such as `http://keycloak:8080` inside a cluster,
    /// while its issuer stays the public one. Endpoints that the provider publishes under its
    /// issuer's origin are called there; browsers are still sent to the public ones.
    ///
    /// For a realm's client, see [`KeycloakBuilder::issuer`](crate::KeycloakBuilder::issuer).
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.source.base_url = Some(url.into());
        self
    }

    /// Sets the provider's document: nothing is fetched but its keys. The document must name the
    /// issuer that the client was made for, and its endpoints keep the rules for HTTPS.
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
        self.source.metadata = Some(metadata);
        self
    }

    /// Sets an endpoint that the provider's document lacks or has wrong, by its name in the
    /// document.
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
        self.source.endpoints.push((name.into(), url.into()));
        self
    }

    /// Logs in users of a provider that has an issuer for each tenant. Its document names
    /// the template in place of an issuer; the issuer given to [`Oidc::discover`](crate::oidc::Oidc::discover)
    /// is where that document is. Tokens, `iss` of the response to a login and front-channel logout
    /// requests must be of an allowed tenant.
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
        self.source.template = Some(template.clone());
        self.verification(|verifier| verifier.issuer_template(template))
    }

    /// Accepts an issuer with plain HTTP that is not on this machine.
    ///
    /// # Security
    /// Anyone on the way can then read and change everything, the keys that tokens are verified
    /// with included. For a test network.
    pub fn danger_allow_http(mut self) -> Self {
        self.source.allow_http = true;
        self
    }
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connected")
    }
}

impl fmt::Debug for Discovered {
    // The addresses are not checked yet: they may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Discovered")
    }
}

/// Returns `true` if the host of `url` is this machine, by its name or address.
pub(in crate::oidc) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
