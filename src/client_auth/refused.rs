//! Hints for endpoints that refuse a client.

use http::StatusCode;

use crate::call::is_not_keycloaks;
use crate::error::Error;

/// How the refused client authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusedClient {
    /// A bearer token authenticated the request, not the client.
    Bearer,
    Public,
    Secret,
    Assertion,
    Certificate,
}

impl RefusedClient {
    /// Returns a hint. `unknown` is whether the code is `invalid_client`: Keycloak uses it for an
    /// unknown client, and for an assertion or a certificate that it does not accept.
    fn hint(self, unknown: bool) -> Option<&'static str> {
        Some(match self {
            Self::Bearer | Self::Public | Self::Secret if unknown => {
                "check the client id, its secret and the realm it is in, and that it is enabled"
            }
            Self::Bearer => return None,
            Self::Public => {
                "no client secret was sent: set client_secret or client_auth, or switch off client \
                 authentication at the server"
            }
            Self::Secret => {
                "check the client secret, and that the client has client authentication switched on"
            }
            Self::Assertion => {
                "check the client id, that the client authenticates with a signed JWT, that the \
                 server knows the key, and that this machine's clock is right"
            }
            Self::Certificate => {
                "check the client id, that the server knows the client's certificate, and that this \
                 address asks for it in the TLS handshake"
            }
        })
    }

    /// Returns a function that explains a refusal of this client.
    pub(crate) fn explainer(self) -> fn(Error) -> Error {
        match self {
            Self::Bearer => |error| Self::Bearer.explain(error),
            Self::Public => |error| Self::Public.explain(error),
            Self::Secret => |error| Self::Secret.explain(error),
            Self::Assertion => |error| Self::Assertion.explain(error),
            Self::Certificate => |error| Self::Certificate.explain(error),
        }
    }

    /// Adds a hint, in place of one about the base URL.
    pub(crate) fn explain(self, error: Error) -> Error {
        let unknown = error.oauth_code() == Some("invalid_client");
        match self.hint(unknown) {
            Some(hint) if unknown || error.status() == Some(StatusCode::UNAUTHORIZED) => {
                error.with_hint(hint)
            }
            _ if is_not_keycloaks(&error) => error.with_hint(
                "the response is not an OAuth error: it may come from a proxy, or the provider \
                 publishes a wrong endpoint",
            ),
            _ => error,
        }
    }

    /// Explains an endpoint that redirects.
    pub(crate) fn explain_failure(error: Error) -> Error {
        if error.status().is_some_and(|status| status.is_redirection()) {
            return error.with_hint(
                "redirects are not followed, and the provider publishes this address: its metadata \
                 is wrong, or a proxy redirects",
            );
        }
        error
    }
}
