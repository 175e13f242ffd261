//! Hints: what to check or do about a refusal.

use http::StatusCode;

use crate::operation::Operation;

pub(super) const REFUSED_TOKEN: &str = "the server did not accept the token: check that the login realm and the base URL are those \
     the token is for, and that the session was not ended";
pub(super) const NO_CREDENTIALS: &str =
    "this client sends no token: give its builder credentials, such as client_credentials(..)";

/// Returns what to enable when the server says that a feature is disabled.
pub(super) fn feature(status: StatusCode, message: Option<&str>, path: &str) -> Option<String> {
    let message = message.unwrap_or_default();
    let lower = message.to_ascii_lowercase();
    let off = lower.contains("not enabled") || lower.contains("disabled");
    if lower.contains("organizations") && off {
        return Some("switch on organizations in the realm's settings".into());
    }
    if !(lower.contains("feature") && off) && status != StatusCode::NOT_IMPLEMENTED {
        return None;
    }
    let name = feature_name(message).or_else(|| feature_of(path).map(str::to_owned));
    Some(match name {
        Some(name) => format!("start the server with --features={name}"),
        None => "the server runs without the feature this call needs: start it with \
                 --features=<name>"
            .into(),
    })
}

/// The feature that a path belongs to (a template or a real path), if it is disabled by default.
fn feature_of(path: &str) -> Option<&'static str> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    Some(match segments.as_slice() {
        ["admin", "realms", _, "ssf", ..] | ["realms", _, "ssf", ..] => "ssf",
        ["admin", "realms", _, "workflows", ..] => "workflows",
        ["admin", "realms", _, "client-types", ..] => "client-types",
        ["admin", "realms", _, "users", _, "vc", ..] => "oid4vc-vci",
        ["admin", "realms", _, .., "management", "permissions"]
        | ["admin", "realms", _, "users-management-permissions"] => "admin-fine-grained-authz:v1",
        ["admin", "api", ..] => "client-admin-api:v2",
        ["realms", _, "scim", ..] => "scim-api",
        ["realms", _, "authzen", ..] | ["realms", _, ".well-known", "authzen-configuration"] => {
            "authzen"
        }
        _ => return None,
    })
}

/// Returns the release that has the operation, if the response says that this server does not.
///
/// `old_wording` tells releases 24 and 25 from newer ones. Some of Keycloak's endpoints report a
/// missing object in the same words as an unknown path; on a server that is new enough the words
/// mean the object.
pub(super) fn lacking(
    op: &Operation,
    status: StatusCode,
    message: Option<&str>,
    old_wording: bool,
) -> Option<&'static str> {
    let since = op.since?;
    let new_enough = !old_wording && (since.starts_with("25.") || since.starts_with("26.0."));
    let lacks = is_unknown_path(status, message) || is_shadowed(op, status, message);
    (lacks && !new_enough).then_some(since)
}

/// Whether this is Keycloak's response to an unknown path.
pub(super) fn is_unknown_path(status: StatusCode, message: Option<&str>) -> bool {
    match status {
        StatusCode::NOT_FOUND => matches!(
            message,
            Some("HTTP 404 Not Found" | "Unable to find matching target resource method")
        ),
        StatusCode::METHOD_NOT_ALLOWED => true,
        _ => false,
    }
}

/// An older server reads `organizations/count` as the organization with the id `count`. A call
/// whose path names only the realm cannot miss anything else.
fn is_shadowed(op: &Operation, status: StatusCode, message: Option<&str>) -> bool {
    status == StatusCode::BAD_REQUEST && message.is_some_and(|message| quotes_path(op, message))
        || status == StatusCode::NOT_FOUND && is_missed_by_realm_alone(op, status, message)
}

/// Recognizes `Not a valid resource workflow: migrate` for the path `../workflows/migrate`.
fn quotes_path(op: &Operation, message: &str) -> bool {
    let Some((_, quoted)) = message.rsplit_once(": ") else {
        return false;
    };
    op.path.split('/').skip(5).any(|segment| segment == quoted)
}

fn is_missed_by_realm_alone(op: &Operation, status: StatusCode, message: Option<&str>) -> bool {
    op.path.matches('{').count() == 1
        && message.is_some_and(|message| message != "Realm not found.")
        && feature(status, message, op.path).is_none()
}

/// What an unknown path needs: a newer server, a feature, or both.
pub(super) fn unknown_path(since: Option<&str>, path: &str) -> Option<String> {
    const LACKS: &str = "this server does not have the endpoint";
    let feature = feature_of(path);
    // A path that the realm has not enabled is unknown too.
    let switch = match feature {
        Some("ssf") => " and the realm's attribute ssf.transmitterEnabled=true",
        _ => "",
    };
    Some(match (since, feature) {
        (Some(release), Some(name)) => format!(
            "{LACKS}: it needs Keycloak {release} or newer with the feature {name} \
             (--features={name}){switch}"
        ),
        (Some(release), None) => format!("{LACKS}: it needs Keycloak {release} or newer"),
        (None, Some(name)) => {
            format!("{LACKS}: it needs the feature {name}, start it with --features={name}{switch}")
        }
        (None, None) => return None,
    })
}

/// What to do about a member that this server does not recognize.
pub(crate) fn unknown_member(since: Option<&str>, member: &str) -> String {
    match since {
        Some(release) => {
            format!("leave {member} out, or use Keycloak {release} or newer, which has it")
        }
        None => format!("this server does not have {member}: leave it out"),
    }
}

/// The release that has a member which this server does not recognize.
#[cfg(feature = "admin")]
pub(super) fn member_since(ty: Option<&str>, member: &str) -> Option<&'static str> {
    let members = crate::newer::MEMBERS;
    let mut releases = members
        .iter()
        .filter(|(name, known, _)| ty.is_none_or(|ty| ty == *name) && *known == member)
        .map(|(_, _, release)| *release);
    let release = releases.next()?;
    // Without the type, the member must be equally old in every type.
    releases.all(|other| other == release).then_some(release)
}

#[cfg(not(feature = "admin"))]
pub(super) fn member_since(_: Option<&str>, _: &str) -> Option<&'static str> {
    None
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
