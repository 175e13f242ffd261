//! Brings a realm with a client, a role, a group and a user into being; running it again changes
//! nothing.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example provision_realm -- shop
//! ```

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::{
    ClientRepresentation, CredentialRepresentation, GroupRepresentation, RealmRepresentation,
    RoleRepresentation, UserRepresentation,
};
use keycloak_kit::{Keycloak, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "shop".to_owned());
    let kc = Keycloak::from_env()?;
    let realm = kc.realm(&name);

    let wanted = RealmRepresentation::default()
        .realm(&name)
        .enabled(true)
        .display_name("Shop");
    tell("realm", created(kc.realms().create(&wanted).await)?);

    let clerk = RoleRepresentation::default()
        .name("clerk")
        .description("May sell");
    tell("role clerk", created(realm.roles().create(&clerk).await)?);

    let web = ClientRepresentation::default()
        .client_id("web")
        .public_client(true)
        .redirect_uris(["https://shop.example/callback"])
        .web_origins(["https://shop.example"]);
    tell("client web", created(realm.clients().create(&web).await)?);

    tell("group staff", staff(&realm).await?);
    tell("user ada", ada(&realm).await?);
    Ok(())
}

/// A group whose members are clerks.
async fn staff(realm: &Realm) -> Result<bool> {
    let group = GroupRepresentation::default().name("staff");
    let made = created(realm.groups().create(&group).await)?;
    // Also where it was there: an earlier run may have ended in between.
    let staff = realm.groups().by_path("staff").await?;
    let clerk = realm.role("clerk").get().await?;
    let roles = realm.group(staff.group_id()?).role_mappings();
    roles.realm().add(&[clerk]).await?;
    Ok(made)
}

/// A member of the staff who chooses a password at the first login.
async fn ada(realm: &Realm) -> Result<bool> {
    let ada = UserRepresentation::default()
        .username("ada")
        .email("ada@shop.example")
        .first_name("Ada")
        .last_name("Lovelace")
        .enabled(true)
        .groups(["/staff"])
        .credentials([CredentialRepresentation::password("change-me").temporary(true)]);
    created(realm.users().create(&ada).await)
}

/// What is there already is no error.
fn created<T>(result: Result<T>) -> Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}

fn tell(what: &str, made: bool) {
    println!("{what:12} {}", if made { "created" } else { "was there" });
}
