//! Recognizing access tokens.

use serde_json::{Map, Value};

use super::{Check, KIND, Rules};
use crate::error::{Error, Result, TokenFault, config};
use crate::oidc::verify::claims::{is_of_another_kind, text};

/// How the access tokens of an issuer are recognized.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessTokenProfile {
    /// The claim `typ` is `Bearer` or `DPoP`, or the header has the type `at+jwt` and the claim is
    /// missing.
    #[default]
    Keycloak,
    /// The header has the type `at+jwt`, and the token has the claims required by RFC 9068 section
    /// 2.2.
    Rfc9068,
    /// The token has no type, as with most providers. A token that is recognizably of another kind
    /// is refused: one with `nonce`, `at_hash`, `c_hash`, `s_hash` or `events`, or with another
    /// `typ`.
    ///
    /// An ID token of the code flow may have none of these. The builder therefore requires
    /// something that no ID token of the provider has: a required
    /// [`scope`](super::AccessTokenVerifierBuilder::scope), a required
    /// [`claim`](super::AccessTokenVerifierBuilder::require_claim) such as `token_use`, or a
    /// [`resource_audience`](super::AccessTokenVerifierBuilder::resource_audience). Do not use a
    /// claim that the provider also adds to ID tokens, as many do with `groups`, `roles` and `tid`.
    Any,
}

/// Claims of ID tokens (OpenID Connect Core 1.0 sections 2 and 5.1), which do not distinguish an
/// access token from an ID token.
const OF_ID_TOKENS: [&str; 35] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "azp",
    "sid",
    "acr",
    "amr",
    "auth_time",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "address",
    "locale",
    "phone_number",
    "phone_number_verified",
    "updated_at",
];

/// The values of the claim `typ` in access tokens, in lower case.
const ACCESS_TYPES: [&str; 7] = [
    "bearer",
    "dpop",
    "jwt",
    "at+jwt",
    "application/at+jwt",
    "access",
    "access_token",
];

impl AccessTokenProfile {
    /// Checks that the claims and the type in the header are those of an access token.
    pub(super) fn check(self, claims: &Map<String, Value>, media_type: Option<&str>) -> Result<()> {
        let typ = claims.get("typ");
        let is_bearer = typ.is_some_and(|typ| typ == "Bearer" || typ == "DPoP");
        let is_at_jwt = media_type == Some("at+jwt");
        let good = match self {
            Self::Keycloak => {
                !claims.contains_key("events")
                    && (is_bearer || typ.is_none() && media_type == Some("at+jwt"))
            }
            Self::Rfc9068 => {
                is_at_jwt && (is_bearer || typ.is_none()) && !claims.contains_key("events")
            }
            Self::Any => !is_another(claims),
        };
        if !good {
            return Err(self.refused(claims, is_bearer, is_at_jwt));
        }
        if self == Self::Rfc9068 {
            for name in ["client_id", "jti"] {
                if text(claims, name).is_none_or(str::is_empty) {
                    return Err(KIND.refused(TokenFault::Claim, &format!("it has no {name}")));
                }
            }
            KIND.required_time(claims, "iat")?;
        }
        Ok(())
    }

    /// Creates the error, with a hint to the profile that would accept the token, if any.
    fn refused(self, claims: &Map<String, Value>, is_bearer: bool, is_at_jwt: bool) -> Error {
        let error = KIND.refused(TokenFault::Type, "it is a token of another type");
        if self == Self::Any || is_another(claims) {
            return error;
        }
        if is_bearer {
            return error.with_hint("AccessTokenProfile::Keycloak accepts Keycloak's tokens");
        }
        if is_at_jwt {
            return error.with_hint("AccessTokenProfile::Any accepts this token");
        }
        error.with_hint(
            "the token has no type, as with most providers: use AccessTokenProfile::Any with a \
             required scope, a required claim or a resource audience",
        )
    }
}

fn is_another(claims: &Map<String, Value>) -> bool {
    let good_type = match claims.get("typ") {
        None => true,
        Some(Value::String(typ)) => ACCESS_TYPES.contains(&typ.to_ascii_lowercase().as_str()),
        Some(_) => false,
    };
    !good_type || is_of_another_kind(claims)
}

impl Rules {
    /// Checks that [`AccessTokenProfile::Any`] is used with something that ID tokens lack.
    pub(super) fn check_profile(&self) -> Result<()> {
        if self.profile != AccessTokenProfile::Any || !self.checks(Check::Type) {
            return Ok(());
        }
        let by_scope = self.scopes.iter().any(|scope| !scope.is_empty());
        let by_claim = self
            .required
            .iter()
            .any(|(name, _)| !OF_ID_TOKENS.contains(&name.as_str()));
        // An additional plain audience would accept ID tokens for that audience.
        let by_audience = self.checks(Check::Audience)
            && !self.audiences.is_empty()
            && self
                .audiences
                .iter()
                .all(|one| self.resource_audiences.contains(one));
        if by_scope || by_claim || by_audience {
            return Ok(());
        }
        Err(config(
            "AccessTokenProfile::Any needs a requirement that the provider's ID tokens do not meet",
        )
        .with_hint(
            "require a scope (scope) or a claim that only access tokens have (require_claim), or set \
             all audiences with resource_audience; none of them may be a client id",
        ))
    }
}
