//! The service that the crate brings along: reqwest, by the settings for connections.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, Response};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

use super::proxy::Proxy;
use super::service::{HttpBody, HttpService};
use crate::Secret;
use crate::error::{Error, HttpError, HttpErrorKind, Result, config, tls};
use crate::future::BoxFuture;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The settings that end where a service of the program's own is set.
#[derive(Clone, Default)]
pub(super) struct ConnectionSettings {
    pub(super) connect_timeout: Option<Duration>,
    pub(super) proxies: Vec<Proxy>,
    pub(super) no_proxy: bool,
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) identity: Option<Secret>,
    pub(super) accept_invalid_certs: bool,
    pub(super) pool_max_idle: Option<usize>,
    pub(super) pool_idle_timeout: Option<Duration>,
}

impl ConnectionSettings {
    /// The name of a setting that was made.
    pub(super) fn any(&self) -> Option<&'static str> {
        [
            ("connect_timeout", self.connect_timeout.is_some()),
            ("proxy", !self.proxies.is_empty()),
            ("no_proxy", self.no_proxy),
            ("pool_max_idle_per_host", self.pool_max_idle.is_some()),
            ("pool_idle_timeout", self.pool_idle_timeout.is_some()),
        ]
        .into_iter()
        .find_map(|(name, set)| set.then_some(name))
        .or_else(|| self.any_of_tls())
    }

    fn any_of_tls(&self) -> Option<&'static str> {
        [
            ("root_certificate_pem", !self.roots.is_empty()),
            ("client_identity_pem", self.identity.is_some()),
            ("danger_accept_invalid_certs", self.accept_invalid_certs),
        ]
        .into_iter()
        .find_map(|(name, set)| set.then_some(name))
    }

    pub(super) fn connect(&self) -> Result<Arc<dyn HttpService>> {
        if self.no_proxy && !self.proxies.is_empty() {
            return Err(config("both proxy and no_proxy are set: choose one"));
        }
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout.unwrap_or(CONNECT_TIMEOUT));
        if self.no_proxy {
            builder = builder.no_proxy();
        }
        for proxy in &self.proxies {
            builder = builder.proxy(proxy.to_reqwest().map_err(|e| {
                bad(
                    "proxy is not a URL: write it like http://proxy.example:3128",
                    e,
                )
            })?);
        }
        if let Some(connections) = self.pool_max_idle {
            builder = builder.pool_max_idle_per_host(connections);
        }
        if let Some(limit) = self.pool_idle_timeout {
            builder = builder.pool_idle_timeout(limit);
        }
        let client = self.with_tls(builder)?.build().map_err(|e| {
            bad("the HTTP client could not be set up", e).with_hint(
                "check the certificates that were given and the system's certificate store",
            )
        })?;
        Ok(Arc::new(ReqwestService(client)))
    }

    #[cfg(feature = "default-tls")]
    fn with_tls(&self, mut builder: ClientBuilder) -> Result<ClientBuilder> {
        for pem in &self.roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|e| bad("root_certificate_pem has no readable PEM certificate", e))?;
            if roots.is_empty() {
                return Err(config("root_certificate_pem has no PEM certificate"));
            }
            builder = builder.tls_certs_merge(roots);
        }
        if let Some(pem) = &self.identity {
            let identity = reqwest::Identity::from_pem(pem.expose().as_bytes()).map_err(|e| {
                bad(
                    "client_identity_pem needs a certificate and its private key, both PEM",
                    e,
                )
            })?;
            builder = builder.identity(identity);
        }
        Ok(builder.tls_danger_accept_invalid_certs(self.accept_invalid_certs))
    }

    #[cfg(not(feature = "default-tls"))]
    fn with_tls(&self, builder: ClientBuilder) -> Result<ClientBuilder> {
        match self.any_of_tls() {
            Some(name) => Err(config(format!(
                "{name} needs the feature default-tls of keycloak-kit, which is off"
            ))),
            None => Ok(builder),
        }
    }
}

fn bad(message: &'static str, source: reqwest::Error) -> Error {
    config(message).with_source(source.without_url())
}

struct ReqwestService(Client);

impl fmt::Debug for ReqwestService {
    // A client shows its proxies, which may have passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestService")
    }
}

impl HttpService for ReqwestService {
    fn call(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<HttpBody>, HttpError>> {
        Box::pin(async move {
            let request = outgoing(request)?;
            let mut answer = self.0.execute(request).await.map_err(failed)?;
            let mut response = Response::new(HttpBody::empty());
            *response.status_mut() = answer.status();
            *response.version_mut() = answer.version();
            *response.headers_mut() = std::mem::take(answer.headers_mut());
            let body = HttpBody::from_stream(answer.bytes_stream().map_err(failed));
            Ok(response.map(|_| body))
        })
    }
}

fn outgoing(mut request: Request<Bytes>) -> Result<reqwest::Request, HttpError> {
    let has_payload = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    let is_empty = request.body().is_empty();
    if is_empty && has_payload {
        // Proxies answer 411 without it.
        let none = HeaderValue::from_static("0");
        request.headers_mut().insert(CONTENT_LENGTH, none);
    }
    let mut request = reqwest::Request::try_from(request).map_err(failed)?;
    if is_empty {
        *request.body_mut() = None;
    }
    Ok(request)
}

/// The URL is taken out of the source: its query may be secret.
fn failed(source: reqwest::Error) -> HttpError {
    let kind = if source.is_connect() && tls::is_refusal(&source) {
        HttpErrorKind::Tls
    } else if source.is_connect() && source.is_timeout() {
        HttpErrorKind::ConnectTimeout
    } else if source.is_timeout() {
        HttpErrorKind::Timeout
    } else if source.is_connect() {
        HttpErrorKind::Connect
    } else if source.is_builder() {
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, source.without_url())
}
