//! Endpoints in a provider's metadata, and how a client calls them.

mod channel;
mod form;

pub(crate) use self::channel::*;
#[cfg(feature = "oidc")]
pub(crate) use self::form::refuse_control_characters;
