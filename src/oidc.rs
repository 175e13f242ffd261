//! OpenID Connect: log in, refresh, ask about the user and log out, through the endpoints that a
//! realm publishes.
//!
//! ```no_run
//! # async fn show(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
//! let oidc = kc.oidc("demo", "web-app").client_secret("s3cret").build()?;
//! let tokens = oidc.password("ada", "pw").scope("openid profile").await?;
//! let me = oidc.userinfo(&tokens).await?;
//! println!("{} {:?}", me.sub, me.preferred_username);
//! let tokens = oidc.refresh(&tokens).await?;
//! oidc.logout(&tokens).await?;
//! # Ok(()) }
//! ```
//!
//! Every ID token is verified: signature, issuer, audience, times, `at_hash`.

mod client;
mod login;
mod realm_provider;
#[cfg(test)]
mod tests;
mod tokens;
mod userinfo;
mod verify;

pub use self::client::{Oidc, OidcBuilder};
pub use self::login::{ClientCredentialsLogin, PasswordLogin};
pub use self::tokens::TokenSet;
pub use self::userinfo::UserInfo;
pub use self::verify::{
    AccessTokenClaims, AccessTokenVerifier, AccessTokenVerifierBuilder, Check, Expected,
    FrontChannelLogout, IdToken, Introspect, IntrospectFuture, LogoutToken, OfflineToken,
    Permission, Presented, RefreshToken, ReplayFuture, ReplayMemory, ReplayStore, TokenVerifier,
    TrustedIssuer,
};
