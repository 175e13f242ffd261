//! Checking that all requested permissions are granted.

use std::collections::BTreeSet;

use super::permission_request::{GrantFailure, OP};
use super::requested::RequestedPermission;
use crate::Secret;
use crate::error::{Result, invalid_argument};
use crate::oidc::Oidc;

/// The result of [`Oidc::has_access`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthStatus {
    /// Whether the server accepts the token.
    pub logged_in: bool,
    /// Whether all requested permissions are granted.
    pub authorized: bool,
    /// The requested permissions that are not granted: `resource`, `resource#scope` or `#scope`.
    pub missing: BTreeSet<String>,
}

impl Oidc {
    /// Returns whether the bearer of an access token has all of these permissions at this resource
    /// server.
    ///
    /// The server decides, and each permission is looked up in the granted ones: asked for
    /// `album#edit`, Keycloak also agrees for a user who has only `album#view`.
    ///
    /// If the server does not accept the token, the result has `logged_in` set to `false`. A
    /// permission identifies a resource by name or id; without a scope, any access to the resource
    /// is sufficient. Resources of different owners may have the same name, so if users create
    /// resources, use ids. Too many permissions for one request are split into several requests.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
    /// let status = oidc.has_access(bearer, ["album#view", "album#edit"]).await?;
    /// if !status.authorized {
    ///     println!("missing: {:?}", status.missing);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - Returns an error if there is no decision: the server is unreachable or fails, or a
    ///   resource or scope does not exist.
    /// - Returns an error with [`Binding`](crate::TokenFault::Binding), before anything is sent, if
    ///   the token is bound to a TLS certificate or a key (DPoP), because Keycloak does not check
    ///   the holder here; see
    ///   [`Permissions::holder_verified`](super::Permissions::holder_verified).
    pub async fn has_access<P>(
        &self,
        access_token: impl Into<Secret> + Send,
        permissions: impl IntoIterator<Item = P> + Send,
    ) -> Result<AuthStatus>
    where
        P: Into<RequestedPermission>,
    {
        let wanted = permissions.into_iter().map(Into::into).collect();
        self.access(access_token.into(), wanted, false).await
    }

    pub(super) async fn access(
        &self,
        access_token: Secret,
        wanted: Vec<RequestedPermission>,
        holder_verified: bool,
    ) -> Result<AuthStatus> {
        if wanted.is_empty() {
            return Err(invalid_argument(
                &OP,
                "there is no permission to check: pass one, such as \"album#view\"",
            )
            .with_hint("use permissions(..).decision() to check whether anything is granted"));
        }
        let mut request = self.permissions(access_token).permissions(wanted.clone());
        request.holder_verified = holder_verified;
        let granted = match request.into_request()?.granted().await {
            Ok(granted) => granted,
            Err(GrantFailure::Denied(_)) => Vec::new(),
            Err(GrantFailure::Token(_)) => {
                return Ok(AuthStatus {
                    logged_in: false,
                    authorized: false,
                    missing: wanted.iter().flat_map(RequestedPermission::each).collect(),
                });
            }
            Err(GrantFailure::Failed(error)) => return Err(error),
        };
        let missing: BTreeSet<String> = wanted
            .iter()
            .flat_map(|wanted| wanted.missing_in(&granted))
            .collect();
        Ok(AuthStatus {
            logged_in: true,
            authorized: missing.is_empty(),
            missing,
        })
    }
}
