//! Why the response to a login was refused.

/// What is wrong with the response to a login; returned by
/// [`Error::callback_fault`](crate::Error::callback_fault).
///
/// For logs and tests. Tell the user only that the login failed, and offer a new one. A fault of a
/// token in the response is a [`TokenFault`](crate::TokenFault); a refusal by the provider itself
/// is an [`oauth_code`](crate::Error::oauth_code).
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
    /// No login is pending for this browser: it has ended already, took too long, or belongs to
    /// another browser.
    NoLogin,
    /// The login was started with another provider or for another client.
    OtherClient,
    /// A parameter occurs twice (RFC 6749 section 3.1), or the response is longer than any valid
    /// one.
    Malformed,
    /// The response arrived in another way than requested: query, fragment, form, signed or not.
    ResponseMode,
    /// The response comes from another issuer, or does not name its issuer although it must (RFC
    /// 9207).
    Issuer,
    /// `state` belongs to another login, or is missing (RFC 6749 section 10.12).
    State,
    /// The response contains a code or token that was not requested, or lacks one that was.
    ResponseType,
    /// The two ID tokens are about different users (OpenID Connect Core 1.0 section 3.3.3.6).
    Subject,
    /// The access token is not a bearer token.
    TokenType,
    /// The login requested `openid`, but the provider returned no ID token.
    NoIdToken,
}
