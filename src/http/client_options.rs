//! Settings for requests and connections, whatever client they are made by.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue, USER_AGENT};

use super::addresses::Addresses;
use super::connection::ConnectionSettings;
use super::options::CallOptions;
use super::proxy::Proxy;
use super::sender::Sender;
use super::service::HttpService;
use super::settings::Settings;
use crate::Secret;
use crate::error::{Result, config};
use crate::operation::Operation;

const OP: Operation = Operation::new("build", "", "");

/// Time limits, retries, headers, proxies and TLS of a client.
///
/// The same for [`Keycloak::builder`](crate::Keycloak::builder) and, with the feature `oidc`,
/// `Oidc::discover`. Every setting has a default. `build` of the client reports mistakes.
///
/// ```no_run
/// use std::time::Duration;
/// use keycloak_kit::{ClientOptions, Keycloak, Proxy};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = ClientOptions::new()
///     .deadline(Duration::from_secs(20))
///     .proxy(Proxy::https("http://proxy.example:3128"))
///     .root_certificate_pem(std::fs::read("private-ca.pem")?);
/// let kc = Keycloak::builder("https://sso.example")
///     .options(options.clone())
///     .client_credentials("user-sync", "s3cret")
///     .build()?;
#[cfg_attr(
    feature = "oidc",
    doc = r#"let oidc = keycloak_kit::oidc::Oidc::discover("https://op.example")
    .options(options)
    .client_id("web-app")
    .build()?;"#
)]
/// # Ok(()) }
/// ```
///
/// Clients of the same options each open connections of their own; see
/// [`build_http_service`](Self::build_http_service) for clients that share them.
#[derive(Clone, Default)]
#[must_use]
pub struct ClientOptions {
    settings: Settings,
    headers: CallOptions,
    user_agent: Option<String>,
    connection: ConnectionSettings,
    service: Option<Arc<dyn HttpService>>,
}

impl ClientOptions {
    /// Creates options with every setting at its default.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Limits.
impl ClientOptions {
    /// Limits one attempt, from connecting to the last byte of the response; 30 s unless set.
    pub fn timeout(mut self, attempt: Duration) -> Self {
        self.settings.attempt_timeout = attempt;
        self
    }

    /// Limits one call with all its attempts, waits and token requests; 120 s unless set. A call
    /// can set its own.
    pub fn deadline(mut self, total: Duration) -> Self {
        self.settings.deadline = total;
        self
    }

    /// Limits connecting; 5 s unless set.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connection.connect_timeout = Some(limit);
        self
    }

    /// Limits how long a call waits for the renewal of a document that is at hand; 5 s unless set.
    /// The well-known document and the key set of a provider are kept: fresh ones are used, older
    /// ones are used and renewed beside the call, and old ones are renewed first. Where that fails or
    /// takes longer than this, they are used on, keys for an hour and documents for a day.
    ///
    /// A verification also waits no longer than this for a key that is not at hand. It then fails with an
    /// error of kind [`Unavailable`](crate::ErrorKind::Unavailable), while the fetch goes on.
    pub fn renewal_wait(mut self, limit: Duration) -> Self {
        self.settings.renewal_wait = limit;
        self
    }

    /// Limits how often a call is tried again after its first attempt, where that is safe; 3 unless
    /// set.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.settings.max_retries = retries;
        self
    }

    /// Limits the wait that a server may ask for with `Retry-After`; 30 s unless set.
    pub fn max_retry_after(mut self, wait: Duration) -> Self {
        self.settings.max_retry_after = wait;
        self
    }

    /// Limits the size of a response; 64 MiB unless set.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_response_bytes = bytes;
        self
    }
}

/// Headers.
impl ClientOptions {
    /// Sets a header of every request, token requests included. A call can set its own value.
    pub fn default_header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        self.headers.set_header(name, value);
        self
    }

    /// Sets the `User-Agent`; `keycloak-kit/<version>` unless set.
    pub fn user_agent(mut self, value: impl Into<String>) -> Self {
        self.user_agent = Some(value.into());
        self
    }

    /// Sends the trace context of the caller along (W3C `traceparent`). `hook` adds its headers to
    /// each request; it runs in the span of the call, whose parent is the caller's. Headers that the
    /// call sets itself stay.
    ///
    /// The crate depends on no telemetry library. With `tracing-opentelemetry` and
    /// `opentelemetry-http` the hook is:
    ///
    /// ```ignore
    /// let options = ClientOptions::new().trace_context(|headers| {
    ///     let context = tracing::Span::current().context();
    ///     global::get_text_map_propagator(|propagator| {
    ///         propagator.inject_context(&context, &mut HeaderInjector(headers));
    ///     });
    /// });
    /// ```
    ///
    /// A token request serves all calls that wait for it and is not part of one caller's trace.
    pub fn trace_context(mut self, hook: impl Fn(&mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.settings.trace_context = Some(Arc::new(hook));
        self
    }
}

/// Proxies and connections.
impl ClientOptions {
    /// Sends requests through this proxy, in place of what `HTTPS_PROXY` and the like say. May be
    /// called again for another one; the first that fits a request is used.
    pub fn proxy(mut self, proxy: impl Into<Proxy>) -> Self {
        self.connection.proxies.push(proxy.into());
        self
    }

    /// Ignores `HTTPS_PROXY` and the like.
    pub fn no_proxy(mut self) -> Self {
        self.connection.no_proxy = true;
        self
    }

    /// Limits how many idle connections to a host are kept; no limit unless set.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.connection.pool_max_idle = Some(connections);
        self
    }

    /// Limits how long an idle connection is kept; 90 s unless set. Shorter than what a load balancer
    /// in between allows: a `POST` that meets a closing connection is not sent again.
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.connection.pool_idle_timeout = Some(limit);
        self
    }

    /// Sends every request through this service, in place of the crate's own; see [`HttpService`]
    /// for what it must keep to, and for examples. The settings of connections, proxies and TLS are
    /// refused beside it.
    pub fn http_service(mut self, service: impl HttpService) -> Self {
        self.service = Some(Arc::new(service));
        self
    }

    /// Builds the service that sends the requests of a client with these options, so that several
    /// clients share its connections or a program puts a layer around it. Of these options it has
    /// those of connections, proxies and TLS.
    ///
    /// ```
    /// use std::time::Duration;
    /// use keycloak_kit::{ClientOptions, Keycloak};
    ///
    /// # fn main() -> keycloak_kit::Result<()> {
    /// let http = ClientOptions::new()
    ///     .pool_idle_timeout(Duration::from_secs(20))
    ///     .build_http_service()?;
    /// let options = ClientOptions::new().http_service(http);
    /// let clients = ["a", "b"].map(|realm| {
    ///     Keycloak::builder("http://localhost:8080")
    ///         .options(options.clone())
    ///         .login_realm(realm)
    ///         .client_credentials("user-sync", "s3cret")
    ///         .build()
    /// });
    /// # for client in clients { client?; }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a setting is wrong.
    pub fn build_http_service(&self) -> Result<Arc<dyn HttpService>> {
        match (&self.service, self.connection.any()) {
            (Some(_), Some(name)) => Err(config(format!(
                "both http_service and {name} are set: set it where the service is made"
            ))),
            (Some(service), None) => Ok(service.clone()),
            (None, _) => self.connection.connect(),
        }
    }
}

/// TLS, with the feature `default-tls`.
impl ClientOptions {
    /// Trusts these certificate authorities (PEM, one or more) beside those of the system. May be
    /// called again for more.
    pub fn root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.connection.roots.push(pem.into());
        self
    }

    /// Shows this client certificate: certificate chain and private key, each PEM.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use keycloak_kit::{ClientAuth, ClientOptions, Keycloak};
    ///
    /// let options = ClientOptions::new()
    ///     .client_certificate_pem(std::fs::read("tls.crt")?, std::fs::read("tls.key")?);
    /// let kc = Keycloak::builder("https://sso.example")
    ///     .options(options)
    ///     .client_credentials("jobs", ClientAuth::tls_client_auth())
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

    /// Shows this client certificate: certificate chain and private key in one PEM text.
    pub fn client_identity_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        let pem = String::from_utf8(pem.into()).unwrap_or_default();
        self.connection.identity = Some(Secret::from(pem));
        self
    }

    /// Switches certificate checks off.
    ///
    /// # Security
    /// Anyone on the way can then read and change everything, passwords and tokens included. For
    /// a test server with a private authority, use
    /// [`root_certificate_pem`](Self::root_certificate_pem).
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.connection.accept_invalid_certs = accept;
        self
    }
}

impl ClientOptions {
    /// Checks the settings and makes what sends requests to `addresses` by them.
    pub(crate) fn sender(mut self, addresses: Addresses) -> Result<Sender> {
        if let Some(value) = self.user_agent.take() {
            self.headers.set_header(USER_AGENT, value);
        }
        self.headers.check(&OP)?;
        for (name, limit) in [
            ("timeout", self.settings.attempt_timeout),
            ("deadline", self.settings.deadline),
        ] {
            if limit.is_zero() {
                return Err(config(format!("{name} must be longer than zero")));
            }
        }
        if cfg!(not(feature = "default-tls"))
            && self.service.is_none()
            && addresses.base().as_str().starts_with("https:")
        {
            return Err(config(
                "the server is called by https, and the feature default-tls of keycloak-kit is off",
            )
            .with_hint("switch the feature on, or set ClientOptions::http_service"));
        }
        let service = self.build_http_service()?;
        let mut settings = self.settings;
        settings.default_headers = self.headers.headers;
        // What a service of the program's own shows is not known.
        settings.shows_certificate = self.connection.identity.is_some() || self.service.is_some();
        Ok(Sender::new(service, addresses, settings))
    }

    /// Retries without noticeable waits.
    #[cfg(test)]
    pub(crate) fn quick(mut self) -> Self {
        self.settings.first_delay = Duration::from_micros(100);
        self
    }
}

impl fmt::Debug for ClientOptions {
    // Values of headers, certificates and keys are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connection = &self.connection;
        f.debug_struct("ClientOptions")
            .field("settings", &self.settings)
            .field("headers", &self.headers)
            .field("connect_timeout", &connection.connect_timeout)
            .field("proxies", &connection.proxies)
            .field("no_proxy", &connection.no_proxy)
            .field("root_certificates", &connection.roots.len())
            .field("client_certificate", &connection.identity.is_some())
            .field("accept_invalid_certs", &connection.accept_invalid_certs)
            .field("http_service", &self.service.is_some())
            .finish_non_exhaustive()
    }
}
