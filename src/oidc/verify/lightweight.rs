//! Lightweight access tokens, whose claims come from introspection.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::access_token::KIND;
use super::claims::text;
use super::introspection_cache::{IntrospectionCache, TypeOfAnswer};
use crate::error::{Result, TokenFault};

/// Returns whether a token is lightweight. Keycloak marks it in the id (its classes
/// `AccessTokenContext` and `DefaultTokenContextEncoderProvider`). Without a mark, as in tokens of
/// Keycloak 24, a token is lightweight if it lacks claims that every full token has.
pub(super) fn is_lightweight(claims: &Map<String, Value>) -> bool {
    match mark(claims) {
        Some("lt") => true,
        Some("rt") => false,
        _ => !claims.contains_key("sub") || !claims.contains_key("aud"),
    }
}

/// Returns the two letters for the kind of token in `jti`, which starts with two letters each for
/// the session, the kind and the grant, followed by a colon and the id.
fn mark(claims: &Map<String, Value>) -> Option<&str> {
    let (letters, _) = text(claims, "jti")?.split_once(':')?;
    if letters.len() == 6 && letters.bytes().all(|b| b.is_ascii_alphanumeric()) {
        letters.get(2..4)
    } else {
        None
    }
}

/// Adds claims of the introspection response to the token's claims, which take precedence.
pub(super) async fn complete(
    introspection: &IntrospectionCache,
    token: &str,
    claims: Map<String, Value>,
    now: SystemTime,
) -> Result<Map<String, Value>> {
    // The type of the signed token is verified, so the response may omit it. A response with
    // another type is refused: the server reports ID tokens as active too.
    let answer = introspection
        .introspect(token, now, |answer| match TypeOfAnswer::of(answer) {
            TypeOfAnswer::Other => {
                Err(KIND.refused(TokenFault::Type, "it is a token of another type"))
            }
            TypeOfAnswer::AccessToken | TypeOfAnswer::Absent => Ok(()),
        })
        .await?;
    let mut complete = claims;
    for (name, value) in answer {
        complete.entry(name).or_insert(value);
    }
    Ok(complete)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_lightweight;

    #[test]
    fn the_id_says_whether_a_token_is_lightweight() {
        let full = json!({"sub": "ada", "aud": "api"});
        let empty = json!({});
        for (id, of_full, of_empty) in [
            // Keycloak 26.5.7 and 26.7.4.
            ("trltcc:4faa1415-da47-030a-6dea-f58109935372", true, true),
            ("trrtcc:7b021612-7c06-61b6-8835-372827590f47", false, false),
            // Keycloak 24.0.5, and ids without a mark.
            ("b6b3e1b5-5d8b-4f76-ad94-945606d6a296", false, true),
            ("onltac", false, true),
            ("xonltac:1", false, true),
            ("onunac:1", false, true),
            ("on\u{e4}tac:1", false, true),
            ("o\u{e4}rtc:1", false, true),
        ] {
            for (claims, wanted) in [(&full, of_full), (&empty, of_empty)] {
                let mut claims = claims.as_object().unwrap().clone();
                claims.insert("jti".to_owned(), json!(id));
                assert_eq!(is_lightweight(&claims), wanted, "{id}");
            }
        }
    }
}
