//! What the programs of this package share: the objects that are sent and read.

use keycloak_kit::representations::UserRepresentation;

/// The realm of every call.
pub const REALM: &str = "demo";
/// The user that is read and the one that is created.
pub const ID: &str = "f6a7c2a4-5c1e-4e0a-9a3b-0d8f6a7c2a41";
/// How many users a list has.
pub const LISTED: i32 = 1000;

/// A user as Keycloak returns it.
pub fn user(number: usize) -> UserRepresentation {
    UserRepresentation::default()
        .id(format!("f6a7c2a4-5c1e-4e0a-9a3b-{number:012}"))
        .username(format!("user-{number}"))
        .first_name("Ada")
        .last_name("Lovelace")
        .email(format!("user-{number}@example.org"))
        .email_verified(true)
        .enabled(true)
        .attribute("team", ["core", "platform"])
        .extra_member("memberOfANewerServer", number)
}

/// An access token as long as those of Keycloak.
pub fn token() -> String {
    format!(
        "eyJhbGciOiJSUzI1NiJ9.{}.{}",
        "eyJ4".repeat(250),
        "c2ln".repeat(85)
    )
}

/// The error of a program that measures.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
