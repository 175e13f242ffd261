//! The Keycloak of this test run: started once, stopped with this process.

use std::process::Command;
use std::sync::OnceLock;

use keycloak_kit::{Keycloak, KeycloakBuilder};

/// Where it listens and who administers it.
pub struct Server {
    pub url: String,
    pub username: String,
    pub password: String,
}

/// Starts the server on first use, of the release `KEYCLOAK_VERSION` or the pinned one. `KEYCLOAK_URL` (with `KEYCLOAK_ADMIN_USERNAME` and
/// `KEYCLOAK_ADMIN_PASSWORD`) names one that runs already.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let given = |name: &str| std::env::var(name).ok();
        let url = given("KEYCLOAK_URL").unwrap_or_else(start);
        Server {
            url,
            username: given("KEYCLOAK_ADMIN_USERNAME").unwrap_or_else(|| "admin".to_owned()),
            password: given("KEYCLOAK_ADMIN_PASSWORD").unwrap_or_else(|| "admin".to_owned()),
        }
    })
}

/// Off by default. Where a server that runs already has them off, tests expect to be told so.
const FEATURES: &str = "oid4vc-vci,ssf";

/// Whether the server has the feature switched on.
#[cfg(feature = "admin")]
pub async fn has_feature(kc: &Keycloak, name: &str) -> bool {
    let info = kc.server().info().await.unwrap();
    let features = info.features.unwrap();
    let wanted = name.replace('-', "_");
    features.iter().any(|feature| {
        let found = feature.name.as_deref().unwrap_or_default();
        found.eq_ignore_ascii_case(&wanted) && feature.enabled == Some(true)
    })
}

fn start() -> String {
    let process = std::process::id().to_string();
    let instance = format!("test-{process}");
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/keycloak"))
        .args(["start", "--instance", &instance, "--watch", &process])
        .args(match std::env::var("KEYCLOAK_VERSION") {
            // An older release does not have them.
            Ok(version) => vec![version],
            Err(_) => vec!["--features".to_owned(), FEATURES.to_owned()],
        })
        .output()
        .expect("scripts/keycloak can be run");
    assert!(
        output.status.success(),
        "scripts/keycloak start failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .last()
        .expect("scripts/keycloak prints the URL")
        .trim()
        .to_owned()
}

/// A builder with the administrator's credentials.
pub fn builder() -> KeycloakBuilder {
    let server = server();
    anonymous().password(&server.username, server.password.as_str())
}

/// A builder that has the address alone.
pub fn anonymous() -> KeycloakBuilder {
    Keycloak::builder(&server().url)
}

/// A client of the administrator.
///
/// Each test has its own: connections belong to a test's runtime.
pub fn admin() -> Keycloak {
    builder().build().unwrap()
}
