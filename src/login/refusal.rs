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

/// Turns an OAuth refusal into `Unauthorized` with a hint. The kind is decided by the `error` code
/// alone: texts differ between versions and languages. A text may make a hint more precise.
pub(crate) fn explain(error: Error, kind: GrantKind) -> Error {
    let status = error.status();
    let hint = match (error.oauth_code(), kind) {
        // Keycloak answers 401 for a wrong secret, and 400 for a grant the client may not use: but
        // 401 for this one too. A public client is told the same with other words.
        (Some("unauthorized_client"), GrantKind::ClientCredentials)
            if status != Some(StatusCode::UNAUTHORIZED)
                || said(&error, "service account") && !said(&error, "public client") =>
        {
            "switch on the client's service account roles"
        }
        (Some("unauthorized_client"), _) if status == Some(StatusCode::UNAUTHORIZED) => {
            return error.with_kind(ErrorKind::Unauthorized);
        }
        (Some("unauthorized_client"), GrantKind::Password) => {
            "switch on the client's direct access grants"
        }
        // Nothing is exchanged here. Keycloak has another code for a user that it does not know.
        #[cfg(feature = "oidc")]
        (Some("invalid_grant" | "unauthorized_client"), GrantKind::Backchannel) => {
            "switch on the client's OIDC CIBA grant"
        }
        (Some("unauthorized_client"), _) => "the client may not use this grant: switch it on",
        #[cfg(feature = "oidc")]
        (Some("invalid_client"), GrantKind::Exchange | GrantKind::Impersonation)
            if said(&error, "audience") =>
        {
            "there is no client of this name for the audience: check it, and that the client is \
             enabled"
        }
        // The endpoint knows what the client has shown.
        (Some("invalid_client"), _) => return error.with_kind(ErrorKind::Unauthorized),
        (Some("invalid_grant"), _) if said(&error, "dpop") => {
            "the token is bound to another key than the proof's: use the DPoP key that it was given \
             to"
        }
        (Some("invalid_grant"), GrantKind::Password) => {
            "check user name, password and one-time password, and that the account is enabled and \
             has no required actions open"
        }
        (Some("invalid_grant"), GrantKind::Refresh) => {
            "the session has ended, or the refresh token is another client's: log in again"
        }
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
        (Some("access_denied"), GrantKind::Impersonation) => {
            return error.with_kind(ErrorKind::Forbidden).with_hint(
                "whom the subject token is about needs the role impersonation of the client \
                 realm-management, and the client must be allowed to impersonate",
            );
        }
        #[cfg(feature = "oidc")]
        (Some("access_denied"), GrantKind::Exchange) => {
            return error.with_kind(ErrorKind::Forbidden).with_hint(
                "the client must be in the audience of the token it exchanges, and may ask for \
                 audiences that its scopes reach",
            );
        }
        #[cfg(feature = "oidc")]
        (Some("invalid_request"), GrantKind::Exchange | GrantKind::Impersonation) => {
            return refused_exchange(error);
        }
        (Some("invalid_grant"), _) => "what was exchanged is not valid or not valid any more",
        _ => return error,
    };
    error.with_kind(ErrorKind::Unauthorized).with_hint(hint)
}

/// What Keycloak's standard exchange cannot do with a request. The request is at fault, not the
/// credentials, so the kind stays.
#[cfg(feature = "oidc")]
fn refused_exchange(error: Error) -> Error {
    let hint = if said(&error, "exchange is not enabled") {
        "switch on the client's standard token exchange"
    } else if said(&error, "audience not available") {
        "the client's scopes do not put this audience into its tokens: add an audience mapper to \
         them, or ask for the optional scope that has one"
    } else if said(&error, "not supported for standard token exchange") {
        "only the older exchange has this parameter: start the server with \
         --features=token-exchange, or leave it out"
    } else {
        return error;
    };
    error.with_hint(hint)
}

fn said(error: &Error, word: &str) -> bool {
    error
        .server_message()
        .is_some_and(|said| said.to_ascii_lowercase().contains(word))
}
