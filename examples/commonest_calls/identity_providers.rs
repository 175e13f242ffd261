//! Identity providers.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::UserId;
use keycloak_kit::representations::{
    FederatedIdentityRepresentation, IdentityProviderMapperRepresentation,
    IdentityProviderRepresentation,
};

pub(crate) async fn run(realm: &Realm, user_id: &UserId) -> Result<()> {
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("github")
        .config([("clientId", "keycloak"), ("clientSecret", "s3cret")]);
    let mapper = IdentityProviderMapperRepresentation::default()
        .name("team")
        .identity_provider_alias("hub")
        .identity_provider_mapper("hardcoded-attribute-idp-mapper")
        .config([("attribute", "team"), ("attribute.value", "core")]);
    let identity = FederatedIdentityRepresentation::default()
        .user_id("1815")
        .user_name("ada");
    // 84
    let alias = realm.identity_providers().create(&hub).await?;
    // 85
    let providers = realm.identity_providers().list().await?;
    // 86
    realm
        .identity_provider("hub")
        .mappers()
        .create(&mapper)
        .await?;
    // 87
    realm
        .user(user_id)
        .federated_identities()
        .add("hub", &identity)
        .await?;
    // 88
    let links = realm.user(user_id).federated_identities().list().await?;
    println!(
        "{alias} is one of {} providers, {} links",
        providers.len(),
        links.len()
    );
    // 89
    realm.identity_provider("hub").delete().await?;
    Ok(())
}
