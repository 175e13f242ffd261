//! The realm of the application: a client, roles, users, and an album that not everybody may see.

use std::collections::BTreeMap;

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::ClientUuid;
use keycloak_kit::oidc::Oidc;
use keycloak_kit::representations::{
    ClientRepresentation, CredentialRepresentation, RealmRepresentation, ResourceRepresentation,
    RolePolicyRepresentation, RoleRepresentation, ScopePermissionRepresentation,
    ScopeRepresentation, UserRepresentation,
};
use keycloak_kit::{Keycloak, Result};

/// The client id of the application.
pub const CLIENT: &str = "web";
/// The password of every user.
pub const PASSWORD: &str = "correct horse";
/// The users, and what they may do.
pub const USERS: [(&str, &str); 2] = [
    ("ada", "administers, and sees the album"),
    ("bob", "has neither right"),
];

/// What was made.
#[derive(Debug)]
pub struct Provisioned {
    /// The realm.
    pub realm: Realm,
    /// The client's id, which is not its `client_id`.
    pub client: ClientUuid,
    /// The client, ready to sign users in.
    pub oidc: Oidc,
}

/// Makes the realm; one of this name that is there already goes.
///
/// # Errors
///
/// Returns an error if Keycloak refuses a request.
pub async fn provision(kc: &Keycloak, name: &str, base_url: &str) -> Result<Provisioned> {
    let realm = kc.realm(name);
    if realm.find().await?.is_some() {
        realm.delete().await?;
    }
    let wanted = RealmRepresentation::default()
        .realm(name)
        .display_name("Harbour")
        .enabled(true)
        .registration_allowed(true);
    kc.realms().create(&wanted).await?;
    for (role, about) in [("admin", "Administers"), ("friend", "Sees the album")] {
        let role = RoleRepresentation::default().name(role).description(about);
        realm.roles().create(&role).await?;
    }
    let client = client(&realm, base_url).await?;
    album(&realm, &client).await?;
    user(&realm, "ada", "Lovelace", &["admin", "friend"]).await?;
    user(&realm, "bob", "Example", &[]).await?;
    let secret = realm.client(&client).secret().get().await?;
    let oidc = kc
        .oidc(name, CLIENT)
        .client_secret(secret.value.unwrap_or_default())
        .build()?;
    Ok(Provisioned {
        realm,
        client,
        oidc,
    })
}

/// The client with the settings of docs/web.md.
async fn client(realm: &Realm, base_url: &str) -> Result<ClientUuid> {
    let attributes = BTreeMap::from([
        ("post.logout.redirect.uris", format!("{base_url}/")),
        (
            "backchannel.logout.url",
            format!("{base_url}/backchannel-logout"),
        ),
        ("backchannel.logout.session.required", "true".to_owned()),
    ]);
    let client = ClientRepresentation::default()
        .client_id(CLIENT)
        .name("Harbour")
        .public_client(false)
        .standard_flow_enabled(true)
        .redirect_uris([format!("{base_url}/callback")])
        .attributes(attributes)
        // The resource server asks with an account of its own.
        .service_accounts_enabled(true)
        .authorization_services_enabled(true);
    realm.clients().create(&client).await
}

/// The resource `album`, whose scope `view` only friends have.
async fn album(realm: &Realm, client: &ClientUuid) -> Result<()> {
    let authorization = realm.client(client).authorization();
    let view = ScopeRepresentation::default().name("view");
    let view = authorization.scopes().create(&view).await?;
    let album = ResourceRepresentation::default()
        .name("album")
        .uris(["/album"])
        .scopes([view.clone()]);
    let album = authorization.resources().create(&album).await?;
    let friend = realm.role("friend").get().await?;
    let friends = RolePolicyRepresentation::new("friends").required_role(friend.role_id()?);
    let friends = authorization.policies_of().create(&friends).await?;
    let permission = ScopePermissionRepresentation::new("friends see the album")
        .resource(album.id.unwrap_or_default())
        .scope(view.id.unwrap_or_default())
        .policy(friends.policy_id()?);
    authorization.permissions_of().create(&permission).await?;
    Ok(())
}

async fn user(realm: &Realm, name: &str, last_name: &str, roles: &[&str]) -> Result<()> {
    let first_name: String = name[..1].to_uppercase() + &name[1..];
    let user = UserRepresentation::default()
        .username(name)
        .email(format!("{name}@harbour.example"))
        .email_verified(true)
        .first_name(first_name)
        .last_name(last_name)
        .enabled(true)
        .credentials([CredentialRepresentation::password(PASSWORD).temporary(false)]);
    let id = realm.users().create(&user).await?;
    let mut given = Vec::new();
    for role in roles {
        given.push(realm.role(*role).get().await?);
    }
    if !given.is_empty() {
        realm.user(&id).role_mappings().realm().add(&given).await?;
    }
    Ok(())
}
