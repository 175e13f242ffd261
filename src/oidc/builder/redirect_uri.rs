//! Checks of redirect URIs.

use url::Url;

use crate::error::{Result, config};

/// Returns whether the URL is on this machine.
pub(in crate::oidc) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// RFC 6749 section 3.1.2: absolute and without a fragment. It is sent as written, because servers
/// compare it character by character.
pub(in crate::oidc) fn check_redirect_uri(uri: &str) -> Result<()> {
    let fail = |problem: &str| {
        Err(config(format!(
            "the redirect URI {problem}: write it exactly as it is registered, like \
             https://app.example/callback"
        )))
    };
    match Url::parse(uri) {
        // A URL parser would remove them.
        _ if uri.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            fail("has white space or control characters")
        }
        Err(_) => fail("is not an absolute URL"),
        Ok(_) if uri.contains('#') => fail("has a fragment"),
        Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file") => {
            fail("has a scheme that no application can be called back with")
        }
        Ok(_) => Ok(()),
    }
}
