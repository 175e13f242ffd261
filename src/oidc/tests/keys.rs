//! The provider's keys, and the key on a realm's public page.

use serde_json::json;

use super::flows::on;
use super::mock::{Defects, Mock};
use crate::jose::tests::{es256, sign};
use crate::oidc::Expected;
use crate::test_support::Reply;
use crate::{ErrorKind, TokenFault};

#[tokio::test]
async fn keys_that_cannot_be_had_say_why() {
    let good = Mock::start().await;
    assert_eq!(good.oidc().keys().await.unwrap().len(), 1);
    let html = vec![("Content-Type", "text/html".to_owned())];
    let octets = vec![("Content-Type", "application/jwk-set+json".to_owned())];
    for (reply, kind, why) in [
        (Reply::status(404), ErrorKind::NotFound, "404"),
        (Reply::status(403), ErrorKind::Forbidden, "403"),
        (
            Reply::Answer(200, html, r#"{"keys":[]}"#.into()),
            ErrorKind::Protocol,
            "not JSON: its Content-Type is \"text/html\"",
        ),
        (Reply::json(200, "{}"), ErrorKind::Protocol, "key"),
        (
            Reply::Answer(200, octets, "keys".into()),
            ErrorKind::Protocol,
            "key",
        ),
    ] {
        let mock = Mock::with(on("/keys", move |_| reply.clone())).await;
        let error = mock.oidc().keys().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.operation(), Some("oidc.keys"), "{error}");
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
    let none = Mock::with(Defects {
        document: Box::new(|document| drop(document.as_object_mut().unwrap().remove("jwks_uri"))),
        ..Defects::default()
    })
    .await;
    let error = none.oidc().keys().await.unwrap_err();
    assert!(error.to_string().contains("jwks_uri"), "{error}");
}

#[tokio::test]
async fn the_page_of_a_realm_shows_a_key() {
    let page = |reply: Reply| Mock::with(on("/", move |_| reply.clone()));
    let key = "A".repeat(64) + "BC==";
    let body = json!({ "realm": "demo", "public_key": key }).to_string();
    let mock = page(Reply::json(200, body)).await;
    let pem = mock.oidc().realm_public_key().await.unwrap();
    let lines: Vec<&str> = pem.lines().collect();
    assert_eq!(
        lines,
        [
            "-----BEGIN PUBLIC KEY-----",
            &key[..64],
            "BC==",
            "-----END PUBLIC KEY-----",
        ]
    );
    for (reply, kind) in [
        (Reply::json(200, r#"{"realm":"demo"}"#), ErrorKind::Protocol),
        (
            Reply::json(200, r#"{"public_key":""}"#),
            ErrorKind::Protocol,
        ),
        (Reply::json(200, "text"), ErrorKind::Decode),
        (Reply::status(404), ErrorKind::NotFound),
    ] {
        let error = page(reply)
            .await
            .oidc()
            .realm_public_key()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

/// Static servers send files as text, and some editors start them with a byte order mark.
#[tokio::test]
async fn a_key_set_and_a_document_as_text_with_a_byte_order_mark_are_read() {
    let text = |body: String| {
        let headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
        Some(Reply::Answer(200, headers, format!("\u{feff}{body}")))
    };
    let mock = Mock::with(Defects {
        script: Box::new(move |seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            match seen.target.as_str() {
                "/.well-known/openid-configuration" => {
                    text(json!({ "issuer": base, "jwks_uri": format!("{base}/keys") }).to_string())
                }
                "/keys" => text(json!({ "keys": [es256("a")] }).to_string()),
                _ => None,
            }
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    assert_eq!(oidc.keys().await.unwrap().len(), 1);
    let token = sign(&json!({"alg": "ES256", "kid": "a"}), &json!({}));
    let error = oidc.verifier().id_token(&token, &Expected::new()).await;
    let fault = error.unwrap_err().token_fault();
    assert_eq!(fault, Some(TokenFault::Issuer), "its signature is good");
}
