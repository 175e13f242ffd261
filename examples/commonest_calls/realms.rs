//! Realms.

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::{
    PartialImportPolicy, PartialImportRepresentation, RealmRepresentation, UserRepresentation,
};
use keycloak_kit::{Keycloak, Result};

pub(crate) async fn create(kc: &Keycloak, name: &str) -> Result<Realm> {
    let new_realm = RealmRepresentation::default()
        .realm(name)
        .enabled(true)
        .organizations_enabled(true);
    // 10
    kc.realms().create(&new_realm).await?;
    // 11
    let realms = kc.realms().list().await?;
    println!("{} realms", realms.len());
    Ok(kc.realm(name))
}

pub(crate) async fn change(realm: &Realm) -> Result<()> {
    // 12
    let found = realm.get().await?;
    // 13
    realm
        .modify(|realm| realm.display_name = Some("Demo".into()))
        .await?;
    // 14
    let export = realm.partial_export().export_clients(true).await?;
    let parts = PartialImportRepresentation::default()
        .if_resource_exists(PartialImportPolicy::Skip)
        .users([UserRepresentation::default().username("imported")]);
    // 15
    let imported = realm.partial_import(&parts).await?;
    // 16
    let keys = realm.keys().await?;
    // 17
    let profile = realm.user_profile().get().await?;
    // 18
    realm.user_profile().update(&profile).await?;
    println!(
        "{:?}: {} clients exported, {:?} added, {} keys",
        found.realm,
        export.clients.map_or(0, |clients| clients.len()),
        imported.added,
        keys.keys.map_or(0, |keys| keys.len())
    );
    Ok(())
}

pub(crate) async fn delete(realm: &Realm) -> Result<()> {
    // 19
    realm.delete().await?;
    Ok(())
}
