//! The error answers that Keycloak has, as a caller meets them.

use http::Method;
use keycloak_kit::{ClientOptions, Error, ErrorKind, Keycloak};
use serde_json::{Value, json};

use super::content::text;
use super::release;
use super::suite::Suite;
use crate::recorded::given::Given;
use crate::recorded::{CALLS, Call};

/// Every kind of refusal, over the calls that succeeded.
pub async fn run(suite: &mut Suite) {
    let server = crate::support::server::server();
    let build = |builder: keycloak_kit::KeycloakBuilder| builder.build().unwrap();
    let base = || Keycloak::builder(&server.url);
    without_rights(suite).await;
    let once = ClientOptions::new().max_retries(0);
    let stranger = build(base().access_token("not-a-token").options(once));
    each(
        suite,
        &stranger,
        "a bad token",
        |_, given| Some(given.clone()),
        |error| error.kind() == ErrorKind::Unauthorized,
    )
    .await;
    let admin = build(base().password(&server.username, server.password.as_str()));
    each(
        suite,
        &admin,
        "an unknown realm",
        |call, given| {
            call.operation
                .contains("{realm}")
                .then(|| given.clone().with_path("realm", "no such realm"))
        },
        |error| error.kind() == ErrorKind::NotFound && error.server_message().is_some(),
    )
    .await;
    malformed(suite, &admin).await;
    unknown_member(suite, &admin).await;
    single(suite).await;
}

/// The same calls with something wrong; `right` says whether the error is what it should be.
async fn each(
    suite: &mut Suite,
    kc: &Keycloak,
    what: &str,
    change: impl Fn(&Call, &Given) -> Option<Given>,
    right: impl Fn(&Error) -> bool,
) {
    for call in CALLS {
        let given = suite.given.get(call.name);
        let Some(given) = given.and_then(|given| change(call, given)) else {
            continue;
        };
        match (call.run)(kc, &given).await {
            Err(error) if right(&error) && error.operation() == Some(call.name) => {
                suite.errors += 1;
            }
            Err(error) => suite.failure(call.name, format!("with {what}: {error:?}")),
            Ok(value) => suite.failure(call.name, format!("with {what} gives {value}")),
        }
    }
}

/// A user of the realm who may do nothing there.
async fn without_rights(suite: &mut Suite) {
    let server = crate::support::server::server();
    let realm = suite.value("realm");
    let user = json!({ "username": "nobody", "enabled": true, "email": "nobody@example.org",
        "emailVerified": true, "firstName": "No", "lastName": "Body",
        "credentials": [{ "type": "password", "value": "correct horse" }] });
    suite.call("realm.users.create").body(user).await;
    let nobody = Keycloak::builder(&server.url)
        .login_realm(&realm)
        .password("nobody", "correct horse")
        .build()
        .unwrap();
    // What anyone may read, and what is looked up before the right is asked for.
    let open = |error: &Error| {
        error.kind() == ErrorKind::Forbidden && error.hint().is_some()
            || error.kind() == ErrorKind::NotFound && error.server_message().is_some()
    };
    for call in CALLS {
        let Some(given) = suite.given.get(call.name).cloned() else {
            continue;
        };
        match (call.run)(&nobody, &given).await {
            Err(error) if open(&error) => suite.errors += 1,
            // No role of a realm is missing for what belongs to the server.
            Err(error) if error.is_forbidden() && !call.operation.contains("{realm}") => {
                suite.errors += 1;
            }
            // It looks for the rotated secret first, and fails where there is none any more.
            Err(_) if call.name == "realm.client.secret.rotated.delete" => {}
            Err(error) => suite.failure(call.name, format!("without rights: {error:?}")),
            Ok(_) if OPEN.contains(&call.name) => {}
            Ok(_) if is_open_here(call.name) => {}
            Ok(value) => suite.failure(call.name, format!("without rights gives {value}")),
        }
    }
}

/// Calls that a user without any right may make.
const OPEN: &[&str] = &[
    "realm.admin_ui.available_roles.for_role",
    "realm.admin_ui.realm_names",
];

/// Calls that asked for no right before a release.
const OPEN_BEFORE: &[(&str, &str)] = &[
    ("realm.organizations.by_member", "26.7.4"),
    ("realm.test_smtp_connection", "26.4.7"),
];

fn is_open_here(name: &str) -> bool {
    OPEN_BEFORE
        .iter()
        .any(|(open, release)| *open == name && release::lacks(release))
}

/// A body that is no JSON.
async fn malformed(suite: &mut Suite, kc: &Keycloak) {
    for call in CALLS {
        let Some(given) = suite.given.get(call.name).cloned() else {
            continue;
        };
        if !given.body_json().is_object() || call.upload {
            continue;
        }
        let (method, path) = call.operation.split_once(' ').unwrap();
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(
                |segment| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                    Some(name) => given.path(name),
                    None => segment,
                },
            )
            .collect();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let sent: keycloak_kit::Result<Value> = kc
            .request(method, segments)
            .bytes("application/json", "{ \"unfinished\": ")
            .await;
        match sent {
            Err(error) if error.kind() == ErrorKind::Validation => suite.errors += 1,
            // Where the server reads the body itself it calls that an error of its own.
            Err(error)
                if error
                    .server_message()
                    .is_some_and(|text| text.contains("parse")) =>
            {
                suite.errors += 1;
            }
            // On older releases that fails as a fault of the server.
            Err(error)
                if error.kind() == ErrorKind::Server
                    && !release::is_newest()
                    && is_read_by_hand(call) =>
            {
                suite.errors += 1;
            }
            // What was deleted since is missed before the body is read.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => suite.failure(call.name, format!("with a malformed body: {error:?}")),
            Ok(value) => suite.failure(call.name, format!("with a malformed body gives {value}")),
        }
    }
}

/// Bodies that the server takes as text, and reads itself.
fn is_read_by_hand(call: &Call) -> bool {
    call.operation.contains("/authz/resource-server/") || call.name == "realm.partial_import"
}

/// A member that the server does not know is refused by name, where it is refused.
async fn unknown_member(suite: &mut Suite, kc: &Keycloak) {
    const MEMBER: &str = "notAMember";
    for call in CALLS {
        let Some(given) = suite.given.get(call.name).cloned() else {
            continue;
        };
        let is_json = given.body_json().is_object() && !call.upload;
        if !is_json || call.operation.starts_with("DELETE") {
            continue;
        }
        let given = given.with_body_member(MEMBER, json!("x"));
        let Err(error) = (call.run)(kc, &given).await else {
            continue;
        };
        let refused = error
            .server_message()
            .is_some_and(|text| text.contains("nrecognized field"));
        if !refused {
            continue;
        }
        let named = error
            .field_errors()
            .iter()
            .any(|field| field.field.as_deref() == Some(MEMBER));
        if error.kind() == ErrorKind::Validation && named {
            suite.errors += 1;
        } else {
            suite.failure(call.name, format!("with an unknown member: {error:?}"));
        }
    }
}

/// What a user does wrong most often.
async fn single(suite: &mut Suite) {
    let conflicts = [
        ("realms.create", json!({ "realm": "master" })),
        ("realm.users.create", json!({ "username": "nobody" })),
        ("realm.roles.create", json!({ "name": "reader" })),
        ("realm.groups.create", json!({ "name": "staff" })),
        (
            "realm.client_scopes.create",
            json!({ "name": "profile", "protocol": "openid-connect" }),
        ),
        ("realm.clients.create", json!({ "clientId": "account" })),
        (
            "realm.authentication.flows.create",
            json!({ "alias": "browser", "providerId": "basic-flow", "topLevel": true }),
        ),
    ];
    for (name, body) in conflicts {
        let error = suite.call(name).body(body).error().await;
        check(suite, name, error, |error| {
            error.is_conflict() && error.server_message().is_some()
        });
    }
    let name = "realm.users.create";
    let body = json!({ "username": "x", "email": "no address" });
    let error = suite.call(name).body(body).error().await;
    check(suite, name, error, |error| {
        error.is_validation()
            && error
                .field_errors()
                .iter()
                .any(|one| one.field.as_deref() == Some("email"))
    });
    let body = json!({ "username": "x".repeat(300), "email": "no address" });
    let error = suite.call(name).body(body).error().await;
    check(suite, name, error, |error| {
        let fields: Vec<_> = error
            .field_errors()
            .iter()
            .filter_map(|one| one.field.as_deref())
            .collect();
        error.is_validation() && fields.contains(&"email") && fields.contains(&"username")
    });
    let error = suite
        .call("realms.create")
        .body(json!({ "realm": "" }))
        .error()
        .await;
    check(suite, "realms.create", error, |error| error.is_validation());
    let found = suite
        .call("realm.user.get")
        .path("user-id", "none")
        .error()
        .await;
    check(suite, "realm.user.get", found, |error| {
        error.is_not_found() && text(&json!(error.server_message())).contains("User")
    });
}

fn check(suite: &mut Suite, name: &str, error: Option<Error>, right: impl Fn(&Error) -> bool) {
    match error {
        Some(error) if right(&error) => suite.errors += 1,
        Some(error) => suite.failure(
            name,
            format!("is another error than it should be: {error:?}"),
        ),
        None => {}
    }
}
