//! Every way for a client to prove who it is, at the realm's own endpoints and as the login of the
//! admin side.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::Oidc;
use keycloak_kit::{ClientAuth, Keycloak, Method, Secret};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::realm::Realm;
use crate::support::{PASSWORD, SECRET, server};

async fn logs_in(oidc: &Oidc) {
    let tokens = oidc.password("ada", PASSWORD).await.unwrap();
    let tokens = oidc.refresh(&tokens).await.unwrap();
    oidc.introspect(tokens.access_token().expose())
        .await
        .unwrap();
    oidc.revoke(&tokens).await.unwrap();
}

#[tokio::test]
async fn secrets_in_header_and_form() {
    let realm = Realm::new("secret").await;
    realm.client("app", json!({})).await;
    for auth in [
        ClientAuth::client_secret_basic(SECRET),
        ClientAuth::client_secret_post(SECRET),
    ] {
        logs_in(&realm.oidc("app").client_auth(auth).build().unwrap()).await;
    }
    let wrong = realm.oidc("app").client_secret("wrong").build().unwrap();
    let error = wrong.client_credentials().await.unwrap_err();
    // Keycloak's answer to a wrong secret is not `invalid_client`.
    assert_eq!(error.oauth_code(), Some("unauthorized_client"), "{error}");
    assert!(error.is_unauthorized() && error.hint().unwrap().contains("secret"));
    let unknown = realm.oidc("nobody").build().unwrap();
    let error = unknown.client_credentials().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_client"), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn refused_clients_are_told_what_they_have_shown() {
    let realm = Realm::new("refused").await;
    let hint = |error: keycloak_kit::Error| {
        assert!(error.is_unauthorized(), "{error}");
        error.hint().unwrap_or_default().to_owned()
    };
    let off = json!({ "serviceAccountsEnabled": false });
    realm.client("no-account", off).await;
    let oidc = realm.oidc("no-account").build().unwrap();
    let login = Keycloak::builder(&server::server().url)
        .login_realm(&realm.name)
        .client_credentials("no-account", SECRET)
        .build()
        .unwrap();
    for error in [
        login.login().await.unwrap_err(),
        oidc.client_credentials().await.map(drop).unwrap_err(),
    ] {
        let said = hint(error);
        assert_eq!(said, "switch on the client's service account roles");
    }
    let public = json!({ "publicClient": true, "serviceAccountsEnabled": false });
    realm.client("public", public).await;
    let public = realm.oidc("public").build().unwrap();
    let said = hint(public.client_credentials().await.unwrap_err());
    assert!(said.contains("client authentication switched on"), "{said}");

    let jwt = json!({ "clientAuthenticatorType": "client-jwt" });
    realm.client("key", jwt).await;
    let x509 = json!({
        "clientAuthenticatorType": "client-x509", "attributes": { "x509.subjectdn": "CN=app" },
    });
    realm.client("certificate", x509).await;
    let unknown = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    for (client_id, auth, wanted) in [
        (
            "key",
            ClientAuth::private_key_jwt(unknown),
            "the server knows the key",
        ),
        (
            "certificate",
            ClientAuth::tls_client_auth(),
            "the client's certificate",
        ),
    ] {
        let oidc = realm.oidc(client_id).client_auth(auth).build().unwrap();
        for error in [
            oidc.client_credentials().await.map(drop).unwrap_err(),
            oidc.password("ada", PASSWORD).await.map(drop).unwrap_err(),
            oidc.introspect("t").await.map(drop).unwrap_err(),
            oidc.revoke("t").await.unwrap_err(),
        ] {
            assert_eq!(error.oauth_code(), Some("invalid_client"), "{error}");
            let said = hint(error);
            assert!(said.contains(wanted), "{said}");
        }
    }
    realm.delete().await;
}

#[tokio::test]
async fn assertions_with_the_secret() {
    let realm = Realm::new("secret-jwt").await;
    let client = json!({ "clientAuthenticatorType": "client-secret-jwt" });
    realm.client("app", client).await;
    let auth = ClientAuth::client_secret_jwt(SECRET);
    logs_in(&realm.oidc("app").client_auth(auth).build().unwrap()).await;
    for algorithm in [
        SignatureAlgorithm::Hs256,
        SignatureAlgorithm::Hs384,
        SignatureAlgorithm::Hs512,
    ] {
        let (client_id, secret) = (format!("app-{algorithm}"), SECRET.repeat(2));
        let client = json!({
            "clientAuthenticatorType": "client-secret-jwt", "secret": secret,
            "attributes": { "token.endpoint.auth.signing.alg": algorithm.name() },
        });
        realm.client(&client_id, client).await;
        let key = SigningKey::from_secret(algorithm, secret).unwrap();
        let auth = ClientAuth::client_secret_jwt_with(key);
        logs_in(&realm.oidc(&client_id).client_auth(auth).build().unwrap()).await;
    }
    let short = realm
        .oidc("app")
        .client_auth(ClientAuth::client_secret_jwt("short"));
    assert!(short.build().unwrap_err().is_config());
    realm.delete().await;
}

#[tokio::test]
async fn assertions_with_a_key_of_every_algorithm() {
    let realm = Realm::new("key-jwt").await;
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let key = SigningKey::generate(algorithm).unwrap().with_kid("one");
        let client_id = format!("app-{algorithm}");
        let client = json!({
            "clientAuthenticatorType": "client-jwt",
            "attributes": {
                "use.jwks.string": "true",
                "jwks.string": json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string(),
                "token.endpoint.auth.signing.alg": algorithm.to_string(),
            },
        });
        realm.client(&client_id, client).await;
        let auth = ClientAuth::private_key_jwt(key);
        let oidc = realm.oidc(&client_id).client_auth(auth).build().unwrap();
        oidc.client_credentials()
            .await
            .unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        logs_in(&oidc).await;
    }
    realm.delete().await;
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// An assertion is good once: the server refuses the second use of a `jti`.
#[tokio::test]
async fn assertions_from_elsewhere_are_asked_for_every_time() {
    let realm = Realm::new("assertion").await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256)
        .unwrap()
        .with_kid("one");
    let client = json!({
        "clientAuthenticatorType": "client-jwt",
        "attributes": {
            "use.jwks.string": "true",
            "jwks.string": json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string(),
        },
    });
    realm.client("app", client).await;
    let issuer = realm.issuer();
    let sign = move |jti: &str| {
        let claims = json!({
            "iss": "app", "sub": "app", "aud": issuer, "jti": jti, "iat": now(), "exp": now() + 60,
        });
        Secret::from(key.sign(&json!({}), &claims).unwrap())
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let (counter, signer) = (asked.clone(), sign.clone());
    let auth = ClientAuth::assertion(move |_| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        let assertion = signer(&format!("number-{number}"));
        async move { Ok(assertion) }
    });
    let oidc = realm.oidc("app").client_auth(auth).build().unwrap();
    oidc.client_credentials().await.unwrap();
    oidc.client_credentials().await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let path = std::env::temp_dir().join(format!("assertion-{}", realm.name));
    std::fs::write(&path, format!("{}\n", sign("file-1").expose())).unwrap();
    let auth = ClientAuth::assertion_file(&path);
    let oidc = realm.oidc("app").client_auth(auth).build().unwrap();
    oidc.client_credentials().await.unwrap();
    let error = oidc.client_credentials().await.unwrap_err();
    assert!(error.to_string().contains("reuse"), "{error}");
    std::fs::write(&path, sign("file-2").expose()).unwrap();
    oidc.client_credentials().await.unwrap();
    std::fs::remove_file(&path).unwrap();
    realm.delete().await;
}

/// The admin side logs in with the same set.
#[tokio::test]
async fn the_admin_side_authenticates_alike() {
    let realm = Realm::new("admin-auth").await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256)
        .unwrap()
        .with_kid("one");
    let jwt = json!({
        "clientAuthenticatorType": "client-jwt",
        "attributes": {
            "use.jwks.string": "true",
            "jwks.string": json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string(),
        },
    });
    realm.client("key", jwt).await;
    let secret_jwt = json!({ "clientAuthenticatorType": "client-secret-jwt" });
    realm.client("secret-jwt", secret_jwt).await;
    realm.client("secret", json!({})).await;
    let (issuer, signer) = (realm.issuer(), key.clone());
    let elsewhere = ClientAuth::assertion(move |_| {
        let claims = json!({
            "iss": "key", "sub": "key", "aud": issuer, "jti": "elsewhere", "iat": now(),
            "exp": now() + 60,
        });
        let assertion = Secret::from(signer.sign(&json!({}), &claims).unwrap());
        async move { Ok(assertion) }
    });
    for (client_id, auth) in [
        ("key", elsewhere),
        ("key", ClientAuth::private_key_jwt(key)),
        ("secret-jwt", ClientAuth::client_secret_jwt(SECRET)),
        ("secret", ClientAuth::client_secret_post(SECRET)),
    ] {
        let name = format!("service-account-{client_id}");
        let id = realm.user_id(&name).await;
        realm.let_manage(&id, "view-users").await;
        let kc = Keycloak::builder(&server::server().url)
            .login_realm(&realm.name)
            .client_credentials(client_id, auth)
            .build()
            .unwrap();
        let users: Vec<Value> = kc
            .request(Method::GET, ["admin", "realms", &realm.name, "users"])
            .await
            .unwrap_or_else(|error| panic!("{client_id}: {error}"));
        assert!(!users.is_empty());
    }
    realm.delete().await;
}
