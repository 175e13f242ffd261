//! The grant of an authorization code (RFC 6749 section 4.1.3), with PKCE (RFC 7636).

use super::super::clients::TestClient;
use super::super::request::Params;
use super::super::state::{Code, State, now};
use super::super::tokens::{self, Issue};
use super::{Outcome, invalid_grant, refused};
use crate::jose::hash;

pub(super) fn exchange(state: &mut State, client: &TestClient, params: &Params) -> Outcome {
    let Some(text) = params.get("code") else {
        return Err(refused("invalid_request", "Missing parameter: code"));
    };
    let Some(known) = state.codes.get_mut(text) else {
        return Err(invalid_grant("Code not valid"));
    };
    let code = known.clone();
    // Whatever is wrong with the request, the code was shown.
    known.used = true;
    if code.used {
        // RFC 6749 section 4.1.2: the tokens of the first use end.
        state.detach(&code.session, &code.client_id);
        return Err(invalid_grant("Code not valid"));
    }
    if code.expires <= now() {
        return Err(invalid_grant("Code is expired"));
    }
    if code.client_id != client.id {
        let description = "Auth error: Found different client_id in clientSession";
        return Err(invalid_grant(description));
    }
    if params.get("redirect_uri") != Some(&*code.redirect_uri) {
        return Err(invalid_grant("Incorrect redirect_uri"));
    }
    check_verifier(&code, params.get("code_verifier"))?;
    let Some(login) = state.sessions.get(&code.session).cloned() else {
        return Err(invalid_grant("Session not active"));
    };
    let issue = Issue {
        client,
        session: &code.session,
        login: &login,
        scope: &code.scope,
        nonce: code.nonce.as_deref(),
        grant: "ac",
    };
    Ok(tokens::issue(state, &issue))
}

fn check_verifier(code: &Code, verifier: Option<&str>) -> Result<(), super::Reply> {
    let (challenge, verifier) = match (&code.challenge, verifier) {
        (None, None) => return Ok(()),
        (None, Some(_)) => {
            return Err(invalid_grant(
                "PKCE code verifier specified but challenge not present in authorization",
            ));
        }
        (Some(_), None) => return Err(invalid_grant("PKCE code verifier not specified")),
        (Some(challenge), Some(verifier)) => (challenge, verifier),
    };
    // Section 4.1.
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !(43..=128).contains(&verifier.len()) || !verifier.chars().all(unreserved) {
        let description = "PKCE verification failed: Invalid code verifier";
        return Err(invalid_grant(description));
    }
    let shown = if code.plain {
        verifier.to_owned()
    } else {
        hash::sha256(verifier)
    };
    if shown == *challenge {
        Ok(())
    } else {
        Err(invalid_grant("PKCE verification failed: Code mismatch"))
    }
}
