//! What the server sends is kept: known members in fields, all others in `extra`.

use keycloak_kit::representations::RealmRepresentation;
use keycloak_kit::{Keycloak, Method};
use pretty_assertions::assert_eq;
use serde::Serialize;
use serde_json::Value;

use crate::support::{TestRealm, unordered};

/// `typed` holds what the server sends for the path, member by member.
async fn same(kc: &Keycloak, path: &[&str], typed: &(impl Serialize + Sync)) {
    let raw: Value = kc.request(Method::GET, path).await.unwrap();
    let [typed, raw] = [serde_json::to_value(typed).unwrap(), raw].map(without_nothing);
    assert_eq!(unordered(typed), unordered(raw), "{path:?}");
}

/// `null` and absent are one.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nothing(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nothing).collect(),
        other => other,
    }
}

#[tokio::test]
async fn nothing_of_an_answer_is_lost() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("round-trip", realm).await;
    let (kc, realm, name) = (&test.kc, &test.realm, test.name.as_str());
    let (ada, user) = test.user("ada").await;
    let root = ["admin", "realms", name];
    let at = |rest: &[&'static str]| [&root[..], rest].concat();

    same(kc, &root, &realm.get().await.unwrap()).await;
    let path = [&root[..], &["users", ada.as_str()]].concat();
    same(kc, &path, &user.get().await.unwrap()).await;
    let path = at(&["clients"]);
    same(kc, &path, &realm.clients().list().await.unwrap()).await;
    let path = at(&["roles"]);
    same(kc, &path, &realm.roles().list().await.unwrap()).await;
    let path = at(&["client-scopes"]);
    same(kc, &path, &realm.client_scopes().list().await.unwrap()).await;
    let path = at(&["components"]);
    same(kc, &path, &realm.components().list().await.unwrap()).await;
    let flows = realm.authentication();
    let path = at(&["authentication", "flows"]);
    same(kc, &path, &flows.flows().list().await.unwrap()).await;
    let path = at(&["authentication", "flows", "browser", "executions"]);
    let executions = flows.flow_by_alias("browser").executions();
    same(kc, &path, &executions.list().await.unwrap()).await;
    let path = at(&["authentication", "required-actions"]);
    same(kc, &path, &flows.required_actions().list().await.unwrap()).await;
    let path = at(&["users", "profile"]);
    same(kc, &path, &realm.user_profile().get().await.unwrap()).await;
    let path = at(&["users", "profile", "metadata"]);
    same(kc, &path, &realm.user_profile().metadata().await.unwrap()).await;
    let path = at(&["keys"]);
    same(kc, &path, &realm.keys().await.unwrap()).await;
    let path = at(&["events", "config"]);
    same(kc, &path, &realm.events().config().get().await.unwrap()).await;
    let path = at(&["client-policies", "profiles"]);
    same(kc, &path, &realm.client_profiles().get().await.unwrap()).await;
    let path = at(&["client-registration-policy", "providers"]);
    let providers = realm.client_registration_policy_providers();
    same(kc, &path, &providers.await.unwrap()).await;
    test.delete().await;
}
