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
//! Every ID token is verified: signature, issuer, audience, times. Not supported yet, and refused
//! with an error that says so: tokens signed with EdDSA or ES512, encrypted tokens, userinfo as a
//! JWT. `at_hash` is not checked: the tokens of these grants come straight from the token endpoint.

mod client;
mod keys;
mod login;
#[cfg(test)]
mod tests;
mod tokens;
mod userinfo;

pub use self::client::{Oidc, OidcBuilder};
pub use self::login::{ClientCredentialsLogin, PasswordLogin};
pub use self::tokens::{IdToken, TokenSet};
pub use self::userinfo::UserInfo;
