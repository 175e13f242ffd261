//! A headless Chromium, and what is looked at in it.

mod axe;
mod chromium;
mod keycloak;
mod looks;

pub use self::axe::Axe;
pub use self::chromium::{Browser, Trust};
pub use self::keycloak::Keycloak;
pub use self::looks::{LOOKS, Look};

/// Whatever can go wrong with a browser.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A result with such an error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
