//! The role that a 403 of the admin API asks for.

use data_encoding::BASE64URL_NOPAD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Returns the role that is probably missing, found by method and path (a template or a real path),
/// and the client that has it. `login` is the realm that issued the token, if known.
pub(super) fn missing_role(method: &str, path: &str, login: Option<&str>) -> Option<String> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let read = matches!(method, "GET" | "HEAD");
    let (realm, rest) = match segments.as_slice() {
        ["admin", "realms"] if !read => {
            return Some("the token probably lacks the master realm's role create-realm".into());
        }
        ["admin", "realms", realm, rest @ ..] => (*realm, rest),
        _ => return None,
    };
    let (role, second) = roles(read, rest);
    let realm = percent_decode_str(realm).decode_utf8_lossy();
    // A template does not contain the realm.
    let known = !realm.starts_with('{');
    let needed = match second {
        Some(second) => format!("one of the roles {role} and {second}"),
        None => format!("the role {role}"),
    };
    Some(match login {
        Some(login) if known && login != realm && login != "master" => format!(
            "the token is of the realm {login}, and only tokens of {realm} itself or of master can \
             administer {realm}"
        ),
        Some("master") if known && role == REALM_ADMIN => {
            "the token probably lacks the role admin of the realm master, where it was issued"
                .into()
        }
        Some("master") if known => format!(
            "the token probably lacks {needed} of the client {realm}-realm in the realm master, \
             where it was issued"
        ),
        Some(_) if known => format!(
            "the token probably lacks {needed} of the client realm-management in the realm {realm}"
        ),
        _ if role == REALM_ADMIN => "the token probably lacks the role realm-admin of the client \
                                     realm-management if the realm itself issued it, or the role \
                                     admin of the realm master if master did"
            .into(),
        _ => format!(
            "the token probably lacks {needed}: of the client realm-management if the realm \
             itself issued it, or of the client named after the realm (demo-realm) if master did"
        ),
    })
}

/// The realm that issued a token, as the token claims. Only for messages, never for decisions.
pub(super) fn issuing_realm(token: &str) -> Option<String> {
    let payload = BASE64URL_NOPAD
        .decode(token.split('.').nth(1)?.as_bytes())
        .ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let (_, realm) = claims.get("iss")?.as_str()?.rsplit_once("/realms/")?;
    let realm = percent_decode_str(realm).decode_utf8().ok()?;
    // The name becomes part of a message.
    let clean = !realm.is_empty() && realm.len() < 256 && !realm.contains(char::is_control);
    clean.then(|| realm.into_owned())
}

/// The role is newer than organizations.
const MANAGE_ORGANIZATIONS: &str =
    "manage-organizations (manage-realm if the server has no such role)";
/// The role with every right in a realm. The clients of master do not have it.
const REALM_ADMIN: &str = "realm-admin";

/// Roles of `org.keycloak.models.AdminRoles`: the one a call needs, and a second one if it needs
/// two.
fn roles(read: bool, rest: &[&str]) -> (&'static str, Option<&'static str>) {
    let pick = |view, manage| if read { view } else { manage };
    let second = match rest {
        ["roles", _, "users"] | ["clients", _, "roles", _, "users"] => "query-users",
        ["roles", _, "groups"] | ["clients", _, "roles", _, "groups"] => "query-groups",
        ["users" | "groups", _, "role-mappings", "clients", _] if read => "view-clients",
        // An example token that is generated for a user.
        ["clients", _, "evaluate-scopes", example] if example.starts_with("generate-example-") => {
            "view-users"
        }
        ["organizations", "members", ..] | ["organizations", _, "members", ..] => {
            pick("view-users", "manage-users")
        }
        ["organizations", _, "identity-providers", ..] => {
            pick("view-identity-providers", "manage-identity-providers")
        }
        _ => return (role(read, rest), None),
    };
    (role(read, rest), Some(second))
}

fn role(read: bool, rest: &[&str]) -> &'static str {
    let pick = |view, manage| if read { view } else { manage };
    match rest {
        ["users", "profile", ..] => pick("view-realm", "manage-realm"),
        ["users", _, "impersonation"] => "impersonation",
        ["users" | "attack-detection", ..] => pick("view-users", "manage-users"),
        ["sessions", ..] | ["logout-all"] => "manage-users",
        ["groups"] => pick("query-groups", "manage-users"),
        ["groups" | "group-by-path", ..] => pick("view-users", "manage-users"),
        ["clients", _, "authz", ..] => pick("view-authorization", "manage-authorization"),
        [
            "clients"
            | "client-scopes"
            | "client-templates"
            | "clients-initial-access"
            | "client-description-converter"
            | "default-default-client-scopes"
            | "default-optional-client-scopes",
            ..,
        ] => pick("view-clients", "manage-clients"),
        ["identity-provider", ..] => pick("view-identity-providers", "manage-identity-providers"),
        ["events" | "admin-events", ..] => pick("view-events", "manage-events"),
        ["organizations", _, "invitations", ..] => MANAGE_ORGANIZATIONS,
        ["organizations", ..] => pick(
            "view-organizations (manage-realm if the server has no such role)",
            MANAGE_ORGANIZATIONS,
        ),
        ["workflows", ..] => REALM_ADMIN,
        ["partial-export"] => {
            "manage-realm (with clients view-clients too, with groups and roles view-users too)"
        }
        _ => pick("view-realm", "manage-realm"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(realm: &str, login: Option<&str>) -> String {
        missing_role("POST", &format!("/admin/realms/{realm}/users"), login).unwrap()
    }

    #[test]
    fn the_client_of_the_role_depends_on_who_issued_the_token() {
        assert_eq!(
            hint("demo", Some("demo")),
            "the token probably lacks the role manage-users of the client realm-management in the \
             realm demo"
        );
        assert_eq!(
            hint("demo", Some("master")),
            "the token probably lacks the role manage-users of the client demo-realm in the realm \
             master, where it was issued"
        );
        let master = hint("master", Some("master"));
        assert!(
            master.contains("the client master-realm in the realm master"),
            "{master}"
        );
        let other = hint("demo", Some("ops"));
        assert!(
            other.contains("only tokens of demo itself or of master"),
            "{other}"
        );
        for unknown in [hint("demo", None), hint("{realm}", Some("master"))] {
            assert!(unknown.contains("realm-management if"), "{unknown}");
            assert!(unknown.contains("(demo-realm) if master"), "{unknown}");
        }
        assert!(hint("my%20realm", Some("master")).contains("my realm-realm"));
    }

    #[test]
    fn some_calls_need_two_roles_or_others_than_their_neighbours() {
        let hint = |method, rest: &str, login| {
            missing_role(method, &format!("/admin/realms/demo/{rest}"), Some(login)).unwrap()
        };
        for (method, rest, needed) in [
            ("GET", "group-by-path/a/b", "the role view-users"),
            (
                "GET",
                "client-registration-policy/providers",
                "the role view-realm",
            ),
            ("POST", "workflows", "the role realm-admin"),
            (
                "POST",
                "partial-export",
                "the role manage-realm (with clients view-clients too, with groups and roles \
                 view-users too)",
            ),
            (
                "GET",
                "roles/r/users",
                "one of the roles view-realm and query-users",
            ),
            (
                "GET",
                "roles/r/groups",
                "one of the roles view-realm and query-groups",
            ),
            (
                "GET",
                "clients/c/roles/r/users",
                "one of the roles view-clients and query-users",
            ),
            (
                "GET",
                "users/u/role-mappings/clients/c",
                "one of the roles view-users and view-clients",
            ),
            (
                "POST",
                "users/u/role-mappings/clients/c",
                "the role manage-users",
            ),
            (
                "GET",
                "clients/c/evaluate-scopes/generate-example-id-token",
                "one of the roles view-clients and view-users",
            ),
            (
                "GET",
                "organizations/o",
                "the role view-organizations (manage-realm if the server has no such role)",
            ),
            (
                "GET",
                "organizations/o/invitations",
                "the role manage-organizations (manage-realm if the server has no such role)",
            ),
            (
                "POST",
                "organizations/o/members",
                "one of the roles manage-organizations (manage-realm if the server has no such \
                 role) and manage-users",
            ),
            (
                "GET",
                "organizations/o/identity-providers",
                "one of the roles view-organizations (manage-realm if the server has no such \
                 role) and view-identity-providers",
            ),
        ] {
            assert_eq!(
                hint(method, rest, "demo"),
                format!(
                    "the token probably lacks {needed} of the client realm-management in the realm \
                     demo"
                )
            );
        }
        // For a token of master no client of master has the role.
        let workflows = hint("GET", "workflows", "master");
        assert!(
            workflows.contains("the role admin of the realm master"),
            "{workflows}"
        );
        let unknown = missing_role("GET", "/admin/realms/{realm}/workflows", None).unwrap();
        assert!(unknown.contains("realm-admin of the client"), "{unknown}");
    }

    #[test]
    fn the_issuing_realm_is_read_out_of_a_token() {
        let token =
            |payload: &str| format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(payload.as_bytes()));
        let realm = |payload: &str| issuing_realm(&token(payload));
        assert_eq!(
            realm(r#"{"iss":"https://sso.example/auth/realms/my%20realm"}"#).as_deref(),
            Some("my realm")
        );
        for other in [
            r#"{"iss":"https://op.example"}"#,
            r#"{"iss":1}"#,
            r#"{"iss":"x/realms/"}"#,
            r#"{"iss":"x/realms/a\nb"}"#,
            "{}",
            "x",
        ] {
            assert_eq!(realm(other), None, "{other}");
        }
        assert_eq!(issuing_realm("opaque"), None);
        assert_eq!(issuing_realm("a.?.c"), None);
    }
}
