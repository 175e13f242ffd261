//! A real server, and stand-ins for what a real server will not do.

pub mod recorder;
pub mod server;

use keycloak_kit::Keycloak;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::RealmRepresentation;

/// A realm of its own for one test, deleted at its end.
pub struct TestRealm {
    pub kc: Keycloak,
    pub realm: Realm,
    pub name: String,
}

impl TestRealm {
    /// Makes the realm `test-LABEL-NUMBER`.
    pub async fn new(label: &str) -> Self {
        Self::with(label, RealmRepresentation::default()).await
    }

    /// Makes the realm from a representation; name and `enabled` are set here.
    pub async fn with(label: &str, realm: RealmRepresentation) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);

        let kc = server::admin();
        let name = format!("test-{label}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        kc.realms()
            .create(&realm.realm(&name).enabled(true))
            .await
            .unwrap();
        let realm = kc.realm(&name);
        Self { kc, realm, name }
    }

    /// Deletes the realm; a test that fails before leaves it to the server's end.
    pub async fn delete(self) {
        self.realm.delete().await.unwrap();
    }
}
