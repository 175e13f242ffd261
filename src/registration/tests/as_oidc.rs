//! Tests of a registered client as an OpenID Connect client.

use serde_json::{Value, json};

use super::base;
use crate::jose::tests::{es256, sign};
use crate::jose::{
    DecryptionKey, DpopKey, KeyEncryption, SignatureAlgorithm, SigningKey, decode_unverified,
};
use crate::oidc::{Expected, Oidc, OidcBuilder};
use crate::registration::{ClientKeys, ClientMetadata, RegisteredClient, Registration};
use crate::test_support::{Reply, Server, options};
use crate::{Error, ErrorKind, TokenFault};

/// A provider that registers the requested metadata, modified by `change`.
async fn provider(change: Value) -> Server {
    Server::start(move |seen, _| {
        let base = base(seen);
        match seen.target.split('?').next().unwrap() {
            "/.well-known/openid-configuration" => {
                let document = json!({
                    "issuer": base, "registration_endpoint": format!("{base}/register"),
                    "authorization_endpoint": format!("{base}/authorize"),
                    "token_endpoint": format!("{base}/token"),
                    "pushed_authorization_request_endpoint": format!("{base}/par"),
                    "jwks_uri": format!("{base}/keys"),
                    "dpop_signing_alg_values_supported": ["ES256"],
                });
                Reply::json(200, document.to_string())
            }
            "/register" => {
                let mut members: Value = serde_json::from_str(&seen.body).unwrap();
                members["client_id"] = json!("c1");
                members["client_secret"] = json!("s3cret-hunter2-s3cret-hunter2-s3cret");
                for (name, value) in change.as_object().unwrap() {
                    members[name] = value.clone();
                }
                Reply::json(201, members.to_string())
            }
            "/par" => Reply::json(201, r#"{"request_uri":"urn:x:1","expires_in":60}"#),
            "/keys" => Reply::json(200, json!({ "keys": [es256("a")] }).to_string()),
            _ => Reply::json(200, r#"{"access_token":"t","token_type":"Bearer"}"#),
        }
    })
    .await
}

fn at(server: &Server) -> Registration {
    Oidc::discover(&server.url)
        .options(options())
        .registration()
        .unwrap()
}

async fn registered(server: &Server) -> RegisteredClient {
    let wanted = ClientMetadata::default()
        .redirect_uris(["https://app.example/cb", "https://app.example/other"]);
    at(server).create(&wanted).await.unwrap()
}

async fn made(change: Value) -> crate::Result<OidcBuilder> {
    registered(&provider(change).await).await.oidc()
}

fn says(error: &Error, what: &str) {
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains(what), "{what}: {error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

/// Registration needs no placeholder for the client id.
#[tokio::test]
async fn a_registration_makes_a_client_that_logs_in() {
    let server = provider(json!({})).await;
    let client = registered(&server).await;
    let oidc = client.oidc().unwrap().build().unwrap();
    assert_eq!(oidc.client_id(), "c1");
    let login = oidc.authorize().start().await.unwrap();
    assert!(
        login
            .url()
            .starts_with(&format!("{}/authorize?", server.url))
    );
    assert!(login.url().contains("client_id=c1"), "{login:?}");
    let back = "redirect_uri=https%3A%2F%2Fapp.example%2Fcb&";
    assert!(login.url().contains(back), "{}", login.url());
    oidc.client_credentials().await.unwrap();
    let seen = server.seen().clone();
    let header = seen.last().unwrap().header("authorization").unwrap();
    assert!(header.starts_with("Basic "), "{header}");
    let discoveries = seen.iter().filter(|seen| seen.is_discovery()).count();
    assert_eq!(
        discoveries, 1,
        "the connections and the document are shared"
    );
}

#[tokio::test]
async fn a_registered_client_authenticates_as_it_is_registered() {
    for (method, sent) in [
        ("client_secret_post", "client_secret=s3cret-hunter2"),
        ("client_secret_jwt", "client_assertion="),
        ("none", "client_id=c1"),
    ] {
        let server = provider(json!({ "token_endpoint_auth_method": method })).await;
        let oidc = registered(&server).await.oidc().unwrap().build().unwrap();
        oidc.client_credentials().await.unwrap();
        let seen = server.seen().clone();
        let last = seen.last().unwrap();
        assert!(last.body.contains(sent), "{method}: {}", last.body);
        assert_eq!(last.header("authorization"), None, "{method}");
        assert_eq!(last.body.contains("s3cret"), method == "client_secret_post");
    }
    let change = json!({
        "token_endpoint_auth_method": "client_secret_jwt",
        "token_endpoint_auth_signing_alg": "HS512",
        "client_secret": "x".repeat(64),
    });
    let server = provider(change).await;
    let oidc = registered(&server).await.oidc().unwrap().build().unwrap();
    oidc.client_credentials().await.unwrap();
    let seen = server.seen().clone();
    let assertion = seen.last().unwrap().form("client_assertion").unwrap();
    let assertion = decode_unverified(assertion).unwrap();
    assert_eq!(assertion.header()["alg"], "HS512");
    for (change, what) in [
        (
            json!({ "token_endpoint_auth_method": "none_of\u{1b}these" }),
            "does not support",
        ),
        (json!({ "client_secret": null }), "sent no secret"),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            "signing_key",
        ),
        (json!({ "dpop_bound_access_tokens": true }), "dpop_key"),
        (
            json!({ "id_token_encrypted_response_alg": "RSA-OAEP" }),
            "decryption_key",
        ),
        (
            json!({ "require_signed_request_object": true }),
            "signing_key",
        ),
        (
            json!({ "id_token_signed_response_alg": "XS256" }),
            "id_token_signed_response_alg",
        ),
    ] {
        let outcome = made(change).await.and_then(OidcBuilder::build);
        says(&outcome.unwrap_err(), what);
    }
}

/// OpenID Connect Core 1.0 section 3.1.3.7 step 7, Back-Channel Logout 1.0 section 2.6.
#[tokio::test]
async fn tokens_of_a_registered_client_have_its_algorithms() {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let server = provider(json!({ "id_token_signed_response_alg": "HS256" })).await;
    let symmetric = registered(&server).await.oidc().unwrap().build();
    says(
        &symmetric.unwrap_err(),
        "symmetric algorithms are not accepted",
    );
    for (algorithm, good) in [("ES256", true), ("PS256", false)] {
        let server = provider(json!({ "id_token_signed_response_alg": algorithm })).await;
        let oidc = registered(&server).await.oidc().unwrap();
        let verifier = oidc.build().unwrap().verifier();
        let claims = json!({
            "iss": server.url, "aud": "c1", "sub": "ada", "iat": now, "exp": now + 60, "jti": "l",
        });
        let mut logout = claims.clone();
        logout["events"] = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
        let header = json!({ "alg": "ES256", "kid": "a" });
        let [id_token, logout] = [claims, logout].map(|claims| sign(&header, &claims));
        let results = [
            verifier.id_token(&id_token, &Expected::new()).await.err(),
            verifier.logout_token(&logout).await.err(),
        ];
        for error in results {
            let fault = error.map(|error| error.token_fault());
            let wanted = (!good).then_some(Some(TokenFault::Algorithm));
            assert_eq!(fault, wanted, "{algorithm}");
        }
    }
}

#[tokio::test]
async fn the_private_keys_of_a_registered_client_go_where_they_belong() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let opening = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    let keys = ClientKeys::default()
        .signing_key(&key)
        .decryption_key(opening)
        .dpop_key(DpopKey::generate(SignatureAlgorithm::Es256).unwrap());
    let wanted = ClientMetadata::default()
        .redirect_uris(["https://app.example/cb"])
        .token_endpoint_auth_method("private_key_jwt")
        .token_endpoint_auth_signing_alg("ES256")
        .request_object_signing_alg("ES256")
        .id_token_encrypted_response_alg("ECDH-ES")
        .require_pushed_authorization_requests(true)
        .dpop_bound_access_tokens(true)
        .keys(&keys);
    let public = wanted.jwks.clone().unwrap();
    assert_eq!(public["keys"].as_array().unwrap().len(), 2);
    assert!(
        public["keys"]
            .as_array()
            .unwrap()
            .iter()
            .all(|k| k.get("d").is_none())
    );
    let server = provider(json!({ "require_signed_request_object": true })).await;
    let client = at(&server).create(&wanted).await.unwrap();
    says(&client.oidc().unwrap_err(), "private_key_jwt");
    let oidc = client.oidc_with(&keys).unwrap().build().unwrap();
    oidc.authorize().start().await.unwrap();
    let seen = server.seen().clone();
    let pushed = seen.iter().find(|seen| seen.target == "/par").unwrap();
    let request = decode_unverified(pushed.form("request").unwrap()).unwrap();
    assert_eq!(request.claims()["redirect_uri"], "https://app.example/cb");
    assert!(request.claims()["dpop_jkt"].is_string());
    let assertion = decode_unverified(pushed.form("client_assertion").unwrap()).unwrap();
    assert_eq!(assertion.claims()["sub"], "c1");
    assert!(pushed.header("dpop").is_some());
    // Only encrypted tokens are accepted.
    let plain = oidc.verifier().id_token("a.b.c", &Default::default()).await;
    let plain = plain.unwrap_err();
    assert_eq!(plain.token_fault(), Some(crate::TokenFault::Encryption));
    let other = SigningKey::generate(SignatureAlgorithm::Es384).unwrap();
    let other = keys.clone().signing_key(&other);
    says(&client.oidc_with(&other).unwrap_err(), "ES384");
    assert!(!format!("{keys:?}").contains("PRIVATE"));
}

/// OpenID Connect Front-Channel Logout 1.0 section 2: `sid` may be missing if not registered.
#[tokio::test]
async fn a_front_channel_logout_names_its_session_where_that_is_registered() {
    for (change, taken) in [
        (json!({}), true),
        (
            json!({ "frontchannel_logout_session_required": false }),
            true,
        ),
        (
            json!({ "frontchannel_logout_session_required": true }),
            false,
        ),
    ] {
        let oidc = made(change.clone()).await.unwrap().build().unwrap();
        let outcome = oidc.verifier().front_channel_logout("").await;
        assert_eq!(outcome.is_ok(), taken, "{change}: {outcome:?}");
        oidc.verifier()
            .front_channel_logout("sid=s")
            .await
            .unwrap_err();
    }
}

/// The id is printed, and sent in every request.
#[tokio::test]
async fn an_id_with_control_characters_is_refused() {
    for id in ["", "c\u{1b}[2J", "c\n1", "c\u{202e}"] {
        let server = provider(json!({ "client_id": id })).await;
        let error = at(&server).create(&ClientMetadata::default()).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{id:?}: {error}");
    }
}
