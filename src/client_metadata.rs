//! Client metadata of dynamic client registration.

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
        /// The metadata of a client, as sent to the server and as returned (RFC 7591 section 2,
        /// OpenID Connect Dynamic Client Registration 1.0 section 2, and the specifications named
        /// at each member).
        ///
        /// A member that is `None` is not sent, and the server uses its default. `extra` has the
        /// members that are not listed here. `Debug` redacts the secret and shows only the names of
        /// the members in `extra`.
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
            /// The client's id, assigned by the server.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub client_id: Option<String>,
            /// The client's secret, assigned by the server.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub client_secret: Option<Secret>,
            /// When the id was issued, in seconds since 1970; never sent.
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
    /// The URIs that users come back to.
    redirect_uris: list,
    /// The client authentication method, such as `client_secret_basic`, or `none` for a public
    /// client.
    token_endpoint_auth_method: text,
    /// The signature algorithm of the client's assertions.
    token_endpoint_auth_signing_alg: text,
    /// The grant types that the client uses, such as `authorization_code`.
    grant_types: list,
    /// The response types that the client uses, such as `code`.
    response_types: list,
    /// `web` or `native`.
    application_type: text,
    /// The client's name, as shown to users.
    client_name: text,
    /// The client's home page.
    client_uri: text,
    /// The client's logo.
    logo_uri: text,
    /// The scopes that the client may request, separated by spaces.
    scope: text,
    /// Contacts of the people responsible for the client, usually e-mail addresses.
    contacts: list,
    /// The client's terms of service.
    tos_uri: text,
    /// The client's privacy policy.
    policy_uri: text,
    /// The URL of the client's public keys.
    jwks_uri: text,
    /// The client's public keys (RFC 7517).
    jwks: json,
    /// Identifies the software; the same for all of its instances.
    software_id: text,
    /// The version of the software.
    software_version: text,
    /// A signed statement about the software, as a JWT (RFC 7591 section 2.3).
    software_statement: text,
    /// A URL whose host is used to compute pairwise subjects.
    sector_identifier_uri: text,
    /// `public` or `pairwise`.
    subject_type: text,
    /// The signature algorithm of ID tokens.
    id_token_signed_response_alg: text,
    /// The key encryption algorithm of ID tokens.
    id_token_encrypted_response_alg: text,
    /// The content encryption algorithm of ID tokens.
    id_token_encrypted_response_enc: text,
    /// The signature algorithm of userinfo responses.
    userinfo_signed_response_alg: text,
    /// The key encryption algorithm of userinfo responses.
    userinfo_encrypted_response_alg: text,
    /// The content encryption algorithm of userinfo responses.
    userinfo_encrypted_response_enc: text,
    /// The signature algorithm of request objects (RFC 9101).
    request_object_signing_alg: text,
    /// The key encryption algorithm of request objects.
    request_object_encryption_alg: text,
    /// The content encryption algorithm of request objects.
    request_object_encryption_enc: text,
    /// The greatest age of a login, in seconds, if a request sets none.
    default_max_age: seconds,
    /// Whether ID tokens must have `auth_time`.
    require_auth_time: flag,
    /// The requested authentication levels, if a request sets none.
    default_acr_values: list,
    /// The URL where a third party can start a login.
    initiate_login_uri: text,
    /// The URLs that the server may fetch request objects from.
    request_uris: list,
    /// The URIs that users may be sent to after logout (OpenID Connect RP-Initiated Logout 1.0).
    post_logout_redirect_uris: list,
    /// The URL that logout tokens are sent to (OpenID Connect Back-Channel Logout 1.0).
    backchannel_logout_uri: text,
    /// Whether logout tokens must name the session.
    backchannel_logout_session_required: flag,
    /// Whether a logout also revokes offline tokens (Keycloak).
    backchannel_logout_revoke_offline_tokens: flag,
    /// The page that browsers open at logout (OpenID Connect Front-Channel Logout 1.0).
    frontchannel_logout_uri: text,
    /// Whether that page receives the issuer and the session.
    frontchannel_logout_session_required: flag,
    /// The token delivery mode, `poll` or `ping` (OpenID Connect CIBA Core 1.0).
    backchannel_token_delivery_mode: text,
    /// The URL that pings are sent to.
    backchannel_client_notification_endpoint: text,
    /// The signature algorithm of backchannel authentication requests.
    backchannel_authentication_request_signing_alg: text,
    /// The signature algorithm of authorization responses (JARM).
    authorization_signed_response_alg: text,
    /// The key encryption algorithm of authorization responses.
    authorization_encrypted_response_alg: text,
    /// The content encryption algorithm of authorization responses.
    authorization_encrypted_response_enc: text,
    /// Whether authorization requests must be pushed (RFC 9126).
    require_pushed_authorization_requests: flag,
    /// Whether access tokens are bound to the client's certificate (RFC 8705).
    tls_client_certificate_bound_access_tokens: flag,
    /// The subject of the certificate that the client authenticates with (RFC 8705).
    tls_client_auth_subject_dn: text,
    /// Whether access tokens are bound to a key (RFC 9449).
    dpop_bound_access_tokens: flag,
}
