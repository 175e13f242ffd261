//! The naming table: what is missing, stale or wrong in it stops the build.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::small::{
    NAMES, NO_OVERLAY, REALM, build, build_foreign, document, get, in_path, realm, refusal,
};
use keycloak_kit_codegen::names::{Named, parse};
use keycloak_kit_codegen::problem::Problem;

const USERS: &str = "GET /admin/realms/{realm}/users";
const USER: &str = "GET /admin/realms/{realm}/users/{user-id}";

/// The realm, its users and one of them.
fn users() -> Value {
    let answer = json!({ "type": "string" });
    let realm = json!([in_path("realm")]);
    let user = json!([in_path("realm"), in_path("user-id")]);
    document(
        &json!({
            "/admin/realms/{realm}": { "get": get(&realm, &answer) },
            "/admin/realms/{realm}/users": { "get": get(&realm, &answer) },
            "/admin/realms/{realm}/users/{user-id}": { "get": get(&user, &answer) },
        }),
        &json!({}),
    )
}

const TABLE: &str = r#"
[handles]
"realm" = "/admin/realms/{realm}"
"realm.users" = "/admin/realms/{realm}/users"
"realm.user" = "/admin/realms/{realm}/users/{user-id}"
[operations]
"GET /admin/realms/{realm}" = "realm.get"
"GET /admin/realms/{realm}/users" = "realm.users.list"
"GET /admin/realms/{realm}/users/{user-id}" = "realm.user.get"
[ids]
"realm" = "RealmName"
"user-id" = "UserId"
"#;

/// Refuses the users with a changed table; gives the message.
#[track_caller]
fn refused(from: &str, to: &str, subject: &str) -> String {
    assert!(TABLE.contains(from));
    refusal(build(&users(), &TABLE.replace(from, to)), subject, "names")
}

#[test]
fn the_table_names_every_call() {
    let output = build(&users(), TABLE).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(
        output.table,
        format!(
            "realm.get() -> String  <- {REALM}\nrealm.user.get() -> String  <- {USER}\n\
             realm.users.list() -> String  <- {USERS}\n"
        )
    );
}

#[test]
fn an_operation_without_a_row_is_refused_with_a_proposal() {
    let row = "\"GET /admin/realms/{realm}/users\" = \"realm.users.list\"\n";
    let says = refused(row, "", USERS);
    assert!(says.contains(row.trim()), "{says}");
}

#[test]
fn a_row_without_an_operation_is_refused() {
    let says = refusal(build(&realm(|_| ()), TABLE), USER, "names");
    assert!(says.contains("delete the row"), "{says}");
    let gone = "GET /admin/gone";
    let names = format!("{NAMES}[left_out]\n\"{gone}\" = \"legacy\"\n");
    refusal(build(&realm(|_| ()), &names), gone, "names");
}

#[test]
fn sections_that_name_calls_may_not_name_others() {
    for (row, subject) in [
        (
            "[created]\n\"realm.gone\" = \"RealmName\"",
            "[created] realm.gone",
        ),
        ("[paging]\n\"realm.gone\" = 10", "[paging] realm.gone"),
        (
            "[missing]\n\"realm.gone\" = [\"No\"]",
            "[missing] realm.gone",
        ),
        // A handle with `get` but without `update`.
        ("[modify]\n\"realm\" = \"\"", "[modify] realm"),
    ] {
        let names = format!("{NAMES}{row}\n");
        let says = refusal(build(&realm(|_| ()), &names), subject, "names");
        assert!(says.contains("names no operation"), "{says}");
    }
}

#[test]
fn rows_that_change_nothing_are_refused() {
    for (row, subject, says) in [
        (
            "[missing]\n\"realm.users.list\" = [\"No\"]",
            "[missing] realm.users.list",
            "no find()",
        ),
        (
            "[missing]\n\"realm.user.get\" = []",
            "[missing] realm.user.get",
            "no find()",
        ),
        (
            "[paging]\n\"realm.user.get\" = 10",
            "[paging] realm.user.get",
            "first and max",
        ),
        (
            "[query]\n\"gone\" = \"g\"",
            "[query] gone",
            "no query parameter",
        ),
        (
            "[summaries]\n\"realm.gone\" = \"G\"",
            "[summaries] realm.gone",
            "no operation",
        ),
        (
            "[summaries]\n\"realm.get\" = \"Get it\"",
            "[summaries] realm.get",
            "in the document",
        ),
        (
            "[id_types]\n\"Gone\" = { strict = true }",
            "[id_types] Gone",
            "no id",
        ),
        (
            "[items]\n\"Gone\" = { gaps = true }",
            "[items] Gone",
            "no paged list",
        ),
        (
            "[no_filters]\n\"gone\" = \"the page\"",
            "[no_filters] gone",
            "no query parameter",
        ),
        (
            "[after_update]\n\"realm.user\" = \"x\"",
            "[after_update] realm.user",
            "no handle with modify",
        ),
        (
            "[attributes]\n\"realm.user.get\" = \"X.\"",
            "[attributes] realm.user.get",
            "takes q",
        ),
        // TABLE ends in [ids].
        ("\"gone\" = \"Gone\"", "[ids] gone", "no path parameter"),
        (
            "\"realm.users#user-id\" = \"X\"",
            "[ids] realm.users#user-id",
            "no path parameter",
        ),
    ] {
        let refused = refusal(
            build(&users(), &format!("{TABLE}{row}\n")),
            subject,
            "names",
        );
        assert!(
            refused.contains(says) && refused.contains("delete the row"),
            "{refused}"
        );
    }
    let handle = "[handles]\n\"realm.gone\" = \"/admin/realms/{realm}/gone\"";
    let refused = refused("[handles]", handle, "[handles] realm.gone");
    assert!(refused.contains("leads to no operation"), "{refused}");

    let names = format!("{TABLE}[missing]\n\"realm.user.get\" = [\"No\"]\n");
    let output = build(&users(), &names).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(output.facade.contains("pub fn find"));
    let names = format!("{TABLE}[missing]\n\"realm.users.list\" = [\"No\"]\n");
    let report = build_foreign(&users(), NO_OVERLAY, &names)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .report;
    assert_eq!(report.stale.len(), 1);
    assert!(!report.stale[0].message.contains("delete the row"));
}

#[test]
fn two_operations_of_one_name() {
    let says = refused("\"realm.users.list\"", "\"realm.get\"", USERS);
    assert!(
        says.contains("has the name realm.get of") && says.contains(REALM),
        "{says}"
    );
}

#[test]
fn words_the_facade_or_rust_uses() {
    for word in [
        "find", "modify", "stream", "all", "send", "timeout", "header", "oidc", "clone",
    ] {
        let says = refused("realm.users.list", &format!("realm.users.{word}"), USERS);
        assert!(
            says.contains(&format!("may not be called {word}")),
            "{says}"
        );
    }
    for word in ["type", "fn", "two words", "1st", "a-b"] {
        let says = refused("realm.users.list", &format!("realm.users.{word}"), USERS);
        assert!(says.contains("is not a name Rust takes"), "{says}");
    }
}

#[test]
fn a_name_that_is_a_handle() {
    let says = refused("\"realm.users.list\"", "\"realm.users\"", USERS);
    assert!(says.contains("realm.users is a handle already"), "{says}");
}

#[test]
fn a_handle_that_is_not_there() {
    let says = refused("\"realm.users.list\"", "\"realm.people.list\"", USERS);
    assert!(says.contains("needs the handle realm.people"), "{says}");
    let says = refused("\"realm.user\" =", "\"people.user\" =", "people.user");
    assert!(says.contains("needs the handle people"), "{says}");
}

#[test]
fn a_handle_whose_parameter_the_operation_does_not_have() {
    let says = refused("\"realm.users.list\"", "\"realm.user.list\"", USERS);
    assert!(
        says.contains("does not have the parameter user-id of its handle realm.user"),
        "{says}"
    );
    let prefix = "\"realm.user\" = \"/admin/realms/{realm}/users/{user-id}\"";
    let says = refused(
        prefix,
        "\"realm.user\" = \"/admin/users/{user-id}\"",
        "realm.user",
    );
    assert!(
        says.contains("loses the parameter realm of realm"),
        "{says}"
    );
}

#[test]
fn a_parameter_without_an_id_type() {
    let says = refused("\"user-id\" = \"UserId\"\n", "", USER);
    assert!(
        says.contains("[ids] has no type for its parameter user-id"),
        "{says}"
    );
}

#[test]
fn ids_are_chosen_by_operation_then_handle_then_parameter() {
    let ids = format!(
        "{TABLE}\"realm.user#user-id\" = \"OfHandle\"\n\"{USER}#user-id\" = \"OfOperation\"\n"
    );
    let table = parse(&ids).unwrap();
    let named = |call: &str, path: &str| Named {
        method: "get".into(),
        path: path.into(),
        call: call.into(),
    };
    let id = |named: &Named| keycloak_kit_codegen::names::id_type(&table, named, "user-id");
    let path = "/admin/realms/{realm}/users/{user-id}";
    assert_eq!(id(&named("realm.user.get", path)), Some("OfOperation"));
    let below = "/admin/realms/{realm}/users/{user-id}/x";
    assert_eq!(id(&named("realm.user.parts.get", below)), Some("OfHandle"));
    assert_eq!(id(&named("realm.other", below)), Some("UserId"));
    assert_eq!(
        keycloak_kit_codegen::names::id_type(&table, &named("realm.get", "/x"), "what"),
        None
    );
}

#[test]
fn what_is_left_out_is_not_called() {
    let row = format!("\"{USERS}\" = \"realm.users.list\"\n");
    let handle = "\"realm.users\" = \"/admin/realms/{realm}/users\"\n";
    let names = format!(
        "{}[left_out]\n\"{USERS}\" = \"legacy\"\n",
        TABLE.replace(&row, "").replace(handle, "")
    );
    let output = build(&users(), &names).unwrap_or_else(|problems| panic!("{problems}"));
    let [(_, calls), _] = output.test_files().unwrap();
    for text in [&output.table, &output.facade, &calls] {
        assert!(!text.contains("{realm}/users\"") && !text.contains("users.list"));
    }
    assert!(output.table.contains(USER));
}

#[test]
fn a_table_that_is_none() {
    for (text, says) in [
        ("[handles", "TOML parse error"),
        ("[handels]\n", "handels"),
        ("[paging]\n\"a\" = true\n", "Paging"),
    ] {
        let problems = parse(text).unwrap_err();
        assert_eq!(problems.0[0].subject, "openapi/names.toml");
        let problem: &Problem = &problems.0[0];
        assert!(problem.message.contains(says), "{problem}");
    }
}

/// The id counts; what some servers send beside it is not there when the object was.
#[test]
fn what_is_created_is_its_id() {
    let create = |created: &str| {
        let mut document = realm(|_| ());
        let item = document["paths"]["/admin/realms/{realm}"].take();
        document["paths"] = json!({ "/admin/realms/{realm}": { "post": item["get"] } });
        let names = NAMES
            .replace(REALM, "POST /admin/realms/{realm}")
            .replace("realm.get", "realm.create");
        let output = build(&document, &format!("{names}{created}"));
        output.unwrap_or_else(|problems| panic!("{problems}")).table
    };
    let with_body = create("");
    assert!(
        with_body.starts_with("realm.create() -> String "),
        "{with_body}"
    );
    let id = create("[created]\n\"realm.create\" = \"RealmName\"\n");
    assert!(id.starts_with("realm.create() -> RealmName "), "{id}");
}
