//! The error pages.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::pages;

/// Marks an error page that has the look of the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finished;

/// An error page.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    title: String,
    advice: String,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, title: &str, advice: &str) -> Self {
        Self {
            status,
            title: title.to_owned(),
            advice: advice.to_owned(),
        }
    }

    pub(crate) fn not_found(uri: &Uri) -> Self {
        let title = format!("There is no page {}", uri.path());
        Self::new(
            StatusCode::NOT_FOUND,
            &title,
            "Look for it from the first page.",
        )
    }

    /// What a response of the sign-in says with its status, at this path.
    pub(crate) fn of_signin(status: StatusCode, path: &str) -> Self {
        let (title, advice) = match status {
            StatusCode::FORBIDDEN if path == "/logout" => (
                "You were not signed out",
                "The form was sent by another site. Sign out with the button of a page here.",
            ),
            StatusCode::FORBIDDEN if path != "/callback" => (
                "You may not see this page",
                "Your account lacks the right. Ask an administrator for it, then sign in again.",
            ),
            StatusCode::SERVICE_UNAVAILABLE => (
                "Signing in is not possible at present",
                "The service that signs users in cannot be reached. Try again in a minute.",
            ),
            StatusCode::INTERNAL_SERVER_ERROR => (
                "Something is set up wrongly",
                "This is not your fault. Tell the operators of this site.",
            ),
            _ => (
                "You were not signed in",
                "The sign-in was cancelled, took too long, or began in another browser. Start it again.",
            ),
        };
        Self::new(status, title, advice)
    }
}

impl From<keycloak_kit::Error> for Fault {
    fn from(_: keycloak_kit::Error) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Your account cannot be reached at present",
            "Try again in a minute.",
        )
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let page = pages::fault(self.status, &self.title, &self.advice);
        let mut response = (self.status, page).into_response();
        response.extensions_mut().insert(Finished);
        response
    }
}
