//! Identifies a provider, and locates its well-known document.

use std::fmt;

use url::Url;

use crate::error::{Result, config};
use crate::http::base::BaseUrl;
use crate::http::segment;

/// A provider and one of its well-known documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ProviderId {
    /// A realm of the server at the base URL, by name.
    Realm(String),
    /// An issuer, of Keycloak or another server.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    Issuer(String),
    /// The UMA document of a provider (UMA 2.0 Grant section 2).
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    Uma(Box<Self>),
}

impl ProviderId {
    pub(crate) fn realm(name: impl Into<String>) -> Self {
        Self::Realm(name.into())
    }

    /// Returns the provider without the choice of a document.
    pub(crate) fn owner(&self) -> &Self {
        match self {
            Self::Uma(owner) => owner,
            own => own,
        }
    }

    /// Returns the possible addresses of the document, in the order to try them.
    pub(super) fn documents(&self, base: &BaseUrl) -> Result<Vec<Url>> {
        match self {
            Self::Realm(realm) => {
                let realm = segment::encode(realm);
                let path = format!("/realms/{realm}/.well-known/openid-configuration");
                Ok(vec![base.join(&path)])
            }
            Self::Uma(owner) => {
                let mut addresses = owner.documents(base)?;
                addresses.truncate(1);
                for address in &mut addresses {
                    let path = address.path();
                    let above = path.strip_suffix("openid-configuration").unwrap_or(path);
                    address.set_path(&format!("{above}uma2-configuration"));
                }
                Ok(addresses)
            }
            Self::Issuer(issuer) => {
                let url = parse(issuer)?;
                let path = url.path().trim_end_matches('/').to_owned();
                let with = |path: String| {
                    let mut url = url.clone();
                    url.set_path(&path);
                    url
                };
                Ok(vec![
                    // OpenID Connect Discovery 1.0 section 4, then RFC 8414 section 3.
                    with(format!("{path}/.well-known/openid-configuration")),
                    with(format!("/.well-known/oauth-authorization-server{path}")),
                ])
            }
        }
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Realm(realm) => write!(f, "the realm {realm:?}"),
            Self::Issuer(issuer) => write!(f, "the issuer {issuer:?}"),
            Self::Uma(owner) => owner.fmt(f),
        }
    }
}

/// Parses an issuer: a URL with neither query nor fragment (RFC 8414 section 2).
pub(crate) fn parse(issuer: &str) -> Result<Url> {
    let fail = |problem: &str| {
        config(format!(
            "the issuer {problem}: write it exactly as the provider does, such as \
             https://sso.example/realms/demo"
        ))
    };
    // The URL parser would drop these characters.
    if issuer.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(fail("contains white space or control characters"));
    }
    let url = Url::parse(issuer).map_err(|_| fail("is not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(fail("has a scheme other than https and http"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(fail("has no host"));
    }
    if issuer.contains(['?', '#']) || !url.username().is_empty() || url.password().is_some() {
        return Err(fail("has a query, a fragment or user information"));
    }
    Ok(url)
}
