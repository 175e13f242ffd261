//! The end of a login.

use std::time::UNIX_EPOCH;

use axum_core::response::Response;
use http::StatusCode;
use http::request::Parts;
use tower_sessions_core::Session;

use super::SignIn;
use super::index::key_of_known;
use super::keeper::Entry;
use super::page;
use super::record::Record;
use super::return_path::ReturnPath;
use super::routes::{MISCONFIGURED, field, session_of};
use super::visit::{Failure, store_failed, unavailable};
use crate::error::{Error, ErrorKind, Result, TokenFault};
use crate::jose::hash;
use crate::oidc::{CallbackAnswer, Login};
use crate::web::log;

impl SignIn {
    /// `GET /callback`: the browser comes back from the provider.
    pub(super) async fn callback(&self, request: &Parts) -> Response {
        let query = request.uri.query().unwrap_or_default();
        let state = field(query.as_bytes(), "state");
        self.comes_back(request, state, CallbackAnswer::query(query))
            .await
    }

    /// `POST /callback`: the same in a form.
    pub(super) async fn posted_callback(&self, request: &Parts, form: &[u8]) -> Response {
        let state = field(form, "state");
        let form = String::from_utf8_lossy(form).into_owned();
        self.comes_back(request, state, CallbackAnswer::form(form))
            .await
    }

    async fn comes_back(
        &self,
        request: &Parts,
        state: Option<String>,
        answer: CallbackAnswer,
    ) -> Response {
        let Some((cookie, key)) = self.cookies().find(&request.headers, state.as_deref()) else {
            return self.refused(StatusCode::BAD_REQUEST, "No login waits in this browser");
        };
        let mut response = self.complete(request, &key, answer).await;
        self.cookies().remove(response.headers_mut(), cookie);
        response
    }

    async fn complete(&self, request: &Parts, key: &str, answer: CallbackAnswer) -> Response {
        let settings = &self.settings;
        let Some(session) = session_of(request) else {
            return self.refused(StatusCode::INTERNAL_SERVER_ERROR, MISCONFIGURED);
        };
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
        // The store gives the session its id, for which the record is encrypted.
        session.save().await.map_err(|_| store_failed("written"))?;
        self.write(session, &record).await?;
        self.note_known(&record)
            .await
            .map_err(|error| unavailable(&error))?;
        let (session, entry) = keeper;
        self.settings.keepers.keep(&record, session, entry);
        Ok(())
    }

    /// Notes for front-channel logouts that this application has the session.
    async fn note_known(&self, record: &Record) -> Result<()> {
        let settings = &self.settings;
        let Some(session_id) = &record.session_id else {
            return Ok(());
        };
        if settings.paths.front_channel.is_none() {
            return Ok(());
        }
        let key = key_of_known(&record.issuer, session_id);
        settings
            .index
            .end(&key, UNIX_EPOCH, settings.absolute)
            .await
    }

    async fn record(
        &self,
        login: Login,
    ) -> Result<(Record, (crate::oidc::Session, Option<Entry>))> {
        let settings = &self.settings;
        let id_token = login.id_token().clone();
        let name = hash::random::<16>()?;
        let form_token = hash::random::<32>()?.into();
        let (session, entry) = match &settings.shared {
            Some(shared) => {
                let tokens = shared.tokens(&name, settings.absolute);
                (settings.oidc.session_in(tokens, login).await?, None)
            }
            None => {
                let entry = Entry::default();
                let session = settings.oidc.session_in(entry.clone(), login).await?;
                (session, Some(entry))
            }
        };
        let tokens = entry.as_ref().and_then(Entry::settled);
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
