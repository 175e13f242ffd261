//! The end of a login.

use axum_core::response::Response;
use http::StatusCode;
use http::request::Parts;
use tower_sessions_core::Session;

use super::SignIn;
use super::keeper::Entry;
use super::page;
use super::record::{KEY, Record};
use super::return_path::ReturnPath;
use super::routes::{MISCONFIGURED, field, session_of};
use super::visit::{Failure, store_failed};
use crate::error::{Error, ErrorKind, Result, TokenFault};
use crate::jose::hash;
use crate::oidc::{CallbackAnswer, Login, StoredTokens};
use crate::web::log;

impl SignIn {
    /// `GET /callback`: the browser comes back from the provider.
    pub(super) async fn callback(&self, request: &Parts) -> Response {
        let query = request.uri.query().unwrap_or_default();
        let state = field(query.as_bytes(), "state");
        let Some((cookie, key)) = self.cookies().find(&request.headers, state.as_deref()) else {
            return self.refused(StatusCode::BAD_REQUEST, "No login waits in this browser");
        };
        let mut response = self.complete(request, &key, query).await;
        self.cookies().remove(response.headers_mut(), cookie);
        response
    }

    async fn complete(&self, request: &Parts, key: &str, query: &str) -> Response {
        let settings = &self.settings;
        let Some(session) = session_of(request) else {
            return self.refused(StatusCode::INTERNAL_SERVER_ERROR, MISCONFIGURED);
        };
        let answer = CallbackAnswer::query(query);
        let login = settings
            .oidc
            .callback_from(&*settings.logins, key, answer)
            .await;
        let login = match login {
            Ok(login) => login,
            Err(error) => {
                log::failed("a login has failed", &error);
                let (status, text) = explain(&error);
                return self.refused(status, text);
            }
        };
        let return_to = login.note().and_then(ReturnPath::new);
        match self.establish(session, login).await {
            Ok(()) => page::goes_on(return_to.unwrap_or_else(ReturnPath::root).as_str()),
            Err(_) => self.refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "The login is not available at present",
            ),
        }
    }

    /// Makes the session that of a user, under a new id: whoever knew the old one knows nothing.
    async fn establish(&self, session: &Session, login: Login) -> Result<(), Failure> {
        let (record, keeper) = self.record(login).await.map_err(|error| {
            log::failed("a login cannot be kept", &error);
            Failure::Unavailable
        })?;
        if let Some(before) = self.record_of(session).await? {
            self.forget(&before).await?;
            if (&before.issuer, &before.subject) != (&record.issuer, &record.subject) {
                // Nothing that the application keeps of one user is for another.
                session.flush().await.map_err(|_| store_failed("emptied"))?;
            }
        }
        session
            .cycle_id()
            .await
            .map_err(|_| store_failed("renewed"))?;
        let written = session.insert(KEY, &record).await;
        written.map_err(|_| store_failed("written"))?;
        let (session, entry) = keeper;
        self.settings.keepers.keep(&record, session, entry);
        Ok(())
    }

    async fn record(&self, login: Login) -> Result<(Record, (crate::oidc::Session, Entry))> {
        let id_token = login.id_token().clone();
        let entry = Entry::default();
        let session = self.settings.oidc.session_in(entry.clone(), login).await?;
        let tokens: Option<StoredTokens> = entry.settled();
        let tokens = tokens.ok_or_else(|| {
            crate::error::config("the tokens of a login were not kept: this is a bug")
        })?;
        let name = hash::random::<16>()?;
        let form_token = hash::random::<32>()?.into();
        let record = Record::new(name, form_token, &id_token, tokens);
        Ok((record, (session, entry)))
    }

    /// A page that says why there is no login, and leads to another.
    pub(super) fn refused(&self, status: StatusCode, text: &str) -> Response {
        let login = self.settings.paths.login.as_str();
        page::says(status, text, Some((login, "Start the login again")))
    }
}

/// What a browser is told about an error: nothing that only the application should know.
fn explain(error: &Error) -> (StatusCode, &'static str) {
    if error.oauth_code() == Some("access_denied") {
        return (StatusCode::FORBIDDEN, "The login was refused or cancelled");
    }
    if matches!(
        error.token_fault(),
        Some(TokenFault::AuthTime | TokenFault::AuthenticationLevel)
    ) {
        let text = "The login did not reach the level that the page asks for";
        return (StatusCode::FORBIDDEN, text);
    }
    match error.kind() {
        ErrorKind::Transport
        | ErrorKind::Timeout
        | ErrorKind::Server
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The login is not available at present",
        ),
        _ => (
            StatusCode::BAD_REQUEST,
            "The login could not be completed: it was completed before, took too long, or its \
             response is wrong",
        ),
    }
}
