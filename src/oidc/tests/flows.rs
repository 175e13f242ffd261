//! Requests of the flows, against a provider that can be made to fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::mock::{Defects, Mock};
use crate::jose::tests::sign;
use crate::jose::{
    ContentEncryption, DecryptionKey, DpopKey, KeyEncryption, SignatureAlgorithm, encrypt,
};
use crate::test_support::{Reply, Seen};
use crate::{ClientAuth, ErrorKind, Secret, TokenFault};

pub(super) fn on(
    end: &'static str,
    reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> Defects {
    Defects {
        script: Box::new(move |seen| seen.target.ends_with(end).then(|| reply(seen))),
        ..Defects::default()
    }
}

#[tokio::test]
async fn every_attempt_has_an_assertion_of_its_own() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let count = attempts.clone();
    let mock = Mock::with(on("/token", move |_| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            return Reply::Drop;
        }
        Reply::json(200, r#"{"access_token":"x","token_type":"Bearer"}"#)
    }))
    .await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let auth = ClientAuth::assertion(move |_| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Secret::from(format!("jwt-{number}"))) }
    });
    let oidc = mock.builder().client_auth(auth).build().unwrap();
    oidc.client_credentials().await.unwrap();
    let bodies: Vec<String> = {
        let seen = mock.server.seen();
        seen.iter()
            .filter(|s| s.is_token_request())
            .map(|s| s.body.clone())
            .collect()
    };
    assert_eq!(bodies.len(), 2);
    assert!(
        bodies[0].ends_with("client_assertion=jwt-0"),
        "{}",
        bodies[0]
    );
    assert!(
        bodies[1].ends_with("client_assertion=jwt-1"),
        "{}",
        bodies[1]
    );

    let key = crate::jose::SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    attempts.store(0, Ordering::SeqCst);
    let oidc = mock
        .builder()
        .client_auth(ClientAuth::private_key_jwt(key))
        .build()
        .unwrap();
    oidc.client_credentials().await.unwrap();
    let seen = mock.server.seen();
    let claims: Vec<_> = seen
        .iter()
        .filter_map(|seen| seen.form("client_assertion"))
        .filter(|jwt| jwt.contains('.'))
        .map(|jwt| crate::jose::decode_unverified(jwt).unwrap())
        .collect();
    assert_eq!(claims.len(), 2);
    let claim = |at: usize, name: &str| claims[at].claims()[name].clone();
    assert_ne!(claim(0, "jti"), claim(1, "jti"));
    assert_eq!(
        claim(0, "aud"),
        json!(mock.server.url),
        "one audience: the issuer"
    );
    assert_eq!(
        (claim(0, "iss"), claim(0, "sub")),
        (json!("app"), json!("app"))
    );
    let life = claim(0, "exp").as_u64().unwrap() - claim(0, "iat").as_u64().unwrap();
    assert!(life <= 60);
}

/// A resource requires a nonce in the header only (RFC 9449 section 9).
#[tokio::test]
async fn a_resource_that_wants_a_nonce_is_asked_again() {
    for challenge in [
        r#"DPoP error="use_dpop_nonce", algs="ES256""#,
        r#"Bearer realm="x", DPoP algs="ES256", error="use_dpop_nonce""#,
    ] {
        let mock = Mock::with(Defects {
            script: Box::new(move |seen| {
                if seen.is_token_request() {
                    let body = r#"{"access_token":"x","token_type":"dpop"}"#;
                    return Some(Reply::json(200, body));
                }
                let proof = crate::jose::decode_unverified(seen.header("dpop")?).unwrap();
                let nonce = proof.claims().get("nonce").and_then(|nonce| nonce.as_str());
                Some(match nonce {
                    Some("n2") => Reply::json(200, r#"{"sub":"ada"}"#),
                    _ => Reply::status(401)
                        .with("WWW-Authenticate", challenge)
                        .with("DPoP-Nonce", "n2"),
                })
            }),
            ..Defects::default()
        })
        .await;
        let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
        let oidc = mock.builder().dpop(key).build().unwrap();
        let tokens = oidc.client_credentials().await.unwrap();
        let me = oidc.userinfo(&tokens).await.expect(challenge);
        assert_eq!(me.subject(), "ada");
        let asked = mock.server.seen();
        let asked = asked.iter().filter(|seen| seen.header("dpop").is_some());
        assert_eq!(asked.count(), 3, "token, userinfo, userinfo");
    }
}

/// A server that requires nonces, at the token endpoint with 400 and at userinfo with 401.
#[tokio::test]
async fn nonces_are_asked_for_once_and_kept() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            let proof = crate::jose::decode_unverified(seen.header("dpop")?).unwrap();
            let nonce = proof.claims().get("nonce").and_then(|nonce| nonce.as_str());
            let token = seen.is_token_request();
            let wanted = if token { "n1" } else { "n2" };
            if nonce == Some(wanted) {
                return token.then(|| {
                    let body = r#"{"access_token":"x","token_type":"dpop","refresh_token":"r"}"#;
                    Reply::json(200, body).with("DPoP-Nonce", "n2")
                });
            }
            Some(if token {
                Reply::json(400, r#"{"error":"use_dpop_nonce"}"#).with("DPoP-Nonce", "n1")
            } else {
                Reply::status(401)
                    .with(
                        "WWW-Authenticate",
                        r#"DPoP error="use_dpop_nonce", algs="ES256""#,
                    )
                    .with("DPoP-Nonce", "n2")
            })
        }),
        ..Defects::default()
    })
    .await;
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let oidc = mock.builder().dpop(key).build().unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    assert_eq!(tokens.access_token().scheme(), "DPoP");
    // The nonce of the last response is used at once.
    oidc.userinfo(&tokens).await.unwrap();
    {
        let seen = mock.server.seen();
        let proofs: Vec<_> = seen
            .iter()
            .filter_map(|seen| {
                Some((
                    seen,
                    crate::jose::decode_unverified(seen.header("dpop")?).unwrap(),
                ))
            })
            .collect();
        assert_eq!(proofs.len(), 3);
        let claim = |at: usize, name: &str| proofs[at].1.claims().get(name).cloned();
        assert_ne!(
            claim(0, "jti"),
            claim(1, "jti"),
            "a new proof for the same request"
        );
        assert_eq!(claim(2, "htm"), Some(json!("GET")));
        assert_eq!(
            claim(2, "htu"),
            Some(json!(format!("{}/userinfo", mock.server.url)))
        );
        assert_eq!(claim(2, "ath"), Some(json!(crate::jose::hash::sha256("x"))));
        assert_eq!(proofs[2].0.header("authorization"), Some("DPoP x"));
        assert_eq!(claim(0, "ath"), None);
    }
    // The token endpoint requires another nonce than the stored one: the request is repeated once.
    oidc.refresh(&tokens).await.unwrap();
    assert_eq!(mock.posts("/token"), 4);
}

#[tokio::test]
async fn a_server_that_always_wants_another_nonce_is_left_alone() {
    let mock = Mock::with(on("/token", |_| {
        Reply::json(400, r#"{"error":"use_dpop_nonce"}"#).with("DPoP-Nonce", "again")
    }))
    .await;
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let oidc = mock.builder().dpop(key).build().unwrap();
    let error = oidc.client_credentials().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("use_dpop_nonce"), "{error}");
    assert_eq!(mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_bearer_token_is_not_taken_for_a_bound_one() {
    let mock = Mock::start().await;
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let oidc = mock.builder().dpop(key).build().unwrap();
    let error = oidc.client_credentials().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("bound to a key"), "{error}");
}

/// A request that counts, or uses something up, is not repeated if it may have been executed.
#[tokio::test]
async fn grants_that_count_or_are_used_up_are_sent_once() {
    for (status, sent) in [(500, 1), (502, 1), (503, 1), (504, 1), (429, 4)] {
        let mock = Mock::with(on("/token", move |_| Reply::status(status))).await;
        let oidc = mock.oidc();
        let mut failed = Vec::new();
        failed.push(oidc.password("ada", "secret").await.unwrap_err());
        failed.push(
            oidc.password("ada", "secret")
                .totp("123456")
                .await
                .unwrap_err(),
        );
        failed.push(oidc.jwt_bearer("assertion").await.unwrap_err());
        failed.push(oidc.exchange_token("token").await.unwrap_err());
        failed.push(oidc.grant("urn:example:badge").await.unwrap_err());
        assert_eq!(mock.posts("/token"), 5 * sent, "{status}");
        for error in failed {
            assert_eq!(error.status().unwrap().as_u16(), status, "{error}");
        }
        oidc.client_credentials().await.unwrap_err();
        assert!(
            mock.posts("/token") > 5 * sent + 1,
            "another token does no harm"
        );
    }
}

#[tokio::test]
async fn a_device_login_keeps_the_servers_pace() {
    let polls = Arc::new(AtomicUsize::new(0));
    let count = polls.clone();
    let mock = Mock::with(Defects {
        script: Box::new(move |seen| {
            if seen.target.ends_with("/device") {
                return Some(Reply::json(
                    200,
                    r#"{"device_code":"d-hunter2","user_code":"AB-hunter2","expires_in":600,
                        "verification_uri":"https://op/device","interval":0.001}"#,
                ));
            }
            if !seen.is_token_request() {
                return None;
            }
            Some(match count.fetch_add(1, Ordering::SeqCst) {
                0 | 2 => Reply::json(400, r#"{"error":"authorization_pending"}"#),
                1 => Reply::status(503),
                3 => Reply::Drop,
                _ => return None,
            })
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = oidc.device().await.unwrap();
    assert!(!format!("{login:?}").contains("hunter2"), "{login:?}");
    assert_eq!(login.verification_uri_complete(), None);
    let tokens = login.tokens().await.unwrap();
    assert_eq!(tokens.id_token().unwrap().subject(), "1");
    assert_eq!(polls.load(Ordering::SeqCst), 5);
    let seen = mock.server.seen();
    let start = seen
        .iter()
        .find(|seen| seen.target.ends_with("/device"))
        .unwrap();
    assert_eq!(start.form("code_challenge_method"), Some("S256"));
    let poll = seen.iter().find(|seen| seen.is_token_request()).unwrap();
    assert_eq!(poll.form("device_code"), Some("d-hunter2"));
    assert!(poll.form("code_verifier").unwrap().len() >= 43);
}

#[tokio::test]
async fn extra_parameters_go_along_and_replace_nothing() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    oidc.client_credentials()
        .param("audience", "a")
        .param("audience", "b")
        .await
        .unwrap();
    {
        let seen = mock.server.seen();
        let body = &seen
            .iter()
            .find(|seen| seen.is_token_request())
            .unwrap()
            .body;
        assert_eq!(body, "grant_type=client_credentials&audience=a&audience=b");
    }
    for name in [
        "grant_type",
        "client_secret",
        "client_assertion",
        "client_id",
    ] {
        let error = oidc
            .client_credentials()
            .param(name, "x")
            .await
            .unwrap_err();
        assert!(error.is_config(), "{error}");
    }
    for name in [
        "state",
        "nonce",
        "code_challenge",
        "redirect_uri",
        "response_type",
        "request",
    ] {
        let error = oidc.authorize().param(name, "x").start().await.unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains(name),
            "{error}"
        );
    }
    assert_eq!(mock.posts("/token"), 1);
}

/// After a lost response, a refresh is repeated once; an assertion is not.
#[tokio::test]
async fn a_refresh_is_tried_once_more_after_a_lost_response_and_an_assertion_is_not() {
    let answered = Arc::new(AtomicUsize::new(0));
    let count = answered.clone();
    let mock = Mock::with(on("/token", move |seen| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        match seen.form("grant_type") {
            Some("client_credentials") if first => {
                let body = r#"{"access_token":"x","token_type":"Bearer","refresh_token":"r"}"#;
                Reply::json(200, body)
            }
            _ => Reply::Drop,
        }
    }))
    .await;
    let oidc = mock.oidc();
    let tokens = oidc.client_credentials().await.unwrap();
    oidc.refresh(&tokens).await.unwrap_err();
    assert_eq!(mock.posts("/token"), 1 + 2);
    oidc.jwt_bearer("assertion").await.unwrap_err();
    assert_eq!(mock.posts("/token"), 1 + 2 + 1);
    oidc.password("ada", "secret").await.unwrap_err();
    assert_eq!(mock.posts("/token"), 1 + 2 + 1 + 1);
}

#[tokio::test]
async fn a_pushed_request_is_sent_once_and_only_named_in_the_url() {
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            document["require_pushed_authorization_requests"] = json!(true);
        }),
        script: Box::new(|seen| {
            seen.target
                .ends_with("/par")
                .then(|| Reply::json(201, r#"{"request_uri":"urn:par:hunter2","expires_in":60}"#))
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = oidc.authorize().start().await.unwrap();
    assert_eq!(
        login.url(),
        format!(
            "{}/authorize?client_id=app&request_uri=urn%3Apar%3Ahunter2",
            mock.server.url
        )
    );
    assert_eq!(login.url_lifetime(), Some(Duration::from_secs(60)));
    let plain = Mock::start().await.oidc().authorize().start().await;
    assert_eq!(plain.unwrap().url_lifetime(), None);
    assert_eq!(mock.posts("/par"), 1);
    let body = mock
        .server
        .seen()
        .iter()
        .find(|s| s.method == "POST")
        .unwrap()
        .body
        .clone();
    assert_eq!(body.matches("client_id=app").count(), 1, "{body}");
    assert!(body.contains("code_challenge_method=S256"), "{body}");

    let busy = Mock::with(on("/par", |_| Reply::status(503))).await;
    busy.oidc().authorize().pushed().start().await.unwrap_err();
    assert_eq!(busy.posts("/par"), 1);
    let broken = Mock::with(on("/par", |_| Reply::Drop)).await;
    broken
        .oidc()
        .authorize()
        .pushed()
        .start()
        .await
        .unwrap_err();
    assert_eq!(broken.posts("/par"), 1);
}

#[tokio::test]
async fn the_url_keeps_what_the_endpoint_has() {
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            let url = format!(
                "{}?tenant=a%20b#x",
                document["authorization_endpoint"].as_str().unwrap()
            );
            document["authorization_endpoint"] = json!(url);
        }),
        ..Defects::default()
    })
    .await;
    let login = mock
        .oidc()
        .authorize()
        .scope("profile")
        .prompt("login consent")
        .max_age(Duration::from_secs(60))
        .kc_idp_hint("google")
        .essential_acr(["gold"])
        .start()
        .await
        .unwrap();
    let url = url::Url::parse(login.url()).unwrap();
    let pairs: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs["tenant"], "a b");
    assert_eq!(pairs["scope"], "openid profile");
    assert_eq!(pairs["prompt"], "login consent");
    assert_eq!(pairs["max_age"], "60");
    assert_eq!(pairs["kc_idp_hint"], "google");
    assert_eq!(pairs["code_challenge_method"], "S256");
    assert_eq!(pairs["response_type"], "code");
    let claims: serde_json::Value = serde_json::from_str(&pairs["claims"]).unwrap();
    assert_eq!(
        claims["id_token"]["acr"],
        json!({ "essential": true, "values": ["gold"] })
    );
    assert!(url.fragment().is_none());
    let text = serde_json::to_string(&login).unwrap();
    let back: crate::oidc::LoginAttempt = serde_json::from_str(&text).unwrap();
    assert_eq!(back.state(), login.state());
}

#[tokio::test]
async fn a_logout_url_without_a_document_says_so() {
    let mock = Mock::start().await;
    let oidc = mock.oidc();
    let error = oidc.logout_url_without_hint().build().unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("fetch()"),
        "{error}"
    );
    let url = oidc
        .logout_url_without_hint()
        .state("x")
        .fetch()
        .await
        .unwrap();
    assert_eq!(url.query(), Some("client_id=app&state=x"));
    oidc.logout_url_without_hint().build().unwrap();
}

/// A signed response must be about the token that was introspected.
#[tokio::test]
async fn a_signed_answer_about_another_token_is_refused() {
    let token = |base: &str, id: &str| {
        let claims = json!({
            "iss": base, "aud": "app", "sub": "1", "typ": "Bearer", "jti": id,
            "exp": super::mock::now() + 60,
        });
        sign(&json!({ "alg": "ES256", "kid": "a" }), &claims)
    };
    let mock = Mock::with(on("/introspect", move |seen| {
        let base = format!("http://{}", seen.header("host").unwrap());
        let answer = json!({ "active": true, "jwt": token(&base, "one") });
        Reply::json(200, answer.to_string())
    }))
    .await;
    let oidc = mock.oidc();
    let base = mock.server.url.clone();
    for (asked, good) in [
        (token(&base, "one"), true),
        (token(&base, "two"), false),
        // An opaque token cannot be compared.
        ("opaque".to_owned(), true),
    ] {
        let answer = oidc.introspect(asked).as_jwt().await;
        match answer {
            Ok(answer) => assert!(good && answer.member("jti").unwrap() == "one"),
            Err(error) => {
                assert!(!good, "{error}");
                assert!(error.to_string().contains("another token"), "{error}");
            }
        }
    }
}

/// An encrypted response that is not signed counts like plain JSON of the same endpoint, and is
/// accepted from that endpoint only.
#[tokio::test]
async fn userinfo_may_be_encrypted_without_a_signature() {
    let key = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    let (wrap, content) = (KeyEncryption::EcdhEs, ContentEncryption::A128Gcm);
    let seal = |claims: &str| {
        encrypt(
            &key.public_jwk(),
            wrap,
            content,
            &json!({}),
            claims.as_bytes(),
        )
        .unwrap()
    };
    for (claims, good) in [
        (r#"{"sub":"1","email":"a@b"}"#, true),
        (r#"{"sub":"2"}"#, false),
        (r#"{"sub":"1","sub":"1"}"#, false),
        ("text", false),
    ] {
        let sealed = seal(claims);
        let body = sealed.clone();
        let jwt = vec![("Content-Type", "application/jwt".to_owned())];
        let answer = Reply::Answer(200, jwt, body);
        let mock = Mock::with(on("/userinfo", move |_| answer.clone())).await;
        let (builder, key) = (mock.builder(), key.clone());
        let oidc = builder.verification(|verifier| verifier.userinfo_decryption_key(key));
        let oidc = oidc.build().unwrap();
        let tokens = oidc.client_credentials().await.unwrap();
        let answer = oidc.userinfo(&tokens).await;
        assert_eq!(answer.is_ok(), good, "{claims}: {answer:?}");
        oidc.verifier().user_info(&sealed, None).await.unwrap_err();
    }
}

/// A client that is registered for encrypted responses accepts no others.
#[tokio::test]
async fn userinfo_that_is_not_encrypted_is_refused_where_a_key_is_set() {
    let mock = Mock::start().await;
    let key = DecryptionKey::generate(KeyEncryption::EcdhEs).unwrap();
    let builder = mock.builder();
    let oidc = builder.verification(|verifier| verifier.userinfo_decryption_key(key));
    let oidc = oidc.build().unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    let error = oidc.userinfo(&tokens).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Encryption), "{error}");
    mock.oidc().userinfo(&tokens).await.unwrap();
}

/// `send` returns status and headers with the value of every request, as in the admin API.
#[tokio::test]
async fn requests_give_status_and_headers_too() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| match seen.target.as_str() {
            "/revoke" => Some(Reply::Answer(
                200,
                vec![("x-served-by", "two".to_owned())],
                String::new(),
            )),
            "/introspect" => Some(Reply::json(200, r#"{"active":false}"#)),
            _ => None,
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let response = oidc.client_credentials().send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.value().access_token().expose(), "access-hunter2");
    let shown = format!("{response:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let revoked = oidc.revoke("t").send().await.unwrap();
    assert_eq!(revoked.headers()["x-served-by"], "two");
    let answer = oidc.introspect("t").send().await.unwrap().into_value();
    assert!(!answer.is_active());
    let refreshed = oidc.refresh(&response.into_value()).send().await.unwrap();
    assert!(refreshed.status().is_success());
}
