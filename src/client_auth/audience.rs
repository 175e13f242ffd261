//! The audience of client assertions.

use std::fmt;

use crate::discovery::ProviderMetadata;
use crate::error::{Result, protocol};

/// The audience (`aud`) of client assertions, always a single value; set with
/// [`ClientAuth::assertion_audience`](super::ClientAuth::assertion_audience). URLs are those in the
/// provider's metadata, wherever the endpoints are called.
///
/// # Security
/// With [`Issuer`](Self::Issuer) an assertion is valid at one provider only. With every other
/// choice the provider's metadata decides where the assertion is valid: a hostile provider can
/// publish another provider's endpoint in its metadata, and log in there with the assertions that
/// it receives (OpenID Foundation, *Notice of a Security Vulnerability*, January 2025). Then use a
/// separate key for each issuer, and make such a choice only if the provider requires it. FAPI
/// profiles refuse these choices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssertionAudience {
    /// The issuer identifier in the metadata.
    #[default]
    Issuer,
    /// The token endpoint, also at other endpoints (OpenID Connect Core 1.0 section 9).
    TokenEndpoint,
    /// The endpoint that is called: the token endpoint for token requests, and the respective
    /// endpoint for pushed requests, introspection, revocation, device authorization and CIBA.
    Endpoint,
    /// A fixed text.
    Text(String),
}

impl From<&str> for AssertionAudience {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for AssertionAudience {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Where a client assertion is sent, and its audience, for the source of the assertion. All URLs
/// are those in the provider's metadata.
///
/// ```no_run
/// use keycloak_kit::{ClientAuth, Result, Secret};
///
/// async fn sign(audience: String) -> Result<Secret> {
///     Ok(format!("eyJ..{audience}").into())
/// }
///
/// let auth = ClientAuth::assertion(|target| sign(target.audience().to_owned()));
/// ```
#[derive(Clone)]
pub struct AssertionTarget {
    issuer: String,
    endpoint: String,
    audience: String,
}

impl AssertionTarget {
    /// Returns the issuer identifier in the metadata.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the endpoint that is called.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the required `aud`: the issuer, or the choice of
    /// [`assertion_audience`](super::ClientAuth::assertion_audience).
    pub fn audience(&self) -> &str {
        &self.audience
    }
}

impl fmt::Debug for AssertionTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertionTarget")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// The endpoint at which a client authenticates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuthEndpoint<'a> {
    pub(crate) metadata: &'a ProviderMetadata,
    /// Its name in the metadata.
    pub(crate) name: &'a str,
    /// Its URL in the metadata.
    pub(crate) url: &'a str,
}

impl AuthEndpoint<'_> {
    pub(super) fn target(&self, audience: &AssertionAudience) -> Result<AssertionTarget> {
        let metadata = self.metadata;
        let audience = match audience {
            AssertionAudience::Issuer => metadata.issuer_as_audience()?,
            AssertionAudience::Endpoint => self.url,
            AssertionAudience::Text(text) => text,
            AssertionAudience::TokenEndpoint => {
                metadata.token_endpoint.as_ref().ok_or_else(|| {
                    protocol(
                        "the provider publishes no token_endpoint to use as the client assertion's audience",
                    )
                })?
            }
        };
        Ok(AssertionTarget {
            issuer: metadata.issuer.clone(),
            endpoint: self.url.to_owned(),
            audience: audience.to_owned(),
        })
    }

    /// Returns the authentication methods that the endpoint supports, if the metadata has a list
    /// for it.
    pub(super) fn methods(&self) -> Result<Option<&[String]>> {
        let (member, methods) = match self.name {
            "introspection_endpoint" => (
                "introspection_endpoint_auth_methods_supported",
                &self.metadata.introspection_endpoint_auth_methods_supported,
            ),
            "revocation_endpoint" => (
                "revocation_endpoint_auth_methods_supported",
                &self.metadata.revocation_endpoint_auth_methods_supported,
            ),
            _ => return Ok(None),
        };
        self.metadata.readable(&[member])?;
        Ok(methods.as_deref())
    }
}
