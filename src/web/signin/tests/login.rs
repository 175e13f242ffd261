//! From the login to the session.

use http::Request;

use super::{App, BASE, Browser, signin};
use crate::oidc::{MemoryLoginStore, Oidc};
use crate::test_support::Reply;
use crate::web::SignIn;
use crate::web::signin::return_path::ReturnPath;

#[tokio::test]
async fn a_login_from_its_start_to_its_page() {
    let app = App::start().await;
    let mut browser = Browser::default();
    assert_eq!(app.who(&mut browser).await, "nobody");
    let path = "/login?return_to=/there%3Fpage=2%26q=%2522";
    let started = app.open(&mut browser, path).await.is(303);
    let query = started.query();
    assert!(
        started
            .location()
            .starts_with(&format!("{}/authorize?", app.mock.server.url))
    );
    assert_eq!(query["redirect_uri"], format!("{BASE}/callback"));
    assert_eq!(query["code_challenge_method"], "S256");
    assert!(query["state"].len() >= 43 && query["nonce"].len() >= 43);
    assert_eq!(started.headers["cache-control"], "no-store");
    let cookies = started.cookies();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let cookie = cookies[0];
    assert!(cookie.starts_with("__Host-signin-"), "{cookie}");
    for part in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=1800",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(&query["state"]) && !cookie.contains("Domain"));
    let answer = app.answer(&started);
    let back = app.open(&mut browser, &answer).await.is(200);
    assert!(
        back.body
            .contains("content=\"0;url=/there?page=2&amp;q=%22\""),
        "{}",
        back.body
    );
    assert_eq!(back.headers["referrer-policy"], "no-referrer");
    assert_eq!(back.headers["cache-control"], "no-store");
    // The session's cookie is all that stays.
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["id"]);
    assert_eq!(app.who(&mut browser).await, "ada");
    let said = app.open(&mut browser, "/token").await.is(200).body;
    assert_eq!(said, "openid notes");
    // Another browser is another user.
    assert_eq!(app.who(&mut Browser::default()).await, "nobody");
}

#[tokio::test]
async fn several_tabs_log_in_at_once() {
    let app = App::start().await;
    let mut browser = Browser::default();
    let first = app.open(&mut browser, "/login?return_to=/a").await;
    let second = app.open(&mut browser, "/login?return_to=/b").await;
    assert_eq!(browser.cookies.len(), 2);
    for (started, page) in [(second, "url=/b"), (first, "url=/a")] {
        let answer = app.answer(&started);
        let back = app.open(&mut browser, &answer).await.is(200);
        assert!(back.body.contains(page));
        assert_eq!(app.who(&mut browser).await, "ada");
    }
    // A browser does not collect cookies of logins without end.
    for _ in 0..30 {
        app.open(&mut browser, "/login").await.is(303);
        assert!(browser.cookies.len() <= 9, "{}", browser.cookies.len());
    }
}

#[tokio::test]
async fn responses_that_belong_to_no_login_of_the_browser() {
    let app = App::start().await;
    let mut browser = Browser::default();
    let started = app.open(&mut browser, "/login").await;
    let answer = app.answer(&started);
    // Login CSRF: the response to another browser's login.
    let mut other = Browser::default();
    app.open(&mut other, &answer).await.is(400);
    app.open(&mut other, "/login").await.is(303);
    app.open(&mut other, &answer).await.is(400);
    assert_eq!(app.who(&mut other).await, "nobody");
    for wrong in [
        "/callback".to_owned(),
        "/callback?code=c0de&state=x".to_owned(),
        answer.replace("code=", "code=a&code="),
        answer.replace("iss=http", "iss=https"),
    ] {
        let mut copy = browser.clone();
        let app = App::start().await;
        let refused = app.open(&mut copy, &wrong).await.is(400);
        assert!(refused.body.contains("href=\"/login\""), "{wrong}");
        assert_eq!(app.who(&mut copy).await, "nobody");
    }
    assert_eq!(app.mock.posts("/token"), 0);
    // Once, whatever the browser still has.
    let mut copy = browser.clone();
    app.open(&mut browser, &answer).await.is(200);
    app.open(&mut browser, &answer).await.is(400);
    app.open(&mut copy, &answer).await.is(400);
    assert_eq!(app.mock.posts("/token"), 1);
    assert_eq!(app.who(&mut copy).await, "nobody");
}

#[tokio::test]
async fn wrong_responses_to_a_login_end_it() {
    let app = App::start().await;
    for (change, status) in [
        (("iss=http", "iss=https"), 400),
        (("code=c0de", "code=a&code=b"), 400),
        (("code=c0de", "error=access_denied"), 403),
        (("code=c0de", "error=server_error"), 503),
    ] {
        let mut browser = Browser::default();
        let started = app.open(&mut browser, "/login").await;
        let answer = app.answer(&started);
        let (from, to) = change;
        let wrong = answer.replace(from, to);
        let refused = app.open(&mut browser, &wrong).await.is(status);
        assert!(refused.body.contains("Start the login again"), "{to}");
        assert!(browser.cookies.is_empty(), "{to}");
        app.open(&mut browser, &answer).await.is(400);
    }
    assert_eq!(app.mock.posts("/token"), 0);
    for (reply, status) in [
        (Reply::status(503), 503),
        (
            Reply::json(400, r#"{"error":"invalid_grant","error_description":"x"}"#),
            400,
        ),
    ] {
        app.says(|says| says.token_error = Some(reply));
        let mut browser = Browser::default();
        let started = app.open(&mut browser, "/login").await;
        let answer = app.answer(&started);
        app.open(&mut browser, &answer).await.is(status);
        assert_eq!(app.who(&mut browser).await, "nobody");
    }
}

#[test]
fn return_paths_stay_on_the_site() {
    for good in [
        "/",
        "/a/b?c=d#e",
        "/a?next=https://evil.example",
        "/%2Fevil",
    ] {
        assert_eq!(ReturnPath::new(good).unwrap().as_str(), good);
    }
    let long = format!("/{}", "a".repeat(3000));
    for hostile in [
        "",
        "a",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/a\\b",
        "https://evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil",
        "/a\u{0}b",
        "/\u{7f}",
        "/caf\u{e9}",
        "/\u{ff0f}evil.example",
        "/.//evil.example",
        "/a/..//evil.example",
        "/%2e//evil.example",
        "@evil.example",
        "?x",
        "#x",
        ".evil.example",
        &long,
    ] {
        assert!(ReturnPath::new(hostile).is_none(), "{hostile:?}");
    }
}

#[tokio::test]
async fn a_login_returns_to_no_other_site() {
    let app = App::start().await;
    for hostile in [
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "https://evil.example/",
        "/login",
        "/login?return_to=/login",
        "/callback?code=x",
        "/logout",
        "",
    ] {
        let mut browser = Browser::default();
        let path = format!("/login?return_to={hostile}");
        let started = app.open(&mut browser, &path).await.is(303);
        let answer = app.answer(&started);
        let back = app.open(&mut browser, &answer).await.is(200);
        assert!(back.body.contains("content=\"0;url=/\""), "{hostile}");
    }
}

#[tokio::test]
async fn a_level_that_was_asked_for_is_reached_or_there_is_no_login() {
    let app = App::start().await;
    let path = "/login?acr_values=gold%20silver&return_to=/gold";
    let mut browser = Browser::default();
    let started = app.open(&mut browser, path).await.is(303);
    let query = started.query();
    assert_eq!(query["acr_values"], "gold silver");
    assert!(query["claims"].contains("\"essential\":true"));
    let answer = app.answer(&started);
    app.open(&mut browser, &answer).await.is(403);
    assert_eq!(app.who(&mut browser).await, "nobody");
    // The user logged in ten minutes ago.
    let started = app.open(&mut browser, "/login?max_age=60").await.is(303);
    assert_eq!(started.query()["max_age"], "60");
    let answer = app.answer(&started);
    app.open(&mut browser, &answer).await.is(403);
    app.says(|says| says.level = "gold");
    let started = app.open(&mut browser, path).await.is(303);
    let answer = app.answer(&started);
    app.open(&mut browser, &answer).await.is(200);
    app.open(&mut browser, "/gold").await.is(200);
}

#[tokio::test]
async fn plain_http_has_plain_cookies() {
    let app = App::with(|signin| {
        signin
            .base_url("http://localhost:3000/")
            .login_path("/auth/in")
            .callback_path("/auth/back")
            .login_store(MemoryLoginStore::new())
            .logins(|login| login.scope("profile").prompt("login"))
    })
    .await;
    let mut browser = Browser::default();
    let started = app.open(&mut browser, "/auth/in").await.is(303);
    let cookies = started.cookies();
    assert!(cookies[0].starts_with("signin-") && !cookies[0].contains("Secure"));
    let query = started.query();
    assert_eq!(query["redirect_uri"], "http://localhost:3000/auth/back");
    assert_eq!(
        (&*query["scope"], &*query["prompt"]),
        ("openid profile", "login")
    );
    let get = Request::get("/must").header("accept", "text/html");
    let sent = app.send(&mut browser, get).await.is(303);
    assert_eq!(sent.location(), "/auth/in?return_to=%2Fmust");
}

#[tokio::test]
async fn settings_that_are_wrong() {
    let oidc = || {
        Oidc::discover("https://op.example")
            .client_id("app")
            .build()
    };
    let new = || SignIn::new(oidc().unwrap()).base_url(BASE);
    assert!(new().build().is_ok());
    assert!(
        SignIn::new(oidc().unwrap())
            .build()
            .unwrap_err()
            .is_config()
    );
    for base in [
        "app.example",
        "ftp://app.example",
        "https://app.example/path",
        "https://app.example/?a",
        "https://u:p@app.example",
    ] {
        assert!(new().base_url(base).build().unwrap_err().is_config());
    }
    for path in ["login", "//x", "/a b", "/{id}", "/*x", "/callback", ""] {
        let error = new().login_path(path).build().unwrap_err();
        assert!(error.is_config(), "{path}");
    }
    assert!(new().after_logout("//evil.example").build().is_err());
    let shown = format!("{:?} {:?}", new(), new().build().unwrap());
    assert!(shown.contains("https://app.example"), "{shown}");
}

#[tokio::test]
async fn layers_that_are_missing_are_said() {
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt as _;

    let mock = crate::oidc::tests::mock::Mock::start().await;
    let signin = signin(&mock, |signin| signin);
    let handler = || get(async |user: crate::web::User| user.subject().to_owned());
    let bare: Router = Router::new().route("/", handler());
    let without_sessions = Router::new()
        .route("/", handler())
        .merge(signin.routes())
        .layer(signin.layer());
    for router in [bare, without_sessions] {
        let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
    }
}

#[tokio::test]
async fn a_response_in_a_form() {
    let app = App::with(crate::web::SignInBuilder::form_post).await;
    let mut browser = Browser::default();
    let started = app.open(&mut browser, "/login?return_to=/there").await;
    let started = started.is(303);
    assert_eq!(started.query()["response_mode"], "form_post");
    let cookie = started.cookies()[0].to_owned();
    for part in ["SameSite=None", "Secure", "HttpOnly"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let answer = app.answer(&started);
    let (path, form) = answer.split_once('?').unwrap();
    app.open(&mut browser, &answer).await.is(405);
    // Another browser has no login.
    let post = || Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    let mut other = Browser::default();
    app.send_form(&mut other, post(), form).await.is(400);
    let page = app.send_form(&mut browser, post(), form).await.is(200);
    assert!(page.body.contains("url=/there"), "{}", page.body);
    assert_eq!(app.who(&mut browser).await, "ada");
    assert_eq!(browser.cookies.keys().collect::<Vec<_>>(), ["id"]);
    let plain = SignIn::new(app.mock.oidc()).base_url("http://app.example");
    let refused = plain.form_post().build().unwrap_err();
    assert!(refused.to_string().contains("https"), "{refused}");
}

#[tokio::test]
async fn actions_and_organizations_that_are_allowed() {
    let app = App::with(|signin| {
        signin
            .logins(|login| login.scope("profile organization email"))
            .actions(["UPDATE_PASSWORD"])
            .organizations(["acme"])
    })
    .await;
    let mut browser = Browser::default();
    let path = "/login?kc_action=UPDATE_PASSWORD&organization=acme";
    let query = app.open(&mut browser, path).await.is(303).query();
    assert_eq!(query["kc_action"], "UPDATE_PASSWORD");
    assert_eq!(query["scope"], "openid profile email organization:acme");
    for path in [
        "/login",
        "/login?kc_action=delete_account&organization=other",
        "/login?kc_action=&organization=",
    ] {
        let query = app.open(&mut browser, path).await.is(303).query();
        assert!(!query.contains_key("kc_action"), "{path}");
        assert_eq!(
            query["scope"], "openid profile organization email",
            "{path}"
        );
    }
    let app = App::start().await;
    let query = app.open(&mut browser, path).await.is(303).query();
    assert!(!query.contains_key("kc_action"));
    assert!(!query["scope"].contains("organization"));
}
