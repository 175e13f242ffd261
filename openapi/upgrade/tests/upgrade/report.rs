//! The report of an upgrade, on a made-up release.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::small::{NO_OVERLAY, NO_SUPPLEMENT, document, get, in_path};
use keycloak_kit_upgrade::report::{Release, Report, Upgrade, report};

const NAMES: &str = r#"
[handles]
"realm" = "/admin/realms/{realm}"
"realm.users" = "/admin/realms/{realm}/users"
"realm.user" = "/admin/realms/{realm}/users/{user-id}"
[operations]
"GET /admin/realms/{realm}/users" = "realm.users.list"
"GET /admin/realms/{realm}/users/{user-id}" = "realm.user.get"
"POST /admin/realms/{realm}/logout" = "realm.logout"
"POST /admin/realms/{realm}/cache" = "realm.clear_cache"
[ids]
"realm" = "RealmName"
"user-id" = "UserId"
[summaries]
"realm.clear_cache" = "Clear the cache"
"#;

fn query(name: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": { "type": "string" } })
}

fn post() -> Value {
    json!({ "summary": "Do it", "parameters": [in_path("realm")],
        "responses": { "204": { "description": "Done" } } })
}

/// The old release: it says that one user is a string, which is a lie.
fn old() -> Value {
    let user = json!({ "$ref": "#/components/schemas/UserRepresentation" });
    document(
        &json!({
            "/admin/realms/{realm}/users": { "get": get(
                &json!([in_path("realm"), query("search"), query("max")]),
                &json!({ "type": "array", "items": user }),
            ) },
            "/admin/realms/{realm}/users/{user-id}": { "get": get(
                &json!([in_path("realm"), in_path("user-id")]),
                &json!({ "type": "string" }),
            ) },
            "/admin/realms/{realm}/logout": { "post": post() },
        }),
        &json!({
            "Kind": { "type": "string", "enum": ["A", "B"] },
            "UserRepresentation": { "type": "object", "properties": {
                "id": { "type": "string" },
                "kind": { "$ref": "#/components/schemas/Kind" },
            } },
        }),
    )
}

fn overlay() -> String {
    let target = "$.paths['/admin/realms/{realm}/users/{user-id}'].get.responses['200'].content['application/json']";
    json!({ "overlay": "1.0.0", "info": {}, "actions": [
        { "target": format!("{target}.schema"), "description": "It is the user.", "remove": true },
        { "target": target, "description": "It is the user.",
          "update": { "schema": { "$ref": "#/components/schemas/UserRepresentation" } } },
    ] })
    .to_string()
}

/// The server's, and its document's silence.
fn supplement() -> String {
    let mut clear = post();
    clear["x-reason"] = "Undocumented: CacheResource#clear.".into();
    json!({ "paths": { "/admin/realms/{realm}/cache": { "post": clear } } }).to_string()
}

#[track_caller]
fn reported(old: &Value, new: &Value, supplement: &str, overlay: &str) -> Report {
    report(&Upgrade {
        old: Release {
            version: "1.0",
            document: &old.to_string(),
        },
        new: Release {
            version: "1.1",
            document: &new.to_string(),
        },
        supplement,
        overlay,
        names: NAMES,
    })
    .unwrap_or_else(|problems| panic!("{problems}"))
}

/// One lie mended, one parameter renamed, one field new, one operation gone; and all else that a
/// release can do.
#[test]
fn a_release_is_reported_line_by_line() {
    let mut new = old();
    let paths = &mut new["paths"];
    paths
        .as_object_mut()
        .unwrap()
        .remove("/admin/realms/{realm}/logout");
    let user = json!({ "$ref": "#/components/schemas/UserRepresentation" });
    paths["/admin/realms/{realm}/users/{user-id}"]["get"]["responses"]["200"]["content"]["application/json"]
        ["schema"] = user;
    let list = &mut paths["/admin/realms/{realm}/users"]["get"];
    list["parameters"][1] = query("q");
    list["parameters"].as_array_mut().unwrap().push(json!(
        { "name": "first", "in": "query", "required": true, "schema": { "type": "integer", "format": "int32" } }
    ));
    paths["/admin/realms/{realm}/cache"] = json!({ "post": post() });
    paths["/admin/realms/{realm}/users/{user-id}/moods"] = json!({ "get": get(
        &json!([in_path("realm"), in_path("user-id")]), &json!({ "type": "array", "items": { "type": "string" } }),
    ) });
    let schemas = &mut new["components"]["schemas"];
    schemas["Kind"]["enum"] = json!(["B", "C"]);
    schemas["UserRepresentation"]["properties"]["mood"] = json!({ "type": "string" });
    schemas["UserRepresentation"]["properties"]["id"] =
        json!({ "type": "integer", "format": "int64" });
    schemas["MoodRepresentation"] = json!({ "type": "object", "properties": {} });

    let Report { text, decide } = reported(&old(), &new, &supplement(), &overlay());
    assert_eq!(text, EXPECTED);
    assert!(decide);
}

const EXPECTED: &str = "\
### Keycloak 1.0 -> 1.1

operations: 2 added, 1 removed, 2 changed; types: 1 added, 0 removed, 2 changed.

#### Operations

- added: `POST /admin/realms/{realm}/cache`, `realm.clear_cache`
- removed: `POST /admin/realms/{realm}/logout`, `realm.logout`
- changed: `GET /admin/realms/{realm}/users`, `realm.users.list`: query parameter `search` renamed to `q`; query parameter `first` added: `integer (int32), required`
- changed: `GET /admin/realms/{realm}/users/{user-id}`, `realm.user.get`: answer: `200 string` -> `200 UserRepresentation`
- added: `GET /admin/realms/{realm}/users/{user-id}/moods`

#### Types

- changed: `Kind`: values added: `C`; values removed: `A`
- added: `MoodRepresentation`
- changed: `UserRepresentation`: `id`: `string` -> `integer (int64)`; `mood` added: `string`

#### Keycloak fixed this: delete it

- supplement: `POST /admin/realms/{realm}/cache`
- overlay: `$.paths['/admin/realms/{realm}/users/{user-id}'].get.responses['200'].content['application/json'].schema`
- overlay: `$.paths['/admin/realms/{realm}/users/{user-id}'].get.responses['200'].content['application/json']`

#### Rows of `names.toml` to change

- delete `POST /admin/realms/{realm}/logout`: the operation is gone

#### To decide

- name: `\"GET /admin/realms/{realm}/users/{user-id}/moods\" = \"realm.user.list_moods\"`
";

#[test]
fn a_release_with_nothing_new_needs_nobody() {
    let report = reported(&old(), &old(), &supplement(), &overlay());
    assert!(!report.decide);
    assert_eq!(
        report.text,
        "### Keycloak 1.0 -> 1.1\n\noperations: 0 added, 0 removed, 0 changed; \
         types: 0 added, 0 removed, 0 changed.\n\nNothing to decide.\n"
    );
}

#[test]
fn a_path_parameter_with_another_name_changes_its_row() {
    let mut new = old();
    let paths = new["paths"].as_object_mut().unwrap();
    let mut item = paths
        .remove("/admin/realms/{realm}/users/{user-id}")
        .unwrap();
    item["get"]["parameters"][1] = in_path("id");
    paths.insert("/admin/realms/{realm}/users/{id}".into(), item);
    let report = reported(&old(), &new, NO_SUPPLEMENT, NO_OVERLAY);
    assert!(!report.decide, "{}", report.text);
    for line in [
        "- changed: `GET /admin/realms/{realm}/users/{id}`, `realm.user.get`: path parameter `user-id` renamed to `id`\n",
        "- `GET /admin/realms/{realm}/users/{user-id}` is now `GET /admin/realms/{realm}/users/{id}`\n",
    ] {
        assert!(report.text.contains(line), "{}", report.text);
    }
}

/// A correction whose place is gone may be needed elsewhere: a person decides.
#[test]
fn a_correction_without_its_place_is_to_be_decided() {
    let overlay = json!({ "overlay": "1.0.0", "info": {}, "actions": [
        { "target": "$.components.schemas.Kind", "description": "x", "update": { "x-a": 1 } },
        { "target": "$.components.schemas.Older", "description": "x", "update": { "x-a": 1 } },
    ] });
    let mut new = old();
    new["components"]["schemas"]
        .as_object_mut()
        .unwrap()
        .remove("Kind");
    new["components"]["schemas"]["UserRepresentation"]["properties"]
        .as_object_mut()
        .unwrap()
        .remove("kind");
    let report = reported(&old(), &new, NO_SUPPLEMENT, &overlay.to_string());
    assert!(report.decide);
    assert!(
        report
            .text
            .contains("\n- overlay: `$.components.schemas.Kind`: what it corrects is gone"),
        "{}",
        report.text
    );
    // Not this upgrade's doing.
    assert!(!report.text.contains("Older"), "{}", report.text);
    assert!(
        report.text.contains("\n- removed: `Kind`\n"),
        "{}",
        report.text
    );
}

/// A shape that the generator does not take is a decision too, not the end of the report.
#[test]
fn what_the_generator_refuses_is_reported() {
    let mut new = old();
    new["paths"]["/admin/realms/{realm}/users"]["get"]["responses"]["200"]["content"]["application/json"]
        ["schema"] = json!({ "$ref": "#/components/schemas/Nowhere" });
    let report = reported(&old(), &new, NO_SUPPLEMENT, NO_OVERLAY);
    assert!(report.decide);
    assert!(
        report
            .text
            .contains("- the generator refuses `GET /admin/realms/{realm}/users"),
        "{}",
        report.text
    );
}
