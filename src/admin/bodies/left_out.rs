//! Members that an update resets if its body omits them: completed from the present state.
//!
//! `update` leaves omitted members unchanged. So does the server for most kinds of objects, but not
//! for those in this table. Measured on 24.0.5 and 26.7.4.

use serde_json::{Map, Value};
use url::Url;

use super::{CurrentState, Purpose, ignored};
use crate::admin::version;
use crate::http::segment;
use crate::newer::MEMBERS;
use crate::operation::Operation;
use crate::shared::Version;
use crate::{Result, error};

/// What an update of a type resets.
struct Reset {
    ty: &'static str,
    /// Only if the body has this member.
    beside: Option<&'static str>,
    /// An empty list means every member.
    members: &'static [&'static str],
    /// Maps of settings, whose keys are reset or ignored individually.
    maps: &'static [&'static str],
}

const fn all(ty: &'static str) -> Reset {
    some(ty, &[])
}

const fn some(ty: &'static str, members: &'static [&'static str]) -> Reset {
    Reset {
        ty,
        beside: None,
        members,
        maps: &[],
    }
}

const RESETS: &[Reset] = &[
    all("AuthenticationFlowRepresentation"),
    all("AuthenticatorConfigRepresentation"),
    some("GroupRepresentation", &["description", "name"]),
    all("IdentityProviderMapperRepresentation"),
    all("IdentityProviderRepresentation"),
    all("OrganizationRepresentation"),
    all("ProtocolMapperRepresentation"),
    all("RealmEventsConfigRepresentation"),
    Reset {
        maps: &["attributes", "browserSecurityHeaders"],
        ..all("RealmRepresentation")
    },
    all("RequiredActionProviderRepresentation"),
    all("ResourceRepresentation"),
    all("ResourceServerRepresentation"),
    some("RoleRepresentation", &["description", "name"]),
    all("UPConfig"),
    Reset {
        beside: Some("attributes"),
        ..some("UserRepresentation", &["email", "firstName", "lastName"])
    },
    all("WorkflowRepresentation"),
];

const EXECUTION: &str = "AuthenticationExecutionInfoRepresentation";

/// Adds what the update would reset. Returns whether something was added.
pub(super) async fn complete(
    ty: &str,
    purpose: Purpose,
    now: &mut CurrentState<'_>,
    body: &mut Map<String, Value>,
) -> Result<bool> {
    if purpose != Purpose::Update {
        return Ok(false);
    }
    if ty == EXECUTION {
        return priority(now, body).await;
    }
    let Some(reset) = RESETS.iter().find(|reset| reset.ty == ty) else {
        return Ok(false);
    };
    let is_beside = reset.beside.is_none_or(|beside| body.contains_key(beside));
    let mut missing = reset.members.iter();
    let is_whole = !reset.members.is_empty() && missing.all(|member| body.contains_key(*member));
    if !is_beside || is_whole {
        return Ok(false);
    }
    let mut completed = false;
    for (member, value) in now.get().await? {
        let is_of_it = reset.members.is_empty() || reset.members.contains(&member.as_str());
        let is_lost = ignored::of(ty).any(|ignored| ignored.member == member);
        if !is_of_it || is_lost || value.is_null() {
            continue;
        }
        match (body.get_mut(member), value) {
            (None, value) => {
                body.insert(member.clone(), value.clone());
                completed = true;
            }
            (Some(Value::Object(given)), Value::Object(there))
                if reset.maps.contains(&member.as_str()) =>
            {
                for (key, value) in there {
                    if !given.contains_key(key) {
                        given.insert(key.clone(), value.clone());
                        completed = true;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(completed)
}

/// Some releases do not list the priority, and an update without it moves the execution to the
/// front.
async fn priority(now: &CurrentState<'_>, body: &mut Map<String, Value>) -> Result<bool> {
    let Some(id) = body.get("id").and_then(Value::as_str) else {
        return Ok(false);
    };
    if body.get("priority").is_some_and(Value::is_number) {
        return Ok(false);
    }
    let since = MEMBERS
        .iter()
        .find(|(ty, member, _)| *ty == EXECUTION && *member == "priority");
    if let Some((_, _, release)) = since {
        match version::of(now.call).await {
            Some(server) if server >= Version::parse(release) => {}
            // The server would refuse the member. If the version is unknown, the body is sent
            // unchanged.
            _ => return Ok(false),
        }
    }
    segment::check(now.op, "id", id)?;
    let Some((realm, _)) = now.url.as_str().rsplit_once("/authentication/flows/") else {
        return Ok(false);
    };
    let place = format!("{realm}/authentication/executions/{}", segment::encode(id));
    let Ok(place) = Url::parse(&place) else {
        return Ok(false);
    };
    let there = now.read(place).await?;
    match there.get("priority") {
        Some(priority) if priority.is_number() => {
            body.insert("priority".to_owned(), priority.clone());
            Ok(true)
        }
        _ => Ok(false),
    }
}

const ONE_TIME_PASSWORDS: &[&str] = &[
    "otpPolicyType",
    "otpPolicyAlgorithm",
    "otpPolicyDigits",
    "otpPolicyInitialCounter",
    "otpPolicyLookAheadWindow",
    "otpPolicyPeriod",
];

/// Refuses an incomplete policy for one-time passwords: without the type the server ignores it, and
/// without the algorithm it can no longer read the realm.
pub(super) fn refuse_halves(op: &Operation, ty: &str, body: &Map<String, Value>) -> Result<()> {
    if ty != "RealmRepresentation" {
        return Ok(());
    }
    let is_set = |member: &&str| body.get(*member).is_some_and(|value| !value.is_null());
    let beside = |member: &&str| *member == "otpPolicyCodeReusable" && is_set(member);
    let reusable = ["otpPolicyCodeReusable"].iter().any(beside);
    let missing: Vec<&str> = ONE_TIME_PASSWORDS
        .iter()
        .copied()
        .filter(|member| !is_set(member))
        .collect();
    if missing.is_empty() || missing.len() == ONE_TIME_PASSWORDS.len() && !reusable {
        return Ok(());
    }
    Err(error::invalid_argument(
        op,
        format!(
            "the policy for one-time passwords lacks {}: the server accepts it only as a whole, \
             ignores it without the type, and can no longer read the realm without the algorithm; \
             set all members or none; nothing was written",
            missing.join(", ")
        ),
    ))
}
