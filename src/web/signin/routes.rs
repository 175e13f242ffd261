//! The routes of a sign-in.

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::routing::{get, post};
use axum_core::response::Response;
use http::StatusCode;

use super::SignIn;
use super::page;

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
                    // What cannot be read is no logout token.
                    let form = to_bytes(request.into_body(), LONGEST).await;
                    back_channel.back_channel(&form.unwrap_or_default()).await
                }),
            )
    }
}

fn too_long() -> Response {
    page::says(
        StatusCode::PAYLOAD_TOO_LARGE,
        "The form is too long or was cut off",
        None,
    )
}
