//! What a provider's endpoint means by a refusal, where a client has shown itself.

use http::StatusCode;

use crate::call::is_not_keycloaks;
use crate::error::Error;

/// What a client has shown of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusedClient {
    /// The bearer of a token asks, not the client.
    Bearer,
    WithoutProof,
    Secret,
    Assertion,
    Certificate,
}

impl RefusedClient {
    /// `unknown` where the code is `invalid_client`: Keycloak has it for a client that it does not
    /// know, and for an assertion or a certificate that it does not take.
    fn hint(self, unknown: bool) -> Option<&'static str> {
        Some(match self {
            Self::Bearer | Self::WithoutProof | Self::Secret if unknown => {
                "check the client id, its secret and the realm it is in, and that it is enabled"
            }
            Self::Bearer => return None,
            Self::WithoutProof => {
                "no client secret was sent: set client_secret or client_auth, or switch client \
                 authentication off at the server"
            }
            Self::Secret => {
                "check the client secret, and that the client has client authentication switched on"
            }
            Self::Assertion => {
                "check the client id, that the client is to authenticate with a signed JWT, that the \
                 server knows the key, and that the clock of this machine is right"
            }
            Self::Certificate => {
                "check the client id, that the server knows the client's certificate, and that this \
                 address asks for it in the TLS handshake"
            }
        })
    }

    /// What the refusal of a client that has shown itself so means.
    pub(crate) fn explainer(self) -> fn(Error) -> Error {
        match self {
            Self::Bearer => |error| Self::Bearer.explain(error),
            Self::WithoutProof => |error| Self::WithoutProof.explain(error),
            Self::Secret => |error| Self::Secret.explain(error),
            Self::Assertion => |error| Self::Assertion.explain(error),
            Self::Certificate => |error| Self::Certificate.explain(error),
        }
    }

    /// Replaces what is meant for calls below the base URL.
    pub(crate) fn explain(self, error: Error) -> Error {
        let unknown = error.oauth_code() == Some("invalid_client");
        match self.hint(unknown) {
            Some(hint) if unknown || error.status() == Some(StatusCode::UNAUTHORIZED) => {
                error.with_hint(hint)
            }
            _ if is_not_keycloaks(&error) => error.with_hint(
                "the answer is not an OAuth error: a proxy may have given it, or the endpoint that \
                 the provider publishes is not its own",
            ),
            _ => error,
        }
    }

    /// Of an endpoint that sends elsewhere.
    pub(crate) fn explain_failure(error: Error) -> Error {
        if error.status().is_some_and(|status| status.is_redirection()) {
            return error.with_hint(
                "redirects are not followed, and the provider publishes this address: its document \
                 is wrong, or a proxy sends elsewhere",
            );
        }
        error
    }
}
