//! Roles given to users and groups.

use keycloak_kit::representations::RoleRepresentation;

use crate::support::{TestRealm, sorted};

pub(super) fn names(list: &[RoleRepresentation]) -> Vec<String> {
    sorted(list, |role| &role.name)
}

/// The same calls on two handles of different types.
macro_rules! every_call {
    ($mappings:expr, $test:expr, $before:expr) => {{
        let (mappings, test) = ($mappings, $test);
        let app = test
            .client(keycloak_kit::representations::ClientRepresentation::default().client_id("app"))
            .await;
        let uuid = app.get().await.unwrap().client_uuid().unwrap();
        let reader = test.role("reader").await;
        let boss = test.role("boss").await;
        let part = std::slice::from_ref(&reader);
        test.realm
            .role("boss")
            .composites()
            .add(part)
            .await
            .unwrap();
        let boss = [boss];
        let made = keycloak_kit::representations::RoleRepresentation::default().name("tester");
        let made = app.roles().create(&made).await.unwrap();
        let tester = [app.role(&made).get().await.unwrap()];

        let realm = mappings.realm();
        pretty_assertions::assert_eq!(
            $crate::live::role_mappings::names(&realm.list().await.unwrap()),
            $before
        );
        let available = $crate::live::role_mappings::names(&realm.available().await.unwrap());
        assert!(available.contains(&"boss".to_owned()), "{available:?}");
        realm.add(&boss).await.unwrap();
        assert!(
            $crate::live::role_mappings::names(&realm.list().await.unwrap())
                .contains(&"boss".to_owned())
        );
        let effective = realm.effective().brief_representation(false).await.unwrap();
        let inherited = effective
            .iter()
            .find(|r| r.name.as_deref() == Some("reader"));
        assert!(inherited.unwrap().attributes.is_some(), "not brief");

        let client = mappings.client(&uuid);
        pretty_assertions::assert_eq!(
            $crate::live::role_mappings::names(&client.available().await.unwrap()),
            ["tester"]
        );
        client.add(&tester).await.unwrap();
        pretty_assertions::assert_eq!(
            $crate::live::role_mappings::names(&client.list().await.unwrap()),
            ["tester"]
        );
        pretty_assertions::assert_eq!(
            $crate::live::role_mappings::names(&client.effective().await.unwrap()),
            ["tester"]
        );
        assert!(client.available().await.unwrap().is_empty());

        let all: keycloak_kit::representations::MappingsRepresentation =
            mappings.get().await.unwrap();
        assert!(
            $crate::live::role_mappings::names(&all.realm_mappings.unwrap())
                .contains(&"boss".to_owned())
        );
        let of_app = &all.client_mappings.unwrap()["app"];
        pretty_assertions::assert_eq!(
            $crate::live::role_mappings::names(of_app.mappings.as_deref().unwrap()),
            ["tester"]
        );

        realm.remove(&boss).await.unwrap();
        client.remove(&tester).await.unwrap();
        pretty_assertions::assert_eq!(
            $crate::live::role_mappings::names(&realm.list().await.unwrap()),
            $before
        );
        assert!(client.list().await.unwrap().is_empty());
    }};
}
pub(super) use every_call;

#[tokio::test]
async fn of_a_user() {
    let test = TestRealm::new("map-user").await;
    let (_, ada) = test.user("ada").await;
    let defaults = [format!("default-roles-{}", test.name)];
    every_call!(ada.role_mappings(), &test, defaults);
    test.delete().await;
}

#[tokio::test]
async fn of_a_group() {
    let test = TestRealm::new("map-group").await;
    let (_, staff) = test.group("staff").await;
    every_call!(staff.role_mappings(), &test, [""; 0]);
    test.delete().await;
}
