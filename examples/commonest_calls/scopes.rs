//! Client scopes.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::ClientUuid;
use keycloak_kit::representations::ClientScopeRepresentation;

use crate::clients::mapper;

pub(crate) async fn run(realm: &Realm, uuid: &ClientUuid) -> Result<()> {
    let team = ClientScopeRepresentation::default()
        .name("team")
        .protocol("openid-connect");
    let mapper = mapper();
    // 80
    let scope_id = realm.client_scopes().create(&team).await?;
    let scope_id = &scope_id;
    // 81
    let scopes = realm.client_scopes().list().await?;
    // 82
    realm
        .client_scope(scope_id)
        .protocol_mappers()
        .create(&mapper)
        .await?;
    // 83
    realm
        .client(uuid)
        .default_client_scopes()
        .add(scope_id)
        .await?;
    println!("{} client scopes", scopes.len());
    Ok(())
}
