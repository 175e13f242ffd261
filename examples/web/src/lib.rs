//! A web application whose users sign in through Keycloak.

mod app;
mod demo;
mod fault;
mod pages;
mod provision;
mod serve;

pub use self::app::{Settings, application};
pub use self::demo::Demo;
pub use self::provision::{CLIENT, PASSWORD, Provisioned, USERS, provision};
pub use self::serve::{Authority, Server};

/// Whatever can go wrong while the application starts.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
