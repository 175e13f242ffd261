//! The HTTP client behind everything.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Proxy};

use crate::Secret;
use crate::error::{Error, Result, config};

const USER_AGENT: &str = concat!("keycloak-kit/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct ClientSettings {
    pub(super) given: Option<Client>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) proxy: Option<String>,
    pub(super) no_proxy: bool,
    pub(super) roots: Vec<Vec<u8>>,
    pub(super) identity: Option<Secret>,
    pub(super) accept_invalid_certs: bool,
    pub(super) pool_max_idle: Option<usize>,
}

impl ClientSettings {
    /// What a client that was handed in shows is not known.
    pub(super) fn may_show_certificate(&self) -> bool {
        self.identity.is_some() || self.given.is_some()
    }

    pub(super) fn build(self) -> Result<Client> {
        if self.proxy.is_some() && self.no_proxy {
            return Err(config("both proxy and no_proxy are set: choose one"));
        }
        let conflicts = [
            ("connect_timeout", self.connect_timeout.is_some()),
            ("proxy", self.proxy.is_some()),
            ("no_proxy", self.no_proxy),
            ("add_root_certificate_pem", !self.roots.is_empty()),
            ("client_identity_pem", self.identity.is_some()),
            ("danger_accept_invalid_certs", self.accept_invalid_certs),
            ("pool_max_idle_per_host", self.pool_max_idle.is_some()),
        ];
        if let Some(client) = self.given {
            return match conflicts.into_iter().find(|(_, set)| *set) {
                Some((name, _)) => Err(config(format!(
                    "both http_client and {name} are set: set it on the client you hand in"
                ))),
                None => Ok(client),
            };
        }
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout.unwrap_or(CONNECT_TIMEOUT));
        if self.no_proxy {
            builder = builder.no_proxy();
        }
        if let Some(proxy) = self.proxy {
            builder = builder.proxy(Proxy::all(proxy).map_err(|e| {
                bad(
                    "proxy is not a URL: write it like http://proxy.example:3128",
                    e,
                )
            })?);
        }
        for pem in self.roots {
            let roots = Certificate::from_pem_bundle(&pem).map_err(|e| {
                bad(
                    "add_root_certificate_pem has no readable PEM certificate",
                    e,
                )
            })?;
            if roots.is_empty() {
                return Err(config("add_root_certificate_pem has no PEM certificate"));
            }
            builder = builder.tls_certs_merge(roots);
        }
        if let Some(pem) = self.identity {
            let identity = reqwest::Identity::from_pem(pem.expose().as_bytes()).map_err(|e| {
                bad(
                    "client_identity_pem needs a certificate and its private key, both PEM",
                    e,
                )
            })?;
            builder = builder.identity(identity);
        }
        if self.accept_invalid_certs {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(connections) = self.pool_max_idle {
            builder = builder.pool_max_idle_per_host(connections);
        }
        builder.build().map_err(|e| {
            bad("the HTTP client could not be set up", e).with_hint(
                "check the certificates that were given and the system's certificate store",
            )
        })
    }
}

fn bad(message: &'static str, source: reqwest::Error) -> Error {
    config(message).with_source(source.without_url())
}
