//! The grant of an authorization code (RFC 6749 section 4.1.3), with PKCE (RFC 7636).

use super::super::state::{State, now};
use super::super::tokens::{self, Issue};
use super::{Grant, Outcome, Reply, invalid_grant, login};
use crate::jose::hash;

pub(super) fn exchange(state: &mut State, grant: &Grant<'_>) -> Outcome {
    let text = grant.required("code")?;
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
    if code.client_id != grant.client.id {
        let description = "Auth error: Found different client_id in clientSession";
        return Err(invalid_grant(description));
    }
    if grant.params.get("redirect_uri") != Some(&*code.redirect_uri) {
        return Err(invalid_grant("Incorrect redirect_uri"));
    }
    let verifier = grant.params.get("code_verifier");
    check_verifier(code.challenge.as_deref(), code.plain, verifier)?;
    if code.dpop_key.is_some() && code.dpop_key.as_deref() != grant.dpop_key {
        return Err(invalid_grant(
            "DPoP Proof public key thumbprint does not match dpop_jkt",
        ));
    }
    let login = login(state, &code.session)?;
    let issue = Issue {
        client: grant.client,
        session: &code.session,
        login: &login,
        scope: &code.scope,
        nonce: code.nonce.as_deref(),
        grant: "ac",
        dpop_key: grant.dpop_key,
    };
    Ok(tokens::issue(state, &issue))
}

/// Compares the verifier with the challenge of the login (RFC 7636 section 4.6).
pub(super) fn check_verifier(
    challenge: Option<&str>,
    plain: bool,
    verifier: Option<&str>,
) -> Result<(), Reply> {
    let (challenge, verifier) = match (challenge, verifier) {
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
    let shown = if plain {
        verifier.to_owned()
    } else {
        hash::sha256(verifier)
    };
    if shown == challenge {
        Ok(())
    } else {
        Err(invalid_grant("PKCE verification failed: Code mismatch"))
    }
}
