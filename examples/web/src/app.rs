//! The routes, and what stands around them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use keycloak_kit::oidc::Oidc;
use keycloak_kit::web::{SignIn, User, logged_in_within, realm_role};
use maud::Markup;
use serde::Deserialize;
use tower_sessions::{MemoryStore, SessionManagerLayer};

use crate::fault::{Fault, Finished};
use crate::{Error, pages};

/// What the application is set up with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where browsers reach it: scheme, host and port.
    pub base_url: String,
    /// How recent the login must be for the page that asks for one.
    pub recent: Duration,
    /// Scheme, host and port of Keycloak, which the form that signs out leads to.
    pub provider: String,
}

struct Shared {
    oidc: Oidc,
    /// What the pages may load, and where their forms may lead.
    policy: HeaderValue,
}

type Site = State<Arc<Shared>>;

/// Builds the application.
///
/// # Errors
///
/// Returns an error if the base URL is none.
pub fn application(oidc: Oidc, settings: &Settings) -> Result<Router, Error> {
    let signin = SignIn::new(oidc.clone())
        .base_url(&settings.base_url)
        .build()?;
    let secure = settings.base_url.starts_with("https:");
    let sessions = SessionManagerLayer::new(MemoryStore::default())
        // A browser takes `__Host-` cookies from this host alone, for all of its paths.
        .with_name(if secure { "__Host-session" } else { "session" })
        .with_secure(secure);
    let shared = Arc::new(Shared {
        policy: content_policy(&settings.provider)?,
        oidc,
    });
    let users = Router::new()
        .route("/profile", get(profile))
        .route("/sessions", get(sessions_page))
        .route("/sessions/end", post(end_session))
        .route("/album", get(album));
    let app = Router::new()
        .route("/", get(home))
        .route(
            "/admin",
            get(admin).layer(signin.require(realm_role("admin"))),
        )
        .route(
            "/safe",
            get(safe).layer(signin.require(logged_in_within(settings.recent))),
        )
        .route("/style.css", get(style))
        .route("/forget.css", get(forget))
        .merge(users)
        .fallback(async |uri: Uri| Fault::not_found(&uri))
        .merge(signin.routes())
        .layer(signin.layer())
        .layer(sessions)
        .layer(from_fn_with_state(shared.clone(), finish))
        .with_state(shared);
    Ok(app)
}

/// Chromium holds a form's redirects to `form-action` as well: the logout leads to Keycloak.
fn content_policy(provider: &str) -> Result<HeaderValue, Error> {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self' {provider}"
    );
    Ok(HeaderValue::try_from(policy)?)
}

/// Gives every page its headers, and the short error pages of the sign-in the look of the others.
async fn finish(State(shared): Site, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let is_html = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let finished = response.extensions().get::<Finished>().is_some();
    if is_html && failed && !finished {
        let fault = Fault::of_signin(response.status(), &path);
        *response.body_mut() = fault.into_response().into_body();
        response.headers_mut().remove(CONTENT_SECURITY_POLICY);
        response.headers_mut().remove("content-length");
    }
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    set(CONTENT_SECURITY_POLICY, shared.policy.clone());
    set(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    set(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn style() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, include_str!("style.css"))
}

/// Has the browser forget the pages that it keeps for its back button. Chromium keeps them in spite of
/// `no-store`, and those of before a logout only from the moment when the page after it is shown:
/// a header of that page would come too early.
async fn forget() -> impl IntoResponse {
    let headers = [
        ("content-type", "text/css; charset=utf-8"),
        ("clear-site-data", "\"cache\""),
    ];
    (headers, "")
}

async fn home(user: Option<User>) -> Markup {
    pages::home(user.as_ref())
}

async fn profile(user: User) -> Markup {
    pages::profile(&user)
}

async fn admin(user: User) -> Markup {
    pages::admin(&user)
}

async fn safe(user: User) -> Markup {
    pages::safe(&user)
}

async fn sessions_page(user: User) -> Result<Markup, Fault> {
    let account = user.account();
    let sessions = account.sessions().await?;
    let devices = account.devices().await?;
    Ok(pages::sessions(&user, &sessions, &devices))
}

#[derive(Deserialize)]
struct End {
    form_token: String,
    /// A session, or none for all others.
    id: Option<String>,
}

async fn end_session(user: User, Form(form): Form<End>) -> Result<Redirect, Fault> {
    if form.form_token != user.form_token() {
        return Err(Fault::new(
            StatusCode::FORBIDDEN,
            "This form is not yours",
            "It was sent by another site, or before your last sign-in.",
        ));
    }
    match form.id {
        Some(id) => user.account().end_session(id).await?,
        None => user.account().end_other_sessions().await?,
    }
    Ok(Redirect::to("/sessions"))
}

async fn album(State(shared): Site, user: User) -> Result<Markup, Fault> {
    let token = user.access_token().await?;
    let status = shared.oidc.has_access(&token, ["album#view"]).await?;
    if status.missing.is_empty() {
        return Ok(pages::album(&user));
    }
    Err(Fault::new(
        StatusCode::FORBIDDEN,
        "The album is for friends",
        "Ask an administrator for the role “friend”, then sign in again.",
    ))
}
