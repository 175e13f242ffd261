//! Realm roles.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::UserId;
use keycloak_kit::representations::{GroupRepresentation, RoleRepresentation};

pub(crate) async fn run(realm: &Realm, user_id: &UserId) -> Result<()> {
    let editor = RoleRepresentation::default().name("editor");
    let chief = RoleRepresentation::default().name("chief");
    let group_id = realm
        .groups()
        .create(&GroupRepresentation::default().name("press"))
        .await?;
    let group_id = &group_id;
    realm.roles().create(&chief).await?;
    // 52
    let role_name = realm.roles().create(&editor).await?;
    // 53
    let all = realm.roles().list().await?;
    println!("{role_name} is one of {} roles", all.len());
    // 54
    let role = realm.role("editor").get().await?;
    let roles = [role];
    // 55
    realm
        .role("editor")
        .modify(|role| role.description = Some("Edits".into()))
        .await?;
    // 56
    realm.role("chief").composites().add(&roles).await?;
    // 57
    realm.user(user_id).assign_roles(["editor"]).await?;
    // 58
    let given = realm.user(user_id).role_mappings().realm().list().await?;
    // 59
    let effective = realm
        .user(user_id)
        .role_mappings()
        .realm()
        .effective()
        .await?;
    // 60
    let editors = realm.role("editor").users().await?;
    println!(
        "{} roles given, {} in effect, {} editors",
        given.len(),
        effective.len(),
        editors.len()
    );
    // 61
    realm.user(user_id).remove_roles(["editor"]).await?;
    // 62
    realm.group(group_id).assign_roles(["editor"]).await?;
    // 63
    realm.role("editor").delete().await?;
    Ok(())
}
