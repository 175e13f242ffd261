//! Groups.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::UserId;
use keycloak_kit::representations::GroupRepresentation;

pub(crate) async fn run(realm: &Realm, user_id: &UserId) -> Result<()> {
    let staff = GroupRepresentation::default().name("staff");
    let core = GroupRepresentation::default().name("core");
    // 39
    let group_id = realm.groups().create(&staff).await?;
    let group_id = &group_id;
    // 40
    let child_id = realm.group(group_id).children().create(&core).await?;
    // 41
    let groups = realm.groups().list().await?;
    // 42
    let children = realm.group(group_id).children().list().await?;
    // 43
    let count = realm.groups().count().await?;
    // 44
    let group = realm.group(group_id).get().await?;
    // 45
    let found = realm.groups().by_path("staff").await?;
    println!(
        "{} of {count:?} groups, {child_id} of {} below {:?} or {:?}",
        groups.len(),
        children.len(),
        group.name,
        found.path
    );
    // 46
    realm
        .group(group_id)
        .modify(|group| group.name = Some("crew".into()))
        .await?;
    // 47
    realm.user(user_id).groups().add(group_id).await?;
    // 48
    let members = realm.group(group_id).members().await?;
    // 49
    let memberships = realm.user(user_id).groups().list().await?;
    println!("{} members, {} groups", members.len(), memberships.len());
    // 50
    realm.user(user_id).groups().remove(group_id).await?;
    // 51
    realm.group(group_id).delete().await?;
    Ok(())
}
