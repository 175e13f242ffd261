//! Tokens bound to a key.

use keycloak_kit::jose::{DpopKey, SignatureAlgorithm, SigningKey};
use keycloak_kit::{Keycloak, Method};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::realm::Realm;
use crate::support::{CALLBACK, PASSWORD, SECRET, server};

fn key() -> DpopKey {
    DpopKey::generate(SignatureAlgorithm::Es256).unwrap()
}

#[tokio::test]
async fn login_refresh_and_userinfo_with_proofs() {
    let realm = Realm::new("dpop").await;
    let attributes = json!({ "dpop.bound.access.tokens": "true" });
    realm
        .client("app", json!({ "attributes": attributes }))
        .await;
    let bound = key();
    let (thumbprint, kept) = (bound.thumbprint(), bound.to_pem().unwrap());
    let oidc = realm.oidc("app").dpop(bound).build().unwrap();
    let login = oidc.authorize().start().await.unwrap();
    assert!(login.url().contains("dpop_jkt="));
    let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
    let tokens = oidc.callback(login, back.url()).await.unwrap();
    assert_eq!(tokens.access_token().scheme(), "DPoP");
    let claims = keycloak_kit::jose::decode_unverified(tokens.access_token().expose()).unwrap();
    assert_eq!(claims.claims()["cnf"]["jkt"], thumbprint.as_str());
    oidc.userinfo(&tokens).await.unwrap();
    let tokens = oidc.refresh(&tokens).await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    // Another process, with the key that was kept.
    let read = SigningKey::from_pem(SignatureAlgorithm::Es256, kept.expose()).unwrap();
    let later = realm.oidc("app").dpop(DpopKey::new(read).unwrap());
    let later = later.build().unwrap();
    let tokens = later.refresh(&tokens).await.unwrap();
    later.userinfo(&tokens).await.unwrap();

    // Without the key the token is worth nothing, and without proof there is none.
    let plain = realm.oidc("app").build().unwrap();
    let stolen = keycloak_kit::AccessToken::new(tokens.access_token().expose());
    let error = plain.userinfo_of(&stolen).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    plain.password("ada", PASSWORD).await.unwrap_err();
    realm.delete().await;
}

/// The refresh token of a public client is bound to its key.
#[tokio::test]
async fn a_refresh_with_another_key_is_told_as_that() {
    let realm = Realm::new("dpop-other-key").await;
    let public = json!({
        "publicClient": true, "serviceAccountsEnabled": false, "secret": null,
        "attributes": { "dpop.bound.access.tokens": "true" },
    });
    realm.client("spa", public).await;
    let spa = || {
        realm
            .kc
            .oidc(realm.name.as_str(), "spa")
            .dpop(key())
            .build()
            .unwrap()
    };
    let tokens = spa().password("ada", PASSWORD).await.unwrap();
    let error = spa().refresh(&tokens).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert!(error.hint().unwrap().contains("another key"), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn proofs_with_keys_of_every_algorithm() {
    let realm = Realm::new("dpop-keys").await;
    realm.client("app", json!({})).await;
    let known = realm.oidc("app").build().unwrap().metadata().await.unwrap();
    let known = known.dpop_signing_alg_values_supported.as_ref().unwrap();
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        assert!(known.iter().any(|name| name == algorithm.name()));
        let key = DpopKey::generate(algorithm).unwrap();
        let thumbprint = key.thumbprint();
        let oidc = realm.oidc("app").dpop(key).build().unwrap();
        let tokens = oidc.client_credentials().scope("openid").await;
        let tokens = tokens.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        let claims = keycloak_kit::jose::decode_unverified(tokens.access_token().expose());
        assert_eq!(claims.unwrap().claims()["cnf"]["jkt"], thumbprint.as_str());
        oidc.userinfo(&tokens).await.unwrap();
    }
    realm.delete().await;
}

#[tokio::test]
async fn a_clock_that_is_off_can_be_corrected() {
    let realm = Realm::new("dpop-clock").await;
    realm.client("app", json!({})).await;
    let off = realm
        .oidc("app")
        .dpop(key().with_clock_skew(-120))
        .build()
        .unwrap();
    let error = off.client_credentials().await.unwrap_err();
    assert!(error.to_string().contains("DPoP"), "{error}");
    let right = realm
        .oidc("app")
        .dpop(key().with_clock_skew(5))
        .build()
        .unwrap();
    right.client_credentials().await.unwrap();
    realm.delete().await;
}

#[tokio::test]
async fn admin_calls_with_proofs() {
    let realm = Realm::new("dpop-admin").await;
    let attributes = json!({ "dpop.bound.access.tokens": "true" });
    realm
        .client("jobs", json!({ "attributes": attributes }))
        .await;
    let id = realm.user_id("service-account-jobs").await;
    realm.let_manage(&id, "view-users").await;
    let kc = Keycloak::builder(&server::server().url)
        .login_realm(&realm.name)
        .client_credentials("jobs", SECRET)
        .dpop(key())
        .build()
        .unwrap();
    for _ in 0..2 {
        let users: Vec<Value> = kc
            .request(Method::GET, ["admin", "realms", &realm.name, "users"])
            .await
            .unwrap();
        assert!(!users.is_empty());
    }
    assert_eq!(kc.token().await.unwrap().scheme(), "DPoP");
    realm.delete().await;
}
