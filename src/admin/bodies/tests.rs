//! What is refused before it is sent, what is completed, and what is named after a refusal.

mod left_out;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::Error;
use crate::admin::handles::Realm;
use crate::admin::representations::{
    ClientRepresentation, ComponentRepresentation, Composites, GroupRepresentation,
    IdentityProviderMapperRepresentation, IdentityProviderRepresentation,
    NewExecutionRepresentation, OrganizationRepresentation, PartialImportRepresentation,
    RealmRepresentation, RoleRepresentation, UserRepresentation,
};
use crate::test_support::{Reply, Server};

const MASK: &str = "**********";

/// A server of this version that accepts everything.
async fn server(version: &'static str) -> (Server, Realm) {
    answering(version, |_| None).await
}

/// The same, with responses by a request's method and body.
async fn answering(
    version: &'static str,
    answer: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static,
) -> (Server, Realm) {
    let server = Server::keycloak(move |seen, _| {
        if seen.is_token_request() || seen.is_discovery() {
            return None;
        }
        if seen.target.ends_with("/serverinfo") {
            return Some(match version {
                "" => Reply::status(403),
                _ => Reply::json(
                    200,
                    json!({ "systemInfo": { "version": version } }).to_string(),
                ),
            });
        }
        match seen.method.as_str() {
            "POST" | "PUT" => Some(answer(&seen.method).unwrap_or_else(|| {
                Reply::json(201, "{}").with("Location", "http://x/admin/realms/r/things/made")
            })),
            method => answer(method),
        }
    })
    .await;
    let realm = server.client().realm("demo");
    (server, realm)
}

/// The bodies of the writing requests.
fn written(server: &Server) -> Vec<Value> {
    let seen = server.seen();
    let bodies = seen
        .iter()
        .filter(|seen| !seen.is_token_request() && !seen.body.is_empty());
    bodies
        .map(|seen| serde_json::from_str(&seen.body).unwrap())
        .collect()
}

#[track_caller]
#[allow(
    clippy::needless_pass_by_value,
    reason = "calls read better without a reference"
)]
fn refused(server: &Server, error: Error, names: &[&str]) {
    assert!(error.is_config(), "{error}");
    for name in names {
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
    assert_eq!(written(server), Vec::<Value>::new());
}

#[tokio::test]
async fn ten_asterisks_are_not_stored_as_a_client_secret_by_any_call() {
    let (server, realm) = server("26.7.4").await;
    let client = ClientRepresentation::default()
        .client_id("web")
        .secret(MASK);
    let id = crate::admin::ids::ClientUuid::new("c1");
    let import = PartialImportRepresentation::default().clients([client.clone()]);
    let whole = RealmRepresentation::default()
        .realm("r")
        .clients([client.clone()]);
    let name = "secret";
    refused(
        &server,
        realm.clients().create(&client).await.unwrap_err(),
        &[name],
    );
    refused(
        &server,
        realm.client(id.clone()).update(&client).await.unwrap_err(),
        &[name],
    );
    let nested = "clients[0].secret";
    refused(
        &server,
        realm.partial_import(&import).await.unwrap_err(),
        &[nested],
    );
    let realms = server.client().realms();
    refused(
        &server,
        realms.create(&whole).await.unwrap_err(),
        &[nested, "allow_masked_secrets"],
    );

    realm
        .clients()
        .allow_masked_secrets()
        .create(&client)
        .await
        .unwrap();
    realm
        .client(id)
        .allow_masked_secrets()
        .update(&client)
        .await
        .unwrap();
    for body in written(&server) {
        assert_eq!(body["secret"], MASK);
    }
    assert_eq!(written(&server).len(), 2);
}

#[tokio::test]
async fn ten_asterisks_keep_a_stored_secret_and_nothing_where_there_is_none() {
    let (server, realm) = server("26.7.4").await;
    let provider = IdentityProviderRepresentation::default()
        .alias("hub")
        .config_entry("clientSecret", MASK);
    let component = ComponentRepresentation::default()
        .name("ldap")
        .config_entry("bindCredential", vec![MASK]);
    let mail = RealmRepresentation::default()
        .realm("r")
        .smtp_server([("password", MASK), ("host", "h")])
        .identity_providers([provider.clone()]);
    let import = PartialImportRepresentation::default().identity_providers([provider.clone()]);
    let realms = server.client().realms();
    refused(
        &server,
        realm
            .identity_providers()
            .create(&provider)
            .await
            .unwrap_err(),
        &["config.clientSecret"],
    );
    refused(
        &server,
        realm.components().create(&component).await.unwrap_err(),
        &["config.bindCredential"],
    );
    refused(
        &server,
        realms.create(&mail).await.unwrap_err(),
        &[
            "smtpServer.password",
            "identityProviders[0].config.clientSecret",
        ],
    );
    refused(
        &server,
        realm.partial_import(&import).await.unwrap_err(),
        &["identityProviders[0].config.clientSecret"],
    );

    let mail = RealmRepresentation::default().smtp_server([("password", MASK)]);
    realm.update(&mail).await.unwrap();
    realm
        .identity_provider("hub")
        .update(&provider)
        .await
        .unwrap();
    realm.component("c").update(&component).await.unwrap();
    assert_eq!(written(&server).len(), 3);
}

#[tokio::test]
async fn what_creating_loses_is_refused_with_the_call_to_use() {
    let (server, realm) = server("26.7.4").await;
    let user = UserRepresentation::default().username("ada");
    for (user, names) in [
        (
            user.clone().realm_roles(["reader"]),
            ["realmRoles", "assign_roles"],
        ),
        (
            user.clone().client_roles([("web", ["reader"])]),
            ["clientRoles", "assign_roles"],
        ),
    ] {
        refused(
            &server,
            realm.users().create(&user).await.unwrap_err(),
            &names,
        );
    }
    let below = GroupRepresentation::default().name("it");
    let group = GroupRepresentation::default()
        .name("staff")
        .sub_groups([below.clone()]);
    let error = realm.groups().create(&group).await.unwrap_err();
    refused(&server, error, &["subGroups", "children().ensure"]);
    let error = realm
        .group("g")
        .children()
        .create(&group)
        .await
        .unwrap_err();
    refused(&server, error, &["subGroups"]);
    let organization = OrganizationRepresentation::default()
        .name("o")
        .groups([below]);
    let error = realm
        .organizations()
        .create(&organization)
        .await
        .unwrap_err();
    refused(&server, error, &["groups", "organization.groups().create"]);

    // What create accepts, and what is empty, is sent.
    realm
        .users()
        .create(&user.clone().groups(["/staff"]))
        .await
        .unwrap();
    realm
        .users()
        .create(&user.realm_roles([""; 0]))
        .await
        .unwrap();
    assert_eq!(written(&server).len(), 2);
}

#[tokio::test]
async fn what_an_update_loses_is_refused_where_it_is_another_value() {
    let group = json!({ "id": "g", "name": "staff", "subGroups": [], "realmRoles": ["reader"] });
    let (server, realm) = answering("26.7.4", move |method| {
        (method == "GET").then(|| Reply::json(200, group.to_string()))
    })
    .await;
    let user = UserRepresentation::default().username("ada");
    for (user, names) in [
        (
            user.clone().realm_roles(["reader"]),
            ["realmRoles", "user.assign_roles"],
        ),
        (
            user.clone().client_roles([("web", ["reader"])]),
            ["clientRoles", "user.assign_roles"],
        ),
        (user.groups(["/staff"]), ["groups", "user.groups().add"]),
    ] {
        refused(
            &server,
            realm.user("u").update(&user).await.unwrap_err(),
            &names,
        );
    }
    let role = RoleRepresentation::default()
        .name("r")
        .composites(Composites::default().realm(["reader"]));
    let error = realm.role("r").update(&role).await.unwrap_err();
    refused(&server, error, &["composites", "role.assign_roles"]);
    let whole = RealmRepresentation::default().clients([ClientRepresentation::default()]);
    let error = realm.update(&whole).await.unwrap_err();
    refused(&server, error, &["clients", "realm.clients().ensure"]);

    let read = realm.group("g").get().await.unwrap();
    let other = read.clone().realm_roles(["writer"]);
    let error = realm.group("g").update(&other).await.unwrap_err();
    refused(&server, error, &["realmRoles", "group.assign_roles"]);
    let below = GroupRepresentation::default().name("it");
    let error = realm
        .group("g")
        .update(&read.clone().sub_groups([below]))
        .await
        .unwrap_err();
    refused(&server, error, &["subGroups", "children().ensure"]);
    let error = realm
        .group("g")
        .modify(|g| g.realm_roles = Some(Vec::new()))
        .await
        .unwrap_err();
    refused(&server, error, &["realmRoles", "group.assign_roles"]);

    realm.group("g").update(&read).await.unwrap();
    assert_eq!(written(&server).len(), 1, "as it was read");
}

#[tokio::test]
async fn composites_are_sent_with_the_flag_that_makes_the_server_read_them() {
    let (server, realm) = server("26.7.4").await;
    let composites = Composites::default().realm(["reader"]);
    let role = RoleRepresentation::default()
        .name("writer")
        .composites(composites.clone());
    assert_eq!(role.composite, Some(true), "by the setter");
    let mut assigned = RoleRepresentation::default().name("writer");
    assigned.composites = Some(composites.clone());
    realm.roles().create(&assigned).await.unwrap();
    realm
        .client(crate::admin::ids::ClientUuid::new("c"))
        .roles()
        .create(&assigned)
        .await
        .unwrap();
    for body in written(&server) {
        assert_eq!(body["composite"], true, "{body}");
        assert_eq!(body["composites"]["realm"], json!(["reader"]));
    }
    assert_eq!(written(&server).len(), 2);
    let error = realm
        .roles()
        .create(&role.composite(false))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("composite is false"), "{error}");
    assert_eq!(written(&server).len(), 2);
}

#[tokio::test]
async fn a_mapper_of_an_identity_provider_takes_the_alias_of_its_handle() {
    let (server, realm) = server("26.7.4").await;
    let mappers = realm.identity_provider("hub ü").mappers();
    let mapper = IdentityProviderMapperRepresentation::default().name("m");
    mappers.create(&mapper).await.unwrap();
    assert_eq!(written(&server)[0]["identityProviderAlias"], "hub ü");
    let other = mapper.identity_provider_alias("other");
    let error = mappers.create(&other).await.unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("hub"),
        "{error}"
    );
    assert_eq!(written(&server).len(), 1);
}

#[tokio::test]
async fn a_priority_is_not_sent_to_a_server_that_drops_it() {
    let execution = NewExecutionRepresentation::default().provider("auth-otp-form");
    let (old, realm) = server("24.0.5").await;
    let executions = realm.authentication().flow_by_alias("f").executions();
    let error = executions
        .create(&execution.clone().priority(5))
        .await
        .unwrap_err();
    assert_eq!(error.needs_keycloak(), Some("25.0.6"));
    refused(&old, error, &["priority", "24.0.5", "25.0.6"]);
    executions.create(&execution).await.unwrap();
    for version in ["25.0.6", "26.7.4", ""] {
        let (server, realm) = server(version).await;
        let executions = realm.authentication().flow_by_alias("f").executions();
        executions
            .create(&execution.clone().priority(5))
            .await
            .unwrap();
        executions
            .create(&execution.clone().priority(6))
            .await
            .unwrap();
        let asked = server
            .seen()
            .iter()
            .filter(|s| s.target.ends_with("serverinfo"))
            .count();
        assert_eq!((asked, written(&server).len()), (1, 2), "asked once");
    }
}

/// The error of a provider with a member that is new in 26.7.4.
async fn failed(version: &'static str, status: u16, body: &'static str) -> Error {
    let (_server, realm) = answering(version, move |m| {
        (m != "GET").then(|| Reply::json(status, body))
    })
    .await;
    let provider = IdentityProviderRepresentation::default()
        .alias("hub")
        .types(["BROKER"]);
    realm
        .identity_providers()
        .create(&provider)
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_failure_of_a_server_that_has_every_member_blames_none() {
    const FAILED: &str = r#"{"error":"unknown_error","error_description":"For more on this error consult the server log."}"#;
    for version in ["26.7.4", "26.10.0", ""] {
        let error = failed(version, 500, FAILED).await;
        assert_eq!(
            (error.needs_keycloak(), error.hint()),
            (None, None),
            "{version} {error}"
        );
        assert!(error.field_errors().is_empty());
    }
    let unreadable = r#"{"error":"unable to read contents from stream"}"#;
    let error = failed("", 400, unreadable).await;
    assert!(
        error.hint().unwrap().contains("does not tell its version"),
        "{error}"
    );
    let error = failed("24.0.5", 500, FAILED).await;
    assert_eq!(error.needs_keycloak(), Some("26.5.7"));
    assert_eq!(error.field_errors()[0].field.as_deref(), Some("types"));
    assert!(
        error.hint().unwrap().contains("types (needs 26.5.7)"),
        "{error}"
    );
}

#[tokio::test]
async fn unknown_members_are_named_where_they_are() {
    let client = ClientRepresentation::default().client_id("a");
    let body = RealmRepresentation::default().realm("r").clients([
        client.clone(),
        client.clone().type_("x"),
        client.extra_member("colour", 1),
    ]);
    let paths = |error: &Error| -> Vec<String> {
        error
            .field_errors()
            .iter()
            .filter_map(|field| field.field.clone())
            .collect()
    };
    for (version, body_of_answer, named, needs) in [
        // The server names the member.
        (
            "",
            r#"{"error":"Unrecognized field \"type\" (class org.keycloak.representations.idm.ClientRepresentation), not marked as ignorable"}"#,
            vec!["clients[1].type"],
            Some("25.0.6"),
        ),
        (
            "",
            r#"{"error":"Invalid json representation for ClientRepresentation. Unrecognized field \"colour\" at line 1 column 9."}"#,
            vec!["clients[2].colour"],
            None,
        ),
        // The server does not name it: its version and this crate's types do.
        (
            "24.0.5",
            r#"{"errorMessage":"unable to read contents from stream"}"#,
            vec!["clients[1].type", "clients[2].colour"],
            Some("25.0.6"),
        ),
        (
            "26.7.4",
            r#"{"errorMessage":"unable to read contents from stream"}"#,
            vec!["clients[2].colour"],
            None,
        ),
    ] {
        let (server, _) = answering(version, move |m| {
            (m != "GET").then(|| Reply::json(400, body_of_answer))
        })
        .await;
        let error = server.client().realms().create(&body).await.unwrap_err();
        assert_eq!(paths(&error), named, "{error}");
        assert_eq!(error.needs_keycloak(), needs, "{error}");
        for path in named {
            assert!(error.hint().unwrap().contains(path), "{error}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_new_enough_does_not_lack_the_endpoint() {
    for (version, needs) in [
        ("24.0.5", Some("26.5.7")),
        ("26.7.4", None),
        ("", Some("26.5.7")),
    ] {
        let (_server, realm) =
            answering(version, |m| (m == "GET").then(|| Reply::status(405))).await;
        let error = realm
            .organization("o")
            .invitations()
            .list()
            .await
            .unwrap_err();
        assert_eq!(error.needs_keycloak(), needs, "{version}: {error}");
    }
}
