//! The token of the provider that a user logged in with.

use keycloak_kit::ErrorKind;
use keycloak_kit::jose::decode_unverified;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::realm::Realm;
use crate::support::special::special;
use crate::support::{CALLBACK, SECRET};

/// A realm that logs users in through `partner`.
async fn hub(partner: &Realm) -> Realm {
    let realm = Realm::on(special().admin(), "hub", json!({ "users": [] })).await;
    let endpoint = |name: &str| format!("{}/protocol/openid-connect/{name}", partner.issuer());
    let provider = json!({
        "alias": "partner", "providerId": "keycloak-oidc", "enabled": true, "trustEmail": true,
        "storeToken": true,
        "config": {
            "issuer": partner.issuer(), "clientId": "hub", "clientSecret": SECRET,
            "clientAuthMethod": "client_secret_post", "authorizationUrl": endpoint("auth"),
            "tokenUrl": endpoint("token"), "userInfoUrl": endpoint("userinfo"),
            "jwksUrl": endpoint("certs"), "useJwksUrl": "true", "validateSignature": "true",
            "defaultScope": "openid email profile",
        },
    });
    realm
        .post(&["identity-provider", "instances"], &provider)
        .await;
    realm
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_a_partner_brings_the_partners_token() {
    let partner = Realm::on(special().admin(), "partner-of-hub", json!({})).await;
    let hub = hub(&partner).await;
    let back = format!("{}/broker/partner/endpoint", hub.issuer());
    partner
        .client("hub", json!({ "redirectUris": [back] }))
        .await;
    let allowed = json!({ "attributes": {
        "external.token.enabled": "true", "external.token.idp": "partner",
    } });
    let app = hub.app(allowed).await;

    let login = app
        .authorize()
        .param("kc_idp_hint", "partner")
        .start()
        .await
        .unwrap();
    let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
    let tokens = app.callback(login, back.url()).await.unwrap();

    let theirs = app
        .external_token("partner", tokens.access_token().expose())
        .await
        .unwrap();
    let claims = decode_unverified(theirs.access_token().expose()).unwrap();
    assert_eq!(claims.claims()["iss"], partner.issuer());
    let partners = partner.oidc("hub").build().unwrap();
    let me = partners.userinfo_of(theirs.access_token()).await.unwrap();
    assert_eq!(me.email(), Some("ada@example.org"));

    // A client that may not, a provider that is not there, a token that is none.
    hub.client("other", json!({})).await;
    let other = hub.oidc("other").build().unwrap();
    let token = tokens.access_token().expose();
    let error = other.external_token("partner", token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(
        error.hint().unwrap().contains("external.token.idp"),
        "{error}"
    );
    let error = app.external_token("partner", "none").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    let error = app.external_token("nobody", token).await.unwrap_err();
    assert!(!error.to_string().contains(token), "{error}");
    hub.delete().await;
    partner.delete().await;
}
