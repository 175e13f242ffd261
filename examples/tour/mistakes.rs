//! Errors as a user of the library meets them.

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::UserRepresentation;

use crate::report;

/// Makes some mistakes on purpose.
pub(crate) async fn show(realm: &Realm) {
    println!("a user name that is taken:");
    let taken = UserRepresentation::default().username("user-000");
    if let Err(error) = realm.users().create(&taken).await {
        report::explain(&error);
    }

    println!("a user whose members are not valid:");
    let invalid = UserRepresentation::default()
        .username("x")
        .email("not an address")
        .enabled(true);
    if let Err(error) = realm.users().create(&invalid).await {
        report::explain(&error);
        for field in error.field_errors() {
            println!(
                "      {}: {}",
                field.field.as_deref().unwrap_or("-"),
                field.message
            );
        }
    }

    println!("an id that would have deleted the realm (refused before anything is sent):");
    if let Err(error) = realm.user("..").delete().await {
        report::explain(&error);
    }

    println!("a user who does not exist:");
    match realm.user("no-such-id").find().await {
        Ok(None) => println!("   find() gives None"),
        Ok(Some(user)) => println!("   found {user:?}"),
        Err(error) => report::explain(&error),
    }
}
