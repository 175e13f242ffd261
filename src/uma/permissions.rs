//! Requests for permissions: Keycloak's UMA grant (UMA 2.0 Grant section 3.3.1).

use std::fmt;

use serde_json::Value;

use super::permission_request::{GrantFailure, ID_TOKEN, PermissionRequest};
use super::requested::RequestedPermission;
use super::rpt::Rpt;
use crate::Secret;
use crate::error::Result;
use crate::oidc::{Oidc, Params, Permission};
use crate::response::Response;
use crate::token::AccessToken;

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A request for permissions; see [`Oidc::permissions`]. [`rpt`](Self::rpt), [`list`](Self::list)
/// and [`decision`](Self::decision) send it; `.await` is the same as `rpt`.
#[must_use = "a request does nothing until it is awaited"]
pub struct Permissions {
    oidc: Oidc,
    token: Secret,
    params: Params,
    limit: Option<u32>,
    audience: Option<String>,
    ticket: Option<Secret>,
    wanted: Vec<RequestedPermission>,
    pub(super) holder_verified: bool,
}

impl Oidc {
    /// Requests permissions of the bearer of an access token at a resource server. The resource
    /// server is this client, unless [`audience`](Permissions::audience) is set.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str, ticket: &str) -> keycloak_kit::Result<()> {
    /// // All permissions:
    /// let all = oidc.permissions(bearer).list().await?;
    /// // A token with some permissions, for calls to the resource server:
    /// let rpt = oidc.permissions(bearer).permission("album#view,edit").permission("#print").await?;
    /// // The permissions of a resource server's ticket; the owner is asked if they are not granted:
    /// let rpt = oidc.permissions(bearer).ticket(ticket).submit_request(true).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - Returns an error with [`NotAuthorized`](crate::UmaFault::NotAuthorized) or
    ///   [`RequestSubmitted`](crate::UmaFault::RequestSubmitted) if nothing is granted.
    /// - Returns an error with [`UnknownResource`](crate::UmaFault::UnknownResource),
    ///   [`UnknownScope`](crate::UmaFault::UnknownScope),
    ///   [`UnknownResourceServer`](crate::UmaFault::UnknownResourceServer),
    ///   [`ExpiredTicket`](crate::UmaFault::ExpiredTicket) or
    ///   [`InvalidTicket`](crate::UmaFault::InvalidTicket) if the request is wrong.
    /// - Returns an error of kind `Unauthorized` if the server does not accept the access token.
    pub fn permissions(&self, access_token: impl Into<Secret>) -> Permissions {
        Permissions {
            oidc: self.clone(),
            token: access_token.into(),
            params: Params::of("urn:ietf:params:oauth:grant-type:uma-ticket"),
            limit: None,
            audience: None,
            ticket: None,
            wanted: Vec::new(),
            holder_verified: false,
        }
    }
}

impl Permissions {
    /// Sets the client id of the resource server.
    pub fn audience(mut self, client_id: impl Into<String>) -> Self {
        self.audience = Some(client_id.into());
        self
    }

    /// Adds a permission: `resource`, `resource#scope`, `resource#scope,scope` or `#scope`, with
    /// the resource's id or name. Without any permission, all are requested.
    pub fn permission(mut self, permission: impl Into<RequestedPermission>) -> Self {
        self.wanted.push(permission.into());
        self
    }

    /// Adds several permissions; see [`permission`](Self::permission).
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str) -> keycloak_kit::Result<()> {
    /// let wanted = ["album#view", "album#edit"];
    /// let granted = oidc.permissions(bearer).permissions(wanted).list().await?;
    /// # Ok(()) }
    /// ```
    pub fn permissions<P>(mut self, permissions: impl IntoIterator<Item = P>) -> Self
    where
        P: Into<RequestedPermission>,
    {
        self.wanted.extend(permissions.into_iter().map(Into::into));
        self
    }

    /// Sets a permission ticket of the resource server (UMA 2.0 Grant section 3.3.1).
    pub fn ticket(mut self, ticket: impl Into<Secret>) -> Self {
        self.ticket = Some(ticket.into());
        self
    }

    /// Identifies resources by a registered URI.
    pub fn by_uri(mut self) -> Self {
        self.params.set("permission_resource_format", "uri");
        self
    }

    /// Identifies resources by a path that matches the pattern of a registered URI.
    pub fn by_matching_uri(mut self) -> Self {
        self = self.by_uri();
        self.params.set("permission_resource_matching_uri", "true");
        self
    }

    /// Sets whether the server asks the resource's owner if access is not granted. This has an
    /// effect only with a ticket; the server's default is `true`.
    pub fn submit_request(mut self, submit: bool) -> Self {
        self.params.set("submit_request", submit.to_string());
        self
    }

    /// Pushes claims to the policies: a JSON object whose members are arrays of strings.
    ///
    /// With claims, the access token is sent as a parameter, because Keycloak refuses claims with
    /// the bearer token of a public client. A token that is too long for a parameter is an error
    /// before anything is sent.
    pub fn claims(mut self, claims: &Value) -> Self {
        let token = data_encoding::BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        self.params.set("claim_token", token);
        self.params.set("claim_token_format", JWT);
        self
    }

    /// Pushes the claims of the user's ID token to the policies.
    ///
    /// # Security
    /// Keycloak then identifies the user only by the ID token, and ignores the access token. If the
    /// access token identifies the caller, verify it first. An ID token and an access token of
    /// different users are an error.
    pub fn claim_token(mut self, id_token: impl Into<Secret>) -> Self {
        self.params.set("claim_token", id_token);
        self.params.set("claim_token_format", ID_TOKEN);
        self
    }

    /// Also allows an access token bound to a TLS certificate (RFC 8705) or a key (DPoP, RFC 9449).
    /// The caller must verify that the bearer holds it, with
    /// [`AccessTokenVerifier`](crate::oidc::AccessTokenVerifier).
    ///
    /// By default such a token is refused, because Keycloak does not check the certificate here and
    /// would accept a stolen token. Keycloak never accepts tokens bound to a key here.
    ///
    /// ```no_run
    /// # async fn show(
    /// #     oidc: keycloak_kit::oidc::Oidc, bearer: &str, certificate: &[u8],
    /// # ) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::oidc::Presented;
    ///
    /// let verifier = oidc.access_token_verifier().audience("photos").build()?;
    /// let shown = Presented::new(bearer).certificate(certificate);
    /// verifier.verify(shown).await?;
    /// let granted = oidc.permissions(bearer).holder_verified().list().await?;
    /// # Ok(()) }
    /// ```
    pub fn holder_verified(mut self) -> Self {
        self.holder_verified = true;
        self
    }

    /// Adds the requested permissions to those of an existing RPT.
    pub fn upgrade(mut self, rpt: impl Into<Secret>) -> Self {
        self.params.set("rpt", rpt);
        self
    }

    /// Limits the number of permissions. With an existing RPT, the newest permissions are kept.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self.params
            .set("response_permissions_limit", limit.to_string());
        self
    }

    /// Omits the names of resources from the response.
    pub fn without_resource_names(mut self) -> Self {
        self.params.set("response_include_resource_name", "false");
        self
    }

    /// Sets the scopes of the requesting party token, separated by spaces.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.params.set("scope", scope.into());
        self
    }

    /// Requests a requesting party token: an access token for the resource server with the
    /// permissions. It must have the same subject as the access token, if that has one.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Oidc::permissions`], and of kind `Config` if there
    /// are too many permissions for one request.
    pub async fn rpt(self) -> Result<Rpt> {
        self.answered().await.map(Response::into_value)
    }

    /// Returns the requested permissions that are granted, without a token. Too many permissions
    /// for one request are split into several requests.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Oidc::permissions`].
    pub async fn list(self) -> Result<Vec<Permission>> {
        let limit = self.limit;
        let mut granted = self.into_request()?.granted().await?;
        if let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) {
            granted.truncate(limit);
        }
        Ok(granted)
    }

    /// Returns whether the server grants **any** of the requested permissions.
    ///
    /// Even for a single scope, `true` may be about another scope: a user with `album#view` from
    /// the owner gets `true` for `album#edit`. [`has_access`](Oidc::has_access) checks each
    /// permission.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Oidc::permissions`], except for a denial. A failure
    /// is never a decision.
    pub async fn decision(self) -> Result<bool> {
        match self.into_request()?.decision().await {
            Err(GrantFailure::Denied(_)) => Ok(false),
            answer => Ok(answer?),
        }
    }

    pub(super) fn into_request(self) -> Result<PermissionRequest> {
        let mut params = self.params;
        if self.ticket.is_none() {
            let own = || self.oidc.client_id().to_owned();
            params.set("audience", self.audience.unwrap_or_else(own));
        }
        PermissionRequest::new(
            self.oidc,
            self.token,
            params,
            self.ticket,
            self.wanted,
            self.holder_verified,
        )
    }

    async fn answered(self) -> Result<Response<Rpt>> {
        Ok(self.into_request()?.rpt().await?)
    }
}

crate::oidc::param!(Permissions);
crate::oidc::awaitable!(Permissions => Rpt);

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permissions")
            .field("audience", &self.audience)
            .field("permissions", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl From<&AccessToken> for Secret {
    fn from(token: &AccessToken) -> Self {
        token.expose().into()
    }
}
