//! The start of a login.

use std::time::Duration;

use axum_core::response::Response;
use http::StatusCode;
use http::request::Parts;

use super::SignIn;
use super::cookies::AttemptCookies;
use super::page;
use super::return_path::ReturnPath;
use super::routes::field;
use crate::error::Result;
use crate::jose::hash;
use crate::oidc::LoginAttempt;
use crate::web::log;

/// What a login is asked for.
#[derive(Debug)]
struct Wish {
    return_to: ReturnPath,
    acr: Vec<String>,
    max_age: Option<Duration>,
}

impl SignIn {
    /// `GET /login`, with `return_to`, `acr_values` and `max_age`.
    pub(super) async fn start(&self, request: &Parts) -> Response {
        let wish = self.wish(request.uri.query().unwrap_or_default());
        let started = async {
            let attempt = self.attempt(&wish).await?;
            let key = hash::random::<32>()?;
            let (url, state) = (attempt.url().to_owned(), attempt.state().to_owned());
            self.settings.logins.keep(&key, attempt).await?;
            Ok::<_, crate::Error>((url, state, key))
        };
        match started.await {
            Ok((url, state, key)) => {
                let mut response = page::redirect(&url);
                let headers = response.headers_mut();
                self.cookies().set(&request.headers, headers, &state, &key);
                response
            }
            Err(error) => {
                log::failed("a login cannot start", &error);
                let text = "The login is not available at present";
                page::says(StatusCode::SERVICE_UNAVAILABLE, text, None)
            }
        }
    }

    fn wish(&self, query: &str) -> Wish {
        let value = |name: &str| field(query.as_bytes(), name);
        let return_to = value("return_to")
            .and_then(|path| ReturnPath::new(&path))
            // A login that returns to a login would never end.
            .filter(|path| !self.settings.paths.all().contains(&path.path()));
        Wish {
            return_to: return_to.unwrap_or_else(ReturnPath::root),
            acr: value("acr_values")
                .unwrap_or_default()
                .split_ascii_whitespace()
                .take(16)
                .map(str::to_owned)
                .collect(),
            max_age: value("max_age")
                .and_then(|age| age.parse().ok())
                .map(Duration::from_secs),
        }
    }

    async fn attempt(&self, wish: &Wish) -> Result<LoginAttempt> {
        let settings = &self.settings;
        let mut login = (settings.prepare)(settings.oidc.authorize())
            .redirect_uri(format!("{}{}", settings.origin, settings.paths.callback))
            .note(wish.return_to.as_str());
        if !wish.acr.is_empty() {
            login = login
                .acr_values(wish.acr.join(" "))
                .essential_acr(wish.acr.iter().cloned());
        }
        if let Some(age) = wish.max_age {
            login = login.max_age(age);
        }
        login.start().await
    }

    pub(super) fn cookies(&self) -> AttemptCookies {
        AttemptCookies {
            secure: self.settings.secure,
        }
    }
}
