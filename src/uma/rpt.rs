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

/// A requesting party token: an access token that says what may be done with which resource.
/// `Debug` shows no token.
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

    /// For calling the resource server.
    pub fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// For getting a new one with the same permissions.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.renewal.as_ref().map(|renewal| &renewal.token)
    }

    /// Whether it has all that the token shown to [`upgrade`](super::Permissions::upgrade) had.
    pub fn is_upgraded(&self) -> bool {
        self.upgraded
    }

    /// What it is good for, as the token itself says. It comes from the server over a connection
    /// of this client; what others bring is verified by a
    /// [verifier](crate::oidc::Oidc::access_token_verifier) or
    /// [introspected](crate::oidc::Oidc::introspect_rpt).
    ///
    /// # Errors
    /// Of kind `InvalidToken` when the server gave no JWT.
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

/// What the server says about a requesting party token.
#[derive(Debug, Clone)]
pub struct RptIntrospection {
    introspection: Introspection,
    permissions: Vec<Permission>,
}

impl RptIntrospection {
    /// What it is good for.
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// The whole answer. It has neither issuer nor subject: Keycloak leaves them out here.
    pub fn introspection(&self) -> &Introspection {
        &self.introspection
    }
}

impl Oidc {
    /// Asks the server what a requesting party token is good for (RFC 7662, UMA 2.0 Federated
    /// Authorization section 5).
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
    /// With [`NotRpt`](crate::UmaFault::NotRpt) when it is an access token without permissions, no
    /// token at all, not active any more or for another client.
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
                "the server knows no active requesting party token like this",
            );
            return Err(fault::explained(error, UmaFault::NotRpt).with_operation(&INTROSPECT));
        }
        Ok(RptIntrospection {
            permissions: Permission::list(permissions),
            introspection,
        })
    }
}
