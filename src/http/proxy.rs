//! Which requests go through which proxy.

use std::fmt;

use crate::Secret;

/// A proxy for requests; see [`ClientOptions::proxy`](crate::ClientOptions::proxy).
///
/// A text is the URL of a proxy for all requests: `"http://proxy.example:3128"` is
/// `Proxy::all("http://proxy.example:3128")`.
///
/// ```
/// use keycloak_kit::{ClientOptions, Proxy};
///
/// let options = ClientOptions::new().proxy(
///     Proxy::https("http://proxy.example:3128")
///         .credentials("ada", "s3cret")
///         .except(["localhost", "internal.example", "10.0.0.0/8"]),
/// );
/// ```
#[derive(Clone)]
#[must_use]
pub struct Proxy {
    scheme: Scheme,
    /// May hold a password.
    url: Secret,
    credentials: Option<(String, Secret)>,
    except: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Scheme {
    All,
    Http,
    Https,
}

impl Proxy {
    /// Creates a proxy for all requests.
    pub fn all(url: impl Into<String>) -> Self {
        Self::new(Scheme::All, url.into())
    }

    /// Creates a proxy for requests to `http` URLs.
    pub fn http(url: impl Into<String>) -> Self {
        Self::new(Scheme::Http, url.into())
    }

    /// Creates a proxy for requests to `https` URLs.
    pub fn https(url: impl Into<String>) -> Self {
        Self::new(Scheme::Https, url.into())
    }

    fn new(scheme: Scheme, url: String) -> Self {
        Self {
            scheme,
            url: url.into(),
            credentials: None,
            except: Vec::new(),
        }
    }

    /// Authenticates to the proxy by HTTP Basic.
    pub fn credentials(mut self, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.credentials = Some((username.into(), password.into()));
        self
    }

    /// Calls these hosts directly, each in the syntax of `NO_PROXY`: a domain, which includes the
    /// hosts below it, an IP address or a network (`10.0.0.0/8`). May be called again for more.
    pub fn except(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.except.extend(hosts.into_iter().map(Into::into));
        self
    }

    pub(super) fn to_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        let url = self.url.expose();
        let mut proxy = match self.scheme {
            Scheme::All => reqwest::Proxy::all(url),
            Scheme::Http => reqwest::Proxy::http(url),
            Scheme::Https => reqwest::Proxy::https(url),
        }?;
        if let Some((username, password)) = &self.credentials {
            proxy = proxy.basic_auth(username, password.expose());
        }
        Ok(proxy.no_proxy(reqwest::NoProxy::from_string(&self.except.join(","))))
    }
}

impl From<&str> for Proxy {
    fn from(url: &str) -> Self {
        Self::all(url)
    }
}

impl From<String> for Proxy {
    fn from(url: String) -> Self {
        Self::all(url)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("scheme", &self.scheme)
            .field("except", &self.except)
            .finish_non_exhaustive()
    }
}
