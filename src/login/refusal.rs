//! Explains the errors of the token endpoint.

use http::StatusCode;

use crate::error::{Error, ErrorKind};

/// The grant that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantKind {
    ClientCredentials,
    Password,
    Refresh,
    #[cfg(feature = "oidc")]
    Code,
    #[cfg(feature = "oidc")]
    Exchange,
    /// An exchange for a token of another user.
    #[cfg(feature = "oidc")]
    Impersonation,
    #[cfg(feature = "oidc")]
    Logout,
    /// The start of a backchannel login (CIBA).
    #[cfg(feature = "oidc")]
    Backchannel,
    Custom,
}

/// Turns an OAuth error into `Unauthorized` with a hint. Only the `error` code decides the kind:
/// texts differ between versions and languages. A text may make a hint more precise.
pub(crate) fn explain(error: Error, kind: GrantKind) -> Error {
    let status = error.status();
    let hint = match (error.oauth_code(), kind) {
        // Keycloak responds with 401 to a wrong secret and with 400 to a grant that the client may
        // not use, but with 401 to this grant too. For a public client it uses the same code with
        // another text.
        (Some("unauthorized_client"), GrantKind::ClientCredentials)
            if status != Some(StatusCode::UNAUTHORIZED)
                || message_contains(&error, "service account")
                    && !message_contains(&error, "public client") =>
        {
            "switch on the client's service account roles"
        }
        (Some("unauthorized_client"), _) if status == Some(StatusCode::UNAUTHORIZED) => {
            return error.with_kind(ErrorKind::Unauthorized);
        }
        (Some("unauthorized_client"), GrantKind::Password) => {
            "switch on the client's direct access grants"
        }
        // This request exchanges nothing. Keycloak has another code for an unknown user.
        #[cfg(feature = "oidc")]
        (Some("invalid_grant" | "unauthorized_client"), GrantKind::Backchannel) => {
            "switch on the client's OIDC CIBA grant"
        }
        (Some("unauthorized_client"), _) => "the client may not use this grant: switch it on",
        #[cfg(feature = "oidc")]
        (Some("invalid_client"), GrantKind::Exchange | GrantKind::Impersonation)
            if message_contains(&error, "audience") =>
        {
            "there is no client with the name of the audience: check the name, and that the client \
             is enabled"
        }
        // The endpoint adds a hint for the client's authentication method.
        (Some("invalid_client"), _) => return error.with_kind(ErrorKind::Unauthorized),
        (Some("invalid_grant"), _) if message_contains(&error, "dpop") => {
            "the token is bound to another key than the proof's: use the DPoP key that the token \
             was issued for"
        }
        (Some("invalid_grant"), GrantKind::Password) => {
            "check user name, password and one-time password, and that the account is enabled and \
             has no required actions open"
        }
        (Some("invalid_grant"), GrantKind::Refresh) => {
            "the session has ended, or the refresh token belongs to another client: log in again"
        }
        #[cfg(feature = "oidc")]
        (Some("invalid_grant"), GrantKind::Code) => {
            "the code was used before, has expired or belongs to another login: start the login \
             again"
        }
        #[cfg(feature = "oidc")]
        (Some("invalid_grant"), GrantKind::Logout) => {
            "the session has already ended, or the refresh token belongs to another client"
        }
        #[cfg(feature = "oidc")]
        (Some("access_denied"), GrantKind::Impersonation) => {
            return error.with_kind(ErrorKind::Forbidden).with_hint(
                "the user of the subject token needs the role impersonation of the client \
                 realm-management, and the client must be allowed to impersonate",
            );
        }
        #[cfg(feature = "oidc")]
        (Some("access_denied"), GrantKind::Exchange) => {
            return error.with_kind(ErrorKind::Forbidden).with_hint(
                "the client must be in the audience of the subject token, and may only request \
                 audiences that its scopes reach",
            );
        }
        #[cfg(feature = "oidc")]
        (Some("invalid_request"), GrantKind::Exchange | GrantKind::Impersonation) => {
            return refused_exchange(error);
        }
        (Some("invalid_grant"), _) => "the grant is invalid, has expired or was already used",
        _ => return error,
    };
    error.with_kind(ErrorKind::Unauthorized).with_hint(hint)
}

/// Adds a hint about a request that Keycloak's standard exchange does not support. The kind stays,
/// because the request is at fault and not the credentials.
#[cfg(feature = "oidc")]
fn refused_exchange(error: Error) -> Error {
    let hint = if message_contains(&error, "exchange is not enabled") {
        "switch on the client's standard token exchange"
    } else if message_contains(&error, "audience not available") {
        "the client's scopes do not put this audience into its tokens: add an audience mapper to \
         them, or request the optional scope that has one"
    } else if message_contains(&error, "not supported for standard token exchange") {
        "only the legacy exchange supports this parameter: start the server with \
         --features=token-exchange, or remove the parameter"
    } else {
        return error;
    };
    error.with_hint(hint)
}

fn message_contains(error: &Error, word: &str) -> bool {
    error
        .server_message()
        .is_some_and(|said| said.to_ascii_lowercase().contains(word))
}
