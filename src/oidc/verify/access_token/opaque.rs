//! Opaque access tokens, which only the server can read (RFC 7662).

use serde_json::{Map, Value};

use super::{Check, KIND, Rules};
use crate::error::{Result, TokenFault};
use crate::jose::jws::{self, MAX_TOKEN};
use crate::jose::{base64url, json};
use crate::oidc::verify::binding::Presented;
use crate::oidc::verify::introspection_cache::{IntrospectionCache, TypeOfAnswer};

/// Returns whether a token is not a signed JWT. A token with a readable header is verified locally,
/// and is not introspected if its signature is wrong.
pub(super) fn is_opaque(token: &str) -> bool {
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [header, _, _] = parts[..] else {
        return true;
    };
    base64url::decode(header)
        .and_then(|bytes| json::object(&bytes))
        .is_none()
}

impl Rules {
    /// Introspects a token, and checks the response like the claims of a JWT.
    pub(super) async fn check_opaque(
        &self,
        introspection: &IntrospectionCache,
        presented: Presented<'_>,
    ) -> Result<Map<String, Value>> {
        let token = presented.token;
        // The characters of a token (RFC 6750 section 2.1).
        if token.is_empty()
            || token.len() > MAX_TOKEN
            || !token.bytes().all(|b| b.is_ascii_graphic())
        {
            let error =
                jws::malformed("the token is empty, too long, or contains invalid characters");
            return Err(jws::without_scheme(token, error));
        }
        let now = self.now();
        let claims = introspection
            .introspect(token, now, |answer| match TypeOfAnswer::of(answer) {
                _ if !self.checks(Check::Type) => Ok(()),
                TypeOfAnswer::AccessToken => Ok(()),
                TypeOfAnswer::Absent if self.introspection_rules.untyped => Ok(()),
                TypeOfAnswer::Absent => Err(KIND
                    .refused(
                        TokenFault::Type,
                        "the introspection response has no token type",
                    )
                    .with_hint(
                        "such servers may report refresh tokens as active: if this one does not, or \
                         an audience or a scope distinguishes them, set untyped_as_access_token",
                    )),
                TypeOfAnswer::Other => {
                    Err(KIND.refused(TokenFault::Type, "it is a token of another type"))
                }
            })
            .await?;
        // The server introspects only tokens of its own issuer.
        if self.checks(Check::Issuer)
            && let Some(issuer) = self.issuers.first()
        {
            let names = issuer.names().await?;
            KIND.issuer(&claims, &names).map_err(|error| {
                if claims.contains_key("iss") {
                    return error;
                }
                error.with_hint(
                    "the introspection response has no iss: without(Check::Issuer) accepts it, because \
                     only one server is asked",
                )
            })?;
        }
        self.check_times(&claims)?;
        self.check_parties(&claims)?;
        self.check_binding(&claims, presented).await?;
        Ok(claims)
    }
}
