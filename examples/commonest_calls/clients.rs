//! Clients.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::{ClientUuid, UserId};
use keycloak_kit::representations::{
    ClientRepresentation, ProtocolMapperRepresentation, RoleRepresentation,
};

/// Creates `web`, through which users can log in.
pub(crate) async fn create(realm: &Realm) -> Result<(ClientUuid, String)> {
    let web = ClientRepresentation::default()
        .client_id("web")
        .service_accounts_enabled(true)
        .direct_access_grants_enabled(true)
        .redirect_uris(["https://app.example/callback"]);
    // 64
    let uuid = realm.clients().create(&web).await?;
    let new_uuid = uuid;
    let uuid = &new_uuid;
    // 65
    let clients = realm.clients().list().await?;
    // 66
    let client = realm.client_by_client_id("web").await?;
    println!(
        "{} clients, web is {:?}",
        clients.len(),
        client.get().await?.id
    );
    // 67
    let found = realm.client(uuid).get().await?;
    // 68
    realm
        .client(uuid)
        .modify(|client| client.name = Some("Web".into()))
        .await?;
    // 69
    let secret = realm.client(uuid).secret().get().await?;
    // 70
    let renewed = realm.client(uuid).secret().regenerate().await?;
    // 71
    let account = realm.client(uuid).service_account_user().await?;
    println!(
        "{:?} {:?}: {secret:?} became {renewed:?}",
        found.client_id, account.username
    );
    let secret = renewed.value.map(|value| value.expose().to_owned());
    Ok((new_uuid, secret.unwrap_or_default()))
}

pub(crate) async fn roles(realm: &Realm, uuid: &ClientUuid, user_id: &UserId) -> Result<()> {
    let admin = RoleRepresentation::default().name("admin");
    // 72
    realm.client(uuid).roles().create(&admin).await?;
    // 73
    let roles = realm.client(uuid).roles().list().await?;
    // 74
    realm
        .user(user_id)
        .role_mappings()
        .client(uuid)
        .add(&roles)
        .await?;
    // 75
    let given = realm
        .user(user_id)
        .role_mappings()
        .client(uuid)
        .list()
        .await?;
    println!("{} of {} roles given", given.len(), roles.len());
    // 76
    realm.client(uuid).role("admin").delete().await?;
    Ok(())
}

/// A claim with a fixed value.
pub(crate) fn mapper() -> ProtocolMapperRepresentation {
    ProtocolMapperRepresentation::default()
        .name("team")
        .protocol("openid-connect")
        .protocol_mapper("oidc-hardcoded-claim-mapper")
        .config([
            ("claim.name", "team"),
            ("claim.value", "core"),
            ("access.token.claim", "true"),
        ])
}

pub(crate) async fn finish(realm: &Realm, uuid: &ClientUuid) -> Result<()> {
    let mapper = mapper();
    // 77
    realm
        .client(uuid)
        .protocol_mappers()
        .create(&mapper)
        .await?;
    // 78
    let sessions = realm.client(uuid).sessions().await?;
    println!("{} sessions", sessions.len());
    // 79
    realm.client(uuid).delete().await?;
    Ok(())
}
