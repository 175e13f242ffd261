//! The release of the server of this test run.

use keycloak_kit_codegen::since;
use tokio::sync::OnceCell;

use super::{documents, server};

/// A release, to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32, u32, u32);

impl Version {
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split(['.', '-']).map(|part| part.parse().unwrap_or(0));
        let mut next = || parts.next().unwrap_or(0);
        Self(next(), next(), next())
    }

    /// Whether this is the release or a newer one.
    pub fn has(self, release: &str) -> bool {
        self >= Self::parse(release)
    }
}

/// What the server says that it is.
pub async fn version() -> Version {
    static VERSION: OnceCell<Version> = OnceCell::const_new();
    *VERSION
        .get_or_init(|| async {
            let info = server::admin().server().info().await.unwrap();
            let system = serde_json::to_value(info).unwrap();
            Version::parse(system["systemInfo"]["version"].as_str().unwrap())
        })
        .await
}

/// Which release has what.
pub fn table() -> since::Table {
    since::parse(&documents::file("since.toml")).unwrap()
}

/// Takes the members out of a value of a type that the server lacks.
pub async fn fit(ty: &str, value: &mut serde_json::Value) {
    let version = version().await;
    for (of, member, release) in table().members() {
        if of == ty && !version.has(release) {
            value.as_object_mut().unwrap().remove(member);
        }
    }
}

/// Asserts that a call failed because the server is older than `release`.
#[track_caller]
pub fn assert_needs<T: std::fmt::Debug>(result: keycloak_kit::Result<T>, release: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.needs_keycloak(), Some(release), "{error}");
}

/// Whether the server is older than `release`; then `call` has said so.
///
/// ```ignore
/// if older("26.0.8", realm.organizations().list()).await {
///     return test.delete().await;
/// }
/// ```
pub async fn older<T: std::fmt::Debug>(
    release: &str,
    call: impl IntoFuture<Output = keycloak_kit::Result<T>>,
) -> bool {
    let old = !version().await.has(release);
    if old {
        assert_needs(call.await, release);
    }
    old
}
