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

#[allow(
    unreachable_pub,
    dead_code,
    reason = "the generator's modules, as build.rs includes them"
)]
#[path = "../../openapi/codegen/mod.rs"]
mod codegen;

mod conformance;
mod diagnostics;
mod docs;
mod floors;
mod generated;
mod live;
mod pipeline;
mod recorded;
mod scripts;
mod support;
#[allow(
    unreachable_pub,
    dead_code,
    reason = "the maintainer's modules, as openapi/upgrade/main.rs includes them"
)]
#[path = "../../openapi/upgrade/mod.rs"]
mod upgrade;
