//! Users.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::UserId;
use keycloak_kit::representations::{CredentialRepresentation, UserRepresentation};

/// Creates `ada`, who can log in.
pub(crate) async fn create(realm: &Realm) -> Result<UserId> {
    let ada = UserRepresentation::default()
        .username("ada")
        .email("ada@example.org")
        .first_name("Ada")
        .last_name("Lovelace")
        .enabled(true);
    // 20
    let user_id = realm.users().create(&ada).await?;
    let new_id = user_id;
    let user_id = &new_id;
    // 21
    let found = realm.users().list().search("ada").await?;
    println!("{} found", found.len());
    // 22
    let everyone = realm.users().list().all().await?;
    // 23
    let found = realm.users().find_by_username("ada").await?;
    // 24
    let count = realm.users().count().await?;
    println!(
        "{} of {count}, found by name: {}",
        everyone.len(),
        found.is_some()
    );
    // 25
    let user = realm.user(user_id).get().await?;
    println!("{user:?}");
    // 26
    realm
        .user(user_id)
        .modify(|user| user.last_name = Some("King".into()))
        .await?;
    // 28
    realm
        .user(user_id)
        .reset_password(&CredentialRepresentation::password("s3cret"))
        .await?;
    Ok(new_id)
}

pub(crate) async fn look_after(realm: &Realm, user_id: &UserId) -> Result<()> {
    // 33
    let sessions = realm.user(user_id).sessions().await?;
    // 34
    realm.user(user_id).logout().await?;
    // 35
    let consents = realm.user(user_id).consents().list().await?;
    // 36
    let status = realm.attack_detection().user(user_id).get().await?;
    // 37
    realm.attack_detection().user(user_id).clear().await?;
    println!(
        "{} sessions, {} consents, {:?} failed logins",
        sessions.len(),
        consents.len(),
        status.num_failures
    );
    Ok(())
}

/// Fails where the realm has no mail server.
pub(crate) async fn mail(realm: &Realm, user_id: &UserId) -> Result<()> {
    // 31
    realm
        .user(user_id)
        .execute_actions_email(&["UPDATE_PASSWORD"])
        .await?;
    // 32
    realm.user(user_id).send_verify_email().await?;
    Ok(())
}

pub(crate) async fn delete(realm: &Realm, user_id: &UserId) -> Result<()> {
    // 27
    realm
        .user(user_id)
        .modify(|user| user.enabled = Some(false))
        .await?;
    // 29
    let credentials = realm.user(user_id).credentials().list().await?;
    for credential_id in credentials
        .iter()
        .filter_map(|credential| credential.id.as_deref())
    {
        // 30
        realm
            .user(user_id)
            .credential(credential_id)
            .delete()
            .await?;
    }
    // 38
    realm.user(user_id).delete().await?;
    Ok(())
}
