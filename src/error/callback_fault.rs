//! Why the answer to a login was refused.

/// What is wrong with the answer to a login that this client refused; from
/// [`Error::callback_fault`](crate::Error::callback_fault).
///
/// For logs and for tests. Tell the user only that the login did not end well, and offer another
/// one. What is wrong with a token in the answer is a [`TokenFault`](crate::TokenFault); what the
/// provider itself has refused is an [`oauth_code`](crate::Error::oauth_code).
///
/// ```no_run
/// # async fn show(
/// #     oidc: keycloak_kit::oidc::Oidc,
/// #     login: keycloak_kit::oidc::LoginAttempt,
/// #     url: &str,
/// # ) {
/// use keycloak_kit::CallbackFault;
///
/// match oidc.callback(login, url).await {
///     Ok(login) => println!("hello, {}", login.id_token().subject()),
///     Err(error) if error.callback_fault() == Some(CallbackFault::State) => {
///         println!("another login of this browser: start again")
///     }
///     Err(error) => eprintln!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallbackFault {
    /// No login waits for this browser: it was ended before, took too long, or was another
    /// browser's.
    NoLogin,
    /// The login was started at another provider or for another client.
    OtherClient,
    /// It has a parameter twice (RFC 6749 section 3.1), or is longer than any answer.
    Malformed,
    /// It came in another way than it was asked for: query, fragment, form, signed or not.
    ResponseMode,
    /// It is another provider's, or does not say whose it is although it must (RFC 9207).
    Issuer,
    /// Its `state` is that of another login, or missing (RFC 6749 section 10.12).
    State,
    /// It has a code or a token that was not asked for, or lacks one that was.
    ResponseType,
    /// Its two ID tokens are about different users (OpenID Connect Core 1.0 section 3.3.3.6).
    Subject,
    /// Its access token is not a bearer token.
    TokenType,
    /// The login asked for `openid`, and the provider gave no ID token.
    NoIdToken,
}
