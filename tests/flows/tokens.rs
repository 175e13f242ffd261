//! Asking about tokens and giving them back.

use keycloak_kit::jose::{DecryptionKey, KeyEncryption};
use keycloak_kit::oidc::{OfflineToken, RefreshToken, Refreshable, SavedTokens};
use keycloak_kit::{Keycloak, Method, TokenFault};
use pretty_assertions::{assert_eq, assert_ne};
use serde_json::{Value, json};

use crate::support::browser::{Browser, Page};
use crate::support::realm::Realm;
use crate::support::{CALLBACK, PASSWORD, SECRET};

fn audience(client_id: &str) -> Value {
    json!([{
        "name": format!("audience {client_id}"), "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": { "included.client.audience": client_id, "access.token.claim": "true" },
    }])
}

#[tokio::test]
async fn introspection_needs_the_audience_and_looks_at_the_type() {
    let realm = Realm::new("introspect").await;
    let bare = realm.app(json!({})).await;
    let tokens = bare.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();
    // A good token of this very client.
    let answer = bare.introspect(bearer).await.unwrap();
    assert!(!answer.is_active());
    let error = answer.require_active().unwrap_err();
    assert!(error.is_unauthorized());
    assert!(
        error.hint().unwrap().contains("not in the audience"),
        "{error}"
    );

    realm
        .client("api", json!({ "protocolMappers": audience("api") }))
        .await;
    let api = realm.oidc("api").build().unwrap();
    let tokens = api.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();
    let answer = api.introspect(bearer).await.unwrap();
    assert!(answer.is_active() && answer.is_access_token_active());
    let answer = answer.require_active().unwrap();
    assert_eq!(answer.member("username").unwrap(), "ada");
    assert_eq!(
        answer.subject(),
        tokens.id_token().map(|token| token.subject())
    );
    assert!(!format!("{answer:?}").contains("ada"), "{answer:?}");

    // An ID token is active and no access token.
    let id_token = tokens.id_token().unwrap().expose();
    let answer = api.introspect(id_token).await.unwrap();
    assert!(answer.is_active() && !answer.is_access_token_active());
    assert!(answer.require_active().is_err());

    // A refresh token needs the hint.
    let refresh_token = tokens.refresh_token().unwrap();
    let without = api.introspect(refresh_token).await.unwrap();
    let with = api
        .introspect(refresh_token)
        .token_type_hint("refresh_token")
        .await;
    let with = with.unwrap();
    assert!(with.is_active() && !with.is_access_token_active());
    if !without.is_active() {
        let error = without.require_active().unwrap_err();
        assert!(error.hint().unwrap().contains("token_type_hint"), "{error}");
    }

    api.logout(&tokens).await.unwrap();
    let ended = api
        .introspect(bearer)
        .await
        .unwrap()
        .require_active()
        .unwrap_err();
    assert!(
        ended.hint().unwrap().contains("session has ended"),
        "{ended}"
    );
    realm.delete().await;
}

#[tokio::test]
async fn what_is_refused_to_a_client_says_what_it_lacks() {
    let realm = Realm::new("lacks").await;
    let app = realm.app(json!({})).await;
    realm.client("other", json!({})).await;
    let other = realm.oidc("other").build().unwrap();
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let theirs = Refreshable::new(tokens.refresh_token().unwrap().expose()).unwrap();
    let error = other.refresh(theirs).await.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("the refresh token belongs to another client"),
        "{error}"
    );

    // The client may not log users in by the back channel.
    let error = app.backchannel_login().login_hint("ada").await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!(error.hint(), Some("switch on the client's OIDC CIBA grant"));
    realm.delete().await;
}

#[tokio::test]
async fn signed_introspection_of_the_server() {
    let realm = Realm::new("introspect-jwt").await;
    let client = json!({
        "protocolMappers": audience("app"),
        "attributes": { "client.introspection.response.allow.jwt.claim.enabled": "true" },
    });
    let app = realm.app(client).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();
    let answer = app.introspect(bearer).as_jwt().await.unwrap();
    assert!(answer.is_access_token_active(), "{answer:?}");
    assert_eq!(answer.member("azp").unwrap(), "app");

    // A client that is not registered for it gets plain JSON, which is not taken for signed.
    realm
        .client("plain", json!({ "protocolMappers": audience("plain") }))
        .await;
    let plain = realm.oidc("plain").build().unwrap();
    let tokens = plain.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();
    let error = plain.introspect(bearer).as_jwt().await.unwrap_err();
    assert!(error.to_string().contains("not signed"), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn a_refused_userinfo_request_says_what_is_missing() {
    let realm = Realm::new("userinfo").await;
    let app = realm.app(json!({})).await;
    let tokens = app
        .password("ada", PASSWORD)
        .scope("profile")
        .without_openid()
        .await
        .unwrap();
    assert!(tokens.id_token().is_none());
    let error = app.userinfo(&tokens).await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    assert_eq!(error.oauth_code(), Some("insufficient_scope"));
    assert!(error.hint().unwrap().contains("openid"));
    // The admin side answers without any header that says why.
    let kc = Keycloak::builder(realm.kc.base_url()).access_token("no-token");
    let users = realm.path(&["users"]);
    let error = kc
        .build()
        .unwrap()
        .request::<Value>(Method::GET, users)
        .await;
    let error = error.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!(error.server_message(), Some("HTTP 401 Unauthorized"));
    realm.delete().await;
}

#[tokio::test]
async fn signed_and_encrypted_userinfo() {
    let realm = Realm::new("userinfo-jwt").await;
    let key = DecryptionKey::generate(KeyEncryption::RsaOaep).unwrap();
    let jwks = json!({ "keys": [key.public_jwk().to_json()] }).to_string();
    let signed = json!({ "user.info.response.signature.alg": "ES256" });
    realm
        .client("signed", json!({ "attributes": signed }))
        .await;
    let encrypted = json!({
        "use.jwks.string": "true", "jwks.string": jwks,
        "user.info.response.signature.alg": "RS256",
        "user.info.encrypted.response.alg": "RSA-OAEP",
        "user.info.encrypted.response.enc": "A256GCM",
    });
    realm
        .client("sealed", json!({ "attributes": encrypted }))
        .await;
    let signed = realm.oidc("signed").build().unwrap();
    let sealed = realm
        .oidc("sealed")
        .verification(|verifier| verifier.userinfo_decryption_key(key))
        .build()
        .unwrap();
    for oidc in [signed, sealed] {
        let tokens = oidc
            .password("ada", PASSWORD)
            .scope("openid email")
            .await
            .unwrap();
        let me = oidc.userinfo(&tokens).await.unwrap();
        assert_eq!(me.email(), Some("ada@example.org"));
    }
    realm.delete().await;
}

#[tokio::test]
async fn revocation_is_judged_by_its_status() {
    let realm = Realm::new("revoke").await;
    let app = realm.app(json!({})).await;
    // Keycloak answers 200 with an error in the body for what it does not know.
    app.revoke("never-seen").await.unwrap();
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    app.revoke(tokens.access_token()).await.unwrap();
    assert!(app.userinfo(&tokens).await.unwrap_err().is_unauthorized());
    app.revoke(&tokens).await.unwrap();
    let ended = app.refresh(&tokens).await.unwrap_err();
    assert_eq!(ended.oauth_code(), Some("invalid_grant"), "{ended}");
    let again = app.password("ada", PASSWORD).await.unwrap();
    let id_token = again.id_token().unwrap().expose();
    let error = app.revoke(id_token).await.unwrap_err();
    assert_eq!(
        error.oauth_code(),
        Some("unsupported_token_type"),
        "{error}"
    );
    realm.delete().await;
}

#[tokio::test]
async fn keys_and_the_realm_page() {
    let realm = Realm::new("keys").await;
    let app = realm.app(json!({})).await;
    assert!(app.keys().await.unwrap().len() >= 2);
    let pem = app.realm_public_key().await.unwrap();
    let key = keycloak_kit::jose::Jwk::from_pem(&pem).unwrap();
    let published = app.keys().await.unwrap();
    assert!(
        published
            .iter()
            .any(|jwk| jwk.thumbprint() == key.thumbprint())
    );
    // One key is enough to verify without a network.
    let issuer = keycloak_kit::oidc::TrustedIssuer::new(realm.issuer(), key);
    let verifier = keycloak_kit::oidc::TokenVerifier::new(issuer, "app");
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let raw = tokens.id_token().unwrap().expose();
    verifier
        .id_token(raw, &keycloak_kit::oidc::Expected::new())
        .await
        .unwrap();
    realm.delete().await;
}

/// A lightweight token says nothing; the verifier asks the server.
#[tokio::test]
async fn lightweight_tokens_are_completed_by_the_server() {
    let realm = Realm::new("lightweight").await;
    let client = json!({
        "protocolMappers": audience("app"),
        "attributes": { "client.use.lightweight.access.token.enabled": "true" },
    });
    let app = realm.app(client).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();
    let strict = app.access_token_verifier().audience("app").build().unwrap();
    strict.verify(bearer).await.unwrap_err();
    let asking = app
        .access_token_verifier()
        .audience("app")
        .introspection(app.clone())
        .build()
        .unwrap();
    let claims = asking.verify(bearer).await.unwrap();
    assert_eq!(
        claims.subject(),
        tokens.id_token().map(|token| token.subject())
    );
    realm.delete().await;
}

/// A lightweight token with `sub` and `aud` mapped in lacks its roles all the same: Keycloak says in
/// its id what it is. Servers before that mark have only what is missing.
#[tokio::test]
async fn the_id_of_a_token_says_that_it_is_lightweight() {
    let realm = Realm::new("lightweight-mark").await;
    let mapper = |name: &str, kind: &str, mut config: Value| {
        config["access.token.claim"] = json!("true");
        config["introspection.token.claim"] = json!("true");
        config["lightweight.claim"] = json!("true");
        json!({
            "name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config,
        })
    };
    let audience = json!({ "included.client.audience": "app" });
    let username = json!({ "claim.name": "sub", "user.attribute": "username" });
    let client = |lightweight: bool| {
        json!({
            "protocolMappers": [
                mapper("own audience", "oidc-audience-mapper", audience.clone()),
                mapper("own subject", "oidc-usermodel-attribute-mapper", username.clone()),
            ],
            "attributes": {
                "client.use.lightweight.access.token.enabled": lightweight.to_string(),
            },
        })
    };
    let app = realm.app(client(true)).await;
    let asking = app
        .access_token_verifier()
        .audience("app")
        .introspection(app.clone())
        .build()
        .unwrap();
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();
    let token = keycloak_kit::jose::decode_unverified(bearer).unwrap();
    let own = token.claims();
    assert!(
        own.contains_key("sub") && own.contains_key("aud"),
        "{own:?}"
    );
    assert!(!own.contains_key("realm_access"), "{own:?}");
    let id = own["jti"].as_str().unwrap();
    let claims = asking.verify(bearer).await.unwrap();
    match id.split_once(':') {
        Some((mark, _)) => {
            assert_eq!(mark.get(2..4), Some("lt"), "{id}");
            assert!(!claims.realm_roles().is_empty(), "{:?}", claims.claims());
        }
        None => assert!(claims.realm_roles().is_empty()),
    }
    realm.delete().await;
}

/// Without asking, a token is good until it ends.
#[tokio::test]
async fn ended_sessions_are_refused_where_every_token_is_asked_about() {
    let realm = Realm::new("ask-always").await;
    let app = realm
        .app(json!({ "protocolMappers": audience("app") }))
        .await;
    let builder = || app.access_token_verifier().audience("app");
    let local = builder().build().unwrap();
    let asking = builder()
        .introspection(app.clone())
        .introspect_every_token()
        .introspection_cache(std::time::Duration::ZERO)
        .build()
        .unwrap();
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let bearer = tokens.access_token().expose();
    let claims = asking.verify(bearer).await.unwrap();
    assert_eq!(claims.username(), Some("ada"));
    app.logout(&tokens).await.unwrap();
    local.verify(bearer).await.unwrap();
    let error = asking.verify(bearer).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Inactive), "{error}");
    // What is not a JWT is asked about as well.
    let error = asking.verify("2YotnFZFEjr1zCsicMWpAA").await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Inactive), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn offline_tokens_do_not_expire_by_themselves() {
    let realm = Realm::new("offline").await;
    let bye = "https://app.example/bye";
    let attributes = json!({ "post.logout.redirect.uris": bye });
    let app = realm.app(json!({ "attributes": attributes })).await;
    let login = app
        .authorize()
        .scope("offline_access")
        .start()
        .await
        .unwrap();
    let mut browser = Browser::new(CALLBACK);
    let back = browser.login_and_return(login.url()).await;
    let tokens = app.callback(login, back.url()).await.unwrap();
    assert_eq!(tokens.refresh_lifetime(), None);
    let tokens = app.refresh(&tokens).await.unwrap();
    assert_eq!(tokens.refresh_lifetime(), None);
    // They outlive the session in the browser, and end when they are given back.
    let url = app.logout_url(&tokens).post_logout_redirect_uri(bye);
    let mut browser = browser.heading_for(bye);
    let page = browser.open(url.build().unwrap().as_str()).await;
    assert!(matches!(page, Page::Back(_)), "{page:?}");
    let kept = OfflineToken::new(tokens.refresh_token().unwrap()).unwrap();
    let tokens = app.refresh(&kept).await.unwrap();
    assert_eq!(
        tokens.id_token().unwrap().claim("preferred_username"),
        Some(&json!("ada"))
    );
    app.revoke(&kept).await.unwrap();
    let error = app.refresh(&tokens).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    realm.delete().await;
}

/// As in a cookie.
#[tokio::test]
async fn tokens_are_kept_and_taken_up_again() {
    let realm = Realm::new("saved").await;
    let app = realm.app(json!({})).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let text = serde_json::to_string(&tokens.saved()).unwrap();
    // Another process.
    let later = realm.oidc("app").build().unwrap();
    let saved: SavedTokens = serde_json::from_str(&text).unwrap();
    assert!(saved.expires_at() < saved.refresh_expires_at());
    let again = later.restore(&saved).await.unwrap();
    assert_eq!(again.scope(), tokens.scope());
    let [before, after] = [&tokens, &again].map(|tokens| tokens.id_token().unwrap());
    assert_eq!(before.session_id(), after.session_id());
    later.userinfo(&again).await.unwrap();
    let session = later.session(again);
    session.access_token().await.unwrap();
    session.logout().await.unwrap();
    assert!(app.refresh(&tokens).await.unwrap_err().is_unauthorized());
    realm.delete().await;
}

/// As out of a database: nothing else of the login is known.
#[tokio::test]
async fn a_refresh_token_alone_continues_and_ends_a_session() {
    let realm = Realm::new("refresh-alone").await;
    let app = realm.app(json!({})).await;
    let first = app.password("ada", PASSWORD).await.unwrap();
    let text = first.refresh_token().unwrap().expose();
    assert!(OfflineToken::new(text).is_err(), "it ends with the session");
    for other in [
        first.access_token().expose(),
        first.id_token().unwrap().expose(),
    ] {
        let error = Refreshable::new(other).unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Type), "{error}");
    }
    let tokens = app.refresh(Refreshable::new(text).unwrap()).await.unwrap();
    let [before, after] = [&first, &tokens].map(|tokens| tokens.id_token().unwrap());
    assert_eq!(before.session_id(), after.session_id());
    app.userinfo(&tokens).await.unwrap();
    app.logout(&RefreshToken::new(text).unwrap()).await.unwrap();
    let error = app.refresh(&tokens).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn the_servers_not_before_policy_ends_tokens() {
    let realm = Realm::new("not-before").await;
    let app = realm.app(json!({})).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let id = realm.user_id("service-account-app").await;
    realm.let_manage(&id, "view-users").await;
    let kc = Keycloak::builder(realm.kc.base_url())
        .login_realm(&realm.name)
        .client_credentials("app", SECRET)
        .build()
        .unwrap();
    let users = || kc.request::<Value>(Method::GET, realm.path(&["users"]));
    users().await.unwrap();
    let before = kc.token().await.unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
    let later = later
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    realm.change(json!({ "notBefore": later })).await;
    let error = app.userinfo(&tokens).await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    let error = app.refresh(&tokens).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    // A client that can log in by itself does so, as soon as the policy is no longer in the future.
    let mut tries = 0;
    while let Err(error) = users().await {
        assert!(error.is_unauthorized() && tries < 100, "{error}");
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_ne!(kc.token().await.unwrap().expose(), before.expose());
    realm.delete().await;
}
