//! Makes the commonest mistakes on purpose and shows what the errors say.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example errors
//! ```

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::{RealmRepresentation, UserRepresentation};
use keycloak_kit::{ClientOptions, Error, ErrorKind, Keycloak, Result};

const REALM: &str = "errors-example";

#[tokio::main]
async fn main() -> Result<()> {
    let kc = Keycloak::from_env()?;
    if kc.realm(REALM).find().await?.is_none() {
        let realm = RealmRepresentation::default().realm(REALM).enabled(true);
        kc.realms().create(&realm).await?;
    }
    let realm = kc.realm(REALM);
    let outcome = mistakes(&kc, &realm).await;
    realm.delete().await?;
    outcome
}

async fn mistakes(kc: &Keycloak, realm: &Realm) -> Result<()> {
    let ada = UserRepresentation::default().username("ada").enabled(true);
    let id = realm.users().create(&ada).await?;
    show("a name that is taken", realm.users().create(&ada).await);

    let bad = UserRepresentation::default()
        .username("b")
        .email("not an address");
    show(
        "fields that the realm refuses",
        realm.users().create(&bad).await,
    );

    show("an id that is a path", realm.user("..").delete().await);
    show("no such user", realm.user("nobody").get().await);
    show("no such realm", kc.realm("nowhere").users().list().await);

    // `find` makes `None` of a missing object, and of that alone.
    println!(
        "find: {:?}",
        realm.user("nobody").find().await?.map(|user| user.username)
    );
    show(
        "find in no realm",
        kc.realm("nowhere").user("nobody").find().await,
    );

    let ignored = realm
        .user(&id)
        .modify(|user| {
            user.attributes
                .get_or_insert_default()
                .insert("shoe".to_owned(), vec!["42".to_owned()]);
        })
        .await;
    show("an attribute that the user profile does not know", ignored);

    let stranger = Keycloak::builder(kc.base_url())
        .password("admin", "wrong")
        .build()?;
    show("a wrong password", stranger.login().await);
    let nowhere = Keycloak::builder("http://127.0.0.1:9")
        .password("a", "b")
        .options(ClientOptions::new().max_retries(0))
        .build()?;
    show("no server", nowhere.login().await);
    show(
        "a bad setting",
        Keycloak::builder("sso.example").anonymous().build(),
    );
    Ok(())
}

fn show<T>(what: &str, result: Result<T>) {
    let Err(error) = result else {
        println!("{what}: no error\n");
        return;
    };
    println!("{what}\n  {error}");
    for field in error.field_errors() {
        println!(
            "  field {:?}: {}",
            field.field.as_deref().unwrap_or("?"),
            field.message
        );
    }
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        println!("  because: {cause}");
        source = cause.source();
    }
    println!("  -> {}\n", advice(&error));
}

/// What a program may do about it.
fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Conflict => "use the one that is there",
        ErrorKind::Validation => "show the fields to whoever filled them in",
        ErrorKind::NotFound => "create it, or tell that it is gone",
        ErrorKind::Unauthorized | ErrorKind::Forbidden => "tell the operator",
        ErrorKind::Config => "mend the program or its settings",
        _ if error.is_retryable() => "try again later",
        _ => "report it",
    }
}
