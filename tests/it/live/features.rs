//! Calls of features that this server does not have switched on.

use std::future::IntoFuture;

use keycloak_kit::admin::ids::ClientUuid;
use keycloak_kit::representations::{ClientTypesRepresentation, ManagementPermissionReference};
use keycloak_kit::{ErrorKind, Result};
use pretty_assertions::assert_eq;

use crate::support::TestRealm;
use crate::support::version::{older, version};

async fn off<T: std::fmt::Debug>(call: impl IntoFuture<Output = Result<T>>) {
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server, "{error}");
    assert_eq!(error.status().map(|s| s.as_u16()), Some(501), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("--features="), "{error}");
}

#[tokio::test]
async fn what_is_off_says_so() {
    let test = TestRealm::new("features").await;
    let realm = &test.realm;
    let (staff, _) = test.group("staff").await;
    let reader = test.role("reader").await;
    let app = realm.client_by_client_id("account").await.unwrap();
    let uuid: ClientUuid = app.get().await.unwrap().client_uuid().unwrap();
    let on = ManagementPermissionReference::default().enabled(true);
    macro_rules! permissions {
        ($($handle:expr),* $(,)?) => {$(
            let permissions = $handle.management_permissions();
            off(permissions.get()).await;
            off(permissions.update(&on)).await;
        )*};
    }
    let early = !version().await.has("26.4.7");
    if early {
        // It says that they are not enabled, and fails to enable them.
        let permissions = realm.users().management_permissions();
        assert_eq!(permissions.get().await.unwrap().enabled, Some(false));
        assert!(permissions.update(&on).await.unwrap_err().is_server());
        return test.delete().await;
    }
    permissions![
        realm.users(),
        realm.group(&staff),
        realm.role("reader"),
        realm.role_by_id(reader.role_id().unwrap()),
        realm.client(&uuid),
        realm.client(&uuid).role("view-profile"),
    ];
    if older("25.0.6", realm.client_types().get()).await {
        return test.delete().await;
    }
    off(realm.client_types().get()).await;
    off(realm
        .client_types()
        .update(&ClientTypesRepresentation::default()))
    .await;
    test.delete().await;
}
