//! An application with a sign-in, a provider and browsers.

mod access;
mod login;
mod logout;
mod session;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt as _;
use tower_sessions::session::{Id, Record as Stored};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore as _};
use url::Url;

use super::record::KEY;
use super::{SignIn, SignInBuilder, User};
use crate::oidc::Oidc;
use crate::oidc::tests::mock::now;
use crate::test_support::options;
use crate::testing::{TestClient, TestProvider, TestUser};
use crate::web::{acr, logged_in_within, realm_role, scope};

const BASE: &str = "https://app.example";

struct App {
    provider: TestProvider,
    store: MemoryStore,
    router: Router,
}

/// The cookies of one browser.
#[derive(Default, Clone)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers[LOCATION].to_str().unwrap()
    }

    fn query(&self) -> BTreeMap<String, String> {
        let url = Url::parse(BASE).unwrap().join(self.location()).unwrap();
        url.query_pairs().into_owned().collect()
    }

    fn cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all(SET_COOKIE).iter();
        all.map(|cookie| cookie.to_str().unwrap()).collect()
    }

    #[track_caller]
    fn is(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{:?} {}",
            self.headers,
            self.body
        );
        let shown = format!("{:?}{}", self.headers, self.body);
        for secret in ["hunter2", "roles", "access_token"] {
            assert!(!shown.contains(secret), "{secret} is in {shown}");
        }
        self
    }
}

impl App {
    async fn start() -> Self {
        Self::with(|signin| signin).await
    }

    async fn with(set: impl FnOnce(SignInBuilder) -> SignInBuilder) -> Self {
        let provider = provider().await;
        let store = MemoryStore::default();
        let router = router(&provider, &store, set);
        Self {
            provider,
            store,
            router,
        }
    }

    /// How many requests the token endpoint has received.
    fn token_requests(&self) -> usize {
        let all = self.provider.requests();
        let is_token_request = |path: &str| path.ends_with("/protocol/openid-connect/token");
        all.iter()
            .filter(|one| is_token_request(one.path()))
            .count()
    }

    async fn send(&self, browser: &mut Browser, request: http::request::Builder) -> Answer {
        self.send_form(browser, request, "").await
    }

    async fn send_form(
        &self,
        browser: &mut Browser,
        request: http::request::Builder,
        body: &str,
    ) -> Answer {
        let cookies: Vec<String> = browser
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request.header(COOKIE, cookies.join("; "));
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        for cookie in head.headers.get_all(SET_COOKIE) {
            let cookie = cookie::Cookie::parse(cookie.to_str().unwrap()).unwrap();
            if cookie.value().is_empty() {
                browser.cookies.remove(cookie.name());
            } else {
                let (name, value) = cookie.name_value();
                browser.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = to_bytes(body, 100_000).await.unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Opens a page.
    async fn open(&self, browser: &mut Browser, path: &str) -> Answer {
        let request = Request::get(path).header("accept", "text/html");
        self.send(browser, request).await
    }

    /// The provider's answer to a login that was started.
    async fn answer(&self, started: &Answer) -> String {
        let back = self.provider.authorize(started.location()).await.unwrap();
        back.strip_prefix(BASE).unwrap().to_owned()
    }

    /// The provider's session of the browser's login.
    async fn session_id(&self, browser: &Browser) -> String {
        let stored = self.stored(browser).await.data[KEY].clone();
        stored["session_id"].as_str().unwrap().to_owned()
    }

    async fn login(&self, browser: &mut Browser) -> Answer {
        let started = self.open(browser, "/login?return_to=/there").await.is(303);
        let answer = self.answer(&started).await;
        self.open(browser, &answer).await.is(200)
    }

    async fn signed_in(&self) -> Browser {
        let mut browser = Browser::default();
        self.login(&mut browser).await;
        browser
    }

    /// Who the application says is signed in.
    async fn who(&self, browser: &mut Browser) -> String {
        self.open(browser, "/who").await.is(200).body
    }

    async fn stored(&self, browser: &Browser) -> Stored {
        self.found(browser).await.unwrap()
    }

    async fn found(&self, browser: &Browser) -> Option<Stored> {
        let id: Id = browser.cookies.get("id")?.parse().unwrap();
        self.store.load(&id).await.unwrap()
    }

    /// Changes what the store has of a browser's login.
    async fn change(&self, browser: &Browser, change: impl FnOnce(&mut Value)) {
        let mut stored = self.stored(browser).await;
        change(stored.data.get_mut(KEY).unwrap());
        self.store.save(&stored).await.unwrap();
    }
}

/// The user `ada` as the provider of these tests has her.
fn ada() -> TestUser {
    TestUser::new("ada")
        .acr("1")
        .claim("auth_time", now() - 600)
        .realm_role("editor")
        .access_token_claim("acr", "9")
}

/// A provider where `ada` is logged in.
async fn provider() -> TestProvider {
    let provider = TestProvider::start().await.unwrap();
    provider.users().add(ada());
    provider.log_in_as("ada");
    let client = TestClient::confidential("app", "s3cret-hunter2");
    provider
        .clients()
        .add(client.redirect_uri(format!("{BASE}/callback")));
    provider
}

fn signin(provider: &TestProvider, set: impl FnOnce(SignInBuilder) -> SignInBuilder) -> SignIn {
    let oidc = Oidc::discover(provider.issuer())
        .client_id("app")
        .client_secret("s3cret-hunter2")
        .options(options())
        .build();
    let signin = SignIn::new(oidc.unwrap()).base_url(BASE);
    let signin = signin.logins(|login| login.scope("notes"));
    set(signin).build().unwrap()
}

fn router(
    provider: &TestProvider,
    store: &MemoryStore,
    set: impl FnOnce(SignInBuilder) -> SignInBuilder,
) -> Router {
    let signin = signin(provider, set);
    let page = |requirement| get(|| async { "shown" }).layer(signin.require(requirement));
    Router::new()
        .route(
            "/who",
            get(async |user: Option<User>| {
                user.map_or("nobody".into(), |u| u.subject().to_owned())
            }),
        )
        .route("/must", get(async |user: User| user.subject().to_owned()))
        .route(
            "/form",
            get(async |user: User| user.form_token().to_owned()),
        )
        .route(
            "/token",
            get(async |user: User| match user.tokens().await {
                Ok(tokens) => tokens.scope().unwrap_or_default().to_owned(),
                Err(error) => format!("{error}"),
            }),
        )
        .route(
            "/cart",
            get(async |session: Session| {
                session.insert("cart", 7).await.unwrap();
            }),
        )
        .route("/editors", page(realm_role("editor")))
        .route("/admins", page(realm_role("admin")))
        .route("/notes", page(scope("notes")))
        .route("/gold", page(acr(["gold"])))
        .route("/level", page(acr(["1"])))
        .route(
            "/fresh",
            page(logged_in_within(std::time::Duration::from_secs(60))),
        )
        .merge(signin.routes())
        .layer(signin.layer())
        .layer(SessionManagerLayer::new(store.clone()))
}
