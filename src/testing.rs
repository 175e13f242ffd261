//! A provider in the test's own process, for applications that test their guard and their sign-in:
//! no Keycloak, no Java, no container.
//!
//! [`TestProvider`] publishes a well-known document and keys, and signs access tokens with whatever
//! claims a test wants.

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
