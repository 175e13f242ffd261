//! Asking for permissions: Keycloak's UMA grant (UMA 2.0 Grant section 3.3.1).

use std::fmt;

use serde_json::Value;

use super::question::{ID_TOKEN, Question, Refusal};
use super::requested::RequestedPermission;
use super::rpt::Rpt;
use crate::Secret;
use crate::error::Result;
use crate::oidc::{Oidc, Params, Permission};
use crate::response::Response;
use crate::token::AccessToken;

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A question about permissions; see [`Oidc::permissions`]. [`rpt`](Self::rpt),
/// [`list`](Self::list) or [`decision`](Self::decision) send it; `.await` is `rpt`.
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
    /// Asks what the bearer of an access token may do at a resource server, this client unless
    /// [`audience`](Permissions::audience) names another.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, bearer: &str, ticket: &str) -> keycloak_kit::Result<()> {
    /// // All there is:
    /// let all = oidc.permissions(bearer).list().await?;
    /// // A token with some of it, for calling the resource server:
    /// let rpt = oidc.permissions(bearer).permission("album#view,edit").permission("#print").await?;
    /// // What a resource server's ticket is for; the owner is asked where it is not granted:
    /// let rpt = oidc.permissions(bearer).ticket(ticket).submit_request(true).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// With [`NotAuthorized`](crate::UmaFault::NotAuthorized) or
    /// [`RequestSubmitted`](crate::UmaFault::RequestSubmitted) when nothing is granted,
    /// [`UnknownResource`](crate::UmaFault::UnknownResource),
    /// [`UnknownScope`](crate::UmaFault::UnknownScope),
    /// [`UnknownResourceServer`](crate::UmaFault::UnknownResourceServer),
    /// [`ExpiredTicket`](crate::UmaFault::ExpiredTicket) or
    /// [`InvalidTicket`](crate::UmaFault::InvalidTicket); of kind `Unauthorized` when the access
    /// token is refused.
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
    /// The resource server, by its `clientId`.
    pub fn audience(mut self, client_id: impl Into<String>) -> Self {
        self.audience = Some(client_id.into());
        self
    }

    /// A permission: `resource`, `resource#scope`, `resource#scope,scope` or `#scope`, with the
    /// resource's id or name. Can be given several times; without one, all are asked for.
    pub fn permission(mut self, permission: impl Into<RequestedPermission>) -> Self {
        self.wanted.push(permission.into());
        self
    }

    /// Several permissions; see [`permission`](Self::permission).
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

    /// A permission ticket of the resource server (UMA 2.0 Grant section 3.3.1).
    pub fn ticket(mut self, ticket: impl Into<Secret>) -> Self {
        self.ticket = Some(ticket.into());
        self
    }

    /// Resources are named by a URI of theirs, as it is registered.
    pub fn by_uri(mut self) -> Self {
        self.params.set("permission_resource_format", "uri");
        self
    }

    /// Resources are named by a path that their URIs are patterns for.
    pub fn by_matching_uri(mut self) -> Self {
        self = self.by_uri();
        self.params.set("permission_resource_matching_uri", "true");
        self
    }

    /// Whether the owner of the resource is asked where access is not granted. With a ticket alone,
    /// and the server asks unless this is false.
    pub fn submit_request(mut self, submit: bool) -> Self {
        self.params.set("submit_request", submit.to_string());
        self
    }

    /// Pushes claims to the policies that decide: a JSON object whose members are arrays of
    /// strings.
    ///
    /// The access token is sent as a parameter then, since Keycloak refuses claims beside the bearer
    /// token of a public client. One that is longer than the server takes is refused before it is
    /// sent.
    pub fn claims(mut self, claims: &Value) -> Self {
        let token = data_encoding::BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        self.params.set("claim_token", token);
        self.params.set("claim_token_format", JWT);
        self
    }

    /// An ID token of the user as the claims that decide.
    ///
    /// # Security
    /// Keycloak then asks who the user is by this token alone and leaves the access token unread:
    /// verify the access token first where it says who calls. ID and access token of two users are
    /// refused here.
    pub fn claim_token(mut self, id_token: impl Into<Secret>) -> Self {
        self.params.set("claim_token", id_token);
        self.params.set("claim_token_format", ID_TOKEN);
        self
    }

    /// Asks for a token that is bound to a TLS certificate (RFC 8705) or a key (DPoP, RFC 9449) too:
    /// the caller has verified that the bearer holds it, with
    /// [`AccessTokenVerifier`](crate::oidc::AccessTokenVerifier). Such a token is refused unless this is
    /// set, because Keycloak does not look at the certificate here: it would decide for whoever has
    /// stolen the token. Keycloak decides about tokens bound to a key in no case.
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

    /// Adds to what an RPT has already; the new one has both.
    pub fn upgrade(mut self, rpt: impl Into<Secret>) -> Self {
        self.params.set("rpt", rpt);
        self
    }

    /// Gives as many permissions at most. With an RPT, the newest stay.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self.params
            .set("response_permissions_limit", limit.to_string());
        self
    }

    /// Leaves the names of resources out of the answer.
    pub fn without_resource_names(mut self) -> Self {
        self.params.set("response_include_resource_name", "false");
        self
    }

    /// Scopes of the requesting party token, separated by spaces.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.params.set("scope", scope.into());
        self
    }

    /// A requesting party token: an access token for the resource server with the permissions. It
    /// is given out only where it is about the same subject as the access token, as far as that one
    /// names a subject.
    ///
    /// # Errors
    /// See [`Oidc::permissions`]. Of kind `Config` when the permissions are too many for one
    /// request: a token cannot be asked for in parts.
    pub async fn rpt(self) -> Result<Rpt> {
        self.answered().await.map(Response::into_value)
    }

    /// What is granted of what was asked for, without a token. Permissions that are too many for
    /// one request are asked about in several.
    ///
    /// # Errors
    /// See [`Oidc::permissions`].
    pub async fn list(self) -> Result<Vec<Permission>> {
        let limit = self.limit;
        let mut granted = self.question()?.granted().await?;
        if let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) {
            granted.truncate(limit);
        }
        Ok(granted)
    }

    /// Whether the server grants **something** of what was asked for; a denial is `false`.
    ///
    /// For one scope of one resource this may be more than was asked: a user who was given
    /// `album#view` by the owner gets `true` for `album#edit`.
    /// [`has_access`](Oidc::has_access) looks at each permission.
    ///
    /// # Errors
    /// See [`Oidc::permissions`]; a failure is never taken for a decision.
    pub async fn decision(self) -> Result<bool> {
        match self.question()?.decision().await {
            Err(Refusal::Denied(_)) => Ok(false),
            answer => Ok(answer?),
        }
    }

    pub(super) fn question(self) -> Result<Question> {
        let mut params = self.params;
        if self.ticket.is_none() {
            let own = || self.oidc.client_id().to_owned();
            params.set("audience", self.audience.unwrap_or_else(own));
        }
        Question::new(
            self.oidc,
            self.token,
            params,
            self.ticket,
            self.wanted,
            self.holder_verified,
        )
    }

    async fn answered(self) -> Result<Response<Rpt>> {
        Ok(self.question()?.rpt().await?)
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
