//! The members of the well-known document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::issuer::TENANT;
use crate::error::{Result, config};

/// A realm's metadata: OpenID Connect Discovery 1.0, RFC 8414 and the extensions that Keycloak
/// publishes at `/realms/{realm}/.well-known/openid-configuration`.
///
/// Any member but the issuer may be missing: older servers and switched-off features leave some
/// out. Endpoints are as published; the client itself calls them through its base URL where
/// `issuer(..)` says that both are the same server.
///
/// A member whose value is odd, such as a text in place of a list, is in `extra` as it came. What
/// switches a check on or chooses algorithms and methods is read by its plain meaning (`"true"`, a
/// text as a list of one); where it has none, the calls that depend on it are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
#[non_exhaustive]
pub struct ProviderMetadata {
    /// The realm's issuer, checked against the expected one.
    pub issuer: String,
    /// Where a browser is sent to log in (RFC 6749 section 3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where grants are exchanged for tokens (RFC 6749 section 3.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Where a token is looked up (RFC 7662).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    /// Claims about the user (OpenID Connect Core 1.0 section 5.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// Logout (OpenID Connect RP-Initiated Logout 1.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
    /// Where a token is revoked (RFC 7009).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// The keys that tokens are signed with (RFC 7517).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Dynamic client registration (RFC 7591).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    /// Start of the device flow (RFC 8628).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<String>,
    /// Pushed authorization requests (RFC 9126).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request_endpoint: Option<String>,
    /// Start of a CIBA login (OpenID Connect CIBA Core 1.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_authentication_endpoint: Option<String>,
    /// The session iframe, for browsers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_session_iframe: Option<String>,
    /// Whether the server calls front-channel logout URLs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_supported: Option<bool>,
    /// Whether these calls carry `iss` and `sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_session_supported: Option<bool>,
    /// Whether the server sends logout tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_supported: Option<bool>,
    /// Whether logout tokens carry `sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_session_supported: Option<bool>,
    /// Grants the token endpoint knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types_supported: Option<Vec<String>>,
    /// Levels of authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_values_supported: Option<Vec<String>>,
    /// Values of `response_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_types_supported: Option<Vec<String>>,
    /// Values of `response_mode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_modes_supported: Option<Vec<String>>,
    /// `public` and `pairwise`: with the latter `sub` is not the user id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_types_supported: Option<Vec<String>>,
    /// Values of `prompt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_values_supported: Option<Vec<String>>,
    /// Signature algorithms of ID tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signing_alg_values_supported: Option<Vec<String>>,
    /// Key encryption algorithms of ID tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encryption_alg_values_supported: Option<Vec<String>>,
    /// Content encryption algorithms of ID tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encryption_enc_values_supported: Option<Vec<String>>,
    /// Signature algorithms of userinfo answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signing_alg_values_supported: Option<Vec<String>>,
    /// Key encryption algorithms of userinfo answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encryption_alg_values_supported: Option<Vec<String>>,
    /// Content encryption algorithms of userinfo answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encryption_enc_values_supported: Option<Vec<String>>,
    /// Signature algorithms of request objects (RFC 9101).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg_values_supported: Option<Vec<String>>,
    /// Key encryption algorithms of request objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg_values_supported: Option<Vec<String>>,
    /// Content encryption algorithms of request objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc_values_supported: Option<Vec<String>>,
    /// Signature algorithms of JARM answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_signing_alg_values_supported: Option<Vec<String>>,
    /// Key encryption algorithms of JARM answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encryption_alg_values_supported: Option<Vec<String>>,
    /// Content encryption algorithms of JARM answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_encryption_enc_values_supported: Option<Vec<String>>,
    /// How clients may authenticate at the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Algorithms of client assertions at the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    /// How clients may authenticate at the introspection endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Algorithms of client assertions at the introspection endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    /// How clients may authenticate at the revocation endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Algorithms of client assertions at the revocation endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    /// Algorithms of signed CIBA requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_authentication_request_signing_alg_values_supported: Option<Vec<String>>,
    /// CIBA delivery modes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_token_delivery_modes_supported: Option<Vec<String>>,
    /// Some of the claims the server can give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims_supported: Option<Vec<String>>,
    /// Kinds of claims; Keycloak has `normal` ones only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_types_supported: Option<Vec<String>>,
    /// Whether the `claims` request parameter works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims_parameter_supported: Option<bool>,
    /// Scopes of the realm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    /// Whether request objects may be passed by value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_parameter_supported: Option<bool>,
    /// Whether request objects may be passed by reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_uri_parameter_supported: Option<bool>,
    /// Whether such references must be registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_request_uri_registration: Option<bool>,
    /// PKCE methods (RFC 7636).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// Whether tokens may be bound to a client certificate (RFC 8705).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_certificate_bound_access_tokens: Option<bool>,
    /// Endpoints for clients with a certificate (RFC 8705 section 5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtls_endpoint_aliases: Option<BTreeMap<String, String>>,
    /// Algorithms of DPoP proofs (RFC 9449).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_signing_alg_values_supported: Option<Vec<String>>,
    /// Whether every client must sign its authorization requests (RFC 9101 section 10.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_signed_request_object: Option<bool>,
    /// Whether every client must push its requests; single clients may have to all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_pushed_authorization_requests: Option<bool>,
    /// Whether authorization responses carry `iss` (RFC 9207).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// Where resources are registered (UMA 2.0 Federated Authorization section 3), in the document
    /// `uma2-configuration` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_registration_endpoint: Option<String>,
    /// Where permission tickets are made (UMA 2.0 Federated Authorization section 4), in the
    /// document `uma2-configuration` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_endpoint: Option<String>,
    /// Where owners manage policies of their resources, in the document `uma2-configuration`
    /// alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_endpoint: Option<String>,
    /// Members this version does not know, and those that cannot be read.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl ProviderMetadata {
    /// The issuer as the audience of what a client signs.
    pub(crate) fn issuer_as_audience(&self) -> Result<&str> {
        if self.issuer.contains(TENANT) {
            return Err(
                config("the issuer is a template, which no audience can be").with_hint(
                    "choose another assertion_audience, such as the token endpoint; requests \
                     cannot be signed at this provider",
                ),
            );
        }
        Ok(&self.issuer)
    }
}
