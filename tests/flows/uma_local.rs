//! Deciding out of exported settings, held against the server's own evaluation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use keycloak_kit::Method;
use keycloak_kit::oidc::Check;
use keycloak_kit::uma::{AuthorizationSettings, Decision, Identity};
use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::realm::Realm;

const KINDS: [&str; 7] = [
    "role",
    "client",
    "user",
    "group",
    "client-scope",
    "time",
    "aggregate",
];
const LOGICS: [&str; 2] = ["POSITIVE", "NEGATIVE"];
const STRATEGIES: [&str; 3] = ["UNANIMOUS", "AFFIRMATIVE", "CONSENSUS"];
const USERS: usize = 4;
/// Of the resources that several permissions are for.
const SCOPES: [&str; 3] = ["view", "print", "share"];
/// The moments that time policies are asked about, in seconds since 1970 and as the server reads
/// them.
const MOMENTS: [(u64, &str); 2] = [
    (1_782_036_000, "2026-06-21 10:00:00"),
    (1_797_969_600, "2026-12-22 20:00:00"),
];

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

fn user(number: usize) -> String {
    format!("user{number}")
}

fn policy(name: &str, kind: &str, logic: &str, strategy: &str, config: &Value) -> Value {
    // Lists are written as text.
    let config: serde_json::Map<String, Value> = config
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| match value {
            Value::String(_) => (key.clone(), value.clone()),
            other => (key.clone(), other.to_string().into()),
        })
        .collect();
    json!({ "name": name, "type": kind, "logic": logic, "decisionStrategy": strategy, "config": config })
}

/// Two policies of each kind and logic.
fn config(kind: &str, first: bool) -> Value {
    let users: Vec<String> = (0..USERS)
        .filter(|number| {
            if first {
                number % 2 == 0
            } else {
                number % 3 == 1
            }
        })
        .map(user)
        .collect();
    match (kind, first) {
        ("role", true) => json!({ "roles": [{ "id": "editor" }, { "id": "app/manager" }] }),
        ("role", false) => {
            json!({ "roles": [{ "id": "viewer", "required": true }, { "id": "editor" }] })
        }
        ("client", true) => json!({ "clients": ["app"] }),
        ("client", false) => json!({ "clients": ["web", "account"] }),
        ("user", _) => json!({ "users": users }),
        ("group", true) => {
            json!({ "groupsClaim": "groups", "groups": [{ "path": "/staff", "extendChildren": true }] })
        }
        ("group", false) => {
            json!({ "groupsClaim": "groups", "groups": [{ "path": "/staff/night", "extendChildren": false }, { "path": "/guests" }] })
        }
        ("client-scope", true) => {
            json!({ "clientScopes": [{ "id": "email" }, { "id": "special", "required": true }] })
        }
        ("client-scope", false) => {
            json!({ "clientScopes": [{ "id": "special" }, { "id": "profile" }] })
        }
        ("time", true) => json!({ "hour": "8", "hourEnd": "17", "noa": "2026-12-31 12:30:00" }),
        ("time", false) => json!({ "nbf": "2026-12-22 12:30:00", "month": "12" }),
        _ => panic!("{kind}"),
    }
}

fn settings(dice: &mut Dice) -> Value {
    let mut resources = Vec::new();
    let mut policies = Vec::new();
    let mut plain = Vec::new();
    for kind in KINDS.iter().filter(|kind| **kind != "aggregate") {
        for logic in LOGICS {
            for first in [true, false] {
                let name = format!("{kind} {logic} {first}");
                policies.push(policy(
                    &name,
                    kind,
                    logic,
                    "UNANIMOUS",
                    &config(kind, first),
                ));
                plain.push(name);
            }
        }
    }
    for logic in LOGICS {
        for strategy in STRATEGIES {
            for first in [true, false] {
                let name = format!("aggregate {logic} {strategy} {first}");
                let parts: BTreeSet<&String> = (0..3).map(|_| dice.pick(&plain)).collect();
                policies.push(policy(
                    &name,
                    "aggregate",
                    logic,
                    strategy,
                    &json!({ "applyPolicies": parts }),
                ));
            }
        }
    }
    // One resource and permission for each kind, logic and strategy.
    for kind in KINDS {
        for logic in LOGICS {
            for strategy in STRATEGIES {
                let name = format!("{kind} {logic} {strategy}");
                resources.push(
                    json!({ "name": name, "scopes": [{ "name": "view" }, { "name": "edit" }] }),
                );
                let own = |first| match kind {
                    "aggregate" => format!("aggregate {logic} {strategy} {first}"),
                    _ => format!("{kind} {logic} {first}"),
                };
                let applied = json!([
                    own(true),
                    own(false),
                    format!("user POSITIVE {}", logic == "POSITIVE")
                ]);
                let all = json!({ "resources": [name], "applyPolicies": applied });
                policies.push(policy(
                    &format!("permission {name}"),
                    "resource",
                    "POSITIVE",
                    strategy,
                    &all,
                ));
            }
        }
    }
    // And what comes of several permissions for one resource.
    let types = ["urn:a", "urn:b", ""];
    for number in 0..24 {
        let name = format!("mixed {number}");
        let of_type = types[number % 3];
        let mut resource = json!({ "name": name, "scopes": [{ "name": "view" }, { "name": "print" }, { "name": "share" }] });
        if !of_type.is_empty() {
            resource["type"] = of_type.into();
        }
        resources.push(resource);
        for permission in 0..1 + dice.roll(3) {
            let kind = *dice.pick(&["resource", "scope", "scope"]);
            let strategy = *dice.pick(&STRATEGIES);
            let applied: BTreeSet<&String> =
                (0..1 + dice.roll(3)).map(|_| dice.pick(&plain)).collect();
            let mut all = json!({ "resources": [name], "applyPolicies": applied });
            if kind == "scope" {
                all["scopes"] = match dice.roll(3) {
                    0 => json!(["view"]),
                    1 => json!(["view", "print"]),
                    _ => json!(["print", "share"]),
                };
            }
            policies.push(policy(
                &format!("permission {name} {permission}"),
                kind,
                "POSITIVE",
                strategy,
                &all,
            ));
        }
    }
    let typed = json!({ "defaultResourceType": "urn:a", "applyPolicies": ["role POSITIVE true"] });
    policies.push(policy(
        "everything of a",
        "resource",
        "POSITIVE",
        "UNANIMOUS",
        &typed,
    ));
    let share = json!({ "scopes": ["share"], "applyPolicies": ["group POSITIVE true", "user POSITIVE false"] });
    policies.push(policy(
        "share anything",
        "scope",
        "POSITIVE",
        "AFFIRMATIVE",
        &share,
    ));
    // No policy applies to this one.
    resources.push(json!({ "name": "forgotten", "scopes": [{ "name": "view" }] }));
    // Written in another language: not for us.
    let regex = json!({ "targetClaim": "preferred_username", "pattern": "user[1-3]" });
    policies.push(policy("pattern", "regex", "POSITIVE", "UNANIMOUS", &regex));
    resources.push(json!({ "name": "secret", "scopes": [{ "name": "view" }] }));
    let secret = json!({ "resources": ["secret"], "applyPolicies": ["pattern"] });
    policies.push(policy(
        "permission secret",
        "resource",
        "POSITIVE",
        "UNANIMOUS",
        &secret,
    ));
    json!({ "policyEnforcementMode": "ENFORCING", "decisionStrategy": "UNANIMOUS", "resources": resources, "policies": policies })
}

async fn world() -> (Realm, [String; 2]) {
    let roles: Vec<Value> = ["editor", "viewer"]
        .map(|name| json!({ "name": name }))
        .to_vec();
    let users: Vec<Value> = (0..USERS)
        .map(|number| {
            let group = ["/staff", "/staff/night", "/guests", "/others"][number % 4];
            let mut realm_roles = vec!["offline_access"];
            for (every, role) in [(2, "editor"), (3, "viewer")] {
                if number % every == 0 {
                    realm_roles.push(role);
                }
            }
            json!({
                "username": user(number), "enabled": true, "email": format!("user{number}@example.org"),
                "emailVerified": true, "firstName": "A", "lastName": "B", "realmRoles": realm_roles,
                "groups": [group],
                "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
            })
        })
        .collect();
    let realm = Realm::with(
        "local",
        json!({
            "users": users, "roles": { "realm": roles },
            "groups": [{ "name": "staff", "subGroups": [{ "name": "night" }] }, { "name": "guests" }, { "name": "others" }],
        }),
    )
    .await;
    let mapper = json!([{
        "name": "groups", "protocol": "openid-connect",
        "protocolMapper": "oidc-group-membership-mapper",
        "config": { "claim.name": "groups", "full.path": "true", "access.token.claim": "true" },
    }]);
    let app = realm
        .client(
            "app",
            json!({ "authorizationServicesEnabled": true, "protocolMappers": mapper }),
        )
        .await;
    // The server calls a token inactive whose audience does not ask.
    let mut of_web = mapper.clone();
    of_web.as_array_mut().unwrap().push(json!({
        "name": "own", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": { "included.client.audience": "web", "access.token.claim": "true" },
    }));
    let web = realm
        .client("web", json!({ "protocolMappers": of_web }))
        .await;
    realm
        .post(&["clients", &app, "roles"], &json!({ "name": "manager" }))
        .await;
    let manager = realm.get(&["clients", &app, "roles", "manager"]).await;
    for found in realm.get(&["users"]).await.as_array().unwrap() {
        if ["user1", "user2"].contains(&found["username"].as_str().unwrap()) {
            let id = found["id"].as_str().unwrap();
            realm
                .post(
                    &["users", id, "role-mappings", "clients", &app],
                    &json!([manager]),
                )
                .await;
        }
    }
    let special = json!({
        "name": "special", "protocol": "openid-connect",
        "attributes": { "include.in.token.scope": "true" },
    });
    realm.post(&["client-scopes"], &special).await;
    let scopes = realm.get(&["client-scopes"]).await;
    let scopes = scopes.as_array().unwrap();
    let special = scopes
        .iter()
        .find(|scope| scope["name"] == "special")
        .unwrap();
    let path = [
        "clients",
        &web,
        "default-client-scopes",
        special["id"].as_str().unwrap(),
    ];
    realm.put(&path, &json!({})).await;
    (realm, [app, web])
}

/// How often what was decided.
#[derive(Default, Debug)]
struct Tally {
    permit: usize,
    deny: usize,
    open: usize,
    different: Vec<String>,
    by_kind: BTreeMap<String, usize>,
}

impl Tally {
    fn count(&mut self, what: &str, here: Decision, there: bool) {
        match here {
            Decision::Permit => self.permit += 1,
            Decision::Deny => self.deny += 1,
            Decision::NotEvaluable => self.open += 1,
        }
        if here != Decision::NotEvaluable && (here == Decision::Permit) != there {
            self.different
                .push(format!("{what}: {here:?}, the server {there}"));
        }
    }
}

fn names(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| one["name"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_is_the_servers() {
    let (realm, [app, web]) = world().await;
    let mut dice = Dice(7);
    let server = ["clients", app.as_str(), "authz", "resource-server"];
    let below = |name| [&server[..], &[name]].concat();
    // What a new resource server has by default would be in the way.
    for policy in realm.get(&below("policy")).await.as_array().unwrap() {
        let path = [&server[..], &["policy", policy["id"].as_str().unwrap()]].concat();
        realm
            .kc
            .request::<()>(Method::DELETE, realm.path(&path))
            .await
            .unwrap();
    }
    realm.post(&below("import"), &settings(&mut dice)).await;
    let users = realm.get(&["users"]).await;
    let ids: BTreeMap<&str, &str> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            (
                user["username"].as_str().unwrap(),
                user["id"].as_str().unwrap(),
            )
        })
        .collect();

    let mut bearers = Vec::new();
    for (client_id, uuid) in [("app", &app), ("web", &web)] {
        let oidc = realm.oidc(client_id).build().unwrap();
        let verifier = oidc.access_token_verifier();
        let verifier = verifier.without(Check::Audience).build().unwrap();
        for number in 0..USERS {
            let name = user(number);
            let tokens = oidc.password(&name, PASSWORD).await.unwrap();
            let token = tokens.access_token().expose();
            let who = if client_id == "app" {
                Identity::of_token(&verifier.verify(token).await.unwrap())
            } else {
                Identity::of_introspection(oidc.introspect(token).await.unwrap()).unwrap()
            };
            bearers.push((format!("{client_id} {name}"), ids[name.as_str()], uuid, who));
        }
    }
    let mut tally = Tally::default();
    let listed = realm.get(&below("resource")).await;
    let listed: BTreeMap<&str, &str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["_id"].as_str().unwrap()))
        .collect();
    for (mode, strategy) in [
        ("ENFORCING", "UNANIMOUS"),
        ("ENFORCING", "AFFIRMATIVE"),
        ("PERMISSIVE", "UNANIMOUS"),
        ("DISABLED", "UNANIMOUS"),
    ] {
        let change = json!({
            "policyEnforcementMode": mode, "decisionStrategy": strategy,
            "allowRemoteResourceManagement": true,
        });
        realm.put(&server, &change).await;
        let exported = realm.get(&below("settings")).await;
        let settings = AuthorizationSettings::from_json(&exported.to_string()).unwrap();
        let settings = settings.utc_offset(0);
        for (label, user_id, uuid, who) in &bearers {
            for (seconds, moment) in MOMENTS {
                let who = who.clone().at(UNIX_EPOCH + Duration::from_secs(seconds));
                // Once about everything, once about some scopes of some resources.
                let asked: BTreeMap<String, &str> = (0..24)
                    .map(|number| (format!("mixed {number}"), *dice.pick(&SCOPES)))
                    .collect();
                let some: Vec<Value> = asked
                    .iter()
                    .map(|(name, scope)| {
                        json!({ "_id": listed[name.as_str()], "name": name,
                            "scopes": [{ "name": scope }] })
                    })
                    .collect();
                let path = [&server[..], &["policy", "evaluate"]].concat();
                let label = format!("{mode} {strategy} {label} {moment}");
                for resources in [vec![], some] {
                    let question = json!({
                        "userId": user_id, "clientId": uuid, "resources": resources,
                        "entitlements": false,
                        "context": { "attributes": { "kc.time.date_time": moment } },
                    });
                    let answer = realm.kc.request(Method::POST, realm.path(&path));
                    let answer: Value = answer.json(&question).await.unwrap();
                    if resources.is_empty() {
                        compare(&settings, &who, &answer, &label, &mut tally);
                    } else {
                        compare_some(&settings, &who, &answer, &asked, &label, &mut tally);
                    }
                }
            }
        }
    }
    let all = tally.permit + tally.deny + tally.open;
    println!("{all} decisions, {} different", tally.different.len());
    println!(
        "{} permit, {} deny, {} not evaluable",
        tally.permit, tally.deny, tally.open
    );
    assert!(
        tally.different.is_empty(),
        "{:#?}",
        &tally.different[..tally.different.len().min(40)]
    );
    assert!(all >= 500, "{all}");
    assert!(tally.open * 20 <= all, "{} open", tally.open);
    assert!(
        tally.permit * 10 >= all * 3 && tally.deny * 10 >= all * 3,
        "one-sided"
    );
    for kind in KINDS {
        for logic in LOGICS {
            for strategy in STRATEGIES {
                let name = format!("{kind} {logic} {strategy}");
                assert!(
                    tally.by_kind.get(&name).is_some_and(|count| *count >= 10),
                    "{name}"
                );
            }
        }
    }
    realm.delete().await;
}

fn compare(
    settings: &AuthorizationSettings,
    who: &Identity,
    answer: &Value,
    label: &str,
    tally: &mut Tally,
) {
    let policies: BTreeMap<String, Decision> = settings
        .policies(who)
        .into_iter()
        .map(|policy| (policy.name, policy.decision))
        .collect();
    let mut seen = BTreeSet::new();
    let mut answered = BTreeMap::new();
    for result in answer["results"].as_array().unwrap() {
        let name = result["resource"]["name"].as_str().unwrap();
        let name = name.split(" with scopes").next().unwrap().to_owned();
        for permission in result["policies"].as_array().unwrap() {
            for part in permission["associatedPolicies"].as_array().unwrap() {
                let name = part["policy"]["name"].as_str().unwrap();
                if seen.insert(name.to_owned()) {
                    let there = part["status"] == "PERMIT";
                    tally.count(
                        &format!("{label}: the policy {name}"),
                        policies[name],
                        there,
                    );
                }
            }
        }
        answered.insert(name, result);
    }
    let listed: BTreeSet<String> = settings
        .permissions(who)
        .into_iter()
        .map(|one| one.resource)
        .collect();
    for resource in resource_names() {
        let here = settings.permission(&resource, &[""; 0], who).unwrap();
        let result = answered.get(&resource);
        let permitted = result.is_some_and(|result| result["status"] == "PERMIT");
        let allowed = match result {
            Some(result) if permitted => names(&result["allowedScopes"]),
            _ => BTreeSet::new(),
        };
        tally.count(&format!("{label}: {resource}"), here.decision, permitted);
        if here.decision != Decision::NotEvaluable {
            *tally.by_kind.entry(resource.clone()).or_default() += 1;
        }
        for scope in &here.scopes {
            let there = allowed.contains(scope.scope.as_str());
            tally.count(
                &format!("{label}: {resource}#{}", scope.scope),
                scope.decision,
                there,
            );
        }
        assert_eq!(listed.contains(&resource), here.decision != Decision::Deny);
    }
}

/// One scope of each of some resources.
fn compare_some(
    settings: &AuthorizationSettings,
    who: &Identity,
    answer: &Value,
    asked: &BTreeMap<String, &str>,
    label: &str,
    tally: &mut Tally,
) {
    for (resource, scope) in asked {
        let mut results = answer["results"].as_array().unwrap().iter();
        let permitted = results.any(|result| {
            let name = result["resource"]["name"].as_str().unwrap();
            name.split(" with scopes").next() == Some(resource)
                && result["status"] == "PERMIT"
                && names(&result["allowedScopes"]).contains(scope)
        });
        let here = settings.permission(resource, &[scope], who).unwrap();
        let what = format!("{label}: {resource}#{scope} alone");
        tally.count(&what, here.scopes[0].decision, permitted);
    }
}

/// Every resource of the file.
fn resource_names() -> Vec<String> {
    let mut names = vec!["forgotten".to_owned(), "secret".to_owned()];
    for kind in KINDS {
        for logic in LOGICS {
            for strategy in STRATEGIES {
                names.push(format!("{kind} {logic} {strategy}"));
            }
        }
    }
    names.extend((0..24).map(|number| format!("mixed {number}")));
    names
}
