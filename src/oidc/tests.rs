//! OpenID Connect calls against a scripted realm that signs ID tokens.

mod abilities;
mod assertions;
mod documents;
mod elsewhere;
mod elsewhere_started;
mod ending;
mod external_token;
mod flows;
mod given;
mod hints;
mod introspection;
mod keys;
pub(crate) mod mock;
mod odd_claims;
mod odd_documents;
mod profiles;
mod refreshing;
mod refusals;
mod requests;
mod saved;
mod secrets;
mod tenants;

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::ErrorKind;
use crate::jose::tests::{es256, sign};
use crate::test_support::{Reply, Seen, Server};

fn id_token(seen: &Seen, change: impl FnOnce(&mut Value)) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let mut claims = json!({
        "iss": format!("http://{}/realms/demo", seen.header("host").unwrap()),
        "aud": "web-app", "azp": "web-app", "sub": "1", "typ": "ID", "iat": now, "exp": now + 60,
    });
    change(&mut claims);
    sign(&json!({"alg": "ES256", "kid": "a"}), &claims)
}

fn tokens(id_token: Option<String>) -> Reply {
    let mut answer = json!({
        "access_token": "access-hunter2", "refresh_token": "refresh-hunter2", "expires_in": 60,
        "refresh_expires_in": 1800, "scope": "openid profile", "token_type": "Bearer",
        "not-before-policy": 0,
    });
    if let Some(id_token) = id_token {
        answer["id_token"] = id_token.into();
    }
    Reply::json(200, answer.to_string())
}

/// A realm whose key has the id that `kid` returns for the n-th request of the keys.
async fn realm(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Server {
    Server::keycloak(move |seen, _| {
        if seen.is_token_request() {
            return Some(tokens(Some(id_token(seen, &change))));
        }
        Some(match seen.target.rsplit('/').next()? {
            "certs" => Reply::json(200, json!({ "keys": [es256("a")] }).to_string()),
            "userinfo" => Reply::json(
                200,
                r#"{"sub":"1","email":"a@b","email_verified":true,"k":1}"#,
            ),
            "revoke" | "logout" => Reply::status(204),
            _ => return None,
        })
    })
    .await
}

fn oidc(server: &Server) -> crate::oidc::Oidc {
    let kc = server.builder().anonymous().build().unwrap();
    kc.oidc("demo", "web-app")
        .client_secret("s:hunter2")
        .build()
        .unwrap()
}

#[tokio::test]
async fn login_userinfo_refresh_and_logout() {
    let server = realm(|_| {}).await;
    let oidc = oidc(&server);
    let tokens = oidc
        .password("ada", "pw")
        .scope("openid profile")
        .totp("123456")
        .await
        .unwrap();
    let id_token = tokens.id_token().unwrap();
    assert_eq!(
        (id_token.subject(), tokens.scope()),
        ("1", Some("openid profile"))
    );
    assert_eq!(id_token.claim("azp"), Some(&json!("web-app")));
    assert_eq!(tokens.refresh_lifetime().unwrap().as_secs(), 1800);
    assert_eq!(tokens.member("not-before-policy"), Some(&json!(0)));
    let me = oidc.userinfo(&tokens).await.unwrap();
    assert_eq!(
        (me.subject(), me.email(), &me.claims()["k"]),
        ("1", Some("a@b"), &json!(1))
    );
    let again = oidc.refresh(&tokens).await.unwrap();
    oidc.revoke(&again).await.unwrap();
    oidc.logout(&again).await.unwrap();
    let shown = format!(
        "{tokens:?} {me:?} {oidc:?} {:?}",
        oidc.password("ada", "hunter2")
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("a@b"),
        "{shown}"
    );

    let seen = server.seen();
    let forms: Vec<_> = seen.iter().filter(|s| s.method == "POST").collect();
    let basic = Some("Basic d2ViLWFwcDpzJTNBaHVudGVyMg==");
    assert!(
        forms
            .iter()
            .all(|form| form.header("authorization") == basic)
    );
    assert_eq!(
        forms[0].body,
        "grant_type=password&username=ada&password=pw&scope=openid+profile&totp=123456"
    );
    assert_eq!(
        forms[1].body,
        "grant_type=refresh_token&refresh_token=refresh-hunter2"
    );
    assert_eq!(
        forms[2].body,
        "token=refresh-hunter2&token_type_hint=refresh_token"
    );
    assert_eq!(forms[3].body, "refresh_token=refresh-hunter2");
    let userinfo = seen
        .iter()
        .find(|s| s.target.ends_with("/userinfo"))
        .unwrap();
    assert_eq!(
        userinfo.header("authorization"),
        Some("Bearer access-hunter2")
    );
    let count = |end: &str| seen.iter().filter(|s| s.target.ends_with(end)).count();
    assert_eq!(
        (count("/certs"), count("/openid-configuration")),
        (1, 1),
        "both are kept"
    );
}

#[tokio::test]
async fn id_tokens_that_are_refused() {
    let changes: [fn(&mut Value); 4] = [
        |claims| claims["aud"] = json!("other"),
        |claims| claims["iss"] = json!("http://evil/realms/demo"),
        |claims| claims["exp"] = json!(1),
        |claims| claims["typ"] = json!("Bearer"),
    ];
    for change in changes {
        let server = realm(change).await;
        let error = oidc(&server).password("ada", "pw").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (ErrorKind::InvalidToken, Some("oidc.password"))
        );
    }
}

#[tokio::test]
async fn a_refresh_must_be_about_the_same_user() {
    let server = Server::keycloak(|seen, _| {
        if seen.target.ends_with("/certs") {
            return Some(Reply::json(
                200,
                json!({ "keys": [es256("a")] }).to_string(),
            ));
        }
        let refreshed = seen.form("grant_type") == Some("refresh_token");
        seen.is_token_request().then(|| {
            tokens(Some(id_token(seen, |c| {
                c["sub"] = json!(if refreshed { "2" } else { "1" });
            })))
        })
    })
    .await;
    let oidc = oidc(&server);
    let tokens = oidc.password("ada", "pw").await.unwrap();
    let error = oidc.refresh(&tokens).await.unwrap_err();
    assert!(
        error.to_string().contains("its subject is not that of"),
        "{error}"
    );
}

#[tokio::test]
async fn unknown_keys_are_fetched_again_but_not_all_the_time() {
    let server = Server::keycloak(|seen, _| {
        if seen.target.ends_with("/certs") {
            return Some(Reply::json(
                200,
                json!({ "keys": [es256("b")] }).to_string(),
            ));
        }
        seen.is_token_request()
            .then(|| tokens(Some(id_token(seen, |_| {}))))
    })
    .await;
    let oidc = oidc(&server);
    for _ in 0..5 {
        let error = oidc.password("ada", "pw").await.unwrap_err();
        assert!(error.to_string().contains("no key that fits"), "{error}");
    }
    let fetched = server
        .seen()
        .iter()
        .filter(|s| s.target.ends_with("/certs"))
        .count();
    // Once for the first token, and once more because a key may have been added since.
    assert_eq!(fetched, 2);
}

#[tokio::test]
async fn userinfo_that_cannot_be_had_or_used_says_why() {
    for (reply, why) in [
        (Reply::json(200, r#"{"sub":"2"}"#), "another user"),
        (
            Reply::Answer(
                200,
                vec![("Content-Type", "application/jwt".into())],
                "a.b.c".into(),
            ),
            "the header of the token cannot be read",
        ),
        (Reply::status(401), "refresh it"),
        (Reply::status(403), "log in with the scope openid"),
        (
            Reply::Answer(
                401,
                vec![(
                    "WWW-Authenticate",
                    r#"Bearer error="invalid_token", error_description="Lightweight access token no""#
                        .into(),
                )],
                "".into(),
            ),
            "Lightweight access token no (invalid_token); switch off",
        ),
    ] {
        let server = Server::keycloak(move |seen, _| {
            if seen.target.ends_with("/userinfo") {
                return Some(reply.clone());
            }
            if seen.target.ends_with("/certs") {
                return Some(Reply::json(
                    200,
                    json!({ "keys": [es256("a")] }).to_string(),
                ));
            }
            seen.is_token_request()
                .then(|| tokens(Some(id_token(seen, |_| {}))))
        })
        .await;
        let oidc = oidc(&server);
        let tokens = oidc.password("ada", "pw").await.unwrap();
        let error = oidc.userinfo(&tokens).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.operation(), Some("oidc.userinfo"));
    }
}

#[tokio::test]
async fn clients_name_themselves_as_set() {
    let server = Server::keycloak(|seen, _| {
        seen.is_token_request()
            .then(|| Reply::json(200, r#"{"access_token":"x"}"#))
    })
    .await;
    let kc = server.builder().anonymous().build().unwrap();
    let post = kc
        .oidc("demo", "web")
        .client_auth(crate::ClientAuth::client_secret_post("s&t"))
        .build()
        .unwrap();
    let tokens = post.client_credentials().scope("a b").await.unwrap();
    kc.oidc("demo", "spa")
        .build()
        .unwrap()
        .password("ada", "pw")
        .await
        .unwrap();
    assert!(tokens.refresh_token().is_none() && tokens.id_token().is_none());
    assert!(post.refresh(&tokens).await.unwrap_err().is_config());
    assert!(post.logout(&tokens).await.unwrap_err().is_config());
    let seen = server.seen();
    let bodies: Vec<_> = seen
        .iter()
        .filter(|s| s.method == "POST")
        .map(|s| &*s.body)
        .collect();
    assert_eq!(
        bodies,
        [
            "grant_type=client_credentials&scope=a+b&client_id=web&client_secret=s%26t",
            "grant_type=password&scope=openid&username=ada&password=pw&client_id=spa",
        ]
    );
    assert!(kc.oidc("..", "web").build().unwrap_err().is_config());
    assert!(kc.oidc("demo", "").build().unwrap_err().is_config());
    let error = kc
        .oidc("demo", "web")
        .client_secret("")
        .build()
        .unwrap_err();
    assert!(error.is_config());
}
