//! An application with a sign-in, a provider and browsers.

mod access;
mod login;
mod logout;
mod session;
mod shared;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tower_sessions::session::{Id, Record as Stored};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore as _};
use url::Url;

use super::record::{KEY, place};
use super::{SessionKey, SessionKeys, SignIn, SignInBuilder, User};
use crate::jose::tests::sign;
use crate::oidc::tests::mock::{Defects, Mock, now};
use crate::test_support::{Reply, Seen};
use crate::web::{acr, logged_in_within, realm_role, scope};

const BASE: &str = "https://app.example";

/// What the provider says of the user, and how it answers.
#[derive(Clone)]
struct Provider {
    subject: String,
    session_id: Option<&'static str>,
    level: &'static str,
    expires_in: i64,
    issued_ago: u64,
    token_error: Option<Reply>,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            subject: "ada".into(),
            session_id: Some("s1"),
            level: "1",
            expires_in: 300,
            issued_ago: 0,
            token_error: None,
        }
    }
}

struct App {
    mock: Mock,
    says: Arc<Mutex<Provider>>,
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
        let says = Arc::new(Mutex::new(Provider::default()));
        let (of_claims, of_answer, of_script) = (says.clone(), says.clone(), says.clone());
        let mock = Mock::with(Defects {
            claims: Box::new(move |claims| {
                let says = of_claims.lock().unwrap();
                claims["sub"] = says.subject.as_str().into();
                claims["acr"] = says.level.into();
                claims["auth_time"] = (now() - 600).into();
                claims["iat"] = (now() - says.issued_ago).into();
                claims["preferred_username"] = says.subject.as_str().into();
                if let Some(session_id) = says.session_id {
                    claims["sid"] = session_id.into();
                }
            }),
            answer: Box::new(move |answer| {
                let says = of_answer.lock().unwrap();
                let header = json!({ "alg": "ES256", "kid": "a" });
                let claims = json!({ "realm_access": { "roles": ["editor"] }, "acr": "9" });
                answer["access_token"] = sign(&header, &claims).into();
                answer["expires_in"] = says.expires_in.into();
                answer["scope"] = "openid notes".into();
            }),
            script: Box::new(move |seen: &Seen| {
                let error = of_script.lock().unwrap().token_error.clone();
                error.filter(|_| seen.is_token_request())
            }),
            ..Defects::default()
        })
        .await;
        let store = MemoryStore::default();
        let router = router(&mock, &store, set);
        Self {
            mock,
            says,
            store,
            router,
        }
    }

    fn says(&self, change: impl FnOnce(&mut Provider)) {
        change(&mut self.says.lock().unwrap());
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
    fn answer(&self, started: &Answer) -> String {
        let query = started.query();
        self.mock.expect_nonce(&query["nonce"]);
        let (state, issuer) = (&query["state"], &self.mock.server.url);
        format!("/callback?code=c0de&state={state}&iss={issuer}")
    }

    async fn login(&self, browser: &mut Browser) -> Answer {
        let started = self.open(browser, "/login?return_to=/there").await.is(303);
        let answer = self.answer(&started);
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

    /// What the store has of a browser's login.
    async fn record(&self, browser: &Browser) -> Value {
        let stored = self.stored(browser).await;
        let sealed = stored.data[KEY].as_str().unwrap();
        let plain = keys().open_text(&place(stored.id), sealed).unwrap();
        serde_json::from_slice(&plain).unwrap()
    }

    /// Changes what the store has of a browser's login.
    async fn change(&self, browser: &Browser, change: impl FnOnce(&mut Value)) {
        let mut record = self.record(browser).await;
        change(&mut record);
        let mut stored = self.stored(browser).await;
        let sealed = keys().seal_text(&place(stored.id), record.to_string().as_bytes());
        stored.data.insert(KEY.into(), sealed.unwrap().into());
        self.store.save(&stored).await.unwrap();
    }
}

/// The keys of all applications here.
fn keys() -> SessionKeys {
    SessionKeys::new(SessionKey::from_bytes([7; 32]).unwrap())
}

fn signin(mock: &Mock, set: impl FnOnce(SignInBuilder) -> SignInBuilder) -> SignIn {
    let signin = SignIn::new(mock.oidc()).base_url(BASE).keys(keys());
    set(signin).build().unwrap()
}

fn router(
    mock: &Mock,
    store: &MemoryStore,
    set: impl FnOnce(SignInBuilder) -> SignInBuilder,
) -> Router {
    let signin = signin(mock, set);
    routes(&signin).layer(SessionManagerLayer::new(store.clone()))
}

fn routes(signin: &SignIn) -> Router {
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
}
