//! Events, components and organizations.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::UserId;
use keycloak_kit::representations::{OrganizationDomainRepresentation, OrganizationRepresentation};

pub(crate) async fn events(realm: &Realm) -> Result<()> {
    // 96
    realm
        .events()
        .config()
        .modify(|config| config.events_enabled = Some(true))
        .await?;
    // 94
    let logins = realm.events().list().of_type(["LOGIN"]).await?;
    // 95
    let changes = realm.admin_events().list().await?;
    // 97
    let components = realm.components().list().await?;
    println!(
        "{} logins, {} changes, {} components",
        logins.len(),
        changes.len(),
        components.len()
    );
    Ok(())
}

pub(crate) async fn organizations(realm: &Realm, user_id: &UserId) -> Result<()> {
    let domain = OrganizationDomainRepresentation::default().name("acme.example");
    let acme = OrganizationRepresentation::default()
        .name("acme")
        .domains([domain]);
    // 98
    let organization_id = realm.organizations().create(&acme).await?;
    let organization_id = &organization_id;
    // 99
    let organizations = realm.organizations().list().await?;
    // 100
    realm
        .organization(organization_id)
        .members()
        .add(user_id.as_str())
        .await?;
    println!("{} organizations", organizations.len());
    Ok(())
}
