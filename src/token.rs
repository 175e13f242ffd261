//! Bearer tokens: where they come from, how they are kept fresh.

mod access;
pub(crate) mod client_auth;
pub(crate) mod credentials;
pub(crate) mod dpop;
pub(crate) mod engine;
pub(crate) mod grant;
pub(crate) mod lifetime;
mod refusal;
mod source;
#[cfg(test)]
mod tests;

pub use self::access::AccessToken;
pub use self::client_auth::{AssertionAudience, AssertionTarget, ClientAuth};
pub(crate) use self::refusal::{GrantKind, explain};
pub use self::source::{TokenContext, TokenFuture, TokenSource};
