//! Client metadata.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Secret;

macro_rules! metadata {
    ($(
        $(#[$doc:meta])*
        $name:ident: $kind:tt,
    )*) => {
        /// What a client says about itself, and what the server made of it (RFC 7591 section 2,
        /// OpenID Connect Dynamic Client Registration 1.0 section 2, and the members of the
        /// specifications named at each).
        ///
        /// A member that is `None` is not sent, and the server uses its default. Members that are
        /// not listed here are kept in `extra`. `Debug` shows the secret redacted and only the
        /// names of what is in `extra`.
        ///
        /// ```
        /// use keycloak_kit::registration::ClientMetadata;
        ///
        /// let metadata = ClientMetadata::default()
        ///     .client_name("Reports")
        ///     .redirect_uris(["https://reports.example/callback"])
        ///     .grant_types(["authorization_code", "refresh_token"])
        ///     .require_pushed_authorization_requests(true);
        /// assert_eq!(metadata.client_name.as_deref(), Some("Reports"));
        /// ```
        #[derive(Clone, Default, Serialize, Deserialize)]
        #[non_exhaustive]
        pub struct ClientMetadata {
            /// The client's id, given by the server.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub client_id: Option<String>,
            /// The client's secret, given by the server.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub client_secret: Option<Secret>,
            /// When the id was given, in seconds since 1970; never sent.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub client_id_issued_at: Option<i64>,
            /// When the secret expires, in seconds since 1970, or 0 for never; never sent.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub client_secret_expires_at: Option<i64>,
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<metadata!(@type $kind)>,
            )*
            /// All other members.
            #[serde(flatten)]
            pub extra: BTreeMap<String, Value>,
        }

        impl ClientMetadata {
            $(metadata!(@setter $(#[$doc])* $name $kind);)*
        }

        impl fmt::Debug for ClientMetadata {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut out = f.debug_struct("ClientMetadata");
                out.field("client_id", &self.client_id);
                out.field("client_secret", &self.client_secret);
                $(
                    if let Some(value) = &self.$name {
                        out.field(stringify!($name), value);
                    }
                )*
                out.field("extra", &self.extra.keys().collect::<Vec<_>>());
                out.finish_non_exhaustive()
            }
        }
    };
    (@type text) => { String };
    (@type list) => { Vec<String> };
    (@type flag) => { bool };
    (@type seconds) => { i64 };
    (@type json) => { Value };
    (@setter $(#[$doc:meta])* $name:ident text) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: impl Into<String>) -> Self {
            self.$name = Some(value.into());
            self
        }
    };
    (@setter $(#[$doc:meta])* $name:ident list) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
            self.$name = Some(values.into_iter().map(Into::into).collect());
            self
        }
    };
    (@setter $(#[$doc:meta])* $name:ident $kind:tt) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: metadata!(@type $kind)) -> Self {
            self.$name = Some(value);
            self
        }
    };
}

metadata! {
    /// Where users come back to.
    redirect_uris: list,
    /// How the client authenticates, such as `client_secret_basic`, or `none` for a public one.
    token_endpoint_auth_method: text,
    /// The algorithm of its assertions.
    token_endpoint_auth_signing_alg: text,
    /// The grants it uses, such as `authorization_code`.
    grant_types: list,
    /// The response types it uses, such as `code`.
    response_types: list,
    /// `web` or `native`.
    application_type: text,
    /// The name users see.
    client_name: text,
    /// Its home page.
    client_uri: text,
    /// Its logo.
    logo_uri: text,
    /// The scopes it may ask for, separated by spaces.
    scope: text,
    /// Whom to reach about it, usually e-mail addresses.
    contacts: list,
    /// Its terms of service.
    tos_uri: text,
    /// Its privacy policy.
    policy_uri: text,
    /// Where its public keys are.
    jwks_uri: text,
    /// Its public keys (RFC 7517).
    jwks: json,
    /// Names the software, the same for all of its instances.
    software_id: text,
    /// The release of the software.
    software_version: text,
    /// A signed statement about the software, as a JWT (RFC 7591 section 2.3).
    software_statement: text,
    /// A URL whose host pairwise subjects are made for.
    sector_identifier_uri: text,
    /// `public` or `pairwise`.
    subject_type: text,
    /// The signature algorithm of its ID tokens.
    id_token_signed_response_alg: text,
    /// The key encryption of its ID tokens.
    id_token_encrypted_response_alg: text,
    /// The content encryption of its ID tokens.
    id_token_encrypted_response_enc: text,
    /// The signature algorithm of userinfo answers.
    userinfo_signed_response_alg: text,
    /// The key encryption of userinfo answers.
    userinfo_encrypted_response_alg: text,
    /// The content encryption of userinfo answers.
    userinfo_encrypted_response_enc: text,
    /// The signature algorithm of its request objects (RFC 9101).
    request_object_signing_alg: text,
    /// The key encryption of its request objects.
    request_object_encryption_alg: text,
    /// The content encryption of its request objects.
    request_object_encryption_enc: text,
    /// How old a login may be, in seconds, where a request does not say.
    default_max_age: seconds,
    /// Whether its ID tokens have `auth_time`.
    require_auth_time: flag,
    /// The levels of authentication asked for where a request does not say.
    default_acr_values: list,
    /// Where a third party starts a login.
    initiate_login_uri: text,
    /// Where its request objects are fetched from.
    request_uris: list,
    /// Where users may be sent after logout (OpenID Connect RP-Initiated Logout 1.0).
    post_logout_redirect_uris: list,
    /// Where logout tokens are sent (OpenID Connect Back-Channel Logout 1.0).
    backchannel_logout_uri: text,
    /// Whether logout tokens name the session.
    backchannel_logout_session_required: flag,
    /// Whether a logout revokes offline tokens too (Keycloak).
    backchannel_logout_revoke_offline_tokens: flag,
    /// The page that browsers open at logout (OpenID Connect Front-Channel Logout 1.0).
    frontchannel_logout_uri: text,
    /// Whether that page is told issuer and session.
    frontchannel_logout_session_required: flag,
    /// `poll` or `ping` (OpenID Connect CIBA Core 1.0).
    backchannel_token_delivery_mode: text,
    /// Where pings are sent.
    backchannel_client_notification_endpoint: text,
    /// The signature algorithm of its backchannel requests.
    backchannel_authentication_request_signing_alg: text,
    /// The signature algorithm of answers as JWT (JARM).
    authorization_signed_response_alg: text,
    /// Their key encryption.
    authorization_encrypted_response_alg: text,
    /// Their content encryption.
    authorization_encrypted_response_enc: text,
    /// Whether its requests must be pushed first (RFC 9126).
    require_pushed_authorization_requests: flag,
    /// Whether its tokens are bound to its certificate (RFC 8705).
    tls_client_certificate_bound_access_tokens: flag,
    /// The subject of the certificate it authenticates with (RFC 8705).
    tls_client_auth_subject_dn: text,
    /// Whether its tokens are bound to a key (RFC 9449).
    dpop_bound_access_tokens: flag,
}
