//! Roles given and taken by their names.

use keycloak_kit::admin::handles::UserRoleMappingsRealm;
use keycloak_kit::representations::{ClientRepresentation, RoleRepresentation};
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, sorted};

async fn names(mappings: UserRoleMappingsRealm) -> Vec<String> {
    let list = mappings.list().await.unwrap();
    let names = sorted(&list, |role| &role.name);
    names
        .into_iter()
        .filter(|name| !name.starts_with("default-roles-"))
        .collect()
}

#[tokio::test]
async fn of_users_groups_composites_and_service_accounts() {
    let test = TestRealm::new("role-names").await;
    for name in ["reader", "writer", "boss"] {
        test.role(name).await;
    }
    let web = ClientRepresentation::default()
        .client_id("web")
        .secret("s")
        .service_accounts_enabled(true);
    let web = test.client(web).await;
    let uuid = web.get().await.unwrap().client_uuid().unwrap();
    for name in ["editor", "viewer"] {
        let role = RoleRepresentation::default().name(name);
        web.roles().create(&role).await.unwrap();
    }
    let (_, ada) = test.user("ada").await;
    let mappings = ada.role_mappings();

    let given = ada
        .assign_roles(["reader", "writer"])
        .of_client("web", ["editor"])
        .await
        .unwrap();
    assert_eq!(
        sorted(&given, |role| &role.name),
        ["editor", "reader", "writer"]
    );
    assert_eq!(names(mappings.realm()).await, ["reader", "writer"]);
    let of_web = mappings.client(&uuid).list().await.unwrap();
    assert_eq!(sorted(&of_web, |role| &role.name), ["editor"]);
    ada.assign_roles(["reader"]).await.expect("it is there");
    ada.remove_roles(["reader"])
        .of_client("web", ["editor", "viewer"])
        .await
        .unwrap();
    assert_eq!(names(mappings.realm()).await, ["writer"]);
    assert!(mappings.client(&uuid).list().await.unwrap().is_empty());

    let error = ada
        .assign_roles(["boss", "nobody", "../.."])
        .of_client("web", ["editor", "author"])
        .of_client("gone", ["x"])
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let text = error.to_string();
    for unknown in [
        "role \"nobody\"",
        "role \"../..\"",
        "role \"author\" of client \"web\"",
        "client \"gone\"",
        "nothing was changed",
    ] {
        assert!(text.contains(unknown), "{unknown}: {text}");
    }
    assert!(!text.contains("boss") && !text.contains("editor"), "{text}");
    assert_eq!(names(mappings.realm()).await, ["writer"]);
    assert!(mappings.client(&uuid).list().await.unwrap().is_empty());

    let (_, staff) = test.group("staff").await;
    staff
        .assign_roles(["boss"])
        .of_client("web", ["viewer"])
        .await
        .unwrap();
    let of_staff = staff.role_mappings().get().await.unwrap();
    assert_eq!(
        sorted(&of_staff.realm_mappings.unwrap(), |r| &r.name),
        ["boss"]
    );
    assert!(of_staff.client_mappings.unwrap().contains_key("web"));
    staff.remove_roles(["boss"]).await.unwrap();
    let of_staff = staff.role_mappings().realm().list().await.unwrap();
    assert!(of_staff.is_empty());

    let boss = test.realm.role("boss");
    boss.assign_roles(["reader"])
        .of_client("web", ["editor"])
        .await
        .unwrap();
    let parts = boss.composites().list().await.unwrap();
    assert_eq!(sorted(&parts, |r| &r.name), ["editor", "reader"]);
    let by_id = boss.get().await.unwrap().role_id().unwrap();
    let by_id = test.realm.role_by_id(by_id);
    by_id.remove_roles(["reader"]).await.unwrap();
    let parts = boss.composites().list().await.unwrap();
    assert_eq!(sorted(&parts, |r| &r.name), ["editor"]);
    let editor = web.role("editor");
    editor
        .assign_roles([""; 0])
        .of_client("web", ["viewer"])
        .await
        .unwrap();
    let parts = editor.composites().list().await.unwrap();
    assert_eq!(sorted(&parts, |r| &r.name), ["viewer"]);

    web.assign_service_account_roles(["writer"])
        .of_client("realm-management", ["view-users"])
        .await
        .unwrap();
    let account = web.service_account_user().await.unwrap();
    let account = test.realm.user(account.user_id().unwrap());
    assert_eq!(names(account.role_mappings().realm()).await, ["writer"]);
    web.remove_service_account_roles(["writer"]).await.unwrap();
    assert!(names(account.role_mappings().realm()).await.is_empty());
    test.delete().await;
}
