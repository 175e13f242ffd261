//! The flows of OpenID Connect, end to end against real servers. Realms are set up by raw requests,
//! so this binary compiles without the generated client: it shows what a program with the feature
//! `oidc` alone can do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    unreachable_pub,
    reason = "a test fails by panicking, and exports nothing"
)]

mod support;

mod account;
mod algorithms;
mod authentication;
mod backchannel;
mod browser_login;
mod browser_logout;
mod device;
mod discovery;
mod docs;
mod dpop;
mod examples;
mod exchange;
mod external_token;
#[cfg(feature = "axum")]
mod guard;
mod older_exchange;
mod other_provider;
mod registration;
mod sessions;
mod signed_requests;
#[cfg(feature = "signin")]
mod signin;
#[cfg(all(feature = "postgres", feature = "redis"))]
mod signin_shared;
#[cfg(feature = "testing")]
mod testing;
mod tokens;
mod uma_callers;
mod uma_enforcer;
mod uma_limits;
mod uma_local;
mod uma_permissions;
mod uma_protection;
mod verification;
