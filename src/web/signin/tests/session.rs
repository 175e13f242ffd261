//! What a session is, how long it lives, and how its tokens stay fresh.

use std::time::Duration;

use serde_json::json;
use tower_sessions::session::Id;
use tower_sessions::{SessionManagerLayer, SessionStore as _};

use super::{App, Browser, KEY, SessionKey, SessionKeys, keys, router};
use crate::BoxFuture;
use crate::error::{Result, config};
use crate::oidc::tests::mock::now;
use crate::test_support::Reply;
use crate::web::SessionIndex;

#[tokio::test]
async fn a_login_renews_the_session_id() {
    let app = App::start().await;
    let mut browser = Browser::default();
    app.open(&mut browser, "/cart").await.is(200);
    // Whoever gave the browser this session knows its id.
    let fixed = browser.clone();
    app.login(&mut browser).await;
    assert_ne!(browser.cookies["id"], fixed.cookies["id"]);
    assert!(app.found(&fixed).await.is_none());
    assert_eq!(app.who(&mut fixed.clone()).await, "nobody");
    // What the application keeps for the browser stays.
    assert_eq!(app.stored(&browser).await.data["cart"], 7);
    // The next login of the same user renews it again.
    let before = browser.clone();
    app.login(&mut browser).await;
    assert_ne!(browser.cookies["id"], before.cookies["id"]);
    assert_eq!(app.who(&mut before.clone()).await, "nobody");
    assert_eq!(app.stored(&browser).await.data["cart"], 7);
    // For another user nothing stays.
    let before = browser.clone();
    app.says(|says| says.subject = "eve".into());
    app.login(&mut browser).await;
    assert_ne!(browser.cookies["id"], before.cookies["id"]);
    assert!(app.found(&before).await.is_none());
    assert!(!app.stored(&browser).await.data.contains_key("cart"));
    assert_eq!(app.who(&mut browser).await, "eve");
    assert_eq!(app.who(&mut before.clone()).await, "nobody");
}

#[tokio::test]
async fn a_session_id_that_somebody_made_up_is_not_taken() {
    let app = App::start().await;
    let mut browser = Browser::default();
    let made_up = Id::default();
    browser.cookies.insert("id".into(), made_up.to_string());
    app.login(&mut browser).await;
    assert_ne!(browser.cookies["id"], made_up.to_string());
    assert!(app.store.load(&made_up).await.unwrap().is_none());
    browser.cookies.insert("id".into(), "nonsense".into());
    assert_eq!(app.who(&mut browser).await, "nobody");
}

#[tokio::test]
async fn many_requests_make_one_refresh() {
    let app = App::start().await;
    app.says(|says| says.expires_in = 1);
    let browser = app.signed_in().await;
    app.says(|says| says.expires_in = 300);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let requests = (0..20).map(|_| async {
        let mut browser = browser.clone();
        app.open(&mut browser, "/token").await.is(200).body
    });
    let said = futures_util::future::join_all(requests).await;
    assert!(said.iter().all(|said| said == "openid notes"), "{said:?}");
    assert_eq!(app.mock.posts("/token"), 2);
    // The record has the new tokens: another process goes on with them.
    let stored = app.record(&browser).await;
    assert!(stored["tokens"]["version"].as_u64().unwrap() > 1);
    let other = App {
        router: router(&app.mock, &app.store, |signin| signin),
        store: app.store.clone(),
        ..App::start().await
    };
    assert_eq!(other.who(&mut browser.clone()).await, "ada");
    assert_eq!(app.mock.posts("/token"), 2);
}

#[tokio::test]
async fn tokens_of_another_process_are_taken_over() {
    let app = App::start().await;
    app.says(|says| says.expires_in = 1);
    let browser = app.signed_in().await;
    app.says(|says| says.expires_in = 300);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let other = App {
        router: router(&app.mock, &app.store, |signin| signin),
        store: app.store.clone(),
        ..App::start().await
    };
    assert_eq!(other.who(&mut browser.clone()).await, "ada");
    assert_eq!(app.who(&mut browser.clone()).await, "ada");
    assert_eq!(app.mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_session_that_the_provider_has_ended_ends_here() {
    let app = App::start().await;
    app.says(|says| says.expires_in = 1);
    let mut browser = app.signed_in().await;
    let copy = browser.clone();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // While the provider is away nobody is let in, and nothing is lost.
    app.says(|says| says.token_error = Some(Reply::status(503)));
    app.open(&mut browser, "/who").await.is(503);
    let page = app.open(&mut browser, "/editors").await.is(503);
    assert_eq!(page.headers["retry-after"], "5");
    let refused = Reply::json(400, r#"{"error":"invalid_grant"}"#);
    app.says(|says| says.token_error = Some(refused));
    assert_eq!(app.who(&mut browser).await, "nobody");
    assert!(!browser.cookies.contains_key("id"));
    assert!(app.found(&copy).await.is_none());
}

#[tokio::test]
async fn sessions_live_for_a_time() {
    let app = App::start().await;
    for (member, ago, who) in [
        ("used", 1700, "ada"),
        ("used", 1800, "nobody"),
        ("began", 35_900, "ada"),
        ("began", 36_000, "nobody"),
    ] {
        let mut browser = app.signed_in().await;
        let change = |record: &mut serde_json::Value| record[member] = (now() - ago).into();
        app.change(&browser, change).await;
        assert_eq!(app.who(&mut browser).await, who, "{member} {ago}");
        if who == "nobody" {
            assert!(!browser.cookies.contains_key("id"));
            continue;
        }
        let used = app.record(&browser).await["used"].as_u64();
        assert!(used.unwrap() >= now() - 5, "{member} {ago}");
    }
    // Another setting.
    let app = App::with(|signin| {
        signin
            .idle_lifetime(Duration::from_secs(100))
            .absolute_lifetime(Duration::from_secs(200))
    })
    .await;
    for (member, ago) in [("used", 100), ("began", 200)] {
        let mut browser = app.signed_in().await;
        let change = |record: &mut serde_json::Value| record[member] = (now() - ago).into();
        app.change(&browser, change).await;
        assert_eq!(app.who(&mut browser).await, "nobody", "{member}");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_nobodys() {
    let app = App::start().await;
    let mut browser = app.signed_in().await;
    app.change(&browser, |record| *record = json!({ "login": 1 }))
        .await;
    assert_eq!(app.who(&mut browser).await, "nobody");
    app.login(&mut browser).await;
    assert_eq!(app.who(&mut browser).await, "ada");
}

#[tokio::test]
async fn the_store_has_nothing_that_opens_a_session() {
    let app = App::start().await;
    let mut ada = app.signed_in().await;
    app.says(|says| says.subject = "eve".into());
    let mut eve = app.signed_in().await;
    let stored = app.stored(&ada).await;
    let shown = format!("{stored:?}");
    for secret in [
        "access_token",
        "refresh",
        "ada",
        "eyJ",
        "form_token",
        "realms",
    ] {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
    // A record in another's place is one of nobody.
    let mut of_eve = app.stored(&eve).await;
    let moved = stored.data[KEY].clone();
    of_eve.data.insert(KEY.into(), moved);
    app.store.save(&of_eve).await.unwrap();
    assert_eq!(app.who(&mut eve).await, "nobody");
    // So is one that is not encrypted.
    let plain = app.record(&ada).await;
    of_eve.data.insert(KEY.into(), plain.clone());
    app.store.save(&of_eve).await.unwrap();
    assert_eq!(app.who(&mut eve).await, "nobody");
    of_eve.data.insert(KEY.into(), plain.to_string().into());
    app.store.save(&of_eve).await.unwrap();
    assert_eq!(app.who(&mut eve).await, "nobody");
    assert_eq!(app.who(&mut ada).await, "ada");
}

#[tokio::test]
async fn old_keys_still_read() {
    let app = App::start().await;
    let browser = app.signed_in().await;
    let key = || SessionKey::from_bytes([8; 32]).unwrap();
    let with = async |keys: SessionKeys| App {
        router: router(&app.mock, &app.store, |signin| signin.keys(keys)),
        store: app.store.clone(),
        ..App::start().await
    };
    let rotated = with(keys().also(key())).await;
    assert_eq!(rotated.who(&mut browser.clone()).await, "ada");
    let before = SessionKey::from_bytes([7; 32]).unwrap();
    let newer = with(SessionKeys::new(key()).also(before)).await;
    assert_eq!(newer.who(&mut browser.clone()).await, "ada");
    let forgotten = with(SessionKeys::new(key())).await;
    assert_eq!(forgotten.who(&mut browser.clone()).await, "nobody");
}

/// An id out of the store is no cookie of an application whose cookies are encrypted.
#[tokio::test]
async fn an_id_alone_opens_nothing() {
    let app = App::start().await;
    let layer = SessionManagerLayer::new(app.store.clone())
        .with_private(tower_sessions::cookie::Key::from(&[7; 64]));
    let signin = super::signin(&app.mock, |signin| signin);
    let router = super::routes(&signin).layer(layer);
    let store = app.store.clone();
    let app = App { router, ..app };
    let mut browser = app.signed_in().await;
    assert_eq!(app.who(&mut browser).await, "ada");
    let cookie = browser.cookies["id"].clone();
    assert!(cookie.parse::<Id>().is_err(), "{cookie}");
    let shown = format!("{store:?}");
    let id = shown.split("Id(").nth(1).unwrap();
    let id = Id(id.split(')').next().unwrap().parse().unwrap());
    assert!(store.load(&id).await.unwrap().is_some());
    let mut thief = Browser::default();
    thief.cookies.insert("id".into(), id.to_string());
    assert_eq!(app.who(&mut thief).await, "nobody");
    assert_eq!(app.who(&mut browser).await, "ada");
}

#[derive(Debug)]
struct Broken;

impl SessionIndex for Broken {
    fn end<'a>(
        &'a self,
        _: &'a str,
        _: std::time::SystemTime,
        _: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(config("the index is away")) })
    }

    fn ended<'a>(
        &'a self,
        _: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Option<std::time::SystemTime>>>> {
        Box::pin(async { Err(config("the index is away")) })
    }
}

#[tokio::test]
async fn without_the_index_nobody_is_let_in() {
    let app = App::with(|signin| signin.session_index(Broken)).await;
    let mut browser = app.signed_in().await;
    app.open(&mut browser, "/who").await.is(503);
    app.open(&mut browser, "/editors").await.is(503);
    assert!(app.found(&browser).await.is_some());
}
