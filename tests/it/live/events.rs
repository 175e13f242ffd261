//! Login events and admin events.

use keycloak_kit::representations::UserRepresentation;
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, sorted};

#[tokio::test]
async fn login_events() {
    let test = TestRealm::new("events").await;
    let events = test.realm.events();
    let config = events
        .config()
        .modify(|config| {
            config.events_enabled = Some(true);
            config.enabled_event_types = Some(["LOGIN", "LOGIN_ERROR"].map(str::to_owned).to_vec());
            config.events_expiration = Some(3600);
        })
        .await
        .unwrap();
    assert_eq!(config.events_expiration, Some(3600));
    test.login_client("app").await;
    test.login_client("web").await;
    let (ada, _) = test.user("ada").await;
    test.login("app", "ada").await;
    test.login("web", "ada").await;
    let oidc = test.realm.oidc("app").build().unwrap();
    oidc.password("ada", "wrong").await.unwrap_err();

    let all = events.list().user(ada.as_str()).await.unwrap();
    assert_eq!(
        sorted(&all, |e| &e.type_),
        ["LOGIN", "LOGIN", "LOGIN_ERROR"]
    );
    let failed = events.list().of_type(["LOGIN_ERROR"]).await.unwrap();
    assert_eq!(sorted(&failed, |e| &e.error), ["invalid_user_credentials"]);
    let web = events.list().client("web").await.unwrap();
    assert_eq!(sorted(&web, |e| &e.client_id), ["web"]);
    assert!(web[0].time.unwrap() > 1_600_000_000_000, "milliseconds");
    assert_eq!(web[0].details.as_ref().unwrap()["username"], "ada");
    let oldest = events.list().direction("asc").max(1).await.unwrap();
    assert_eq!(oldest[0].client_id.as_deref(), Some("app"));
    let later = events.list().date_from("2999-01-01").await.unwrap();
    assert!(later.is_empty());
    assert_eq!(
        events.list().max(2).stream().collect().await.unwrap().len(),
        3
    );

    events.clear().await.unwrap();
    assert!(events.list().await.unwrap().is_empty());
    test.delete().await;
}

#[tokio::test]
async fn admin_events() {
    let test = TestRealm::new("admin-events").await;
    test.realm
        .events()
        .config()
        .modify(|config| {
            config.admin_events_enabled = Some(true);
            config.admin_events_details_enabled = Some(true);
        })
        .await
        .unwrap();
    let (id, ada) = test.user("ada").await;
    ada.update(&UserRepresentation::default().last_name("King"))
        .await
        .unwrap();
    ada.delete().await.unwrap();
    test.role("reader").await;

    let events = test.realm.admin_events();
    let path = format!("users/{id}");
    let of_ada = events.list().resource_path(path.as_str()).await.unwrap();
    assert_eq!(
        sorted(&of_ada, |e| &e.operation_type),
        ["CREATE", "DELETE", "UPDATE"]
    );
    let update = events
        .list()
        .operation_types(["UPDATE"])
        .resource_types(["USER"]);
    let update = update.await.unwrap();
    assert_eq!(sorted(&update, |e| &e.resource_path), [path]);
    let details: serde_json::Value =
        serde_json::from_str(update[0].representation.as_deref().unwrap()).unwrap();
    assert_eq!(details["lastName"], "King");
    assert!(update[0].auth_details.as_ref().unwrap().user_id.is_some());
    let roles = events.list().resource_types(["REALM_ROLE"]).await.unwrap();
    assert_eq!(sorted(&roles, |e| &e.operation_type), ["CREATE"]);

    events.clear().await.unwrap();
    assert!(events.list().await.unwrap().is_empty());
    test.delete().await;
}
