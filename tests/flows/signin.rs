//! Sign-in of a web application through Keycloak's own pages.

use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use keycloak_kit::oidc::Oidc;
use keycloak_kit::web::{SignIn, User, realm_role};
use pretty_assertions::assert_eq;
use serde_json::json;
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, SessionManagerLayer};

use crate::support::PASSWORD;
use crate::support::browser::{Browser, Page, attributes_of};
use crate::support::realm::Realm;

async fn home(user: Option<User>) -> Html<String> {
    Html(match user {
        Some(user) => format!(
            "hello, {}{}",
            user.username().unwrap_or_default(),
            user.logout_form("Sign out")
        ),
        None => "nobody".into(),
    })
}

async fn userinfo(user: User) -> String {
    let tokens = user.tokens().await.unwrap();
    tokens.scope().unwrap_or_default().to_owned()
}

fn application(oidc: Oidc, base: &str) -> Router {
    let signin = SignIn::new(oidc).base_url(base).build().unwrap();
    let page = |role: &str| get(|| async { "shown" }).layer(signin.require(realm_role(role)));
    Router::new()
        .route("/", get(home))
        .route("/scope", get(userinfo))
        .route("/offline", page("offline_access"))
        .route("/admin", page("admin"))
        .merge(signin.routes())
        .layer(signin.layer())
        .layer(SessionManagerLayer::new(MemoryStore::default()))
}

fn browser() -> Browser {
    let headers = [("accept".parse().unwrap(), "text/html".parse().unwrap())];
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .default_headers(headers.into_iter().collect())
        .no_proxy();
    // It never stops at an address.
    Browser::with(client.build().unwrap(), "nowhere:")
}

async fn shown(browser: &mut Browser, url: &str) -> String {
    match browser.open(url).await {
        Page::Html(_, html) => html,
        Page::Back(back) => panic!("{back:?}"),
    }
}

/// Follows the page that a callback ends with.
async fn go_on(browser: &mut Browser, base: &str, page: Page) -> String {
    let Page::Html(url, html) = page else {
        panic!("{page:?}");
    };
    assert!(url.path() == "/callback", "{url}: {html}");
    let next = attributes_of(&html, "meta", "content");
    let path = next
        .iter()
        .find_map(|content| content.strip_prefix("0;url="));
    shown(browser, &format!("{base}{}", path.unwrap())).await
}

#[tokio::test]
async fn signin_from_login_to_logout() {
    let realm = Realm::new("signin").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let client = json!({
        "redirectUris": [format!("{base}/*")],
        "attributes": {
            "post.logout.redirect.uris": format!("{base}/"),
            "backchannel.logout.url": format!("{base}/backchannel-logout"),
            "backchannel.logout.session.required": "true",
        },
    });
    let app = application(realm.app(client).await, &base);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut ada = browser();
    let home = format!("{base}/");
    assert_eq!(shown(&mut ada, &home).await, "nobody");
    // A page that needs a user leads to Keycloak and back.
    let page = ada
        .login(&format!("{base}/offline?a=b"), "ada", PASSWORD)
        .await;
    assert_eq!(go_on(&mut ada, &base, page).await, "shown");
    let page = shown(&mut ada, &home).await;
    assert!(page.starts_with("hello, ada<form"), "{page}");
    let scope = shown(&mut ada, &format!("{base}/scope")).await;
    assert!(scope.contains("openid"), "{scope}");
    let refused = shown(&mut ada, &format!("{base}/admin")).await;
    assert!(refused.contains("You may not see this page"), "{refused}");

    // The logout ends the session at Keycloak too: the next login asks for the password.
    let page = ada.open(&home).await;
    let Page::Html(url, html) = ada.submit(&page, &[]).await else {
        panic!("no page");
    };
    assert_eq!((url.as_str(), html.as_str()), (home.as_str(), "nobody"));
    let login = format!("{base}/login");
    let page = ada.login(&login, "ada", PASSWORD).await;
    let page = go_on(&mut ada, &base, page).await;
    assert!(page.starts_with("hello, ada"), "{page}");

    // Keycloak ends one session of two by a logout token.
    let mut other = browser();
    let page = other.login(&login, "ada", PASSWORD).await;
    go_on(&mut other, &base, page).await;
    let sessions = realm
        .get(&["users", &realm.user_id("ada").await, "sessions"])
        .await;
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    let id = sessions[0]["id"].as_str().unwrap();
    let path = realm.path(&["sessions", id]);
    let kc = &realm.kc;
    let ended = kc.request::<()>(keycloak_kit::Method::DELETE, path).await;
    ended.unwrap();
    let mut signed_in = 2;
    for _ in 0..100 {
        signed_in = 0;
        for browser in [&mut ada, &mut other] {
            signed_in += u8::from(shown(browser, &home).await.starts_with("hello"));
        }
        if signed_in == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(signed_in, 1);

    // And then all of the user.
    let id = realm.user_id("ada").await;
    realm.post(&["users", &id, "logout"], &json!({})).await;
    for browser in [&mut ada, &mut other] {
        assert_eq!(shown(browser, &home).await, "nobody");
    }
    realm.delete().await;
}
