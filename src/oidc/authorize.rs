//! The authorization request: where the browser is sent to log in.

mod attempt;
mod modes;
mod request;
mod requirements;
mod store;
mod supported;

pub use self::attempt::LoginAttempt;
pub use self::modes::{ResponseMode, ResponseType};
pub use self::request::Authorize;
pub use self::store::{LoginStore, MemoryLoginStore, StartedLogin};
