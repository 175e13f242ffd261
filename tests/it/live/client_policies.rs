//! Client policies and profiles.

use keycloak_kit::representations::{
    ClientPolicyConditionRepresentation, ClientPolicyExecutorRepresentation,
    ClientPolicyRepresentation, ClientProfileRepresentation, ClientRepresentation,
};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::{TestRealm, members, sorted};

#[tokio::test]
async fn a_policy_that_refuses_clients() {
    let test = TestRealm::new("policies").await;
    let profiles = test.realm.client_profiles();
    let no_implicit = ClientProfileRepresentation::default()
        .name("no-implicit")
        .executors([ClientPolicyExecutorRepresentation::default()
            .executor("reject-implicit-grant")
            .configuration(members(json!({ "auto-configure": false })))]);
    let changed = profiles
        .modify(|p| p.profiles = Some(vec![no_implicit]))
        .await
        .unwrap();
    assert_eq!(
        sorted(&changed.profiles.unwrap(), |p| &p.name),
        ["no-implicit"]
    );
    let global = profiles.get().include_global_profiles(true).await.unwrap();
    assert!(global.global_profiles.unwrap().len() > 2);

    let policies = test.realm.client_policies();
    let everywhere = ClientPolicyRepresentation::default()
        .name("everywhere")
        .enabled(true)
        .conditions([ClientPolicyConditionRepresentation::default()
            .condition("any-client")
            .configuration(members(json!({})))])
        .profiles(["no-implicit"]);
    let changed = policies
        .modify(|p| p.policies = Some(vec![everywhere]))
        .await
        .unwrap();
    assert_eq!(
        sorted(&changed.policies.unwrap(), |p| &p.name),
        ["everywhere"]
    );
    policies.get().include_global_policies(true).await.unwrap();

    let implicit = ClientRepresentation::default()
        .client_id("app")
        .implicit_flow_enabled(true);
    let refused = test.realm.clients().create(&implicit).await.unwrap_err();
    assert!(refused.is_validation(), "{refused}");
    policies
        .modify(|p| p.policies = Some(vec![]))
        .await
        .unwrap();
    test.realm.clients().create(&implicit).await.unwrap();
    test.delete().await;
}
