//! A realm with roles, groups, a client and users.

use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::{
    ClientRepresentation, CredentialRepresentation, GroupRepresentation, RealmRepresentation,
    RoleRepresentation, UserRepresentation,
};
use keycloak_kit::{Keycloak, Result};

use crate::{CONCURRENCY, PASSWORD, REALM, USERS};

/// What was made, to be read back at the end.
pub(crate) struct Made {
    pub(crate) users: usize,
    pub(crate) in_platform: usize,
    pub(crate) editors: usize,
}

/// Makes the realm anew, with roles, groups and a client.
pub(crate) async fn realm(kc: &Keycloak) -> Result<Realm> {
    let realm = kc.realm(REALM);
    if realm.find().await?.is_some() {
        realm.delete().await?;
        println!("deleted the realm of the last run");
    }
    let settings = RealmRepresentation::default()
        .realm(REALM)
        .display_name("The tour")
        .enabled(true)
        .access_token_lifespan(300); // seconds
    kc.realms().create(&settings).await?;

    for role in ["reader", "editor"] {
        realm
            .roles()
            .create(&RoleRepresentation::default().name(role))
            .await?;
    }
    let reader = realm.role("reader").get().await?;
    realm.role("editor").composites().add(&[reader]).await?;

    let staff = realm
        .groups()
        .create(&GroupRepresentation::default().name("staff"))
        .await?;
    for team in ["platform", "design"] {
        let team = GroupRepresentation::default().name(team);
        realm.group(&staff).children().create(&team).await?;
    }

    let app = ClientRepresentation::default()
        .client_id("tour-app")
        .public_client(true)
        .direct_access_grants_enabled(true)
        .redirect_uris(["http://localhost/*"]);
    let uuid = realm.clients().create(&app).await?;
    println!("realm {REALM}: roles reader and editor, groups /staff/platform and /staff/design,");
    println!("               client tour-app ({uuid})");
    Ok(realm)
}

/// Makes the users, several at a time.
pub(crate) async fn users(realm: &Realm) -> Result<Made> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} users")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(USERS as u64).with_style(style);
    let editor = realm.role("editor").get().await?;

    stream::iter(0..USERS)
        .map(|number| {
            let (bar, editor) = (bar.clone(), editor.clone());
            async move {
                let id = realm.users().create(&user(number)).await?;
                if is_editor(number) {
                    realm
                        .user(&id)
                        .role_mappings()
                        .realm()
                        .add(&[editor])
                        .await?;
                }
                bar.inc(1);
                Ok::<_, keycloak_kit::Error>(())
            }
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect::<()>()
        .await?;
    bar.finish_and_clear();

    let made = Made {
        users: USERS,
        in_platform: (0..USERS)
            .filter(|number| team(*number) == "platform")
            .count(),
        editors: (0..USERS).filter(|number| is_editor(*number)).count(),
    };
    println!(
        "{} users, {CONCURRENCY} requests at a time; {} are editors",
        made.users, made.editors
    );
    Ok(made)
}

fn user(number: usize) -> UserRepresentation {
    UserRepresentation::default()
        .username(format!("user-{number:03}"))
        .email(format!("user-{number:03}@example.org"))
        .first_name("User")
        .last_name(format!("Number {number}"))
        .email_verified(true)
        .enabled(true)
        .groups([format!("/staff/{}", team(number))])
        .credentials([CredentialRepresentation::password(PASSWORD)])
}

fn team(number: usize) -> &'static str {
    if number.is_multiple_of(4) {
        "design"
    } else {
        "platform"
    }
}

fn is_editor(number: usize) -> bool {
    number.is_multiple_of(10)
}
