//! The call sites of the README, on a real server.

use futures_util::TryStreamExt;
use http::Method;
use keycloak_kit::representations::{
    ClientRepresentation, CredentialRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;
use serde_json::Value;

use crate::support::TestRealm;

#[tokio::test]
async fn the_life_of_a_user() {
    let test = TestRealm::new("life").await;
    let realm = &test.realm;
    let ada = UserRepresentation::default()
        .username("ada")
        .email("ada@example.org")
        .enabled(true);
    let id = realm.users().create(&ada).await.unwrap();
    let user = realm.user(&id).get().await.unwrap();
    assert_eq!(user.username.as_deref(), Some("ada"));
    assert_eq!(user.user_id().unwrap(), id);

    let changed = realm
        .user(&id)
        .modify(|user| user.enabled = Some(false))
        .await
        .unwrap();
    assert_eq!(changed.enabled, Some(false));
    realm
        .user(&id)
        .reset_password(&CredentialRepresentation::password("s3cret").temporary(true))
        .await
        .unwrap();

    let conflict = realm.users().create(&ada).await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    assert_eq!(
        realm
            .user("missing-id")
            .find()
            .await
            .unwrap()
            .map(|user| user.id),
        None
    );

    let page = realm
        .users()
        .list()
        .search("ada")
        .max(50)
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.value().len(), 1);
    let all: Vec<UserRepresentation> = realm
        .users()
        .list()
        .max(1)
        .stream()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(all.len(), 1);

    realm.user(&id).delete().await.unwrap();
    test.delete().await;
}

#[tokio::test]
async fn clients_by_their_two_ids() {
    let test = TestRealm::new("clients").await;
    let web = ClientRepresentation::default()
        .client_id("web")
        .redirect_uris(["https://app/cb"]);
    let uuid = test.realm.clients().create(&web).await.unwrap();
    let found = test
        .realm
        .client_by_client_id("web")
        .await
        .unwrap()
        .get()
        .await
        .unwrap();
    assert_eq!(found.client_uuid().unwrap(), uuid);
    let missing = test.realm.client_by_client_id("nope").await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    test.delete().await;
}

#[tokio::test]
async fn any_endpoint() {
    let kc = crate::support::server::admin();
    let info: Value = kc
        .request(Method::GET, ["admin", "serverinfo"])
        .await
        .unwrap();
    assert!(info["systemInfo"]["version"].is_string(), "{info}");
    let token = kc.token().await.unwrap();
    assert!(!format!("{token:?}").contains("eyJ"), "{token:?}");
}
