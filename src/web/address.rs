//! The address at which callers see a service.

use std::fmt;

use http::request::Parts;
use url::Url;

use crate::error::{Result, config};

/// Where callers reach the service: the URL that a DPoP proof names (`htu`, RFC 9449 section 4.2).
///
/// A server sees its own address only, and headers that say another can be sent by anybody. So the
/// address is a setting, or the application names the headers that a proxy of its own overwrites.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicAddress(Source);

#[derive(Clone, PartialEq, Eq)]
enum Source {
    Fixed(Url),
    Forwarded,
    XForwarded,
}

impl PublicAddress {
    /// Creates a fixed address, such as `https://api.example.org` or, behind a proxy that takes a
    /// prefix away, `https://example.org/api`.
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config) if `url` is not an
    /// `http` or `https` URL, or has a query, a fragment or credentials.
    pub fn fixed(url: &str) -> Result<Self> {
        let wrong = |why: &str| config(format!("the public address of the service {why}"));
        let url = Url::parse(url).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("is not an http or https URL"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has a query or a fragment"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("has credentials"));
        }
        Ok(Self(Source::Fixed(url)))
    }

    /// Reads scheme and host from the header `Forwarded` (RFC 7239), from its first element.
    ///
    /// # Security
    ///
    /// Anybody can send this header. Name it only if a proxy in front of the service overwrites it.
    #[must_use]
    pub fn forwarded() -> Self {
        Self(Source::Forwarded)
    }

    /// Reads scheme and host from the headers `X-Forwarded-Proto` and `X-Forwarded-Host`.
    ///
    /// # Security
    ///
    /// Anybody can send these headers. Name them only if a proxy in front of the service overwrites
    /// both.
    #[must_use]
    pub fn x_forwarded() -> Self {
        Self(Source::XForwarded)
    }

    /// Returns the URL of a request as its caller wrote it, without its query; `None` if the headers
    /// do not say it.
    pub(super) fn of(&self, request: &Parts) -> Option<Url> {
        let path = request.uri.path();
        match &self.0 {
            Source::Fixed(url) => {
                let base = url.as_str().trim_end_matches('/');
                Url::parse(&format!("{base}{path}")).ok()
            }
            Source::Forwarded => {
                let header = one(request, "forwarded")?;
                let element = header.split(',').next()?;
                let member = |name: &str| {
                    element.split(';').find_map(|pair| {
                        let (key, value) = pair.trim().split_once('=')?;
                        key.eq_ignore_ascii_case(name)
                            .then(|| value.trim().trim_matches('"'))
                    })
                };
                joined(member("proto")?, member("host")?, path)
            }
            Source::XForwarded => {
                let proto = one(request, "x-forwarded-proto")?;
                let host = one(request, "x-forwarded-host")?;
                joined(proto, host, path)
            }
        }
    }
}

/// The value of a header that is there once.
fn one<'a>(request: &'a Parts, name: &str) -> Option<&'a str> {
    let mut values = request.headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    values.next().is_none().then_some(value)
}

fn joined(scheme: &str, host: &str, path: &str) -> Option<Url> {
    let scheme = scheme.to_ascii_lowercase();
    let plain = !host.is_empty() && !host.contains(['/', '@', '?', '#', '\\', ',', ' ']);
    (matches!(scheme.as_str(), "http" | "https") && plain)
        .then(|| Url::parse(&format!("{scheme}://{host}{path}")).ok())?
}

impl fmt::Debug for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Fixed(url) => f.debug_tuple("Fixed").field(&url.as_str()).finish(),
            Source::Forwarded => f.write_str("Forwarded"),
            Source::XForwarded => f.write_str("XForwarded"),
        }
    }
}
