//! What to check when the token endpoint refuses.

use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// Which grant was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantKind {
    ClientCredentials,
    Password,
    Refresh,
    #[cfg(feature = "oidc")]
    Code,
    #[cfg(feature = "oidc")]
    Exchange,
    #[cfg(feature = "oidc")]
    Logout,
    Custom,
}

/// Turns an OAuth refusal into `Unauthorized` with a hint. Decided by the `error` code alone:
/// texts differ between versions and languages.
pub(crate) fn explain(error: Error, kind: GrantKind) -> Error {
    let status = error.status();
    let hint = match (error.oauth_code(), kind) {
        // Keycloak answers 401 for a wrong secret and 400 for a grant the client may not use.
        (Some("unauthorized_client"), _) if status == Some(StatusCode::UNAUTHORIZED) => {
            "check the client secret, and that the client has client authentication switched on"
        }
        (Some("unauthorized_client"), GrantKind::ClientCredentials) => {
            "switch on the client's service account roles"
        }
        (Some("unauthorized_client"), GrantKind::Password) => {
            "switch on the client's direct access grants"
        }
        (Some("unauthorized_client"), _) => "the client may not use this grant: switch it on",
        (Some("invalid_client"), _) => {
            "check the client id, its secret and the realm it is in, and that it is enabled"
        }
        (Some("invalid_grant"), GrantKind::Password) => {
            "check user name, password and one-time password, and that the account is enabled and \
             has no required actions open"
        }
        (Some("invalid_grant"), GrantKind::Refresh) => "the session has ended: log in again",
        #[cfg(feature = "oidc")]
        (Some("invalid_grant"), GrantKind::Code) => {
            "the code was used before, has expired or belongs to another login: start the login \
             again"
        }
        #[cfg(feature = "oidc")]
        (Some("invalid_grant"), GrantKind::Logout) => {
            "the session has ended already, or the refresh token is another client's"
        }
        #[cfg(feature = "oidc")]
        (Some("access_denied"), GrantKind::Exchange) => {
            return error.with_kind(ErrorKind::Forbidden).with_hint(
                "the client must be in the audience of the token it exchanges, and may ask for \
                 audiences that its scopes reach",
            );
        }
        (Some("invalid_grant"), _) => "what was exchanged is not valid or not valid any more",
        _ => return error,
    };
    error.with_kind(ErrorKind::Unauthorized).with_hint(hint)
}
