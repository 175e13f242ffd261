//! Token exchange and assertions of other issuers.

use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::{Oidc, token_type};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::PASSWORD;
use crate::support::endpoint::Endpoint;
use crate::support::realm::Realm;

#[tokio::test]
async fn the_standard_exchange_and_what_is_not_a_bearer_token() {
    let realm = Realm::new("exchange").await;
    let attributes = json!({
        "standard.token.exchange.enabled": "true",
        "standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION",
    });
    let mappers = json!([{
        "name": "audience app", "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": { "included.client.audience": "app", "access.token.claim": "true" },
    }, {
        "name": "audience billing", "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": { "included.client.audience": "billing", "access.token.claim": "true" },
    }]);
    realm.client("billing", json!({})).await;
    let app = realm
        .app(json!({ "attributes": attributes, "protocolMappers": mappers }))
        .await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();

    let exchanged = app
        .exchange_token(bearer)
        .audience("billing")
        .await
        .unwrap();
    assert_eq!(
        exchanged.issued_token_type(),
        Some(token_type::ACCESS_TOKEN)
    );
    let token = exchanged.access_token().unwrap();
    let verifier = app
        .access_token_verifier()
        .audience("billing")
        .build()
        .unwrap();
    verifier.verify(token.expose()).await.unwrap();
    assert!(exchanged.refresh_token().is_none());

    let id_token = app
        .exchange_token(bearer)
        .requested_token_type(token_type::ID_TOKEN)
        .await
        .unwrap();
    assert_eq!(id_token.issued_token_type(), Some(token_type::ID_TOKEN));
    assert!(
        id_token.access_token().is_none(),
        "it is not to be called with"
    );
    assert!(id_token.token().expose().starts_with("ey"));

    let refreshing = app
        .exchange_token(bearer)
        .requested_token_type(token_type::REFRESH_TOKEN)
        .await
        .unwrap();
    assert!(refreshing.refresh_token().is_some());

    // Another client's token, without this client in its audience.
    realm
        .client(
            "other",
            json!({ "attributes": { "standard.token.exchange.enabled": "true" } }),
        )
        .await;
    let other = realm.oidc("other").build().unwrap();
    let error = other.exchange_token(bearer).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("access_denied"), "{error}");
    assert!(error.is_forbidden() && error.hint().unwrap().contains("audience"));

    // An audience that nobody has heard of is no fault of the client's secret.
    let error = app.exchange_token(bearer).audience("nobody").await;
    let error = error.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("no client with the name"), "{error}");

    // What the standard exchange cannot do is the request's fault.
    let refused = app.exchange_token(bearer).audience("other").await;
    let mut errors = vec![(refused, "an audience mapper")];
    let refused = app.exchange_token(bearer).requested_subject("bob").await;
    errors.push((refused, "--features=token-exchange"));
    realm.client("off", json!({})).await;
    let off = realm.oidc("off").build().unwrap();
    let refused = off.exchange_token(bearer).await;
    errors.push((refused, "the client's standard token exchange"));
    for (refused, wanted) in errors {
        let error = refused.unwrap_err();
        assert!(error.is_validation(), "{error}");
        assert!(error.hint().unwrap().contains(wanted), "{error}");
    }
    realm.delete().await;
}

/// Lets the realm trust `issuer` with its key, and the client `app` show its assertions: its
/// subject `ada-there` is ada.
pub(crate) async fn trust(realm: &Realm, issuer: &str, key: &SigningKey) -> Oidc {
    let jwks = json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string();
    let endpoint = Endpoint::start(move |_| (200, "application/json", jwks.clone())).await;
    realm
        .post(
            &["identity-provider", "instances"],
            &json!({
                "alias": "trusted", "providerId": "jwt-authorization-grant", "enabled": true,
                "config": {
                    "issuer": issuer, "useJwksUrl": "true",
                    "jwksUrl": format!("{}/jwks", endpoint.url),
                    "jwtAuthorizationGrantEnabled": "true",
                },
            }),
        )
        .await;
    let id = realm.user_id("ada").await;
    let link = json!({ "identityProvider": "trusted", "userId": "ada-there", "userName": "ada" });
    realm
        .post(&["users", &id, "federated-identity", "trusted"], &link)
        .await;
    let attributes = json!({
        "oauth2.jwt.authorization.grant.enabled": "true",
        "oauth2.jwt.authorization.grant.idp": "trusted",
    });
    realm.app(json!({ "attributes": attributes })).await
}

#[tokio::test]
async fn assertions_of_a_trusted_issuer() {
    let realm = Realm::new("jwt-bearer").await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256)
        .unwrap()
        .with_kid("one");
    let trusted = "https://trusted.example";
    let app = trust(&realm, trusted, &key).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let claims = json!({
        "iss": trusted, "sub": "ada-there", "aud": realm.issuer(), "jti": "once",
        "iat": now, "exp": now + 60,
    });
    let assertion = key.sign(&json!({ "typ": "JWT" }), &claims).unwrap();
    let tokens = app
        .jwt_bearer(assertion.as_str())
        .scope("openid")
        .await
        .unwrap();
    let name = tokens.id_token().unwrap().claim("preferred_username");
    assert_eq!(name.unwrap(), "ada");
    let again = app.jwt_bearer(assertion.as_str()).await.unwrap_err();
    assert_eq!(again.oauth_code(), Some("invalid_grant"), "{again}");

    realm.client("other", json!({})).await;
    let other = realm.oidc("other").build().unwrap();
    let error = other.jwt_bearer(assertion.as_str()).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    realm.delete().await;
}
