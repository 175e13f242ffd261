//! Access tokens and their renewal.

mod access;
pub(crate) mod dpop;
pub(crate) mod engine;
mod granted;
pub(crate) mod lifetime;

pub use self::access::AccessToken;
pub(crate) use self::granted::{Granted, Renewal};
