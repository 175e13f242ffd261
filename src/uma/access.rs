//! Whether somebody has every permission.

use std::collections::BTreeSet;

use super::question::{OP, Refusal};
use super::requested::RequestedPermission;
use crate::Secret;
use crate::error::{Result, invalid_argument};
use crate::oidc::Oidc;

/// What [`Oidc::has_access`] finds out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthStatus {
    /// The server accepts the token.
    pub logged_in: bool,
    /// Every permission asked for is granted.
    pub authorized: bool,
    /// Those that are not, as they were asked for: `resource`, `resource#scope`, `#scope`.
    pub missing: BTreeSet<String>,
}

impl Oidc {
    /// Whether the bearer of an access token has every one of these permissions at this resource
    /// server, by the server's own decision. Each one is looked for in what is granted: asked for
    /// `album#edit`, Keycloak also says yes to a user who was given `album#view` only.
    ///
    /// A token that the server does not accept is not an error: `logged_in` is false. A permission
    /// names a resource by name or id; without scope it is there when any access to the resource
    /// is. Resources of different owners may share a name, so where users create resources, name
    /// them by id. Permissions that are too many for one request are asked about in several.
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
    /// When there is no answer: the server is away or fails, a resource or scope does not exist.
    /// Such a failure is never taken for a yes or a no. With
    /// [`Binding`](crate::TokenFault::Binding), before anything is sent, when the token is bound to a
    /// TLS certificate or a key (DPoP): Keycloak does not check here who holds it; see
    /// [`Permissions::holder_verified`](super::Permissions::holder_verified).
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
                "no permission to look for: name one, such as \"album#view\"",
            )
            .with_hint("whether anything is granted is what permissions(..).decision() says"));
        }
        let mut question = self.permissions(access_token).permissions(wanted.clone());
        question.holder_verified = holder_verified;
        let granted = match question.question()?.granted().await {
            Ok(granted) => granted,
            Err(Refusal::Denied(_)) => Vec::new(),
            Err(Refusal::Token(_)) => {
                return Ok(AuthStatus {
                    logged_in: false,
                    authorized: false,
                    missing: wanted.iter().flat_map(RequestedPermission::each).collect(),
                });
            }
            Err(Refusal::Failed(error)) => return Err(error),
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
