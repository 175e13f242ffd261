//! The authorization response, checked before it is used.

mod answer;
mod exchange;
mod response;
#[cfg(test)]
mod tests;

pub use self::answer::CallbackAnswer;
pub use self::exchange::CodeExchange;
pub(super) use self::exchange::redeem_code;
pub use self::response::AuthorizationResponse;

use super::Oidc;
use super::authorize::{LoginAttempt, LoginStore};
use super::tokens::{Login, TokenSet};
use super::verify::{Expected, TokenOrigin};
use crate::error::{
    CallbackFault, Result, TokenFault, invalid_argument, refused_callback, unauthorized,
};
use crate::jose::hash;
use crate::operation::Operation;
use crate::token::AccessToken;

pub(super) const OP: Operation = Operation::new("oidc.callback", "POST", "{token_endpoint}");

impl Oidc {
    /// Completes a login started with [`authorize`](Self::authorize): checks the response,
    /// exchanges the code and verifies the ID token. The code is sent only if the response is the
    /// provider's response to this login, and tokens are returned only if every check passes.
    ///
    /// `answer` is the URL that the browser came back to; [`CallbackAnswer::query`] takes only its
    /// query, and [`CallbackAnswer::form`] the body of the response mode form_post. The attempt is
    /// consumed: it cannot be tried again.
    ///
    /// # Errors
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if the login is without openid.
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the response fails a check;
    ///   [`callback_fault`](crate::Error::callback_fault) says which.
    /// - [`ErrorKind::InvalidToken`](crate::ErrorKind::InvalidToken) if an ID token fails a check;
    ///   [`token_fault`](crate::Error::token_fault) says which.
    /// - The kind that suits the provider's [`oauth_code`](crate::Error::oauth_code), such as
    ///   `access_denied`, if the provider refused the login.
    /// - [`ErrorKind::Transport`](crate::ErrorKind::Transport),
    ///   [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) or
    ///   [`ErrorKind::Server`](crate::ErrorKind::Server) if the exchange failed. The code may have
    ///   been used: start the login again.
    pub async fn callback(
        &self,
        login: LoginAttempt,
        answer: impl Into<CallbackAnswer> + Send,
    ) -> Result<Login> {
        if !login.openid {
            return Err(invalid_argument(
                &OP,
                "the login is without openid: call callback_tokens",
            ));
        }
        let note = login.note.clone();
        let response = self.authorization_response(login, answer).await?;
        let tokens = self.exchange_code(response).await?;
        Login::new(tokens, note).map_err(|error| error.with_operation(&OP))
    }

    /// Completes a login and returns its tokens, with an ID token or, for a login [without
    /// openid](crate::oidc::Authorize::without_openid), without one. All other checks are those of
    /// [`callback`](Self::callback).
    ///
    /// # Errors
    /// Same as [`callback`](Self::callback).
    pub async fn callback_tokens(
        &self,
        login: LoginAttempt,
        answer: impl Into<CallbackAnswer> + Send,
    ) -> Result<TokenSet> {
        if login.openid {
            return Ok(self.callback(login, answer).await?.into_tokens());
        }
        let response = self.authorization_response(login, answer).await?;
        self.exchange_code(response).await
    }

    /// Completes a login that was kept in a store. `cookie` is the value of
    /// [`StartedLogin::cookie`](crate::oidc::StartedLogin::cookie) that the browser sent back.
    ///
    /// # Errors
    /// Same as [`callback`](Self::callback), and
    /// [`ErrorKind::Unauthorized`](crate::ErrorKind::Unauthorized) if no such login is in the
    /// store, because it was already completed, has expired or belongs to another browser.
    pub async fn callback_from(
        &self,
        store: &dyn LoginStore,
        cookie: &str,
        answer: impl Into<CallbackAnswer> + Send,
    ) -> Result<Login> {
        let Some(login) = store.take(cookie).await? else {
            return Err(unauthorized("no login is waiting for this browser")
                .with_operation(&OP)
                .with_callback_fault(CallbackFault::NoLogin)
                .with_hint("it was already completed or has expired: start the login again"));
        };
        self.callback(login, answer).await
    }

    /// Checks the provider's response without exchanging its code: for logins without an ID token,
    /// and for the legacy implicit and hybrid flows, whose tokens the response contains.
    ///
    /// # Errors
    /// Same as [`callback`](Self::callback).
    pub async fn authorization_response(
        &self,
        login: LoginAttempt,
        answer: impl Into<CallbackAnswer> + Send,
    ) -> Result<AuthorizationResponse> {
        let answer = answer.into();
        self.check_answer(login, answer)
            .await
            .map_err(|error| error.or_operation(&OP))
    }

    async fn check_answer(
        &self,
        login: LoginAttempt,
        answer: CallbackAnswer,
    ) -> Result<AuthorizationResponse> {
        let inner = &self.inner;
        let metadata = inner.metadata().await?;
        if login.issuer != metadata.issuer || login.client_id != inner.client.id {
            return Err(refused_callback(
                CallbackFault::OtherClient,
                "this login was started with another provider or client",
            )
            .with_hint("complete each login with the client that started it"));
        }
        let mut members = answer.members(&login)?;
        if login.response_mode.is_jwt() {
            let response = members.only_response()?;
            let claims = inner
                .verifier
                .authorization_response(response.expose())
                .await
                .map_err(|error| match error.token_fault() {
                    Some(TokenFault::Issuer) => error.with_callback_fault(CallbackFault::Issuer),
                    _ => error,
                })?;
            members = answer::Members::of_claims(claims);
        } else {
            metadata.readable(&["authorization_response_iss_parameter_supported"])?;
            let promised = login.issuer_required
                || metadata.authorization_response_iss_parameter_supported == Some(true);
            members.check_issuer(inner.verifier.issuer_check().await?, promised)?;
        }
        let state = members.take("state").ok_or_else(|| {
            refused_callback(
                CallbackFault::State,
                "the response has no state: it does not belong to a login of this client",
            )
        })?;
        if !hash::same(&state, login.state.expose()) {
            return Err(refused_callback(
                CallbackFault::State,
                "the response has the state of another login",
            ));
        }
        if let Some(error) = members.error() {
            return Err(error);
        }
        self.response(login, members).await
    }

    async fn response(
        &self,
        login: LoginAttempt,
        mut members: answer::Members,
    ) -> Result<AuthorizationResponse> {
        let wanted = login.response_type;
        for (name, part) in [
            ("code", "code"),
            ("id_token", "id_token"),
            ("access_token", "token"),
        ] {
            match (members.has(name), wanted.has(part)) {
                (true, false) => {
                    return Err(refused_callback(
                        CallbackFault::ResponseType,
                        format!("the response has the parameter {name}, which was not requested"),
                    ));
                }
                (false, true) => {
                    return Err(refused_callback(
                        CallbackFault::ResponseType,
                        format!("the response has no {name}"),
                    ));
                }
                _ => {}
            }
        }
        let code = members.take_secret("code");
        let access_token = members.take_secret("access_token");
        let id_token = match members.take_secret("id_token") {
            None => None,
            Some(raw) => {
                let mut expected = expected(&login).from_front_channel();
                if let Some(token) = &access_token {
                    expected = expected.access_token(token.expose());
                }
                if let Some(code) = &code {
                    expected = expected.code(code.expose());
                }
                let mut expected = expected.state(login.state.expose());
                if login.state_hash {
                    expected = expected.require_state_hash();
                }
                let verified = self
                    .inner
                    .id_token(raw.expose(), expected, TokenOrigin::Anybody);
                Some(verified.await?)
            }
        };
        if access_token.is_some() {
            members.bearer_only()?;
        }
        let lifetime = members.lifetime();
        let access_token = access_token.map(|token| {
            let token = AccessToken::new(token);
            match lifetime {
                Some(lifetime) => token.with_lifetime(lifetime),
                None => token,
            }
        });
        Ok(AuthorizationResponse {
            code,
            id_token,
            access_token,
            members: members.rest(),
            login,
        })
    }
}

/// What the ID token of this login must satisfy.
fn expected(login: &LoginAttempt) -> Expected<'_> {
    let mut expected = Expected::new();
    if login.openid {
        expected = expected.nonce(login.nonce.expose());
    }
    if let Some(age) = login.max_issue_age {
        expected = expected.max_issue_age(std::time::Duration::from_secs(age));
    }
    if let Some(age) = login.max_age {
        expected = expected.max_age(std::time::Duration::from_secs(age));
    }
    if !login.acr.is_empty() {
        expected = expected.acr(login.acr.iter().cloned());
    }
    expected
}
