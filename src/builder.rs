//! How a client is set up.

mod client;
mod identity;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue, USER_AGENT};

use self::client::ClientSettings;
use self::identity::Identity;
use crate::Secret;
use crate::client_auth::ClientAuth;
use crate::discovery::{Discovery, IssuerRule, ProviderId};
use crate::endpoint::Channel;
use crate::error::{Result, config};
use crate::http::addresses::Addresses;
use crate::http::base::BaseUrl;
use crate::http::options::CallOptions;
use crate::http::segment;
use crate::http::sender::Sender;
use crate::http::settings::Settings;
use crate::keycloak::Keycloak;
use crate::login::CredentialLogin;
use crate::login::TokenSource;
use crate::operation::Operation;
use crate::token::AccessToken;

const OP: Operation = Operation::new("build", "", "");

/// Sets up a [`Keycloak`]; from [`Keycloak::builder`].
///
/// One of the calls that say how to log in is needed, everything else has a default. Mistakes
/// are reported by [`build`](Self::build).
///
/// ```no_run
/// # fn main() -> keycloak_kit::Result<()> {
/// use std::time::Duration;
/// use keycloak_kit::Keycloak;
///
/// let kc = Keycloak::builder("http://keycloak:8080")
///     .issuer("https://sso.example") // what the server calls itself
///     .login_realm("ops")
///     .password("ada", "s3cret")
///     .totp(|| "123456".to_owned())
///     .deadline(Duration::from_secs(20))
///     .build()?;
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct KeycloakBuilder {
    base_url: String,
    login_realm: String,
    issuer: Option<String>,
    identity: Identity,
    settings: Settings,
    headers: CallOptions,
    user_agent: Option<String>,
    client: ClientSettings,
}

/// How to log in: exactly one of these.
impl Keycloak {
    /// Starts a client for the server at `base_url`, such as `https://sso.example` or
    /// `http://keycloak:8080/auth`, with or without trailing slash.
    pub fn builder(base_url: impl Into<String>) -> KeycloakBuilder {
        KeycloakBuilder::new(base_url.into())
    }
}

impl KeycloakBuilder {
    /// Logs in as a client with a service account (RFC 6749 section 4.4), with a secret or any
    /// other [`ClientAuth`].
    pub fn client_credentials(
        mut self,
        id: impl Into<String>,
        auth: impl Into<ClientAuth>,
    ) -> Self {
        self.identity.client_credentials(id.into(), auth.into());
        self
    }

    /// Logs in as a user (RFC 6749 section 4.3), by the public client `admin-cli` unless
    /// [`client_id`](Self::client_id) names another.
    pub fn password(mut self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.identity.password(username.into(), password.into());
        self
    }

    /// Starts from a refresh token (RFC 6749 section 6). When its session ends, calls fail until
    /// a client is built with a new one.
    pub fn refresh_token(mut self, token: impl Into<Secret>) -> Self {
        self.identity.refresh_token(token.into());
        self
    }

    /// Uses this access token until the server refuses it.
    pub fn access_token(mut self, token: impl Into<Secret>) -> Self {
        self.identity.access_token(AccessToken::new(token));
        self
    }

    /// Takes tokens from a source of your own.
    pub fn token_source(mut self, source: impl TokenSource) -> Self {
        self.identity.custom(Arc::new(source));
        self
    }

    /// Sends no token: for OpenID Connect and public endpoints alone.
    pub fn anonymous(mut self) -> Self {
        self.identity.anonymous();
        self
    }

    /// The client for a password or refresh token; `admin-cli` unless set.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.identity.client_id = Some(id.into());
        self
    }

    /// The secret of that client, when it is a confidential one.
    pub fn client_secret(self, secret: impl Into<Secret>) -> Self {
        self.client_auth(ClientAuth::client_secret_basic(secret))
    }

    /// How that client authenticates, when it is a confidential one.
    pub fn client_auth(mut self, auth: impl Into<ClientAuth>) -> Self {
        self.identity.client_auth = Some(auth.into());
        self
    }

    /// Binds the tokens to this key (DPoP, RFC 9449): every request carries a new proof of it, and
    /// a stolen token is worth nothing.
    #[cfg(feature = "oidc")]
    pub fn dpop(mut self, key: crate::jose::DpopKey) -> Self {
        self.identity.dpop = Some(Arc::new(crate::token::dpop::Dpop::new(key)));
        self
    }

    /// Gives the one-time password of the moment, beside a password. Asked at every login: a
    /// code is good only once.
    pub fn totp(mut self, code: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.identity.totp = Some(Arc::new(code));
        self
    }

    /// The realm to log in to; `master` unless set. Any realm can be managed from there that the
    /// login may manage.
    pub fn login_realm(mut self, realm: impl Into<String>) -> Self {
        self.login_realm = realm.into();
        self
    }

    /// What the server calls itself, when that is not the base URL: its public base URL
    /// (`https://sso.example`) or the full issuer of the login realm.
    ///
    /// Issuers are then checked against it, and endpoints published under it are called through
    /// the base URL.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }
}

/// Limits.
impl KeycloakBuilder {
    /// One attempt, from connecting to the last byte of the answer; 30 s unless set.
    pub fn timeout(mut self, attempt: Duration) -> Self {
        self.settings.attempt_timeout = attempt;
        self
    }

    /// One call with all its attempts, waits and token requests; 120 s unless set. A call can set
    /// its own.
    pub fn deadline(mut self, total: Duration) -> Self {
        self.settings.deadline = total;
        self
    }

    /// How long a call waits for a renewal of something that it has at hand; 5 s unless set. The
    /// well-known document and the key set of a provider are kept: while they are fresh they are used,
    /// then they are used and renewed beside the call, and old ones are renewed first. Where that fails
    /// or takes longer than this, they are used on, keys for an hour and documents for a day.
    ///
    /// A verification also waits no longer than this for a key that is not at hand. It then fails with an
    /// error of kind [`Unavailable`](crate::ErrorKind::Unavailable), while the fetch goes on.
    pub fn renewal_wait(mut self, limit: Duration) -> Self {
        self.settings.renewal_wait = limit;
        self
    }

    /// How often a call is tried again after its first attempt, where that is safe; 3 unless set.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.settings.max_retries = retries;
        self
    }

    /// The longest wait a server may ask for with `Retry-After`; 30 s unless set.
    pub fn max_retry_after(mut self, wait: Duration) -> Self {
        self.settings.max_retry_after = wait;
        self
    }

    /// The largest answer that is read; 64 MiB unless set.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_response_bytes = bytes;
        self
    }
}

/// Headers, connections and TLS.
impl KeycloakBuilder {
    /// A header for every request, token requests included. A call can set its own value.
    pub fn default_header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.headers.set_header(name, value);
        self
    }

    /// Sends the trace context of the caller along (W3C `traceparent`): `hook` adds its headers to
    /// each request, and runs in the span of the call, whose parent is the caller's. Headers that the
    /// call sets itself stay.
    ///
    /// The crate depends on no telemetry library. With `tracing-opentelemetry` and
    /// `opentelemetry-http` the hook is:
    ///
    /// ```ignore
    /// let kc = Keycloak::builder(url).trace_context(|headers| {
    ///     let context = tracing::Span::current().context();
    ///     global::get_text_map_propagator(|propagator| {
    ///         propagator.inject_context(&context, &mut HeaderInjector(headers));
    ///     });
    /// });
    /// ```
    ///
    /// A token request serves all calls that wait for it and is no part of one caller's trace.
    pub fn trace_context(
        mut self,
        hook: impl Fn(&mut http::HeaderMap) + Send + Sync + 'static,
    ) -> Self {
        self.settings.trace_context = Some(Arc::new(hook));
        self
    }

    /// The `User-Agent`; `keycloak-kit/<version>` unless set.
    pub fn user_agent(mut self, value: impl Into<String>) -> Self {
        self.user_agent = Some(value.into());
        self
    }

    /// How long connecting may take; 5 s unless set.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.client.connect_timeout = Some(limit);
        self
    }

    /// Sends all requests through this proxy, instead of what `HTTPS_PROXY` and the like say.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.client.proxy = Some(url.into());
        self
    }

    /// Ignores `HTTPS_PROXY` and the like.
    pub fn no_proxy(mut self) -> Self {
        self.client.no_proxy = true;
        self
    }

    /// Trusts these certificate authorities too (PEM, one or more).
    pub fn add_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.client.roots.push(pem.into());
        self
    }

    /// Shows this client certificate (PEM, certificate chain and private key in one).
    pub fn client_identity_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.client.identity = Some(Secret::from(
            String::from_utf8(pem.into()).unwrap_or_default(),
        ));
        self
    }

    /// Shows this client certificate: certificate chain and private key, each PEM.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let kc = keycloak_kit::Keycloak::builder("https://sso.example")
    ///     .client_certificate_pem(std::fs::read("tls.crt")?, std::fs::read("tls.key")?)
    ///     .client_credentials("jobs", keycloak_kit::ClientAuth::tls_client_auth())
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn client_certificate_pem(
        self,
        chain: impl Into<Vec<u8>>,
        private_key: impl Into<Vec<u8>>,
    ) -> Self {
        let mut both = chain.into();
        both.push(b'\n');
        both.extend_from_slice(&private_key.into());
        self.client_identity_pem(both)
    }

    /// Switches certificate checks off.
    ///
    /// # Security
    /// Anyone on the way can then read and change everything, passwords and tokens included. For
    /// a test server with a private authority, use
    /// [`add_root_certificate_pem`](Self::add_root_certificate_pem).
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.client.accept_invalid_certs = accept;
        self
    }

    /// How many idle connections to a host are kept; no limit unless set.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.client.pool_max_idle = Some(connections);
        self
    }

    /// Uses this HTTP client; everything about connections is then its business. Build it with
    /// `redirect::Policy::none()`: a client that follows redirects is refused only after it has
    /// followed one, with the credentials of the request.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.client.given = Some(client);
        self
    }

    /// Checks the settings and builds the client. Nothing is sent until the first call.
    ///
    /// # Errors
    /// Of kind `Config`, with the setting that is wrong or missing and what to write instead.
    pub fn build(self) -> Result<Keycloak> {
        let base = BaseUrl::parse("base URL", &self.base_url)?;
        refuse_realm(base.as_str())?;
        segment::check(&OP, "login_realm", &self.login_realm)?;
        let rule = IssuerRule::new(base, self.issuer.as_deref(), &self.login_realm)?;
        let credentials = self.identity.credentials()?;
        let sender = sender(
            rule.addresses().clone(),
            self.settings,
            self.headers,
            self.user_agent,
            self.client,
        )?;
        let channel = Arc::new(Channel::new(sender, Discovery::new(rule)));
        let engine = credentials
            .map(|credentials| {
                let login = CredentialLogin {
                    channel: channel.clone(),
                    provider: ProviderId::realm(&self.login_realm),
                    credentials,
                };
                login.engine()
            })
            .transpose()?;
        Ok(Keycloak::new(channel, engine, self.login_realm))
    }

    /// The HTTP client alone, with these settings.
    #[cfg(feature = "oidc")]
    pub(crate) fn sender(self, addresses: Addresses) -> Result<Sender> {
        sender(
            addresses,
            self.settings,
            self.headers,
            self.user_agent,
            self.client,
        )
    }

    /// Retries without noticeable waits.
    #[cfg(test)]
    pub(crate) fn quick(mut self) -> Self {
        self.settings.first_delay = Duration::from_micros(100);
        self
    }

    pub(crate) fn new(base_url: String) -> Self {
        Self {
            base_url,
            login_realm: "master".to_owned(),
            issuer: None,
            identity: Identity::default(),
            settings: Settings::default(),
            headers: CallOptions::default(),
            user_agent: None,
            client: ClientSettings::default(),
        }
    }
}

/// A base URL ends before `/realms` and `/admin`.
fn refuse_realm(base: &str) -> Result<()> {
    if base.rsplit('/').nth(1) == Some("realms") {
        return Err(config(
            "the base URL names a realm: leave out /realms and what follows, and name the realm \
             with Keycloak::realm or login_realm",
        ));
    }
    Ok(())
}

fn sender(
    addresses: Addresses,
    mut settings: Settings,
    mut headers: CallOptions,
    user_agent: Option<String>,
    client: ClientSettings,
) -> Result<Sender> {
    if let Some(value) = user_agent {
        headers.set_header(USER_AGENT, value);
    }
    headers.check(&OP)?;
    settings.default_headers = headers.headers;
    settings.shows_certificate = client.may_show_certificate();
    for (name, limit) in [
        ("timeout", settings.attempt_timeout),
        ("deadline", settings.deadline),
    ] {
        if limit.is_zero() {
            return Err(config(format!("{name} must be longer than zero")));
        }
    }
    Ok(Sender::new(client.build()?, addresses, settings))
}

impl fmt::Debug for KeycloakBuilder {
    // The base URL is not checked yet: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeycloakBuilder")
            .field("login_realm", &self.login_realm)
            .field("identity", &self.identity)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
