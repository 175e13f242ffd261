//! Where the server is called, and what it calls itself.

use url::Url;

use super::base::BaseUrl;
use crate::error::{Result, protocol};

/// The base URL that requests are sent to, and the public one where that is another.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    base: BaseUrl,
    public: Option<BaseUrl>,
}

impl Addresses {
    pub(crate) fn new(base: BaseUrl, public: Option<BaseUrl>) -> Self {
        Self { base, public }
    }

    /// Returns the base URL that requests are sent to.
    pub(crate) fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Returns the base URL that the server calls itself.
    pub(crate) fn public(&self) -> &BaseUrl {
        self.public.as_ref().unwrap_or(&self.base)
    }

    /// Returns the URL to call an endpoint at. One under the public base URL is called through the
    /// internal base URL, others as they are published, but never by plain HTTP if the issuer has
    /// HTTPS.
    pub(crate) fn rewrite(&self, issuer: &str, endpoint: &str) -> Result<Url> {
        let url = Url::parse(endpoint)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| protocol("an endpoint of the well-known document is not a URL"))?;
        if self.base.covers(&url) {
            return Ok(url);
        }
        if let Some(public) = &self.public
            && public.covers(&url)
        {
            let own =
                Url::parse(public.as_str()).map_or(0, |u| u.path().trim_end_matches('/').len());
            let mut target = self.base.join(url.path().get(own..).unwrap_or_default());
            target.set_query(url.query());
            return Ok(target);
        }
        if issuer.starts_with("https://") && url.scheme() != "https" {
            return Err(protocol(
                "an endpoint of the well-known document has plain HTTP although the issuer has \
                 HTTPS",
            )
            .with_hint("set the server's hostname, or let its proxy send X-Forwarded-Proto"));
        }
        Ok(url)
    }

    /// Returns the public address of a called URL, which DPoP proofs are made for.
    pub(crate) fn published(&self, url: &Url) -> Url {
        let (Some(public), true) = (&self.public, self.base.covers(url)) else {
            return url.clone();
        };
        let mut published = public.join(self.base.below(url));
        published.set_query(url.query());
        published
    }
}
