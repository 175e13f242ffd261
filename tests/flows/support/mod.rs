//! Realms, browsers and endpoints for the tests.

#![allow(dead_code, reason = "not every helper is needed by every test")]

pub mod browser;
pub mod endpoint;
pub mod other_provider;
pub mod realm;
pub mod resource_server;
#[path = "../../it/support/server.rs"]
pub mod server;
pub mod special;
#[cfg(all(feature = "postgres", feature = "redis"))]
pub mod stores;
pub mod totp;

use std::process::{Command, Stdio};

/// Sets a group of `scripts/setup` up, and returns what a command prints that knows its functions.
fn setup(group: &str, command: &str) -> String {
    let output = Command::new("bash")
        .arg("-c")
        .arg(format!(
            "source scripts/setup && setup {group} >&2 && {command}"
        ))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .expect("bash can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "scripts/setup {group}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The password of every user made here.
pub const PASSWORD: &str = "correct horse";
/// The secret of every client made here: long enough for HS256, and full of what must be encoded.
pub const SECRET: &str = "battery: staple %2B+ /é&=? and some more";
/// Where logins come back to; nothing listens there.
pub const CALLBACK: &str = "https://app.example/callback";
