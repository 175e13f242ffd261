//! A provider in the test's own process, for applications that test their guard and their sign-in:
//! no Keycloak, no Java, no container.
//!
//! [`TestProvider`] behaves like a realm of Keycloak. It signs access tokens with whatever claims a
//! test wants, logs in whom the test says, refuses with Keycloak's own words, tells clients of the end
//! of a session, and does wrong what a test wants to see noticed ([`Defect`]).
//!
//! ```
//! use keycloak_kit::testing::{TestClient, TestProvider, TestUser};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> keycloak_kit::Result<()> {
//! let provider = TestProvider::start().await?;
//! provider.users().add(TestUser::new("ada").email("ada@example.org").realm_role("editor"));
//! provider.clients().add(TestClient::confidential("web", "s3cret"));
//! provider.log_in_as("ada");
//!
//! let oidc = provider.oidc("web").build()?;
//! let login = oidc.authorize().start().await?;
//! let back = provider.authorize(login.url()).await?;
//! let tokens = oidc.callback(login, back).await?;
//! assert_eq!(oidc.userinfo(&tokens).await?.email(), Some("ada@example.org"));
//! # Ok(()) }
//! ```
//!
//! # Security
//! The provider gives tokens to whoever asks. The feature belongs to `[dev-dependencies]`.

mod access_token;
mod authorize;
mod bearer;
mod client_auth;
mod clients;
mod defect;
mod discovery;
mod dpop;
mod introspect;
mod keys;
mod logout;
mod logout_token;
mod messages;
mod pending;
mod provider;
mod pushed;
mod reply;
mod request;
mod revoke;
mod routes;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod token_endpoint;
mod tokens;
mod userinfo;
mod users;

pub use self::access_token::AccessTokenBuilder;
pub use self::clients::{TestClient, TestClients};
pub use self::defect::Defect;
pub use self::logout_token::LogoutTokenBuilder;
pub use self::provider::{TestProvider, TestProviderBuilder};
pub use self::request::RecordedRequest;
pub use self::users::{TestUser, TestUsers};
