//! What a server that is older than this crate's release lacks, and how it is told.
//!
//! On the newest supported server little is left of these; `KEYCLOAK_VERSION=24.0.5` is where they
//! count.

use std::collections::BTreeMap;

use keycloak_kit::Method;
use keycloak_kit::representations::{
    AuthenticationFlowRepresentation, ClientRepresentation, CredentialRepresentation,
    IdentityProviderRepresentation, NewExecutionRepresentation, NewSubflowRepresentation,
    RealmRepresentation,
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::recorded::document::operations;
use crate::recorded::given::Given;
use crate::recorded::{CALLS, Call};
use crate::support::TestRealm;
use crate::support::accounts::person;
use crate::support::version::{assert_needs, table, version};

/// Ids of objects that are there: only below them the server comes to the part that it lacks.
async fn ids(test: &TestRealm) -> BTreeMap<&'static str, String> {
    let (user, _) = test.user("ada").await;
    let (group, _) = test.group("staff").await;
    let role = test.role("reader").await;
    let app = test.realm.client_by_client_id("account").await.unwrap();
    let uuid = app.get().await.unwrap().client_uuid().unwrap();
    let realm = &test.realm;
    let made = realm.organizations().list().await;
    assert!(made.is_err() || made.unwrap().is_empty());
    BTreeMap::from([
        ("realm", test.name.clone()),
        ("user-id", user.to_string()),
        ("group-id", group.to_string()),
        ("role-name", role.name.unwrap()),
        ("client-uuid", uuid.to_string()),
        ("type", "clients".to_owned()),
        ("alias", "CONFIGURE_TOTP".to_owned()),
    ])
}

fn given(call: &Call, ids: &BTreeMap<&'static str, String>) -> Given {
    let operation = &operations()[call.operation];
    let given = Given::for_operation(operation);
    operation
        .path_parameters()
        .iter()
        .fold(given, |given, name| {
            given.with_path(name, ids.get(name.as_str()).map_or("x", String::as_str))
        })
}

/// The arguments that must be given, no others.
fn bare(call: &Call, ids: &BTreeMap<&'static str, String>) -> Given {
    let operation = &operations()[call.operation];
    let path = operation
        .path_parameters()
        .into_iter()
        .map(|name| {
            let value = ids.get(name.as_str()).map_or("x", String::as_str);
            (name, value.to_owned())
        })
        .collect();
    let query = operation
        .query
        .iter()
        .filter(|query| query.required)
        .map(|query| (query.name.clone(), json!("x")))
        .collect();
    Given::of(path, query, Value::Null)
}

/// Every call that this server's release does not have names the release that has it.
#[tokio::test]
async fn what_an_older_server_lacks_names_the_release_that_has_it() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("versions", realm).await;
    let ids = ids(&test).await;
    let version = version().await;
    let mut wrong = Vec::new();
    for (release, new) in table().new {
        if version.has(&release) {
            continue;
        }
        for call in CALLS {
            // Below an organization that an older server has and that is not there, the
            // organization is what is missing.
            let inside = call.operation.contains("{org-id}/") && version.has("26.0.8");
            if !new.operations.contains(call.operation) || inside {
                continue;
            }
            match (call.run)(&test.kc, &given(call, &ids)).await {
                Err(error) if error.needs_keycloak() == Some(release.as_str()) => {
                    assert!(error.to_string().contains(&release), "{error}");
                }
                other => wrong.push(format!("{} needs {release}: {other:?}", call.name)),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    test.delete().await;
}

/// And every one that it has does not; its answers decode.
#[tokio::test]
async fn what_a_server_has_needs_no_other_and_decodes() {
    let test = TestRealm::new("versions-own").await;
    let mut ids = ids(&test).await;
    ids.remove("alias");
    let version = version().await;
    let newer: Vec<String> = table()
        .new
        .into_iter()
        .filter(|(release, _)| !version.has(release))
        .flat_map(|(_, new)| new.operations)
        .collect();
    let mut wrong = Vec::new();
    for call in CALLS {
        if !call.operation.starts_with("GET ") || newer.iter().any(|key| key == call.operation) {
            continue;
        }
        let Err(error) = (call.run)(&test.kc, &bare(call, &ids)).await else {
            continue;
        };
        // A feature that is off is told as a path that is not there.
        let feature = error
            .hint()
            .is_some_and(|hint| hint.contains("--features="));
        if error.is_decode() || (error.needs_keycloak().is_some() && !feature) {
            wrong.push(format!("{}: {error}", call.name));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    test.delete().await;
}

/// A member that the release does not have is refused, never lost: the error names it, and the
/// release.
#[tokio::test]
async fn a_member_that_an_older_server_refuses_is_named() {
    let test = TestRealm::new("versions-members").await;
    let version = version().await;
    let places = BTreeMap::from([
        ("ClientRepresentation", "clients"),
        ("GroupRepresentation", "groups"),
        ("UserRepresentation", "users"),
    ]);
    let table = table();
    let mut refused = 0;
    for (ty, member, release) in table.members() {
        let Some(place) = places.get(ty).filter(|_| !version.has(release)) else {
            continue;
        };
        let path = ["admin", "realms", &test.name, place];
        let body = json!({ member: null });
        let call = test.kc.request::<Value>(Method::POST, path).json(&body);
        let error = call.await.unwrap_err();
        assert!(error.is_validation(), "{error}");
        let fields: Vec<_> = error
            .field_errors()
            .iter()
            .map(|f| f.field.as_deref())
            .collect();
        assert_eq!(fields, [Some(member)], "{error}");
        assert_eq!(error.needs_keycloak(), Some(release), "{error}");
        refused += 1;
    }
    if !version.has("26.4.7") {
        assert!(refused > 0);
    }

    // On every release, by every sentence that the releases have for it.
    let path = ["admin", "realms", &test.name, "users"];
    let body = json!({ "username": "ada", "mood": "good" });
    let call = test.kc.request::<Value>(Method::POST, path).json(&body);
    let error = call.await.unwrap_err();
    assert_eq!(
        error.field_errors()[0].field.as_deref(),
        Some("mood"),
        "{error}"
    );
    assert_eq!(
        error.field_errors()[0].message,
        "Unrecognized field of UserRepresentation"
    );
    let typed = serde_json::from_value(json!({ "username": "ada", "mood": "good" })).unwrap();
    let error = test.realm.users().create(&typed).await.unwrap_err();
    assert_eq!(error.needs_keycloak(), None);
    assert_eq!(
        error.field_errors()[0].field.as_deref(),
        Some("mood"),
        "{error}"
    );
    test.delete().await;
}

/// An older server says less with a 404, and `find` still tells what is missing.
#[tokio::test]
async fn find_tells_a_missing_object_on_every_release() {
    let test = TestRealm::new("versions-find").await;
    let realm = &test.realm;
    assert_eq!(realm.user("nobody").find().await.unwrap().map(|_| ()), None);
    assert_eq!(realm.group("none").find().await.unwrap().map(|_| ()), None);
    assert_eq!(realm.role("none").find().await.unwrap().map(|_| ()), None);
    realm.users().create(&person("ada")).await.unwrap();
    let member = realm.organization("x").member("y").find().await;
    assert!(
        member.is_err(),
        "organizations are off or not there: {member:?}"
    );
    test.delete().await;
}

/// A body that an older server reads as a map is not sent with a member that it drops.
#[tokio::test]
async fn a_priority_stands_or_is_refused() {
    let test = TestRealm::new("versions-priority").await;
    let authentication = test.realm.authentication();
    let flow = AuthenticationFlowRepresentation::default()
        .alias("f")
        .provider_id("basic-flow")
        .top_level(true)
        .built_in(false);
    authentication.flows().create(&flow).await.unwrap();
    let executions = authentication.flow_by_alias("f").executions();
    let otp = NewExecutionRepresentation::default().provider("auth-otp-form");
    let subflow = NewSubflowRepresentation::default()
        .alias("s")
        .type_("basic-flow")
        .priority(3);
    let first = executions.create(&otp.clone().priority(50)).await.map(drop);
    let second = executions.create_subflow(&subflow).await.map(drop);
    let listed = executions.list().await.unwrap();
    if version().await.has("25.0.6") {
        first.unwrap();
        second.unwrap();
        let priorities: Vec<_> = listed.iter().map(|one| one.priority).collect();
        assert_eq!(priorities, [Some(3), Some(50)]);
    } else {
        for refused in [first, second] {
            assert_needs(refused, "25.0.6");
        }
        assert!(listed.is_empty(), "{listed:?}");
        executions.create(&otp).await.unwrap();
    }
    test.delete().await;
}

/// A failure that has another reason blames no member, and members are named at every depth.
#[tokio::test]
async fn a_member_is_blamed_by_what_the_server_lacks() {
    let test = TestRealm::new("versions-blame").await;
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc")
        .config([
            ("authorizationUrl", "https://idp.example/auth"),
            ("tokenUrl", "https://idp.example/token"),
            ("clientId", "kc"),
            ("clientSecret", "s"),
        ]);
    test.realm.identity_providers().create(&hub).await.unwrap();
    let wrong = test
        .realm
        .identity_provider("hub")
        .modify(|hub| hub.first_broker_login_flow_alias = Some("nope".to_owned()));
    let error = wrong.await.unwrap_err();
    assert_eq!(error.needs_keycloak(), None, "{error}");
    assert!(
        error.hint().is_none_or(|hint| !hint.contains("types")),
        "{error}"
    );

    let client = ClientRepresentation::default().client_id("a");
    let realm = RealmRepresentation::default()
        .realm(format!("{}-nested", test.name))
        .clients([
            client.clone(),
            client.extra_member("colour", "red").type_("x"),
        ]);
    let error = test.kc.realms().create(&realm).await.unwrap_err();
    let named: Vec<_> = error
        .field_errors()
        .iter()
        .filter_map(|f| f.field.as_deref())
        .collect();
    let needs = if version().await.has("25.0.6") {
        assert_eq!(named, ["clients[1].colour"], "{error}");
        None
    } else {
        assert_eq!(named, ["clients[1].type", "clients[1].colour"], "{error}");
        Some("25.0.6")
    };
    assert_eq!(error.needs_keycloak(), needs, "{error}");

    // In the calls where the server names the member itself.
    let password = CredentialRepresentation::password("x").extra_member("mood", 1);
    let error = test
        .realm
        .users()
        .create(&person("ada").credentials([password]))
        .await
        .unwrap_err();
    assert_eq!(
        error.field_errors()[0].field.as_deref(),
        Some("credentials[0].mood"),
        "{error}"
    );
    test.delete().await;
}
