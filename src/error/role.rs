//! The role that a 403 of the admin API is about.

use data_encoding::BASE64URL_NOPAD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The role that a 403 is probably about, out of method and path (a template or a real path), and
/// the client whose role it is. `login` is the realm that issued the token, where that is known.
pub(crate) fn missing_role(method: &str, path: &str, login: Option<&str>) -> Option<String> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let read = matches!(method, "GET" | "HEAD");
    let (realm, rest) = match segments.as_slice() {
        ["admin", "realms"] if !read => {
            return Some("the token probably lacks the master realm's role create-realm".into());
        }
        ["admin", "realms", realm, rest @ ..] => (*realm, rest),
        _ => return None,
    };
    let role = role(read, rest);
    let realm = percent_decode_str(realm).decode_utf8_lossy();
    // A template does not say which realm it is.
    let known = !realm.starts_with('{');
    Some(match login {
        Some(login) if known && login != realm && login != "master" => format!(
            "the token is of the realm {login}, and only tokens of {realm} itself or of master can \
             administer {realm}"
        ),
        Some("master") if known => format!(
            "the token probably lacks the role {role} of the client {realm}-realm in the realm \
             master, where it was issued"
        ),
        Some(_) if known => format!(
            "the token probably lacks the role {role} of the client realm-management in the realm \
             {realm}"
        ),
        _ => format!(
            "the token probably lacks the role {role}: of the client realm-management where the \
             realm itself issued it, of the client named after the realm (demo-realm) where master \
             did"
        ),
    })
}

/// The realm that issued a token, by what the token says: for texts, never for decisions.
pub(crate) fn issuing_realm(token: &str) -> Option<String> {
    let payload = BASE64URL_NOPAD
        .decode(token.split('.').nth(1)?.as_bytes())
        .ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let (_, realm) = claims.get("iss")?.as_str()?.rsplit_once("/realms/")?;
    let realm = percent_decode_str(realm).decode_utf8().ok()?;
    // The name becomes part of a text.
    let clean = !realm.is_empty() && realm.len() < 256 && !realm.contains(char::is_control);
    clean.then(|| realm.into_owned())
}

/// Roles of `org.keycloak.models.AdminRoles`.
fn role(read: bool, rest: &[&str]) -> &'static str {
    let pick = |view, manage| if read { view } else { manage };
    match rest {
        ["users", "profile", ..] => pick("view-realm", "manage-realm"),
        ["users", _, "impersonation"] => "impersonation",
        ["users" | "attack-detection", ..] => pick("view-users", "manage-users"),
        ["sessions", ..] | ["logout-all"] => "manage-users",
        ["groups"] => pick("query-groups", "manage-users"),
        ["groups", ..] => pick("view-users", "manage-users"),
        ["clients", _, "authz", ..] => pick("view-authorization", "manage-authorization"),
        [
            "clients"
            | "client-scopes"
            | "client-templates"
            | "clients-initial-access"
            | "client-registration-policy"
            | "client-description-converter"
            | "default-default-client-scopes"
            | "default-optional-client-scopes",
            ..,
        ] => pick("view-clients", "manage-clients"),
        ["identity-provider", ..] => pick("view-identity-providers", "manage-identity-providers"),
        ["events" | "admin-events", ..] => pick("view-events", "manage-events"),
        ["organizations", ..] => pick("view-organizations", "manage-organizations"),
        ["partial-export"] => "manage-realm",
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
            assert!(unknown.contains("realm-management where"), "{unknown}");
            assert!(unknown.contains("(demo-realm) where master"), "{unknown}");
        }
        assert!(hint("my%20realm", Some("master")).contains("my realm-realm"));
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
