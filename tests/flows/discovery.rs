//! Finding a provider by its issuer.

use keycloak_kit::oidc::Oidc;
use keycloak_kit::{ClientAuth, ErrorKind, Keycloak};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::realm::Realm;
use crate::support::special::special;
use crate::support::{CALLBACK, PASSWORD, SECRET};

#[tokio::test]
async fn a_realm_is_an_issuer_like_any_other() {
    let realm = Realm::new("issuer").await;
    realm.client("app", json!({})).await;
    let oidc = Oidc::discover(realm.issuer())
        .client_id("app")
        .client_secret(SECRET)
        .redirect_uri(CALLBACK)
        .build()
        .unwrap();
    let metadata = oidc.metadata().await.unwrap();
    assert_eq!(metadata.issuer, realm.issuer());
    assert!(metadata.mtls_endpoint_aliases.is_some());
    let login = oidc.authorize().start().await.unwrap();
    let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
    let tokens = oidc.callback(login, back.url()).await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    oidc.refresh(&tokens).await.unwrap();
    realm.delete().await;
}

#[tokio::test]
async fn an_issuer_is_compared_as_it_is_written() {
    let realm = Realm::new("exact").await;
    let host = realm.kc.base_url().trim_start_matches("http://");
    let port = host.rsplit(':').next().unwrap();
    let ask = async |issuer: &str| {
        let oidc = Oidc::discover(issuer).client_id("app").build().unwrap();
        oidc.metadata()
            .await
            .map(|metadata| metadata.issuer.clone())
    };
    let slash = ask(&format!("{}/", realm.issuer())).await.unwrap_err();
    assert_eq!(slash.kind(), ErrorKind::Protocol, "{slash}");
    assert!(slash.to_string().contains("issuer is"), "{slash}");
    let upper = realm.issuer().replace("realms", "REALMS");
    assert!(ask(&upper).await.unwrap_err().is_not_found());
    // In development mode a server calls itself by the name it is called by.
    let local = format!("http://localhost:{port}/realms/{}", realm.name);
    assert_eq!(ask(&local).await.unwrap(), local);
    // Named for good, it is known by that name only.
    let public = json!({ "attributes": { "frontendUrl": realm.kc.base_url() } });
    realm.change(public).await;
    let error = ask(&local).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert_eq!(ask(&realm.issuer()).await.unwrap(), realm.issuer());
    realm.delete().await;
}

/// Servers before 17, and those whose path was kept, have all of it below `/auth`.
#[tokio::test]
async fn a_server_below_a_path() {
    let special = special();
    let realm = Realm::on(special.admin(), "below", json!({})).await;
    let kept = special.url.ends_with("/auth") && realm.issuer().contains("/auth/realms/");
    assert!(kept, "{}", realm.issuer());
    let app = realm.app(json!({})).await;
    assert_eq!(app.metadata().await.unwrap().issuer, realm.issuer());
    let discovered = Oidc::discover(realm.issuer())
        .client_id("app")
        .client_secret(SECRET)
        .redirect_uri(CALLBACK)
        .build()
        .unwrap();
    for oidc in [app, discovered] {
        let login = oidc.authorize().start().await.unwrap();
        assert!(login.url().starts_with(&special.url), "{}", login.url());
        let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
        let tokens = oidc.callback(login, back.url()).await.unwrap();
        oidc.userinfo(&tokens).await.unwrap();
        assert!(
            oidc.realm_public_key()
                .await
                .unwrap()
                .contains("PUBLIC KEY")
        );
        oidc.logout(&tokens).await.unwrap();
    }
    // The path belongs to the server: without it there is none.
    let bare = special.url.trim_end_matches("/auth");
    let kc = Keycloak::builder(bare).password("admin", "admin");
    let error = kc.build().unwrap().token().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.hint().unwrap().contains("/auth"), "{error}");
    realm.delete().await;
}

/// The realm calls itself by a public name; this client reaches it at another address.
#[tokio::test]
async fn a_public_issuer_behind_an_internal_address() {
    let public = "https://sso.example";
    let realm = Realm::with("split", json!({ "attributes": { "frontendUrl": public } })).await;
    realm.client("app", json!({})).await;
    let issuer = format!("{public}/realms/{}", realm.name);
    let oidc = Oidc::discover(&issuer)
        .base_url(realm.kc.base_url())
        .client_id("app")
        .client_secret(SECRET)
        .redirect_uri(CALLBACK)
        .build()
        .unwrap();
    let tokens = oidc.password("ada", PASSWORD).await.unwrap();
    assert_eq!(tokens.id_token().unwrap().issuer(), issuer);
    oidc.userinfo(&tokens).await.unwrap();
    oidc.refresh(&tokens).await.unwrap();
    // A browser is sent to the public name.
    let login = oidc.authorize().start().await.unwrap();
    assert!(login.url().starts_with(&issuer), "{}", login.url());
    let url = oidc.logout_url(&tokens).build().unwrap();
    assert!(url.as_str().starts_with(&issuer), "{url}");

    // Without the public name the issuer is another one, and that is an error.
    let closed = realm.oidc("app").build().unwrap();
    let error = closed.metadata().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    let kc = Keycloak::builder(realm.kc.base_url())
        .issuer(public)
        .anonymous()
        .build()
        .unwrap();
    let open = kc
        .oidc(&realm.name, "app")
        .client_secret(SECRET)
        .build()
        .unwrap();
    open.password("ada", PASSWORD).await.unwrap();
    realm.delete().await;
}

#[tokio::test]
async fn the_adapter_file_of_the_admin_console() {
    let realm = Realm::new("adapter").await;
    let uuid = realm.client("app", json!({})).await;
    let path = [
        "clients",
        &uuid,
        "installation",
        "providers",
        "keycloak-oidc-keycloak-json",
    ];
    let file = realm.get(&path).await;
    assert_eq!(file["credentials"]["secret"], SECRET);
    let oidc = Oidc::builder_from_keycloak_json(&file.to_string())
        .unwrap()
        .build()
        .unwrap();
    oidc.password("ada", PASSWORD).await.unwrap();

    let uuid = realm.client("open", json!({ "publicClient": true })).await;
    let path = [
        "clients",
        &uuid,
        "installation",
        "providers",
        "keycloak-oidc-keycloak-json",
    ];
    let file = realm.get(&path).await.to_string();
    let oidc = Oidc::builder_from_keycloak_json(&file)
        .unwrap()
        .build()
        .unwrap();
    oidc.password("ada", PASSWORD).await.unwrap();

    let jwt = json!({ "clientAuthenticatorType": "client-secret-jwt" });
    let uuid = realm.client("signing", jwt).await;
    let path = [
        "clients",
        &uuid,
        "installation",
        "providers",
        "keycloak-oidc-keycloak-json",
    ];
    let file = realm.get(&path).await.to_string();
    let oidc = Oidc::builder_from_keycloak_json(&file)
        .unwrap()
        .build()
        .unwrap();
    oidc.client_credentials().await.unwrap();
    realm.delete().await;
}

#[tokio::test]
async fn a_realm_that_is_not_there() {
    let realm = Realm::new("gone").await;
    let oidc = Oidc::discover(format!("{}-not", realm.issuer()))
        .client_id("app")
        .client_auth(ClientAuth::none())
        .build()
        .unwrap();
    let error = oidc.metadata().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(error.hint().unwrap().contains("the issuer"), "{error}");
    realm.delete().await;
}
