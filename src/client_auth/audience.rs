//! Whom a client assertion is for.

use std::fmt;

use crate::discovery::ProviderMetadata;
use crate::error::{Result, protocol};

/// What a client assertion names as its audience (`aud`), always one value; set with
/// [`ClientAuth::assertion_audience`](super::ClientAuth::assertion_audience). URLs are those of the
/// provider's document, wherever they are called.
///
/// # Security
/// With [`Issuer`](Self::Issuer) an assertion is good at one provider only. With every other choice
/// the document decides what the assertion is good for: a hostile provider can name the endpoint of
/// another one in its document, and log in there with the assertions that it is sent (OpenID
/// Foundation, *Notice of a Security Vulnerability*, January 2025). Use a key of its own for each
/// issuer then, and these choices only where the provider asks for them. Profiles of FAPI refuse
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssertionAudience {
    /// The issuer, as it calls itself.
    #[default]
    Issuer,
    /// The token endpoint, at every endpoint (OpenID Connect Core 1.0 section 9).
    TokenEndpoint,
    /// The endpoint that is called: for token requests the token endpoint, for pushed requests,
    /// introspection, revocation, device and CIBA requests that of each.
    Endpoint,
    /// This text.
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

/// What the source of a client assertion is told: where it is sent, and whom it is for. All URLs are
/// those of the provider's document.
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
    /// The issuer, as it calls itself.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The endpoint that is called.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What `aud` is to be: the issuer, or what
    /// [`assertion_audience`](super::ClientAuth::assertion_audience) chose.
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

/// The endpoint at which a client names and proves itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) metadata: &'a ProviderMetadata,
    /// The name of its member in the metadata.
    pub(crate) name: &'a str,
    /// As the document has it.
    pub(crate) url: &'a str,
}

impl Place<'_> {
    pub(super) fn target(&self, audience: &AssertionAudience) -> Result<AssertionTarget> {
        let metadata = self.metadata;
        let audience = match audience {
            AssertionAudience::Issuer => metadata.issuer_as_audience()?,
            AssertionAudience::Endpoint => self.url,
            AssertionAudience::Text(text) => text,
            AssertionAudience::TokenEndpoint => {
                metadata.token_endpoint.as_ref().ok_or_else(|| {
                    protocol(
                        "the provider publishes no token_endpoint for the client assertion to name",
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

    /// How clients may authenticate here, where the document has a list for this endpoint of its
    /// own.
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
