//! Authorization requests that are pushed, signed and encrypted, and answers that are.

use keycloak_kit::jose::{
    ContentEncryption, DecryptionKey, KeyEncryption, SignatureAlgorithm, SigningKey,
};
use keycloak_kit::oidc::{Oidc, ResponseMode};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::browser::{Browser, Page};
use crate::support::endpoint::Endpoint;
use crate::support::realm::Realm;
use crate::support::{CALLBACK, SECRET};

/// JARM, encrypted to a key of the client.
#[tokio::test]
async fn signed_and_encrypted_authorization_responses() {
    let realm = Realm::new("jarm").await;
    let key = DecryptionKey::generate(KeyEncryption::RsaOaep256).unwrap();
    let jwks = json!({ "keys": [key.public_jwk().to_json()] }).to_string();
    let attributes = json!({
        "use.jwks.string": "true", "jwks.string": jwks,
        "authorization.encrypted.response.alg": "RSA-OAEP-256",
        "authorization.encrypted.response.enc": "A256GCM",
        "authorization.signed.response.alg": "PS256",
    });
    realm
        .client("app", json!({ "attributes": attributes }))
        .await;
    let plain = realm.oidc("app").build().unwrap();
    let oidc = realm
        .oidc("app")
        .verification(move |verifier| verifier.response_decryption_key(key))
        .build()
        .unwrap();
    let start = || async {
        let login = oidc
            .authorize()
            .response_mode(ResponseMode::Jwt)
            .start()
            .await
            .unwrap();
        let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
        (login, back)
    };
    let (login, back) = start().await;
    oidc.callback(login, back.url()).await.unwrap();
    let (login, back) = start().await;
    let error = plain.callback(login, back.url()).await.unwrap_err();
    assert!(error.is_invalid_token(), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn pushed_requests_are_used_where_the_client_needs_them() {
    let realm = Realm::new("par").await;
    let attributes = json!({ "require.pushed.authorization.requests": "true" });
    realm
        .client("app", json!({ "attributes": attributes }))
        .await;
    let oidc = realm.oidc("app").build().unwrap();
    let login = oidc
        .authorize()
        .pushed()
        .scope("email")
        .start()
        .await
        .unwrap();
    let url = url::Url::parse(login.url()).unwrap();
    let names: Vec<String> = url
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(names, ["client_id", "request_uri"]);
    let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
    oidc.callback(login, back.url()).await.unwrap();

    // Without pushing, this client is sent away.
    let login = oidc.authorize().start().await.unwrap();
    let page = Browser::new(CALLBACK).open(login.url()).await;
    let Page::Back(back) = page else {
        panic!("{page:?}");
    };
    let error = oidc.callback(login, back.url()).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn signed_and_encrypted_requests_by_value_pushed_and_by_reference() {
    let realm = Realm::new("jar").await;
    let key = SigningKey::generate(SignatureAlgorithm::Es256)
        .unwrap()
        .with_kid("jar");
    let jwks = json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string();
    let served = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let object = served.clone();
    let endpoint = Endpoint::start(move |_| {
        let object = object.lock().unwrap().clone();
        (200, "application/oauth-authz-req+jwt", object)
    })
    .await;
    let uri = format!("{}/request.jwt", endpoint.url);
    let attributes = json!({
        "use.jwks.string": "true", "jwks.string": jwks,
        "request.object.signature.alg": "ES256", "request.object.required": "request or request_uri",
        "request.uris": uri,
    });
    realm
        .client("app", json!({ "attributes": attributes }))
        .await;
    let oidc = realm.oidc("app").build().unwrap();
    let finish = async |oidc: &Oidc, login: keycloak_kit::oidc::LoginAttempt| {
        let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
        oidc.callback(login, back.url()).await.unwrap();
    };
    let signed = || oidc.authorize().signed_with(&key);
    let login = signed().start().await.unwrap();
    assert!(
        !login.url().contains("code_challenge"),
        "it is in the object"
    );
    finish(&oidc, login).await;
    finish(&oidc, signed().pushed().start().await.unwrap()).await;
    let encrypted = signed().encrypted(KeyEncryption::RsaOaep, ContentEncryption::A256Gcm);
    let login = encrypted.start().await.unwrap();
    let url = url::Url::parse(login.url()).unwrap();
    let object = url.query_pairs().find(|(name, _)| name == "request");
    assert_eq!(object.unwrap().1.split('.').count(), 5, "it is a JWE");
    finish(&oidc, login).await;
    let login = signed().request_uri(&uri).start().await.unwrap();
    login
        .request_object()
        .unwrap()
        .expose()
        .clone_into(&mut served.lock().unwrap());
    finish(&oidc, login).await;
    realm.delete().await;
}

/// The server reads a pushed request before it answers.
#[tokio::test]
async fn requests_signed_with_every_algorithm() {
    let realm = Realm::new("jar-keys").await;
    // HS512 needs 64 octets.
    let secret = SECRET.repeat(2);
    let check = async |key: &SigningKey, mut client: Value| {
        let algorithm = key.algorithm();
        client["attributes"]["request.object.signature.alg"] = json!(algorithm.name());
        client["attributes"]["request.object.required"] = json!("request only");
        realm.client(algorithm.name(), client).await;
        let oidc = realm.oidc(algorithm.name()).client_secret(secret.as_str());
        let oidc = oidc.build().unwrap();
        let login = oidc.authorize().signed_with(key).pushed().start().await;
        let login = login.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert!(login.url().contains("request_uri="), "{}", login.url());
        // The server insists on it.
        let unsigned = oidc.authorize().pushed().start().await.unwrap_err();
        assert!(unsigned.oauth_code().is_some(), "{unsigned}");
    };
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let key = SigningKey::generate(algorithm).unwrap().with_kid("jar");
        let jwks = json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string();
        let attributes = json!({ "use.jwks.string": "true", "jwks.string": jwks });
        let client = json!({ "secret": secret, "attributes": attributes });
        check(&key, client).await;
    }
    for algorithm in [
        SignatureAlgorithm::Hs256,
        SignatureAlgorithm::Hs384,
        SignatureAlgorithm::Hs512,
    ] {
        let key = SigningKey::from_secret(algorithm, secret.clone()).unwrap();
        check(&key, json!({ "secret": secret, "attributes": {} })).await;
    }
    realm.delete().await;
}

/// The server opens what is pushed before it answers.
#[tokio::test]
async fn requests_encrypted_with_every_algorithm() {
    let realm = Realm::new("jar-jwe").await;
    let oidc = realm.app(json!({})).await;
    let key = SigningKey::from_secret(SignatureAlgorithm::Hs256, SECRET).unwrap();
    let missing = oidc
        .authorize()
        .signed_with(&key)
        .encrypted(KeyEncryption::EcdhEs, ContentEncryption::A256Gcm);
    let error = missing.start().await.unwrap_err();
    assert!(error.to_string().contains("ECDH-ES"), "{error}");
    assert!(error.hint().is_some(), "{error}");
    for algorithm in KeyEncryption::ALL {
        let (provider, config) = match algorithm {
            KeyEncryption::Rsa1_5 | KeyEncryption::RsaOaep | KeyEncryption::RsaOaep256 => (
                "rsa-enc-generated",
                json!({ "algorithm": [algorithm.name()] }),
            ),
            _ => (
                "ecdh-generated",
                json!({ "ecdhEllipticCurveKey": ["P-256"], "ecdhAlgorithm": [algorithm.name()] }),
            ),
        };
        realm.key_provider(provider, config).await;
    }
    for algorithm in KeyEncryption::ALL {
        for content in ContentEncryption::ALL {
            let client_id = format!("{algorithm}-{content}");
            let attributes = json!({
                "request.object.signature.alg": "HS256", "request.object.required": "request only",
                "request.object.encryption.alg": algorithm.name(),
                "request.object.encryption.enc": content.name(),
            });
            realm
                .client(&client_id, json!({ "attributes": attributes }))
                .await;
            let oidc = realm.oidc(&client_id).build().unwrap();
            let login = oidc.authorize().signed_with(&key);
            let login = login.encrypted(algorithm, content).pushed().start().await;
            let login = login.unwrap_or_else(|error| panic!("{client_id}: {error}"));
            assert!(login.url().contains("request_uri="), "{}", login.url());
        }
    }
    realm.delete().await;
}
