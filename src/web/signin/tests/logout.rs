//! The end of a session: by the user, and by the provider.

use std::time::Duration;

use http::Request;
use serde_json::{Value, json};
use tower_sessions::SessionStore as _;

use super::{Answer, App, BASE, Browser};
use crate::oidc::tests::mock::now;
use crate::testing::{Defect, TestUser};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn post(app: &App, browser: &mut Browser, headers: &[(&str, &str)], form: &str) -> Answer {
    let mut request = Request::post("/logout").header(FORM.0, FORM.1);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send_form(browser, request, form).await
}

#[tokio::test]
async fn a_logout_is_a_form_of_this_site() {
    let app = App::start().await;
    let mut browser = app.signed_in().await;
    let token = app.open(&mut browser, "/form").await.is(200).body;
    let form = format!("form_token={token}");
    app.open(&mut browser, "/logout").await.is(405);
    let own = [("origin", BASE), ("sec-fetch-site", "same-origin")];
    for (headers, form) in [
        (&own[..], ""),
        (&own, "form_token="),
        (&own, "form_token=wrong"),
        (&[("sec-fetch-site", "cross-site")], form.as_str()),
        (&[("sec-fetch-site", "same-site"), ("origin", BASE)], &form),
        (&[("origin", "https://evil.example")], &form),
        (&[("origin", "null")], &form),
    ] {
        post(&app, &mut browser, headers, form).await.is(403);
        assert_eq!(app.who(&mut browser).await, "ada", "{headers:?} {form}");
    }
    // The token of another session.
    let mut other = app.signed_in().await;
    post(&app, &mut other, &own, &form).await.is(403);

    let copy = browser.clone();
    let kept = app.stored(&copy).await;
    let sent = post(&app, &mut browser, &own, &form).await;
    assert_eq!(sent.status, 303);
    let end = format!("{}/protocol/openid-connect/logout?", app.provider.issuer());
    assert!(sent.location().starts_with(&end), "{}", sent.location());
    let query = sent.query();
    assert_eq!(query["post_logout_redirect_uri"], format!("{BASE}/"));
    assert_eq!(query["id_token_hint"].split('.').count(), 3);
    assert!(!browser.cookies.contains_key("id"));
    assert!(app.found(&copy).await.is_none());
    assert_eq!(app.who(&mut copy.clone()).await, "nobody");
    // A slower request that writes the record once more does not bring the session back.
    app.store.save(&kept).await.unwrap();
    assert_eq!(app.who(&mut copy.clone()).await, "nobody");
    assert_eq!(app.who(&mut other).await, "ada");
    // Who is not signed in has nothing to end.
    let sent = post(&app, &mut browser, &own, "").await.is(303);
    assert_eq!(sent.location(), "/");
    // A page without referrers says no origin; an old browser says nothing.
    let mut browser = app.signed_in().await;
    let token = app.open(&mut browser, "/form").await.body;
    let form = format!("form_token={token}");
    let headers = [("sec-fetch-site", "same-origin"), ("origin", "null")];
    assert_eq!(post(&app, &mut browser, &headers, &form).await.status, 303);
    assert_eq!(app.who(&mut browser).await, "nobody");
    let form = format!("form_token={}", app.open(&mut other, "/form").await.body);
    assert_eq!(post(&app, &mut other, &[], &form).await.status, 303);
    assert_eq!(app.who(&mut other).await, "nobody");
}

#[tokio::test]
async fn the_form_that_logs_out() {
    let app = App::start().await;
    let mut browser = app.signed_in().await;
    let signin = super::signin(&app.provider, |signin| signin.logout_path("/bye"));
    let page = async |user: crate::web::User| {
        assert!(!format!("{user:?}").contains(user.form_token()));
        user.logout_form("Sign <out>")
    };
    let router = axum::Router::new()
        .route("/page", axum::routing::get(page))
        .layer(signin.layer())
        .layer(tower_sessions::SessionManagerLayer::new(app.store.clone()));
    let app = App { router, ..app };
    let html = app.open(&mut browser, "/page").await.is(200).body;
    assert!(html.contains("method=\"post\" action=\"/bye\""), "{html}");
    assert!(html.contains("Sign &lt;out&gt;"), "{html}");
}

fn logout_token(app: &App, about: &Value) -> String {
    let claims = about.as_object().unwrap().iter();
    let token = app.provider.logout_token("app");
    let token = claims.fold(token, |token, (name, value)| {
        token.claim(name, value.clone())
    });
    token.sign()
}

async fn tell(app: &App, token: &str) -> Answer {
    let request = Request::post("/backchannel-logout").header(FORM.0, FORM.1);
    let form = format!("logout_token={token}");
    let answer = app.send_form(&mut Browser::default(), request, &form).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer
}

#[tokio::test]
async fn the_provider_ends_one_session() {
    let app = App::start().await;
    let mut browser = app.signed_in().await;
    // Another session of the same user.
    app.provider.log_in_as("ada");
    let mut other = app.signed_in().await;
    let session = app.session_id(&browser).await;
    let token = logout_token(&app, &json!({ "sid": session, "sub": "ada" }));
    tell(&app, &token).await.is(200);
    assert_eq!(app.who(&mut other).await, "ada");
    let copy = browser.clone();
    assert_eq!(app.who(&mut browser).await, "nobody");
    assert!(app.found(&copy).await.is_none());
    // Once.
    tell(&app, &token).await.is(400);
}

#[tokio::test]
async fn the_provider_ends_a_session_whose_login_is_still_running() {
    let app = App::start().await;
    let mut browser = Browser::default();
    let started = app.open(&mut browser, "/login").await;
    let answer = app.answer(&started).await;
    let (_, session) = answer.split_once("session_state=").unwrap();
    let session = session.split('&').next().unwrap();
    tell(&app, &logout_token(&app, &json!({ "sid": session })))
        .await
        .is(200);
    app.open(&mut browser, &answer).await.is(200);
    assert_eq!(app.who(&mut browser).await, "nobody");
}

#[tokio::test]
async fn the_provider_ends_all_sessions_of_a_user_until_then() {
    let app = App::start().await;
    let earlier = |user: TestUser| app.provider.users().add(user.claim("iat", now() - 20));
    earlier(super::ada());
    let mut first = app.signed_in().await;
    app.provider.add_defect(Defect::MissingSessionId);
    let mut second = app.signed_in().await;
    earlier(TestUser::new("eve"));
    app.provider.log_in_as("eve");
    let mut other = app.signed_in().await;
    app.provider.users().add(super::ada());
    app.provider.log_in_as("ada");
    let mut later = app.signed_in().await;
    let about = json!({ "sub": "ada", "iat": now() - 10 });
    tell(&app, &logout_token(&app, &about)).await.is(200);
    for (browser, who) in [
        (&mut first, "nobody"),
        (&mut second, "nobody"),
        (&mut other, "eve"),
        (&mut later, "ada"),
    ] {
        assert_eq!(app.who(browser).await, who);
    }
}

#[tokio::test]
async fn logout_tokens_that_are_none() {
    let app = App::start().await;
    let mut browser = app.signed_in().await;
    let session = app.session_id(&browser).await;
    let good = json!({ "sid": session });
    let forged = logout_token(&app, &good);
    for token in [
        String::new(),
        "x".into(),
        forged.replace('.', "x"),
        format!("{}A", &forged[..forged.len() - 2]),
        logout_token(
            &app,
            &json!({ "sid": session, "iss": "https://evil.example" }),
        ),
        logout_token(&app, &json!({ "sid": session, "aud": "other" })),
        logout_token(&app, &json!({ "sid": session, "events": {} })),
        logout_token(&app, &json!({ "sid": session, "nonce": "n" })),
        logout_token(&app, &json!({ "sid": session, "exp": now() - 600 })),
        logout_token(&app, &json!({})),
        "a".repeat(400_000),
    ] {
        let refused = tell(&app, &token).await.is(400);
        assert_eq!(refused.body, r#"{"error":"invalid_request"}"#);
    }
    let get = Request::get("/backchannel-logout");
    app.send(&mut Browser::default(), get).await.is(405);
    assert_eq!(app.who(&mut browser).await, "ada");
}

#[tokio::test]
async fn notes_are_kept_as_long_as_sessions_live() {
    use crate::web::{MemorySessionIndex, SessionIndex as _};
    use std::time::SystemTime;

    let index = MemorySessionIndex::new();
    let keys = ["a".to_owned(), "b".to_owned()];
    let (early, late) = (SystemTime::UNIX_EPOCH, SystemTime::now());
    let hour = Duration::from_secs(3600);
    index.end("a", late, hour).await.unwrap();
    index.end("a", early, hour).await.unwrap();
    assert_eq!(index.ended(&keys).await.unwrap(), [Some(late), None]);
    for number in 0..5000 {
        let key = format!("gone {number}");
        index.end(&key, early, Duration::ZERO).await.unwrap();
    }
    let shown = format!("{index:?}");
    let notes: usize = shown
        .trim_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap();
    assert!(notes < 2000, "{shown}");
    assert_eq!(index.ended(&keys).await.unwrap(), [Some(late), None]);
}
