//! What an update would reset is completed, what cannot be completed is refused, and writers of one
//! object take turns.

use std::sync::{Arc, Mutex};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::admin::handles::Realm;
use crate::admin::representations::{
    AuthenticationExecutionInfoRepresentation, AuthenticationFlowRepresentation,
    ClientRepresentation, ComponentRepresentation, IdentityProviderRepresentation,
    RealmRepresentation, RoleRepresentation, UserRepresentation,
};
use crate::test_support::{Reply, Server};

const VERSION: &str = "26.7.4";

/// A server that has one object at each place, and tells this version.
async fn server(version: &'static str, there: Value) -> (Server, Realm) {
    let server = Server::keycloak(move |seen, _| {
        if seen.is_token_request() || seen.is_discovery() {
            return None;
        }
        let is = |end: &str| seen.target.ends_with(end);
        let answer = |value: Value| Some(Reply::json(200, value.to_string()));
        if is("/serverinfo") {
            return answer(json!({ "systemInfo": { "version": version } }));
        }
        match seen.method.as_str() {
            "GET" => {
                let known = there.as_object().unwrap();
                let found = known.iter().find(|(place, _)| is(place));
                found.and_then(|(_, value)| answer(value.clone()))
            }
            "POST" => Some(Reply::status(201).with("Location", "http://x/admin/realms/r/t/made")),
            _ => Some(Reply::status(204)),
        }
    })
    .await;
    let realm = server.client().realm("demo");
    (server, realm)
}

/// The bodies of what was written, and the method and place of what was deleted.
fn written(server: &Server) -> Vec<Value> {
    let seen = server.seen();
    let writes = seen
        .iter()
        .filter(|seen| seen.method == "PUT" || seen.method == "DELETE");
    writes
        .map(|seen| match seen.body.as_str() {
            "" => json!(seen.target),
            body => serde_json::from_str(body).unwrap(),
        })
        .collect()
}

#[tokio::test]
async fn a_realm_is_written_as_a_whole() {
    let there = json!({ "/realms/demo": {
        "realm": "demo", "displayName": "Demo", "oauth2DeviceCodeLifespan": 601,
        "otpPolicyType": "totp", "otpPolicyAlgorithm": "HmacSHA1", "otpPolicyDigits": 6,
        "otpPolicyInitialCounter": 0, "otpPolicyLookAheadWindow": 1, "otpPolicyPeriod": 30,
        "attributes": { "cibaInterval": "6", "own": "x" },
        "browserSecurityHeaders": { "a": "1", "b": "2" },
        "identityProviders": [{ "alias": "hub", "config": { "clientSecret": "s" } }],
        "emailTheme": null,
    } });
    let (server, realm) = server(VERSION, there).await;
    let mut wanted = RealmRepresentation::default()
        .display_name("E")
        .otp_policy_digits(8)
        .attribute("own", "y");
    wanted.browser_security_headers = Some([("b".to_owned(), "3".to_owned())].into());
    realm.update(&wanted).await.unwrap();
    assert_eq!(
        written(&server),
        [json!({
            "realm": "demo", "displayName": "E", "oauth2DeviceCodeLifespan": 601,
            "otpPolicyType": "totp", "otpPolicyAlgorithm": "HmacSHA1", "otpPolicyDigits": 8,
            "otpPolicyInitialCounter": 0, "otpPolicyLookAheadWindow": 1, "otpPolicyPeriod": 30,
            "attributes": { "cibaInterval": "6", "own": "y" },
            "browserSecurityHeaders": { "a": "1", "b": "3" },
        })]
    );
}

#[tokio::test]
async fn what_other_updates_clear_is_kept() {
    let there = json!({
        "/roles/r": { "name": "r", "description": "Reads", "attributes": { "a": ["1"] } },
        "/users/u1": {
            "username": "ada", "email": "a@b", "firstName": "Ada", "attributes": { "a": ["1"] },
        },
        "/instances/hub": {
            "alias": "hub", "providerId": "oidc", "linkOnly": true,
            "config": { "clientId": "a", "clientSecret": "**********" },
        },
        "/flows/f1": {
            "id": "f1", "alias": "own", "topLevel": true, "providerId": "basic-flow",
            "builtIn": false, "description": "Ours", "authenticationExecutions": [{ "priority": 1 }],
        },
    });
    let (server, realm) = server(VERSION, there).await;
    let role = RoleRepresentation::default().attribute("a", ["2"]);
    realm.role("r").update(&role).await.unwrap();
    let user = UserRepresentation::default()
        .attribute("a", ["2"])
        .last_name("B");
    realm.user("u1").update(&user).await.unwrap();
    let user = UserRepresentation::default().last_name("B");
    realm.user("u1").update(&user).await.unwrap();
    let hub = IdentityProviderRepresentation::default().enabled(true);
    realm.identity_provider("hub").update(&hub).await.unwrap();
    let flow = AuthenticationFlowRepresentation::default().alias("other");
    realm
        .authentication()
        .flow("f1")
        .update(&flow)
        .await
        .unwrap();
    assert_eq!(
        written(&server),
        [
            json!({ "name": "r", "description": "Reads", "attributes": { "a": ["2"] } }),
            json!({
                "email": "a@b", "firstName": "Ada", "lastName": "B", "attributes": { "a": ["2"] },
            }),
            json!({ "lastName": "B" }),
            json!({
                "alias": "hub", "providerId": "oidc", "linkOnly": true, "enabled": true,
                "config": { "clientId": "a", "clientSecret": "**********" },
            }),
            json!({
                "id": "f1", "alias": "other", "topLevel": true, "providerId": "basic-flow",
                "builtIn": false, "description": "Ours",
            }),
        ]
    );
}

#[tokio::test]
async fn an_execution_keeps_its_place() {
    for (version, priority) in [("26.7.4", Some(20)), ("25.0.6", Some(20)), ("24.0.5", None)] {
        let there = json!({ "/authentication/executions/e1": { "id": "e1", "priority": 20 } });
        let (server, realm) = server(version, there).await;
        let executions = realm.authentication().flow_by_alias("a").executions();
        let mut execution = AuthenticationExecutionInfoRepresentation::default()
            .id("e1")
            .requirement("REQUIRED");
        executions.update(&execution).await.unwrap();
        execution.priority = Some(7);
        if priority.is_some() {
            executions.update(&execution).await.unwrap();
        }
        let sent: Vec<Value> = written(&server);
        assert_eq!(sent[0]["priority"], json!(priority), "{version}");
        if priority.is_some() {
            assert_eq!(sent[1]["priority"], 7);
        }
    }
}

#[tokio::test]
async fn what_no_read_survives_is_refused() {
    let there = json!({
        "/realms/demo": { "realm": "demo", "attributes": { "frontendUrl": "x" } },
        "/components/c1": { "id": "c1", "providerType": "a", "config": {} },
        "/users/u1": { "username": "ada" },
    });
    let (server, realm) = server(VERSION, there).await;
    let plain = RealmRepresentation::default().realm("demo");
    let halves = [
        plain.clone().otp_policy_type("totp"),
        plain.clone().otp_policy_digits(8),
        plain.clone().otp_policy_code_reusable(true),
    ];
    for half in &halves {
        let error = realm.update(half).await.unwrap_err();
        assert!(error.to_string().contains("otpPolicyAlgorithm"), "{error}");
        let realms = server.client().realms();
        let error = realms.create(half).await.unwrap_err();
        assert!(error.to_string().contains("otpPolicyAlgorithm"), "{error}");
    }
    let error = realm
        .modify(|realm| realm.otp_policy_type = Some("totp".to_owned()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("otpPolicyAlgorithm"), "{error}");

    let named = plain.attribute("bruteForceProtected", "true");
    let error = realm.update(&named).await.unwrap_err();
    assert!(error.to_string().contains("bruteForceProtected"), "{error}");
    let realms = server.client().realms();
    let error = realms.ensure(&named).await.unwrap_err();
    assert!(error.to_string().contains("set the members"), "{error}");
    let error = realm
        .user("u1")
        .modify(|user| *user = user.clone().attribute("firstName", ["Ada"]))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("firstName"), "{error}");

    let other = ComponentRepresentation::default().provider_type("b");
    let error = realm.component("c1").update(&other).await.unwrap_err();
    assert!(error.to_string().contains("providerType"), "{error}");
    assert_eq!(written(&server), Vec::<Value>::new());
}

#[tokio::test]
async fn a_new_object_says_what_the_server_would_decide_otherwise() {
    let (server, realm) = server(VERSION, json!({})).await;
    let web = ClientRepresentation::default().client_id("web");
    let open = web.clone().protocol("openid-connect");
    let error = realm.clients().create(&open).await.unwrap_err();
    for member in ["publicClient", "directAccessGrantsEnabled", "protocol"] {
        assert!(error.to_string().contains(member), "{error}");
    }
    let half = open.clone().public_client(false);
    let error = realm.clients().create(&half).await.unwrap_err();
    assert!(!error.to_string().contains("publicClient"), "{error}");
    let error = realm.clients().create(&web.clone().secret("")).await;
    assert!(error.unwrap_err().to_string().contains("secret"));
    let id = crate::admin::ids::ClientUuid::new("c1");
    let error = realm.client(&id).update(&web.clone().secret("")).await;
    assert!(error.unwrap_err().to_string().contains("secret"));
    let open = web.clone().authorization_services_enabled(true);
    let error = realm.clients().create(&open).await.unwrap_err();
    assert!(
        error.to_string().contains("serviceAccountsEnabled"),
        "{error}"
    );
    let flow = AuthenticationFlowRepresentation::default().alias("own");
    let flows = realm.authentication().flows();
    let error = flows.create(&flow).await.unwrap_err();
    assert!(error.to_string().contains("topLevel"), "{error}");
    assert_eq!(server.counts().2, 0, "nothing was sent");

    let said = half.direct_access_grants_enabled(false);
    realm.clients().create(&said).await.unwrap();
    realm
        .clients()
        .create(&web.clone().protocol("saml"))
        .await
        .unwrap();
    realm.clients().create(&web).await.unwrap();
    flows.create(&flow.top_level(false)).await.unwrap();
}

fn flows(bound: bool) -> Value {
    let overrides = if bound {
        json!({ "browser": "top" })
    } else {
        json!({})
    };
    json!({
        "/authentication/flows/top": { "id": "top", "alias": "a/b", "topLevel": true },
        "/authentication/flows/sub": { "id": "sub", "alias": "inner", "topLevel": false },
        "/authentication/flows/lone": { "id": "lone", "alias": "lone", "topLevel": false },
        "/authentication/flows": [{ "id": "top", "alias": "a/b", "topLevel": true }],
        "/flows/a%2Fb/executions": [{ "id": "e0" }, { "id": "e1", "flowId": "sub" }],
        "/clients?first=0&max=100": [{
            "clientId": "web", "authenticationFlowBindingOverrides": overrides,
        }],
    })
}

#[tokio::test]
async fn a_sub_flow_is_not_deleted_as_a_flow() {
    let (server, realm) = server(VERSION, flows(true)).await;
    let flow = |id: &str| realm.authentication().flow(id);
    let error = flow("sub").delete().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert!(
        error.to_string().contains("execution(\"e1\").delete()"),
        "{error}"
    );
    assert_eq!(written(&server), Vec::<Value>::new());
    flow("lone").delete().await.unwrap();
    // The server itself refuses to delete what a client is bound to.
    flow("top").delete().await.unwrap();
    assert_eq!(written(&server).len(), 2);
}

#[tokio::test]
async fn a_flow_of_a_client_is_not_deleted_on_an_old_server() {
    let (old, realm) = server("24.0.5", flows(true)).await;
    let error = realm
        .authentication()
        .flow("top")
        .delete()
        .await
        .unwrap_err();
    assert!(
        error.is_conflict() && error.to_string().contains("web"),
        "{error}"
    );
    assert_eq!(written(&old), Vec::<Value>::new());
    let (free, realm) = server("25.0.6", flows(false)).await;
    realm.authentication().flow("top").delete().await.unwrap();
    assert_eq!(written(&free).len(), 1);
}

#[tokio::test]
async fn a_client_scope_that_was_not_added_is_told() {
    let there = json!({ "/default-client-scopes": [{ "id": "s1" }] });
    let (_server, realm) = server(VERSION, there).await;
    let client = realm.client(crate::admin::ids::ClientUuid::new("c1"));
    client.default_client_scopes().add("s1").await.unwrap();
    let error = client.default_client_scopes().add("s2").await.unwrap_err();
    assert!(error.to_string().contains("did not add"), "{error}");
}

/// A server that keeps its realm as it was written last.
async fn busy() -> (Server, Arc<Mutex<Value>>) {
    let realm = Arc::new(Mutex::new(json!({ "realm": "demo", "attributes": {} })));
    let state = Arc::clone(&realm);
    let server = Server::keycloak(move |seen, _| {
        if !seen.target.ends_with("/realms/demo") {
            return None;
        }
        if seen.method == "GET" {
            return Some(Reply::json(200, state.lock().unwrap().to_string()));
        }
        *state.lock().unwrap() = serde_json::from_str(&seen.body).unwrap();
        Some(Reply::status(204))
    })
    .await;
    (server, realm)
}

#[tokio::test]
async fn updates_and_edits_of_one_object_lose_nothing_to_each_other() {
    let (server, state) = busy().await;
    let kc = server.client();
    let writers = (0..20).map(|number| {
        let realm = kc.realm("demo");
        tokio::spawn(async move {
            let own = format!("a{number}");
            if number % 2 == 0 {
                let wanted = RealmRepresentation::default().attribute(own, "1");
                realm.update(&wanted).await.map(drop)
            } else {
                realm
                    .modify(move |realm| *realm = realm.clone().attribute(own, "1"))
                    .await
                    .map(drop)
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap().unwrap();
    }
    let attributes = state.lock().unwrap()["attributes"].clone();
    assert_eq!(attributes.as_object().unwrap().len(), 20, "{attributes}");
}

/// Who holds a preview may write the object by other calls: applying it then says so.
#[tokio::test]
async fn a_preview_keeps_nobody_from_an_update() {
    let (server, _) = busy().await;
    let realm = server.client().realm("demo");
    let preview = realm
        .modify(|realm| realm.display_name = Some("A".to_owned()))
        .preview()
        .await
        .unwrap();
    let other = RealmRepresentation::default().display_name("B");
    realm.update(&other).await.unwrap();
    assert!(preview.apply().await.unwrap_err().is_conflict());
}
