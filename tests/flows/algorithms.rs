//! Every algorithm of the server: signatures, encryption, and keys that change.

use keycloak_kit::jose::{
    ContentEncryption, DecryptionKey, Jwk, JwkSet, KeyEncryption, SignatureAlgorithm,
};
use keycloak_kit::oidc::{
    Expected, LoginAttempt, Oidc, ResponseMode, TokenVerifier, TrustedIssuer,
};
use keycloak_kit::{Result, TokenFault};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::browser::{Back, Browser, Page};
use crate::support::realm::Realm;
use crate::support::{CALLBACK, PASSWORD};

/// A realm with a key for every signature algorithm.
async fn realm_with_keys(label: &str) -> Realm {
    let realm = Realm::new(label).await;
    for algorithm in ["RS384", "RS512", "PS256", "PS384", "PS512"] {
        realm
            .key_provider("rsa-generated", json!({ "algorithm": [algorithm] }))
            .await;
    }
    for curve in ["P-256", "P-384", "P-521"] {
        let config = json!({ "ecdsaEllipticCurveKey": [curve] });
        realm.key_provider("ecdsa-generated", config).await;
    }
    let config = json!({ "eddsaEllipticCurveKey": ["Ed25519"] });
    realm.key_provider("eddsa-generated", config).await;
    realm
}

/// A client per set of attributes; its login.
async fn login(
    realm: &Realm,
    client_id: &str,
    attributes: Value,
) -> Result<keycloak_kit::oidc::TokenSet> {
    realm
        .client(client_id, json!({ "attributes": attributes }))
        .await;
    oidc(realm, client_id).password("ada", PASSWORD).await
}

fn oidc(realm: &Realm, client_id: &str) -> Oidc {
    realm.oidc(client_id).build().unwrap()
}

#[tokio::test]
async fn every_signature_algorithm_of_the_server() {
    let realm = realm_with_keys("signatures").await;
    for algorithm in SignatureAlgorithm::ASYMMETRIC {
        let attributes = json!({
            "id.token.signed.response.alg": algorithm.name(),
            "access.token.signed.response.alg": algorithm.name(),
            "user.info.response.signature.alg": algorithm.name(),
            "authorization.signed.response.alg": algorithm.name(),
        });
        let tokens = login(&realm, algorithm.name(), attributes).await;
        let tokens = tokens.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        let id = tokens.id_token().unwrap();
        assert_eq!(id.algorithm(), algorithm);
        // The hash binds the access token; it was checked, and it is there.
        assert!(id.claim("at_hash").is_some(), "{algorithm}");
        let verifier = oidc(&realm, algorithm.name()).verifier();
        let other = Expected::new().access_token("another");
        let error = verifier.id_token(id.expose(), &other).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Hash), "{algorithm}");
        // Access token and userinfo, signed alike.
        let api = verifier
            .access_token_verifier()
            .audience("account")
            .build()
            .unwrap();
        let claims = api.verify(tokens.access_token()).await;
        // Which services a token is for is the mappers' choice.
        if let Err(error) = claims {
            assert_eq!(
                error.token_fault(),
                Some(TokenFault::Audience),
                "{algorithm}: {error}"
            );
        }
        let oidc = oidc(&realm, algorithm.name());
        oidc.userinfo(&tokens).await.unwrap();
        // The answer of a login, which is a refusal here: nobody is logged in.
        let (login, back) = jwt_answer(&oidc).await;
        let answer = back.url().split_once("response=").unwrap().1;
        assert_eq!(header(answer)["alg"], algorithm.name());
        let error = oidc.callback(login, back.url()).await.unwrap_err();
        assert_eq!(error.oauth_code(), Some("login_required"), "{algorithm}");
    }
    realm.delete().await;
}

/// The answer to a login while nobody is logged in, as a JWT.
async fn jwt_answer(oidc: &Oidc) -> (LoginAttempt, Back) {
    let login = oidc.authorize().prompt("none");
    let login = login
        .response_mode(ResponseMode::Jwt)
        .start()
        .await
        .unwrap();
    match Browser::new(CALLBACK).open(login.url()).await {
        Page::Back(back) => (login, back),
        page => panic!("the server asks: {page:?}"),
    }
}

async fn login_required(oidc: &Oidc) -> keycloak_kit::Error {
    let (login, back) = jwt_answer(oidc).await;
    oidc.callback(login, back.url()).await.unwrap_err()
}

fn header(token: &str) -> Value {
    let header = token.split('.').next().unwrap();
    let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes());
    serde_json::from_slice(&header.unwrap()).unwrap()
}

/// A symmetric key never leaves the server: its tokens are refused, and the error says so.
#[tokio::test]
async fn symmetric_id_tokens_of_the_server_are_refused() {
    let realm = Realm::new("symmetric").await;
    for algorithm in ["HS256", "HS384", "HS512"] {
        let attributes = json!({ "id.token.signed.response.alg": algorithm });
        let error = login(&realm, algorithm, attributes).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Algorithm), "{error}");
        assert!(
            error
                .to_string()
                .contains("symmetric tokens cannot be verified"),
            "{error}"
        );
    }
    realm.delete().await;
}

/// A key that this crate does not know spoils neither the set nor the message.
#[tokio::test]
async fn ed448_is_refused_by_name_and_hides_no_other_key() {
    let realm = Realm::new("ed448").await;
    let config = json!({ "eddsaEllipticCurveKey": ["Ed448"], "priority": ["200"] });
    realm.key_provider("eddsa-generated", config).await;
    let attributes = json!({ "id.token.signed.response.alg": "EdDSA" });
    let error = login(&realm, "ed448", attributes).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::UnknownKey), "{error}");
    assert!(
        error
            .to_string()
            .contains("Ed448 key, which is not supported"),
        "{error}"
    );
    login(&realm, "rs256", json!({})).await.unwrap();
    realm.delete().await;
}

/// All seven ways to encrypt a key with all six ways to encrypt the content.
#[tokio::test]
async fn every_encryption_of_id_tokens() {
    let realm = Realm::new("encryption").await;
    for algorithm in KeyEncryption::ALL {
        let key = DecryptionKey::generate(algorithm).unwrap().with_kid("mine");
        let jwks = json!({ "keys": [key.public_jwk().to_json()] }).to_string();
        for content in ContentEncryption::ALL {
            let client_id = format!("{algorithm} {content}");
            let attributes = json!({
                "use.jwks.string": "true", "jwks.string": jwks,
                "id.token.encrypted.response.alg": algorithm.name(),
                "id.token.encrypted.response.enc": content.name(),
                "user.info.encrypted.response.alg": algorithm.name(),
                "user.info.encrypted.response.enc": content.name(),
                "authorization.encrypted.response.alg": algorithm.name(),
                "authorization.encrypted.response.enc": content.name(),
            });
            realm
                .client(&client_id, json!({ "attributes": attributes }))
                .await;
            let key = key.clone();
            let oidc = realm
                .oidc(&client_id)
                .verification(move |verifier| {
                    verifier
                        .id_token_decryption_key(key.clone())
                        .userinfo_decryption_key(key.clone())
                        .response_decryption_key(key)
                })
                .build()
                .unwrap();
            let tokens = oidc.password("ada", PASSWORD).await;
            let tokens = tokens.unwrap_or_else(|error| panic!("{client_id}: {error}"));
            let raw = tokens.id_token().unwrap().expose();
            assert_eq!(raw.split('.').count(), 5, "{client_id}");
            assert_eq!(
                tokens
                    .id_token()
                    .unwrap()
                    .claim("preferred_username")
                    .unwrap(),
                "ada"
            );
            let me = oidc.userinfo(&tokens).await;
            me.unwrap_or_else(|error| panic!("userinfo {client_id}: {error}"));
            let error = login_required(&oidc).await;
            assert_eq!(error.oauth_code(), Some("login_required"), "{client_id}");
        }
        // Who has no key is told so.
        let without = oidc(&realm, &format!("{algorithm} A128GCM"));
        let error = without.password("ada", PASSWORD).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Encryption), "{error}");
    }
    // The client expects encryption and the server does not encrypt.
    realm.client("plain", json!({})).await;
    let key = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    let expecting = realm
        .oidc("plain")
        .verification(|v| v.id_token_decryption_key(key));
    let error = expecting
        .build()
        .unwrap()
        .password("ada", PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Encryption), "{error}");
    realm.delete().await;
}

fn kid(raw: &str) -> String {
    header(raw)["kid"].as_str().unwrap().to_owned()
}

/// New keys are found at once, passive ones go on verifying, disabled ones are gone.
#[tokio::test]
async fn keys_of_a_realm_are_rotated() {
    let realm = Realm::new("rotation").await;
    let app = realm.app(json!({})).await;
    let first = app.password("ada", PASSWORD).await.unwrap();
    let first = first.id_token().unwrap().expose().to_owned();
    let config = json!({ "priority": ["1000"], "algorithm": ["RS256"] });
    let component = realm.key_provider("rsa-generated", config.clone()).await;
    // The same client has the old keys; the token of the new one is verified all the same.
    let second = app.password("ada", PASSWORD).await.unwrap();
    let second = second.id_token().unwrap().expose().to_owned();
    assert_ne!(kid(&first), kid(&second));
    app.verifier()
        .id_token(&first, &Expected::new())
        .await
        .unwrap();

    let change = async |name: &str, value: &str| {
        let mut changed = realm.get(&["components", &component]).await;
        changed["config"][name] = json!([value]);
        realm.put(&["components", &component], &changed).await;
    };
    change("active", "false").await;
    let third = oidc(&realm, "app").password("ada", PASSWORD).await.unwrap();
    assert_eq!(kid(third.id_token().unwrap().expose()), kid(&first));
    oidc(&realm, "app")
        .verifier()
        .id_token(&second, &Expected::new())
        .await
        .unwrap();
    change("enabled", "false").await;
    let error = oidc(&realm, "app")
        .verifier()
        .id_token(&second, &Expected::new())
        .await;
    assert_eq!(
        error.unwrap_err().token_fault(),
        Some(TokenFault::UnknownKey)
    );
    realm.delete().await;
}

/// Without the network: the keys as the realm publishes them, and the one its page shows.
#[tokio::test]
async fn tokens_are_verified_offline() {
    let realm = realm_with_keys("offline-keys").await;
    let app = realm.app(json!({})).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let raw = tokens.id_token().unwrap().expose();
    let published = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = app.metadata().await.unwrap().jwks_uri.clone().unwrap();
    let published = published
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let keys = JwkSet::from_json(&published).unwrap();
    // 10 for signatures and 1 for encryption.
    assert_eq!(keys.len(), 11);
    assert!(keys.encryption_key(KeyEncryption::RsaOaep).is_some());
    let pem = Jwk::from_pem(&app.realm_public_key().await.unwrap()).unwrap();
    for keys in [keys, pem.into()] {
        let issuer = TrustedIssuer::new(realm.issuer(), keys);
        let verifier = TokenVerifier::new(issuer, "app");
        let token = verifier.id_token(raw, &Expected::new()).await.unwrap();
        assert_eq!(token.subject(), tokens.id_token().unwrap().subject());
    }
    // Of another realm, with another key.
    let issuer = TrustedIssuer::new(realm.issuer(), Jwk::from_der(&other_key()).unwrap());
    let error = TokenVerifier::new(issuer, "app")
        .id_token(raw, &Expected::new())
        .await;
    assert_eq!(
        error.unwrap_err().token_fault(),
        Some(TokenFault::UnknownKey)
    );
    realm.delete().await;
}

/// Some Ed25519 key.
fn other_key() -> Vec<u8> {
    let mut der = vec![
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    der.extend([
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
        0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07,
        0x51, 0x1a,
    ]);
    der
}
