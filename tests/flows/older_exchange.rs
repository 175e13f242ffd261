//! The token exchange of servers before 26.2, which newer ones have behind a feature.

use keycloak_kit::jose::decode_unverified;
use keycloak_kit::oidc::token_type;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::examples::{example, output};
use crate::support::realm::Realm;
use crate::support::special::special;
use crate::support::{PASSWORD, SECRET};

#[tokio::test(flavor = "multi_thread")]
async fn the_older_token_exchange() {
    let special = special();
    let realm = Realm::on(special.admin(), "exchange-v1", json!({})).await;
    let app = realm.app(json!({})).await;
    // Without the role the client may not impersonate.
    let error = app
        .exchange_token(
            app.client_credentials()
                .await
                .unwrap()
                .access_token()
                .expose(),
        )
        .requested_subject("ada")
        .await
        .unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    assert_eq!(error.oauth_code(), Some("access_denied"));
    assert!(error.hint().unwrap().contains("impersonation"), "{error}");
    // The client may impersonate: its service account has the role.
    let id = realm.user_id("service-account-app").await;
    realm.let_manage(&id, "impersonation").await;
    let own = app.client_credentials().await.unwrap();
    let exchanged = app
        .exchange_token(own.access_token().expose())
        .requested_subject("ada")
        .await
        .unwrap();
    let token = exchanged.access_token().unwrap();
    let claims = decode_unverified(token.expose()).unwrap();
    assert_eq!(claims.claims()["preferred_username"], "ada");
    let shown = output(example(&realm, "app", "oidc_impersonation", &["ada"])).await;
    assert_eq!(shown, "acting for Some(\"ada\")\n");
    realm.delete().await;
}

/// A realm knows `partner` as an identity provider, and its client `app` may exchange tokens with it.
async fn partners(partner: &Realm) -> Realm {
    let realm = Realm::on(
        special().admin(),
        "exchange-partner",
        json!({ "users": [] }),
    )
    .await;
    let endpoint = |name: &str| format!("{}/protocol/openid-connect/{name}", partner.issuer());
    let provider = json!({
        "alias": "partner", "providerId": "keycloak-oidc", "enabled": true, "trustEmail": true,
        "config": {
            "issuer": partner.issuer(), "clientId": "app", "clientSecret": SECRET,
            "clientAuthMethod": "client_secret_post", "authorizationUrl": endpoint("auth"),
            "tokenUrl": endpoint("token"), "userInfoUrl": endpoint("userinfo"),
            "jwksUrl": endpoint("certs"), "useJwksUrl": "true", "validateSignature": "true",
        },
    });
    let instances = ["identity-provider", "instances"];
    realm.post(&instances, &provider).await;
    let app = realm.client("app", json!({})).await;
    let permissions = [
        "identity-provider",
        "instances",
        "partner",
        "management",
        "permissions",
    ];
    realm.put(&permissions, &json!({ "enabled": true })).await;
    let permissions = realm.get(&permissions).await;
    let permission = permissions["scopePermissions"]["token-exchange"]
        .as_str()
        .unwrap();
    let management = realm.client_uuid("realm-management").await;
    let server = ["clients", &management, "authz", "resource-server"];
    let policy = json!({ "name": "the app", "clients": [app] });
    realm
        .post(&[&server[..], &["policy", "client"]].concat(), &policy)
        .await;
    let path = [&server[..], &["permission", "scope", permission]].concat();
    let mut change = realm.get(&path).await;
    change["policies"] = json!(["the app"]);
    realm.put(&path, &change).await;
    realm
}

/// A token of another issuer is exchanged for one of the realm, and back.
#[tokio::test]
async fn tokens_of_another_issuer_and_back() {
    let partner = Realm::on(special().admin(), "partner", json!({})).await;
    let theirs = partner.app(json!({})).await;
    let theirs = theirs
        .password("ada", PASSWORD)
        .scope("openid")
        .await
        .unwrap();
    let realm = partners(&partner).await;
    let app = realm.oidc("app").build().unwrap();
    let token = theirs.access_token().expose();

    let unknown = app
        .exchange_token(token)
        .subject_issuer("nowhere")
        .await
        .unwrap_err();
    assert!(unknown.oauth_code().is_some(), "{unknown}");
    let ours = app
        .exchange_token(token)
        .subject_token_type(token_type::ACCESS_TOKEN)
        .subject_issuer("partner")
        .scope("openid")
        .await
        .unwrap();
    let ours = ours.access_token().unwrap();
    let claims = decode_unverified(ours.expose()).unwrap();
    assert_eq!(claims.claims()["iss"], realm.issuer());
    assert_eq!(
        app.userinfo_of(ours).await.unwrap().email(),
        Some("ada@example.org")
    );

    let back = app
        .exchange_token(ours.expose())
        .requested_issuer("partner")
        .await
        .unwrap();
    let claims = decode_unverified(back.token().expose()).unwrap();
    assert_eq!(claims.claims()["iss"], partner.issuer());
    realm.delete().await;
    partner.delete().await;
}
