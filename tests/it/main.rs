//! One binary for every test that needs a server or the generator: it links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::future_not_send,
    unreachable_pub,
    reason = "a test fails by panicking, exports nothing, and stays on its thread"
)]

mod conformance;
mod diagnostics;
mod docs;
mod floors;
mod generated;
mod live;
mod recorded;
mod representations;
mod scripts;
mod support;
