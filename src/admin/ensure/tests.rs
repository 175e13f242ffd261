//! Secrets in wanted states, and members that a wanted state may not have.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::admin::Ensured;
use crate::admin::representations::{
    ClientRepresentation, CredentialRepresentation, RealmRepresentation, RoleRepresentation,
    UserRepresentation,
};
use crate::test_support::{Reply, Server};

const MASK: &str = "**********";

/// A server with a realm whose mail password is masked, and one user.
async fn server() -> Server {
    Server::keycloak(|seen, _| {
        if seen.is_token_request() || seen.is_discovery() {
            return None;
        }
        let user = json!({ "id": "u1", "username": "ada", "enabled": true });
        let realm = json!({
            "realm": "demo", "enabled": true,
            "smtpServer": { "host": "mail", "password": MASK },
        });
        Some(match seen.method.as_str() {
            "PUT" => Reply::status(204),
            _ if seen.target.contains("/users?") => Reply::json(200, json!([user]).to_string()),
            _ if seen.target.contains("/users/") => Reply::json(200, user.to_string()),
            _ => Reply::json(200, realm.to_string()),
        })
    })
    .await
}

fn written(server: &Server) -> Vec<Value> {
    let seen = server.seen();
    let puts = seen.iter().filter(|seen| seen.method == "PUT");
    puts.map(|seen| serde_json::from_str(&seen.body).unwrap())
        .collect()
}

fn mail() -> RealmRepresentation {
    RealmRepresentation::default()
        .realm("demo")
        .smtp_server([("host", "mail"), ("password", "rotated")])
}

#[tokio::test]
async fn a_secret_that_is_not_shown_is_said_to_be_not_compared() {
    let server = server().await;
    let realms = server.client().realms();
    let ensured = realms.ensure(&mail()).await.unwrap();
    assert_eq!(ensured.not_compared(), ["smtpServer.password"]);
    assert_eq!(
        ensured.to_string(),
        "demo: as wanted; not compared: smtpServer.password"
    );
    assert_eq!(written(&server), Vec::<Value>::new());

    let kept = mail().smtp_server([("host", "mail"), ("password", MASK)]);
    let ensured = realms.ensure(&kept).await.unwrap();
    assert_eq!(
        ensured.to_string(),
        "demo: as wanted",
        "the mask keeps what is there"
    );
}

#[tokio::test]
async fn secrets_are_written_with_another_change_and_on_demand() {
    let server = server().await;
    let realms = server.client().realms();
    let ensured = realms.ensure(&mail()).with_secrets().await.unwrap();
    assert_eq!(ensured.to_string(), "demo: changed smtpServer.password");
    assert!(!format!("{ensured:?}").contains("rotated"), "{ensured:?}");
    assert_eq!(written(&server)[0]["smtpServer"]["password"], "rotated");

    // The scripted server stores nothing, so `ensure` misses its change.
    let error = realms.ensure(&mail().enabled(false)).await.unwrap_err();
    assert!(error.to_string().contains("enabled"), "{error}");
    assert_eq!(written(&server)[1]["smtpServer"]["password"], "rotated");
}

#[tokio::test]
async fn a_password_of_a_user_that_is_there_is_written_on_demand() {
    let server = server().await;
    let users = server.client().realm("demo").users();
    let ada = UserRepresentation::default()
        .username("ada")
        .credentials([CredentialRepresentation::password("hunter2")]);
    let ensured = users.ensure(&ada).await.unwrap();
    assert_eq!(ensured.not_compared(), ["credentials"]);
    assert_eq!(written(&server), Vec::<Value>::new());
    let ensured = users.ensure(&ada).with_secrets().await.unwrap();
    assert!(matches!(ensured, Ensured::Changed(..)), "{ensured:?}");
    assert!(!format!("{ensured:?}").contains("hunter2"), "{ensured:?}");
    assert_eq!(written(&server)[0]["credentials"][0]["value"], "hunter2");
}

/// The error says that the object exists nevertheless.
#[tokio::test]
async fn a_member_that_is_lost_while_creating_is_told() {
    let server = Server::keycloak(|seen, _| {
        if seen.is_token_request() || seen.is_discovery() {
            return None;
        }
        let user = json!({ "id": "u1", "username": "ada", "enabled": true });
        Some(match seen.method.as_str() {
            "PUT" => Reply::status(204),
            "POST" => Reply::status(201).with("Location", "http://x/admin/realms/demo/users/u1"),
            _ if seen.target.contains("/users?") => Reply::json(200, "[]"),
            _ => Reply::json(200, user.to_string()),
        })
    })
    .await;
    let ada = UserRepresentation::default()
        .username("ada")
        .first_name("Ada");
    let error = server.client().realm("demo").users().ensure(&ada).await;
    let error = error.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(
        hint.starts_with("the object was created and exists; the server ignores"),
        "{error}"
    );
}

#[tokio::test]
async fn members_that_no_update_takes_are_refused_before_anything_is_sent() {
    let server = server().await;
    let realm = server.client().realm("demo");
    let user = UserRepresentation::default()
        .username("ada")
        .groups(["/staff"]);
    let error = realm.users().ensure(&user).await.unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("user.groups().add"),
        "{error}"
    );
    let role = RoleRepresentation::default().name("r");
    let role = role.composites(crate::admin::representations::Composites::default());
    let error = realm.roles().ensure(&role).await.unwrap_err();
    assert!(error.to_string().contains("role.assign_roles"), "{error}");
    let client = ClientRepresentation::default()
        .client_id("web")
        .default_roles(["r"]);
    let error = realm.clients().ensure(&client).await.unwrap_err();
    assert!(error.to_string().contains("defaultRoles"), "{error}");
    assert_eq!(server.counts(), (0, 0, 0));
}
