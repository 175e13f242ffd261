//! The well-known document: the members that Keycloak 26.7.4 publishes, as far as the provider
//! supports them.

use serde_json::{Value, json};

use crate::jose::SignatureAlgorithm;

/// Returns the document of an issuer.
pub(super) fn document(issuer: &str) -> Value {
    let endpoint = |path: &str| format!("{issuer}/protocol/openid-connect/{path}");
    let asymmetric = SignatureAlgorithm::ASYMMETRIC.map(SignatureAlgorithm::name);
    let mut any: Vec<&str> = asymmetric.to_vec();
    any.extend(["HS256", "HS384", "HS512"]);
    let client_auth = [
        "private_key_jwt",
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
    ];
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("auth"),
        "token_endpoint": endpoint("token"),
        "introspection_endpoint": endpoint("token/introspect"),
        "userinfo_endpoint": endpoint("userinfo"),
        "end_session_endpoint": endpoint("logout"),
        "jwks_uri": endpoint("certs"),
        "revocation_endpoint": endpoint("revoke"),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials", "password",
            "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "prompt_values_supported": ["none", "login", "consent"],
        "id_token_signing_alg_values_supported": any,
        "token_endpoint_auth_methods_supported": client_auth,
        "token_endpoint_auth_signing_alg_values_supported": any,
        "introspection_endpoint_auth_methods_supported": client_auth,
        "introspection_endpoint_auth_signing_alg_values_supported": any,
        "revocation_endpoint_auth_methods_supported": client_auth,
        "revocation_endpoint_auth_signing_alg_values_supported": any,
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "name", "given_name", "family_name",
            "preferred_username", "email", "acr", "azp", "nonce",
        ],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": true,
        "scopes_supported": [
            "openid", "profile", "email", "roles", "organization", "offline_access",
        ],
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "code_challenge_methods_supported": ["plain", "S256"],
        "dpop_signing_alg_values_supported": asymmetric,
        "device_authorization_endpoint": endpoint("auth/device"),
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_authentication_endpoint": endpoint("ext/ciba/auth"),
        "require_pushed_authorization_requests": false,
        "pushed_authorization_request_endpoint": endpoint("ext/par/request"),
        "authorization_response_iss_parameter_supported": true,
    })
}
