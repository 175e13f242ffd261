//! How the access token is sent, and the errors for a refused token.

use serde_json::json;

use crate::jose::tests::sign;
use crate::oidc::ParameterLimits;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::Reply;
use crate::uma::{Access, PathRule};
use crate::{AccessToken, ErrorKind, Method, TokenFault};

const ALBUM: &str = r#"[{"rsid":"1","rsname":"album","scopes":["view"]}]"#;

async fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Mock {
    Mock::with(Defects {
        script: Box::new(move |seen| seen.is_token_request().then(&reply)),
        ..Defects::default()
    })
    .await
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "calls read better without a reference"
)]
fn token(claims: serde_json::Value) -> String {
    sign(&json!({ "alg": "ES256" }), &claims)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "calls read better without a reference"
)]
fn rpt(claims: serde_json::Value) -> Reply {
    let token = token(claims);
    let answer = json!({ "access_token": token, "token_type": "Bearer", "upgraded": false });
    Reply::json(200, answer.to_string())
}

#[tokio::test]
async fn the_callers_token_is_the_bearer_of_every_question() {
    let mock = answering(|| Reply::json(200, ALBUM)).await;
    let oidc = mock.oidc();
    let ask = || oidc.permissions("t-hunter2").permission("album#view");
    ask().list().await.unwrap();
    oidc.has_access("t-hunter2", ["album#view"]).await.unwrap();
    let rule = PathRule::new("/*").method(Method::GET, ["album#view"]);
    let enforcer = oidc.path_enforcer().rule(rule).build().unwrap();
    let access = enforcer.check(&Method::GET, "/a", Some("t-hunter2")).await;
    assert_eq!(access.unwrap(), Access::Granted);
    // These have other responses; the requests are the same.
    ask().decision().await.unwrap_err();
    ask().rpt().await.unwrap_err();
    ask().upgrade("r").rpt().await.unwrap_err();
    let ticket = oidc.permissions("t-hunter2").ticket("once");
    ticket.rpt().await.unwrap_err();
    let seen = mock.server.seen();
    let asked: Vec<_> = seen.iter().filter(|seen| seen.is_token_request()).collect();
    assert_eq!(asked.len(), 7);
    for seen in asked {
        assert_eq!(seen.header("authorization"), Some("Bearer t-hunter2"));
        for own in ["subject_token", "client_id", "client_secret", "hunter2"] {
            assert!(!seen.body.contains(own), "{own} in {}", seen.body);
        }
    }
}

/// A client with a key makes requests for tokens of others, which are not bound to its key.
#[tokio::test]
async fn a_client_with_a_key_asks_without_it() {
    let mock = answering(|| rpt(json!({ "sub": "1" }))).await;
    let algorithm = crate::jose::SignatureAlgorithm::Es256;
    let key = crate::jose::DpopKey::generate(algorithm).unwrap();
    let oidc = mock.builder().dpop(key).build().unwrap();
    oidc.permissions(token(json!({ "sub": "1" })))
        .await
        .unwrap();
    let seen = mock.server.seen();
    let asked = seen.iter().find(|seen| seen.is_token_request()).unwrap();
    assert_eq!(asked.header("dpop"), None);
}

#[tokio::test]
async fn every_refusal_of_the_bearer_token_is_not_logged_in() {
    const INVALID: &str = r#"{"error":"invalid_grant","error_description":"Invalid bearer token"}"#;
    let refusals: [fn() -> Reply; 5] = [
        || Reply::json(401, INVALID),
        || Reply::json(400, INVALID),
        || Reply::json(401, r#"{"error":"HTTP 401 Unauthorized"}"#),
        || Reply::status(401),
        || Reply::status(431),
    ];
    for (number, refusal) in refusals.into_iter().enumerate() {
        let mock = answering(refusal).await;
        let oidc = mock.oidc();
        let status = oidc.has_access("t", ["album#view"]).await.unwrap();
        assert!(!status.logged_in && !status.authorized, "{number}");
        assert_eq!(Vec::from_iter(status.missing), ["album#view"]);
        let rule = PathRule::new("/*").method(Method::GET, ["album#view"]);
        let enforcer = oidc.path_enforcer().rule(rule).build().unwrap();
        let access = enforcer.check(&Method::GET, "/album", Some("t")).await;
        assert_eq!(access.unwrap(), Access::NotLoggedIn, "{number}");
        for error in [
            oidc.permissions("t").decision().await.unwrap_err(),
            oidc.permissions("t").list().await.unwrap_err(),
            oidc.permissions("t").await.unwrap_err(),
        ] {
            assert!(error.is_unauthorized(), "{number}: {error}");
        }
    }
}

#[tokio::test]
async fn what_no_request_can_carry_is_not_logged_in() {
    let mock = answering(|| Reply::json(200, ALBUM)).await;
    let oidc = mock.oidc();
    for token in ["", "  ", "a\r\nb", &"x".repeat(70_000)] {
        let status = oidc.has_access(token, ["album#view"]).await.unwrap();
        assert!(!status.logged_in && !status.authorized);
        let error = oidc.permissions(token).decision().await.unwrap_err();
        assert!(error.is_unauthorized(), "{error}");
    }
    assert_eq!(mock.posts("/token"), 0);
}

#[tokio::test]
async fn the_refusal_of_a_bound_token_names_the_binding() {
    let mock = answering(|| {
        Reply::json(
            400,
            r#"{"error":"invalid_grant","error_description":"Invalid bearer token"}"#,
        )
    })
    .await;
    let oidc = mock.oidc();
    for (cnf, named) in [
        (json!({ "jkt": "k" }), "DPoP"),
        (json!({ "x5t#S256": "c" }), "certificate"),
    ] {
        let bound = token(json!({ "sub": "1", "cnf": cnf }));
        let asked = oidc.permissions(&*bound).holder_verified();
        let error = asked.decision().await.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Binding), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    // Not bound.
    let other = token(json!({ "sub": "1", "cnf": {} }));
    let status = oidc.has_access(&*other, ["album"]).await.unwrap();
    assert!(!status.logged_in);
}

/// With claims the client authenticates itself and sends the token.
#[tokio::test]
async fn with_claims_the_token_is_a_parameter_and_its_length_is_checked() {
    let mock = answering(|| Reply::json(200, r#"{"result":true}"#)).await;
    let oidc = mock.oidc();
    let claims = json!({ "why": ["audit"] });
    let id_token = token(json!({ "sub": "1" }));
    let fits = "x".repeat(4_000);
    let long = "x".repeat(4_001);
    let pushed = |token: &str| oidc.permissions(token).claims(&claims).decision();
    assert!(pushed(&fits).await.unwrap());
    {
        let seen = mock.server.seen();
        let asked = seen.iter().rfind(|seen| seen.is_token_request()).unwrap();
        assert_eq!(asked.form("subject_token"), Some(&*fits));
        assert!(asked.header("authorization").unwrap().starts_with("Basic "));
    }
    let as_claims = oidc.permissions(&*long).claim_token(&*id_token).decision();
    for error in [
        pushed(&long).await.unwrap_err(),
        as_claims.await.unwrap_err(),
    ] {
        let said = error.to_string();
        for part in ["subject_token", "4001", "4000", "claims"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(mock.posts("/token"), 1);
    let more = ParameterLimits::keycloak().tokens(20_000);
    let oidc = mock.builder().parameter_limits(more).build().unwrap();
    let asked = oidc.permissions(&*long).claims(&claims).decision();
    assert!(asked.await.unwrap());
}

/// The client is refused, not the token.
#[tokio::test]
async fn a_refused_client_is_not_a_refused_token() {
    let mock = answering(|| Reply::json(401, r#"{"error":"invalid_client"}"#)).await;
    let error = mock
        .oidc()
        .permissions("t")
        .claims(&json!({ "a": ["b"] }))
        .decision()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_requesting_party_token_is_about_who_was_asked_about() {
    for (asked, given, fits) in [
        (json!({ "sub": "1" }), json!({ "sub": "1" }), true),
        (json!({ "sub": "1" }), json!({ "sub": "2" }), false),
        (json!({ "sub": "1" }), json!({}), false),
        // A lightweight token.
        (json!({}), json!({ "sub": "2" }), true),
    ] {
        let shown = format!("{asked} {given}");
        let mock = answering(move || rpt(given.clone())).await;
        let oidc = mock.oidc();
        let asked = token(asked);
        for answer in [
            oidc.permissions(&*asked).rpt().await,
            oidc.permissions(&*asked).upgrade("r").rpt().await,
        ] {
            match answer {
                Ok(_) => assert!(fits, "{shown}"),
                Err(error) => {
                    assert!(!fits, "{shown}: {error}");
                    assert_eq!(error.token_fault(), Some(TokenFault::Subject));
                }
            }
        }
    }
    // The subject comes from the ID token if the access token has none.
    let mock = answering(|| rpt(json!({ "sub": "2" }))).await;
    let oidc = mock.oidc();
    let light = oidc.permissions(token(json!({})));
    let error = light.claim_token(token(json!({ "sub": "1" }))).await;
    let fault = error.unwrap_err().token_fault();
    assert_eq!(fault, Some(TokenFault::Subject));
}

#[tokio::test]
async fn an_entitlement_is_about_who_asked() {
    use crate::test_support::Server;
    let server = Server::keycloak(|seen, _| {
        let given = token(json!({ "sub": "2" }));
        let is_asked = seen.target.contains("/authz/entitlement/");
        is_asked.then(|| Reply::json(200, json!({ "rpt": given }).to_string()))
    })
    .await;
    let kc = server.builder().anonymous().build().unwrap();
    let oidc = kc.oidc("demo", "web").build().unwrap();
    let ask = |sub: &str| AccessToken::new(token(json!({ "sub": sub })));
    let error = oidc.entitlement("photos", &ask("1")).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Subject), "{error}");
    oidc.entitlement("photos", &ask("2")).await.unwrap();
}

/// No other client or user is named in the request.
#[tokio::test]
async fn a_parameter_cannot_name_another_token() {
    let mock = answering(|| Reply::json(200, ALBUM)).await;
    let oidc = mock.oidc();
    for name in [
        "subject_token",
        "client_secret",
        "permission",
        "claim_token",
    ] {
        let error = oidc.permissions("t").param(name, "x").list().await;
        assert!(error.unwrap_err().is_config(), "{name}");
    }
    assert_eq!(mock.posts("/token"), 0);
}

/// Keycloak does not check the certificate here and would accept a stolen token.
#[tokio::test]
async fn a_bound_token_is_asked_about_only_where_its_holder_was_verified() {
    let mock =
        answering(|| Reply::json(200, r#"[{"rsid":"1","rsname":"a","scopes":["b"]}]"#)).await;
    let oidc = mock.oidc();
    let rule = || PathRule::new("/a").method(Method::GET, ["a#b"]);
    let enforcer = oidc.path_enforcer().rule(rule()).build().unwrap();
    let claims = json!({ "why": ["audit"] });
    for cnf in [json!({ "x5t#S256": "c" }), json!({ "jkt": "k" })] {
        let bound = token(json!({ "sub": "1", "cnf": cnf }));
        for error in [
            oidc.has_access(&*bound, ["a#b"]).await.unwrap_err(),
            oidc.permissions(&*bound).list().await.unwrap_err(),
            oidc.permissions(&*bound).rpt().await.unwrap_err(),
            oidc.permissions(&*bound)
                .claims(&claims)
                .decision()
                .await
                .unwrap_err(),
            enforcer
                .check(&Method::GET, "/a", Some(&bound))
                .await
                .unwrap_err(),
        ] {
            assert_eq!(error.token_fault(), Some(TokenFault::Binding), "{error}");
            let hint = error.hint().unwrap();
            assert!(hint.contains("holder_verified"), "{hint}");
        }
    }
    assert_eq!(mock.posts("/token"), 0, "nothing was asked");
    let bound = token(json!({ "sub": "1", "cnf": { "x5t#S256": "c" } }));
    let asked = oidc.permissions(&*bound).holder_verified();
    assert_eq!(asked.list().await.unwrap().len(), 1);
    let enforcer = oidc.path_enforcer().rule(rule()).holder_verified();
    let enforcer = enforcer.build().unwrap();
    let decided = enforcer.check(&Method::GET, "/a", Some(&bound));
    assert_eq!(decided.await.unwrap(), Access::Granted);
}

#[tokio::test]
async fn a_token_with_its_scheme_is_a_mistake_of_the_program() {
    let mock = answering(|| Reply::json(200, "[]")).await;
    let oidc = mock.oidc();
    let error = oidc.has_access("Bearer eyJ", ["a#b"]).await.unwrap_err();
    assert!(error.is_config(), "{error}");
    assert!(
        error.hint().unwrap().contains("without its scheme"),
        "{error}"
    );
    // A token with another fault than its age.
    for odd in [String::new(), "a\nb".to_owned(), "x".repeat(70_000)] {
        let status = oidc.has_access(&*odd, ["a#b"]).await.unwrap();
        assert!(!status.logged_in);
        let error = oidc.permissions(&*odd).list().await.unwrap_err();
        assert!(error.hint().unwrap().contains("too long"), "{error}");
    }
    assert_eq!(mock.posts("/token"), 0);
}

/// The page of a proxy says nothing about a token.
#[tokio::test]
async fn the_page_of_a_proxy_is_no_decision() {
    for status in [401, 431] {
        let mock = answering(move || {
            let page = vec![("Content-Type", "text/html".to_owned())];
            Reply::Answer(status, page, "<h1>log in to the proxy</h1>".to_owned())
        })
        .await;
        let oidc = mock.oidc();
        assert!(oidc.has_access("t", ["a#b"]).await.is_err(), "{status}");
        let rule = PathRule::new("/a").method(Method::GET, ["a#b"]);
        let enforcer = oidc.path_enforcer().rule(rule).build().unwrap();
        let asked = enforcer.check(&Method::GET, "/a", Some("t"));
        assert!(asked.await.is_err(), "{status}");
    }
}

#[tokio::test]
async fn what_is_named_has_no_control_characters() {
    let mock = answering(|| Reply::json(200, "[]")).await;
    let oidc = mock.oidc();
    let claims = "{\n  \"id_token\": null\n}";
    for error in [
        oidc.permissions("t")
            .audience("rs\u{1}")
            .list()
            .await
            .unwrap_err(),
        oidc.password("ada\n", "p").await.unwrap_err(),
        oidc.password("\0ada", "p").await.unwrap_err(),
        oidc.backchannel_login()
            .login_hint("ada\u{7f}")
            .await
            .unwrap_err(),
        oidc.exchange_token(&AccessToken::new("t"))
            .requested_subject("ada\t")
            .await
            .unwrap_err(),
    ] {
        assert!(error.is_config(), "{error}");
        assert!(error.to_string().contains("control character"), "{error}");
    }
    assert_eq!(mock.posts("/token") + mock.posts("/backchannel"), 0);
    // Between the members of JSON, line breaks are white space.
    oidc.permissions("t")
        .param("claims", claims)
        .list()
        .await
        .unwrap();
}
