//! A real server, and stand-ins for what a real server will not do.

pub mod accounts;
pub mod authorization;
pub mod documents;
pub mod mail;
pub mod recorder;
pub mod relay;
pub mod renaming;
pub mod server;
pub mod sources;
pub mod totp;
pub mod version;

use std::collections::BTreeMap;

use keycloak_kit::Keycloak;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::RealmRepresentation;
use serde_json::Value;

/// A realm of its own for one test, deleted at its end.
pub struct TestRealm {
    pub kc: Keycloak,
    pub realm: Realm,
    pub name: String,
}

impl TestRealm {
    /// Makes the realm `test-LABEL-PROCESS-NUMBER`.
    pub async fn new(label: &str) -> Self {
        Self::with(label, RealmRepresentation::default()).await
    }

    /// Makes the realm from a representation; name and `enabled` are set here, and what an older
    /// server does not have is left out.
    pub async fn with(label: &str, realm: RealmRepresentation) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);

        let kc = server::admin();
        let mut fitting = serde_json::to_value(realm).unwrap();
        version::fit("RealmRepresentation", &mut fitting).await;
        let realm: RealmRepresentation = serde_json::from_value(fitting).unwrap();
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let name = format!("test-{label}-{process}-{number}");
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

/// Asks again until there is an answer: some things the server does in the background.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..20_000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to this: {what}");
}

/// The server gives what it keeps as a set in another order now and then: all lists are sorted.
pub fn unordered(value: Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut list: Vec<Value> = list.into_iter().map(unordered).collect();
            list.sort_by_cached_key(Value::to_string);
            Value::Array(list)
        }
        // The members too: the lists above are sorted by text.
        Value::Object(object) => object
            .into_iter()
            .map(|(name, member)| (name, unordered(member)))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect(),
        other => other,
    }
}

/// One member of every object of a list, sorted.
pub fn sorted<T>(list: &[T], member: impl Fn(&T) -> &Option<String>) -> Vec<String> {
    let mut found: Vec<String> = list
        .iter()
        .map(|item| member(item).clone().expect("the server sends it"))
        .collect();
    found.sort();
    found
}

/// The members of a JSON object, for calls that take one.
pub fn members(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// Keys and values of text.
pub fn texts<const N: usize>(
    pairs: [(&str, &str); N],
) -> std::collections::BTreeMap<String, String> {
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}
