//! Who sees what.

use http::Request;
use serde_json::Value;

use super::{App, Browser};
use crate::web::{Requirement, acr, claim, policy, realm_role, scope, user_policy};

#[tokio::test]
async fn pages_are_sent_to_the_login_and_scripts_are_not() {
    let app = App::start().await;
    let mut browser = Browser::default();
    let page = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    let navigation = [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    for headers in [&page[..], &navigation] {
        for path in ["/must?a=b&c=/d", "/editors?a=b&c=/d"] {
            let mut request = Request::get(path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let sent = app.send(&mut browser, request).await.is(303);
            assert!(sent.location().starts_with("/login?return_to=%2F"));
            assert_eq!(sent.query()["return_to"], path);
            assert_eq!(sent.headers["cache-control"], "no-store");
        }
    }
    for headers in [
        &[][..],
        &[("accept", "*/*")],
        &[("accept", "application/json")],
        &[
            ("accept", "text/html"),
            ("x-requested-with", "XMLHttpRequest"),
        ],
        &[("accept", "text/html"), ("sec-fetch-mode", "cors")],
        &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
    ] {
        for path in ["/must", "/editors"] {
            let mut request = Request::get(path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let refused = app.send(&mut browser, request).await.is(401);
            assert_eq!(refused.headers["content-type"], "application/problem+json");
            assert_eq!(
                refused.headers["www-authenticate"],
                "Session error=\"login_required\""
            );
            let body: Value = serde_json::from_str(&refused.body).unwrap();
            assert_eq!(body["status"], 401);
            assert_eq!(body["login"], "/login");
        }
    }
    let post = Request::post("/editors").header("accept", "text/html");
    app.send(&mut browser, post).await.is(401);
    // A path that would lead elsewhere is left out.
    let page = Request::get("//evil.example/must").header("accept", "text/html");
    app.send(&mut browser, page).await.is(404);
}

#[tokio::test]
async fn roles_are_those_of_the_access_token_and_levels_those_of_the_login() {
    let app = App::start().await;
    let mut browser = app.signed_in().await;
    for (path, status) in [
        ("/editors", 200),
        ("/admins", 403),
        ("/notes", 200),
        ("/level", 200),
        ("/gold", 303),
        ("/fresh", 303),
    ] {
        app.open(&mut browser, path).await.is(status);
    }
    let page = app.open(&mut browser, "/admins").await.is(403);
    assert!(
        page.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let script = app
        .send(&mut browser, Request::get("/admins"))
        .await
        .is(403);
    assert_eq!(script.headers["content-type"], "application/problem+json");
    assert!(!script.headers.contains_key("www-authenticate"));
    assert_eq!(app.who(&mut browser).await, "ada");
}

#[tokio::test]
async fn step_up_asks_for_another_login() {
    let app = App::start().await;
    let mut browser = app.signed_in().await;
    let sent = app.open(&mut browser, "/gold").await.is(303);
    assert_eq!(sent.query()["acr_values"], "gold");
    assert_eq!(sent.query()["return_to"], "/gold");
    let login = sent.location().to_owned();
    let sent = app.open(&mut browser, "/fresh").await.is(303);
    assert_eq!(sent.query()["max_age"], "60");
    let refused = app.send(&mut browser, Request::get("/gold")).await.is(401);
    assert_eq!(
        refused.headers["www-authenticate"],
        "Session error=\"insufficient_user_authentication\", acr_values=\"gold\""
    );
    let refused = app.send(&mut browser, Request::get("/fresh")).await.is(401);
    assert!(refused.body.contains("\"login\":\"/login?max_age=60\""));
    // The login that it leads to.
    app.provider.users().add(super::ada().acr("gold"));
    let started = app.open(&mut browser, &login).await.is(303);
    let answer = app.answer(&started).await;
    let back = app.open(&mut browser, &answer).await.is(200);
    assert!(back.body.contains("url=/gold"));
    app.open(&mut browser, "/gold").await.is(200);
}

#[tokio::test]
async fn requirements_of_users() {
    use axum::Router;
    use axum::routing::get;
    use tower_sessions::SessionManagerLayer;

    let app = App::start().await;
    let mut browser = app.signed_in().await;
    let own = user_policy(|request, user| request.uri.path() == format!("/of/{}", user.subject()));
    let signin = super::signin(&app.provider, |signin| signin);
    let page = |requirement: Requirement| get(|| async {}).layer(signin.require(requirement));
    let router = Router::new()
        .route("/of/ada", page(own.clone()))
        .route("/of/eve", page(own.clone()))
        .route("/not", page(!own))
        .route("/caller", page(policy(|_, _| true)))
        .route("/no-caller", page(!policy(|_, _| true)))
        .route("/name", page(claim("preferred_username", "ada")))
        .route("/some", page(realm_role("admin").or(scope("notes"))))
        .route("/more", page(realm_role("admin").and(acr(["gold"]))))
        .layer(signin.layer())
        .layer(SessionManagerLayer::new(app.store.clone()));
    let app = App { router, ..app };
    for (path, status) in [
        ("/of/ada", 200),
        ("/of/eve", 403),
        ("/not", 200),
        ("/caller", 403),
        // What cannot be asked has no opposite.
        ("/no-caller", 403),
        ("/name", 200),
        ("/some", 200),
        ("/more", 403),
    ] {
        let found = app.open(&mut browser, path).await;
        assert_eq!(found.status, status, "{path}");
    }
}
