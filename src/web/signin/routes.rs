//! The routes of a sign-in.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::routing::{get, post};
use axum_core::response::Response;
use http::StatusCode;
use http::request::Parts;
use tower_sessions_core::Session;
use url::form_urlencoded;

use super::SignIn;
use super::page;
use crate::web::log;

/// The longest form that is read, in bytes: a logout token has at most 256 KiB.
const LONGEST: usize = 300 * 1024;

impl SignIn {
    /// Returns the routes: `GET /login` and `GET /callback`, `POST /logout` and
    /// `POST /backchannel-logout`, unless set to other paths.
    ///
    /// `/login` takes `return_to`, the path to go to after the login: one of another site is not
    /// gone to. `acr_values` and `max_age` ask for a level and an age of the login, which must then
    /// be reached. `/logout` takes the form of [`User::logout_form`](super::User::logout_form).
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let paths = &self.settings.paths;
        let [login, callback, logout, back_channel] = std::array::from_fn(|_| self.clone());
        Router::new()
            .route(
                &paths.login,
                get(async move |request: Request| login.start(&request.into_parts().0).await),
            )
            .route(
                &paths.callback,
                get(async move |request: Request| callback.callback(&request.into_parts().0).await),
            )
            .route(
                &paths.logout,
                post(async move |request: Request| {
                    let (head, body) = request.into_parts();
                    match to_bytes(body, LONGEST).await {
                        Ok(form) => logout.logout(&head, &form).await,
                        Err(_) => too_long(),
                    }
                }),
            )
            .route(
                &paths.back_channel,
                post(async move |request: Request| {
                    // A body that cannot be read is refused as a logout token.
                    let form = to_bytes(request.into_body(), LONGEST).await;
                    back_channel.back_channel(&form.unwrap_or_default()).await
                }),
            )
    }
}

/// What is shown where a layer is missing.
pub(super) const MISCONFIGURED: &str = "The application is set up wrongly";

/// The session of a request to one of the routes.
pub(super) fn session_of(request: &Parts) -> Option<&Session> {
    let session = request.extensions.get::<Session>();
    if session.is_none() {
        log::misconfigured("no SessionManagerLayer is around the routes of a sign-in");
    }
    session
}

/// The value of a field in a query or a form.
pub(super) fn field(encoded: &[u8], name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(encoded);
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

fn too_long() -> Response {
    page::says(
        StatusCode::PAYLOAD_TOO_LARGE,
        "The form is too long or was cut off",
        None,
    )
}
