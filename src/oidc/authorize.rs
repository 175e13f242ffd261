//! The authorization request: where the browser is sent to log in.

mod attempt;
mod demands;
mod fit;
mod modes;
mod request;
mod store;

pub use self::attempt::LoginAttempt;
pub use self::modes::{ResponseMode, ResponseType};
pub use self::request::Authorize;
pub use self::store::{LoginStore, MemoryLoginStore, StartedLogin, StoreFuture};
