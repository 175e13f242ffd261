//! What automation does all day: page, change, disable, log in.

use futures_util::TryStreamExt;
use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;

use crate::{CONCURRENCY, PASSWORD};

/// What was changed, to be read back at the end.
pub(crate) struct Done {
    pub(crate) disabled: usize,
    pub(crate) renamed: usize,
}

/// Pages through the users, renames some and disables some.
pub(crate) async fn work(realm: &Realm) -> Result<Done> {
    let mut seen = 0;
    let mut users = realm.users().list().max(50).stream();
    while let Some(user) = users.next().await {
        user?;
        seen += 1;
    }
    println!("paged through {seen} users, 50 a page");

    let disabled = each(realm, "user-1", |user| user.enabled = Some(false)).await?;
    println!("disabled the {disabled} users whose name contains \"user-1\"");

    let renamed = each(realm, "user-00", |user| {
        user.first_name = Some("Renamed".to_owned())
    })
    .await?;
    println!("renamed the {renamed} users whose name contains \"user-00\"");
    Ok(Done { disabled, renamed })
}

/// Edits every user whose name contains `text`, several at a time.
async fn each(
    realm: &Realm,
    text: &str,
    edit: fn(&mut keycloak_kit::representations::UserRepresentation),
) -> Result<usize> {
    realm
        .users()
        .list()
        .username(text)
        .stream()
        .map_ok(|user| async move {
            realm.user(user.user_id()?).modify(edit).await?;
            Ok(1)
        })
        .try_buffer_unordered(CONCURRENCY)
        .try_fold(0, |sum, one| async move { Ok(sum + one) })
        .await
}

/// Logs in through the endpoints that the realm publishes.
pub(crate) async fn log_in(realm: &Realm) -> Result<()> {
    let oidc = realm.oidc("tour-app").build()?;
    let metadata = oidc.metadata().await?;
    println!("issuer          {}", metadata.issuer);
    println!(
        "token endpoint  {}",
        metadata.token_endpoint.as_deref().unwrap_or("none")
    );

    let tokens = oidc
        .password("user-001", PASSWORD)
        .scope("openid profile email")
        .await?;
    if let Some(id) = tokens.id_token() {
        println!("ID token        verified; subject {}", id.subject());
    }
    let me = oidc.userinfo(&tokens).await?;
    let shown = |member: Option<&str>| member.unwrap_or("-").to_owned();
    println!(
        "userinfo        {} <{}>",
        shown(me.preferred_username()),
        shown(me.email())
    );
    let again = oidc.refresh(&tokens).await?;
    oidc.logout(&again).await?;
    println!("refreshed and logged out");
    Ok(())
}
