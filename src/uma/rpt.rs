//! Requesting party tokens.

use std::fmt;

use serde_json::Value;

use super::fault;
use crate::error::{Result, TokenFault, invalid_token};
use crate::oidc::{Introspection, Oidc, Permission};
use crate::operation::Operation;
use crate::token::AccessToken;
use crate::token::{Granted, Renewal};
use crate::{Secret, UmaFault, jose};

const INTROSPECT: Operation =
    Operation::new("oidc.introspect_rpt", "POST", "{introspection_endpoint}");

/// A requesting party token: an access token with permissions. `Debug` shows no token.
#[derive(Clone)]
pub struct Rpt {
    access_token: AccessToken,
    renewal: Option<Renewal>,
    upgraded: bool,
}

impl Rpt {
    pub(super) fn new(granted: Granted) -> Self {
        Self {
            access_token: granted.token,
            renewal: granted.renewal,
            upgraded: granted.rest.get("upgraded") == Some(&Value::Bool(true)),
        }
    }

    /// Returns the access token, for calls to the resource server.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// Returns the refresh token, which obtains a new token with the same permissions.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.renewal.as_ref().map(|renewal| &renewal.token)
    }

    /// Returns whether the token includes the permissions of the token passed to
    /// [`upgrade`](super::Permissions::upgrade).
    pub fn is_upgraded(&self) -> bool {
        self.upgraded
    }

    /// Returns the permissions in the token.
    ///
    /// The token is not verified, because it came directly from the server. For tokens from other
    /// sources use a [verifier](crate::oidc::Oidc::access_token_verifier) or
    /// [introspection](crate::oidc::Oidc::introspect_rpt).
    ///
    /// # Errors
    /// Returns an error of kind `InvalidToken` if the token is not a JWT.
    pub fn permissions(&self) -> Result<Vec<Permission>> {
        let token = jose::decode_unverified(self.access_token.expose())?;
        let authorization = token.claims().get("authorization");
        Ok(Permission::list(
            authorization.and_then(|all| all.get("permissions")),
        ))
    }
}

impl fmt::Debug for Rpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rpt")
            .field("access_token", &self.access_token)
            .field("upgraded", &self.upgraded)
            .finish_non_exhaustive()
    }
}

/// The introspection response for a requesting party token.
#[derive(Debug, Clone)]
pub struct RptIntrospection {
    introspection: Introspection,
    permissions: Vec<Permission>,
}

impl RptIntrospection {
    /// Returns the permissions of the token.
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// Returns the whole response. It has neither issuer nor subject, which Keycloak omits here.
    pub fn introspection(&self) -> &Introspection {
        &self.introspection
    }
}

impl Oidc {
    /// Introspects a requesting party token (RFC 7662, UMA 2.0 Federated Authorization section 5).
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
    /// for permission in oidc.introspect_rpt(bearer).await?.permissions() {
    ///     println!("{:?} {:?}", permission.resource_name, permission.scopes);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error with [`NotRpt`](crate::UmaFault::NotRpt) if the text is an access token
    /// without permissions or not a token, or the token is no longer active or belongs to another
    /// client.
    pub async fn introspect_rpt(&self, rpt: impl Into<Secret> + Send) -> Result<RptIntrospection> {
        let rpt = rpt.into();
        let introspection = self
            .introspect(&rpt)
            .token_type_hint("requesting_party_token")
            .await?;
        let permissions = introspection.member("permissions");
        if !introspection.is_active() || !permissions.is_some_and(Value::is_array) {
            let error = invalid_token(
                TokenFault::Type,
                "the token is not an active requesting party token",
            );
            return Err(fault::explained(error, UmaFault::NotRpt).with_operation(&INTROSPECT));
        }
        Ok(RptIntrospection {
            permissions: Permission::list(permissions),
            introspection,
        })
    }
}
