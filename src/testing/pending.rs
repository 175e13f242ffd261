//! Logins that wait for a user on another device: the device grant (RFC 8628) and Client-Initiated
//! Backchannel Authentication (CIBA).

mod backchannel;
mod device;

pub(super) use self::backchannel::respond as respond_to_backchannel;
pub(super) use self::device::{page as device_page, respond as respond_to_device};
use super::clients::TestClient;
use super::reply::{Content, Message, Reply};
use super::state::{State, now};
use crate::Secret;

/// How long a client waits between two polls, in seconds.
const INTERVAL: i64 = 1;

/// A login that waits.
#[derive(Clone)]
pub(super) struct Pending {
    client_id: String,
    scope: String,
    /// What the device shows; none for a backchannel login.
    user_code: Option<String>,
    /// Who has to approve it; nobody yet for a device.
    username: Option<String>,
    acr: String,
    challenge: Option<String>,
    expires: i64,
    /// Where the client hears of the decision, and the token that it recognizes the provider by.
    notification: Option<(String, Secret)>,
    decision: Option<Decision>,
}

#[derive(Clone)]
enum Decision {
    /// With the session.
    Approved(String),
    Denied,
}

/// A login that was approved.
pub(super) struct Approved {
    pub(super) session: String,
    pub(super) scope: String,
    pub(super) challenge: Option<String>,
}

impl Pending {
    fn message(&self, code: &str) -> Option<Message> {
        let (url, token) = self.notification.clone()?;
        Some(Message {
            client_id: self.client_id.clone(),
            url,
            content: Content::Ping {
                auth_req_id: code.to_owned(),
                token,
            },
        })
    }
}

/// Returns the login of a poll once it is approved. `unknown` is Keycloak's description of a code
/// that does not exist.
pub(super) fn poll(
    state: &mut State,
    client: &TestClient,
    code: &str,
    unknown: &str,
) -> Result<Approved, Reply> {
    let refused = |code: &str, description: &str| Err(Reply::oauth_error(400, code, description));
    let Some(pending) = state.pending.get(code).cloned() else {
        return refused("invalid_grant", unknown);
    };
    if pending.client_id != client.id {
        return refused("invalid_grant", "unauthorized client");
    }
    if pending.expires <= now() {
        return refused("expired_token", "The authorization request has expired");
    }
    match pending.decision {
        None => refused(
            "authorization_pending",
            "The authorization request is still pending",
        ),
        Some(Decision::Denied) => {
            state.pending.remove(code);
            refused(
                "access_denied",
                "The end user denied the authorization request",
            )
        }
        Some(Decision::Approved(session)) => {
            state.pending.remove(code);
            Ok(Approved {
                session,
                scope: pending.scope,
                challenge: pending.challenge,
            })
        }
    }
}

/// Decides on the waiting logins that fit, and returns the messages to their clients; `None` if no
/// login waits.
fn decide(
    state: &mut State,
    fits: impl Fn(&Pending) -> bool,
    approved_by: Option<&str>,
) -> Option<Vec<Message>> {
    let waiting = state.pending.iter();
    let waiting = waiting.filter(|(_, one)| one.decision.is_none() && fits(one));
    let codes: Vec<String> = waiting.map(|(code, _)| code.clone()).collect();
    let mut messages = Vec::new();
    for code in &codes {
        let acr = state.pending.get(code).map(|one| one.acr.clone());
        let user = approved_by.and_then(|name| state.user(name));
        let decision = match user {
            Some(user) => {
                let level = user.acr.clone().or(acr).unwrap_or_default();
                Decision::Approved(state.start_session(&user, level))
            }
            None => Decision::Denied,
        };
        if let Some(pending) = state.pending.get_mut(code) {
            pending.decision = Some(decision);
            messages.extend(pending.message(code));
        }
    }
    (!codes.is_empty()).then_some(messages)
}
