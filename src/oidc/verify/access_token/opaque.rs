//! Access tokens that only the server can read (RFC 7662).

use serde_json::{Map, Value};

use super::{Check, KIND, Rules};
use crate::error::{Result, TokenFault};
use crate::jose::jws::{self, MAX_TOKEN};
use crate::jose::{base64url, json};
use crate::oidc::verify::binding::Presented;
use crate::oidc::verify::introspection_cache::{IntrospectionCache, TypeOfAnswer};

/// Whether a token is not a signed JWT. One whose header can be read is verified here, and never
/// asked about because its signature is wrong.
pub(super) fn is_one(token: &str) -> bool {
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [header, _, _] = parts[..] else {
        return true;
    };
    base64url::decode(header)
        .and_then(|bytes| json::object(&bytes))
        .is_none()
}

impl Rules {
    /// All checks of a JWT, with the server's answer as its claims.
    pub(super) async fn check_opaque(
        &self,
        answers: &IntrospectionCache,
        presented: Presented<'_>,
    ) -> Result<Map<String, Value>> {
        let token = presented.token;
        // RFC 6750 section 2.1: nothing else can be a token.
        if token.is_empty()
            || token.len() > MAX_TOKEN
            || !token.bytes().all(|b| b.is_ascii_graphic())
        {
            let error = jws::malformed("the token has characters that no token has");
            return Err(jws::without_scheme(token, error));
        }
        let now = self.now();
        let claims = answers
            .about(token, now, |answer| match TypeOfAnswer::of(answer) {
                _ if !self.checks(Check::Type) => Ok(()),
                TypeOfAnswer::AccessToken => Ok(()),
                TypeOfAnswer::Absent if self.ask.untyped => Ok(()),
                TypeOfAnswer::Absent => Err(KIND
                    .refused(
                        TokenFault::Type,
                        "the server does not say whether it is an access token",
                    )
                    .with_hint(
                        "such servers call refresh tokens active too: where this one does not, or \
                         an audience or a scope tells them apart, set untyped_as_access_token",
                    )),
                TypeOfAnswer::Other => {
                    Err(KIND.refused(TokenFault::Type, "it is a token of another type"))
                }
            })
            .await?;
        // Whoever answers speaks for its own issuer only.
        if self.checks(Check::Issuer)
            && let Some(issuer) = self.issuers.first()
        {
            let names = issuer.names().await?;
            KIND.issuer(&claims, &names).map_err(|error| {
                if claims.contains_key("iss") {
                    return error;
                }
                error.with_hint(
                    "the server's answer names no issuer: without(Check::Issuer) takes it from \
                     the only server that is asked",
                )
            })?;
        }
        self.check_times(&claims)?;
        self.check_parties(&claims)?;
        self.check_binding(&claims, presented).await?;
        Ok(claims)
    }
}
