//! Invalid files and unknown decisions. The decisions are compared with a server's in
//! `tests/flows`.

use serde_json::{Value, json};

use super::*;
use crate::UmaFault;

fn who(claims: &Value) -> Identity {
    Identity {
        claims: claims.as_object().unwrap().clone(),
        at: None,
    }
}

fn policy(name: &str, kind: &str, config: &Value) -> Value {
    json!({ "name": name, "type": kind, "config": config })
}

fn permission(policies: &[&str]) -> Value {
    let config = json!({
        "resources": "[\"album\"]", "applyPolicies": serde_json::to_string(policies).unwrap(),
    });
    policy("albums", "resource", &config)
}

fn settings(policies: &[Value]) -> AuthorizationSettings {
    let file = json!({
        "resources": [{ "name": "album", "scopes": [{ "name": "view" }] }], "policies": policies,
    });
    AuthorizationSettings::from_json(&file.to_string()).unwrap()
}

/// The server's import accepts such files.
#[test]
fn lists_that_are_left_out_are_empty() {
    for text in [
        r#"{"policies":[],"scopes":[]}"#,
        r#"{"clientId":"app","resources":[]}"#,
        r#"{"policyEnforcementMode":"ENFORCING"}"#,
    ] {
        let settings = AuthorizationSettings::from_json(text).unwrap();
        assert_eq!(
            settings.permissions(&who(&json!({ "sub": "ada" }))).len(),
            0,
            "{text}"
        );
    }
}

#[test]
fn files_that_are_none_are_refused() {
    let lists = |policies: &Value| json!({ "resources": [], "policies": policies }).to_string();
    for (text, problem) in [
        ("", "EOF"),
        ("[]", "not a JSON object"),
        (r#"["ENFORCING", "UNANIMOUS", [], []]"#, "not a JSON object"),
        ("{}", "resources"),
        (
            r#"{"clientId":"app","redirectUris":[]}"#,
            "resources, policies",
        ),
        (
            r#"{"resources":[{"name":7}],"policies":[]}"#,
            "resources[0]",
        ),
        (&lists(&json!([permission(&[])])), "album"),
        (
            &lists(&json!([policy(
                "a",
                "aggregate",
                &json!({"applyPolicies": "[\"b\"]"})
            )])),
            "does not exist",
        ),
        (
            &lists(&json!([policy(
                "a",
                "aggregate",
                &json!({"applyPolicies": "[\"a\"]"})
            )])),
            "applies itself",
        ),
        (
            &lists(&json!([policy(
                "a",
                "aggregate",
                &json!({"applyPolicies": "b"})
            )])),
            "not a list",
        ),
        (
            &lists(&json!([policy("a", "scope", &json!({"scopes": "view"}))])),
            "scopes of the permission",
        ),
        (
            &lists(&json!([
                policy("a", "js", &json!({})),
                policy("a", "js", &json!({}))
            ])),
            "two policies",
        ),
    ] {
        let error = AuthorizationSettings::from_json(text).unwrap_err();
        assert_eq!(error.uma_fault(), Some(UmaFault::InvalidSettings));
        assert!(
            error.is_config() && error.to_string().contains(problem),
            "{text}: {error}"
        );
    }
    let error = load_authorization_config("no/such/file.json").unwrap_err();
    assert_eq!(
        error.uma_fault(),
        Some(UmaFault::InvalidSettings),
        "{error}"
    );
}

#[test]
fn what_only_the_server_knows_stays_open() {
    let full = json!({ "sub": "1", "azp": "app", "preferred_username": "ada", "scope": "openid" });
    for (kind, config, claims) in [
        ("js", json!({}), full.clone()),
        ("regex", json!({}), full.clone()),
        ("script-own.js", json!({}), full.clone()),
        ("uma", json!({}), full.clone()),
        (
            "group",
            json!({"groupsClaim": "groups", "groups": "[{\"path\":\"/a\"}]"}),
            full.clone(),
        ),
        (
            "group",
            json!({"groups": "[{\"path\":\"/a\"}]"}),
            full.clone(),
        ),
        ("role", json!({"roles": "[{\"id\":\"x\"}]"}), json!({})),
        (
            "role",
            json!({"roles": "[{\"id\":\"x\"}]", "fetchRoles": "true"}),
            full.clone(),
        ),
        (
            "role",
            json!({"roles": "[{\"id\":\"x\"}]"}),
            json!({ "sub": "1", "sid": "s", "jti": "onltac:1" }),
        ),
        (
            "role",
            json!({"roles": "[{\"id\":\"2c4a9b3e-5d1f-4a86-9c07-1e2d3f4a5b6c\"}]"}),
            json!({ "sub": "1", "sid": "s" }),
        ),
        ("role", json!({}), json!({ "sub": "1", "sid": "s" })),
        (
            "group",
            json!({"groupsClaim": "groups", "groups": "[{\"path\":\"/a\"}]"}),
            json!({ "sub": "1", "groups": [] }),
        ),
        ("time", json!({"hour": "8", "hourEnd": "9"}), full.clone()),
        (
            "user",
            json!({"users": "[\"2c4a9b3e-5d1f-4a86-9c07-1e2d3f4a5b6c\"]"}),
            full.clone(),
        ),
        ("user", json!({"users": "[\"ada\"]"}), json!({ "sub": "1" })),
        (
            "client",
            json!({"clients": "[\"app\"]"}),
            json!({ "sub": "1" }),
        ),
        (
            "client-scope",
            json!({"clientScopes": "[]"}),
            json!({ "sub": "1" }),
        ),
        ("user", json!({"users": "no list"}), full.clone()),
        ("time", json!({"nbf": "tomorrow"}), full.clone()),
        ("time", json!({"hour": "noon"}), full),
    ] {
        let settings = settings(&[policy("p", kind, &config), permission(&["p"])]);
        let found = settings.policies(&who(&claims));
        assert_eq!(found[0].decision, Decision::NotEvaluable, "{kind} {config}");
        let [open] = &settings.permissions(&who(&claims))[..] else {
            panic!("{kind}");
        };
        assert_eq!(open.decision, Decision::NotEvaluable, "{kind}");
        assert!(open.granted_scopes().is_empty());
    }
}

#[test]
fn what_is_open_does_not_hide_what_is_decided() {
    let ada = policy("ada", "user", &json!({ "users": "[\"ada\"]" }));
    let script = policy("script", "js", &json!({}));
    let mut albums = permission(&["ada", "script"]);
    for (strategy, name, wanted) in [
        ("UNANIMOUS", "ada", Decision::NotEvaluable),
        ("UNANIMOUS", "bob", Decision::Deny),
        ("AFFIRMATIVE", "ada", Decision::Permit),
        ("AFFIRMATIVE", "bob", Decision::NotEvaluable),
        ("CONSENSUS", "ada", Decision::NotEvaluable),
        ("CONSENSUS", "bob", Decision::Deny),
    ] {
        albums["decisionStrategy"] = strategy.into();
        let settings = settings(&[ada.clone(), script.clone(), albums.clone()]);
        let who = who(&json!({ "sub": "1", "preferred_username": name }));
        let found = settings.permission("album", &["view"], &who).unwrap();
        assert_eq!(found.decision, wanted, "{strategy} {name}");
        assert_eq!(found.scopes[0].decision, wanted, "{strategy} {name}");
        assert!(settings.permission("album", &["zip"], &who).is_none());
        assert!(settings.permission("other", &[""; 0], &who).is_none());
    }
}

#[test]
fn the_enforcement_mode_is_for_what_no_permission_names() {
    let edit = json!({
        "resources": "[\"album\"]", "scopes": "[\"edit\"]", "applyPolicies": "[\"ada\"]",
    });
    let file = |mode: &str, policies: &[Value]| {
        let scopes = json!([{ "name": "view" }, { "name": "edit" }]);
        let file = json!({ "policyEnforcementMode": mode, "policies": policies,
            "resources": [{ "name": "album", "scopes": scopes }] });
        AuthorizationSettings::from_json(&file.to_string()).unwrap()
    };
    let named = [
        policy("ada", "user", &json!({ "users": "[\"ada\"]" })),
        policy("edit", "scope", &edit),
    ];
    let ada = who(&json!({ "sub": "1", "preferred_username": "ada" }));
    for (mode, policies, scope, wanted) in [
        ("PERMISSIVE", &named[..0], "view", Decision::Permit),
        ("PERMISSIVE", &named[..], "edit", Decision::Permit),
        ("PERMISSIVE", &named[..], "view", Decision::Deny),
        ("ENFORCING", &named[..0], "view", Decision::Deny),
        ("DISABLED", &named[..], "view", Decision::Permit),
    ] {
        let found = file(mode, policies).permission("album", &[scope], &ada);
        assert_eq!(found.unwrap().decision, wanted, "{mode} {scope}");
    }
}

#[test]
fn what_others_decide_too_stays_open() {
    let ada = policy("ada", "user", &json!({ "users": "[\"ada\"]" }));
    let who = who(&json!({ "sub": "1", "preferred_username": "ada" }));
    for resources in [
        json!([{ "name": "album", "ownerManagedAccess": true }]),
        json!([{ "name": "album", "owner": { "name": "bob" } }, { "name": "album" }]),
    ] {
        let file = json!({ "resources": resources, "policies": [ada, permission(&["ada"])] });
        let settings = AuthorizationSettings::from_json(&file.to_string()).unwrap();
        let found = settings.permission("album", &[""; 0], &who).unwrap();
        assert_eq!(found.decision, Decision::NotEvaluable, "{resources}");
    }
}

/// The name of a user may look like the id of another.
#[test]
fn an_id_is_compared_with_the_subject_only() {
    let id = "7d1a4b6e-2f5b-4f3e-9a51-5f2f2a0c1b7e";
    let decided = |users: Value, claims: Value| {
        let policy = policy("p", "user", &json!({ "users": users.to_string() }));
        let file =
            json!({ "resources": [{ "name": "album" }], "policies": [policy, permission(&["p"])] });
        let settings = AuthorizationSettings::from_json(&file.to_string()).unwrap();
        let found = settings.permission("album", &[""; 0], &who(&claims));
        found.unwrap().decision
    };
    let named = |sub: &str, name: &str| json!({ "sub": sub, "preferred_username": name });
    assert_eq!(decided(json!([id]), named("1", id)), Decision::NotEvaluable);
    assert_eq!(decided(json!([id]), named(id, "ada")), Decision::Permit);
    assert_eq!(decided(json!(["ada"]), named("ada", "bob")), Decision::Deny);
    assert_eq!(decided(json!(["ada"]), named("1", "ada")), Decision::Permit);
}

/// `a/b/c` may be a role of the client `a`, of `a/b`, or of the realm.
#[test]
fn a_role_that_can_be_read_in_several_ways_is_not_guessed() {
    let decided = |role: &str, claims: Value| {
        let config = json!({ "roles": json!([{ "id": role }]).to_string() });
        let policy = policy("p", "role", &config);
        let file =
            json!({ "resources": [{ "name": "album" }], "policies": [policy, permission(&["p"])] });
        let settings = AuthorizationSettings::from_json(&file.to_string()).unwrap();
        let mut claims = claims;
        claims["sub"] = json!("1");
        claims["sid"] = json!("s");
        let found = settings.permission("album", &[""; 0], &who(&claims));
        found.unwrap().decision
    };
    let of =
        |client: &str, role: &str| json!({ "resource_access": { client: { "roles": [role] } } });
    let of_realm = |role: &str| json!({ "realm_access": { "roles": [role] } });
    for (role, claims, wanted) in [
        ("a/b/c", of("a", "b/c"), Decision::NotEvaluable),
        ("a/b/c", of("a/b", "c"), Decision::NotEvaluable),
        ("a/b/c", of("a", "c"), Decision::Deny),
        ("a/b", of("a", "b"), Decision::Permit),
        ("a/b", of_realm("a/b"), Decision::NotEvaluable),
        ("a/b", of_realm("a"), Decision::Deny),
        ("a", of_realm("a"), Decision::Permit),
    ] {
        assert_eq!(decided(role, claims.clone()), wanted, "{role} {claims}");
    }
}
