//! What to check or to do about a refusal.

use http::StatusCode;

pub(super) const REFUSED_TOKEN: &str = "the server did not accept the token: check that the login realm and the base URL are those \
     the token is for, and that the session was not ended";
pub(super) const UNREACHABLE: &str =
    "check that the server runs, the base URL, the port and the proxy";
pub(super) const NOT_TRUSTED: &str = "check scheme, port and the server's certificate; pass a private \
                                        authority to add_root_certificate_pem";

/// The role that a 403 is probably about, out of method and path (a template or a real path).
pub(crate) fn missing_role(method: &str, path: &str) -> Option<String> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let read = matches!(method, "GET" | "HEAD");
    let rest = match segments.as_slice() {
        ["admin", "realms"] if !read => {
            return Some("the token probably lacks the master realm's role create-realm".into());
        }
        ["admin", "realms", _, rest @ ..] => rest,
        _ => return None,
    };
    let role = realm_management_role(read, rest);
    Some(format!(
        "the token probably lacks the realm-management role {role}"
    ))
}

/// Roles of `org.keycloak.models.AdminRoles`.
fn realm_management_role(read: bool, rest: &[&str]) -> &'static str {
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

/// What to switch on when the server says that a feature is off.
pub(crate) fn feature(status: StatusCode, message: Option<&str>) -> Option<String> {
    let message = message.unwrap_or_default();
    let lower = message.to_ascii_lowercase();
    let off = lower.contains("not enabled") || lower.contains("disabled");
    if lower.contains("organizations") && off {
        return Some("switch on organizations in the realm's settings".into());
    }
    if !(lower.contains("feature") && off) && status != StatusCode::NOT_IMPLEMENTED {
        return None;
    }
    Some(match feature_name(message) {
        Some(name) => format!("start the server with --features={name}"),
        None => "the server runs without the feature this call needs: start it with \
                 --features=<name>"
            .into(),
    })
}

/// What to switch on where the server, its feature off, knows no such path.
pub(crate) fn feature_of_path(status: StatusCode, path: &str) -> Option<String> {
    let below = path.strip_prefix("/admin/realms/{realm}/")?;
    let is_ssf = below.split('/').next() == Some("ssf");
    (is_ssf && status == StatusCode::NOT_FOUND)
        .then(|| "these calls need the feature ssf: start the server with --features=ssf".into())
}

/// `Feature ADMIN_FINE_GRAINED_AUTHZ not enabled` -> `admin-fine-grained-authz`.
fn feature_name(message: &str) -> Option<String> {
    let mut words = message.split_whitespace();
    words.find(|w| w.eq_ignore_ascii_case("feature"))?;
    let word = words
        .next()?
        .trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_name = word.len() > 2
        && !matches!(word, "not" | "disabled" | "enabled" | "must")
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':'));
    is_name.then(|| word.to_ascii_lowercase().replace('_', "-"))
}
