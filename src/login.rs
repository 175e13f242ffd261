//! How a client gets tokens: its credentials, the grants of the token endpoint, other token
//! sources.

mod by_credentials;
pub(crate) mod credentials;
pub(crate) mod grant;
mod refusal;
mod source;
#[cfg(test)]
mod tests;

pub(crate) use self::by_credentials::CredentialLogin;
pub(crate) use self::refusal::{GrantKind, explain};
pub use self::source::{TokenContext, TokenSource};
