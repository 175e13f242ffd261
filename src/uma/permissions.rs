//! Asking for permissions: Keycloak's UMA grant (UMA 2.0 Grant section 3.3.1).

use std::collections::BTreeSet;
use std::fmt;

use http::StatusCode;
use http::header::HeaderValue;
use serde_json::Value;

use super::fault;
use super::requested::RequestedPermission;
use super::rpt::Rpt;
use crate::error::{Error, ErrorKind, Result, invalid_argument, invalid_token, unexpected_body};
use crate::http::channel::TOKEN_ENDPOINT;
use crate::http::json;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::jose::decode_unverified;
use crate::oidc::{Oidc, Params, Permission};
use crate::token::{AccessToken, GrantKind, explain, grant};
use crate::{Secret, TokenFault, UmaFault};

const OP: Operation = Operation::new("oidc.permissions", "POST", "{token_endpoint}");
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ID_TOKEN: &str = "http://openid.net/specs/openid-connect-core-1_0.html#IDToken";

/// A question about permissions; see [`Oidc::permissions`]. [`rpt`](Self::rpt),
/// [`list`](Self::list) or [`decision`](Self::decision) send it; `.await` is `rpt`.
#[must_use = "a request does nothing until it is awaited"]
pub struct Permissions {
    oidc: Oidc,
    params: Params,
    audience: Option<String>,
    ticket: Option<Secret>,
    wanted: Vec<RequestedPermission>,
}

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
        let mut params = Params::of("urn:ietf:params:oauth:grant-type:uma-ticket");
        params.push("subject_token", access_token);
        Permissions {
            oidc: self.clone(),
            params,
            audience: None,
            ticket: None,
            wanted: Vec::new(),
        }
    }

    /// Whether the bearer of an access token has every one of these permissions at this resource
    /// server, by the server's own decision. Each one is looked for in what is granted: asked for
    /// `album#edit`, Keycloak also says yes to a user who was given `album#view` alone.
    ///
    /// A token that the server does not accept is no error: `logged_in` is false. A permission
    /// names a resource by name or id; without scope it is there when any access to the resource
    /// is. Resources of different owners may share a name, so where users create resources, name
    /// them by id.
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
    /// When there is no answer: the server is away or fails, the client's own proof is refused, a
    /// resource or scope does not exist. Such a failure is never taken for a yes or a no.
    pub async fn has_access<P>(
        &self,
        access_token: impl Into<Secret> + Send,
        permissions: impl IntoIterator<Item = P> + Send,
    ) -> Result<AuthStatus>
    where
        P: Into<RequestedPermission>,
    {
        let wanted: Vec<RequestedPermission> = permissions.into_iter().map(Into::into).collect();
        if wanted.is_empty() {
            return Err(invalid_argument(
                &OP,
                "no permission to look for: name one, such as \"album#view\"",
            ));
        }
        let mut question = self.permissions(access_token);
        question.wanted.clone_from(&wanted);
        let granted = match question.list().await {
            Ok(granted) => granted,
            Err(error) => match error.uma_fault() {
                Some(UmaFault::NotAuthorized | UmaFault::RequestSubmitted) => Vec::new(),
                _ if refuses_token(&error) => {
                    return Ok(AuthStatus {
                        logged_in: false,
                        authorized: false,
                        missing: wanted.iter().flat_map(RequestedPermission::each).collect(),
                    });
                }
                _ => return Err(error),
            },
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

/// The access token, that is: a refused client is answered with 401, and where the server fails
/// with a client it says `unauthorized_client` too.
fn refuses_token(error: &Error) -> bool {
    error.status() == Some(StatusCode::BAD_REQUEST)
        && error.oauth_code() == Some("unauthorized_client")
        && error
            .server_message()
            .is_some_and(|said| said.contains("Invalid identity"))
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

    /// Adds to what an RPT has already; the new one has both.
    pub fn upgrade(mut self, rpt: impl Into<Secret>) -> Self {
        self.params.set("rpt", rpt);
        self
    }

    /// Gives as many permissions at most. With an RPT, the newest stay.
    pub fn limit(mut self, limit: u32) -> Self {
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

    /// A requesting party token: an access token for the resource server with the permissions.
    ///
    /// # Errors
    /// See [`Oidc::permissions`].
    pub async fn rpt(self) -> Result<Rpt> {
        let oidc = self.oidc.clone();
        let members = self.ask(None).await?;
        let Value::Object(members) = members else {
            return Err(unexpected_body(&OP, "the answer is no object"));
        };
        let request = oidc
            .inner
            .grant_request(&OP, GrantKind::Custom, Repeat::SINGLE_USE);
        Ok(Rpt::new(grant::read(request, members)?))
    }

    /// What is granted of what was asked for, without a token.
    ///
    /// # Errors
    /// See [`Oidc::permissions`].
    pub async fn list(self) -> Result<Vec<Permission>> {
        let answer = self.ask(Some("permissions")).await?;
        let Value::Array(_) = &answer else {
            return Err(unexpected_body(&OP, "the answer is no list of permissions"));
        };
        Ok(Permission::list(Some(&answer)))
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
        match self.ask(Some("decision")).await {
            Ok(answer) => match answer.get("result") {
                Some(Value::Bool(granted)) => Ok(*granted),
                _ => Err(unexpected_body(&OP, "the answer has no decision")),
            },
            Err(error) => match error.uma_fault() {
                Some(UmaFault::NotAuthorized | UmaFault::RequestSubmitted) => Ok(false),
                _ => Err(error),
            },
        }
    }

    async fn ask(self, response_mode: Option<&'static str>) -> Result<Value> {
        let Self {
            oidc,
            mut params,
            audience,
            ticket,
            wanted,
        } = self;
        if let Some(ticket) = &ticket {
            if !wanted.is_empty() {
                return Err(invalid_argument(
                    &OP,
                    "the ticket says what is asked for: leave the permissions out",
                ));
            }
            params.set("ticket", ticket);
        } else {
            params.set(
                "audience",
                audience.unwrap_or_else(|| oidc.client_id().to_owned()),
            );
        }
        for permission in &wanted {
            params.push("permission", permission.text(&OP)?);
        }
        if params.get("claim_token_format") == Some(ID_TOKEN) {
            about_one_user(&params)?;
        }
        if let Some(mode) = response_mode {
            params.set("response_mode", mode);
        }
        let inner = &oidc.inner;
        let form = params.pairs(&OP, &[])?;
        // A ticket may be good for one use.
        let call = inner.call(&OP, TOKEN_ENDPOINT, Repeat::SINGLE_USE);
        let accept = HeaderValue::from_static("application/json");
        let answer = inner
            .channel
            .post_form_accepting(call, &form, accept)
            .await
            .map_err(|error| error.or_operation(&OP))?;
        if answer.status().is_success() {
            return json::decode(&OP, answer.response.body());
        }
        let ticket = ticket.as_ref().map(Secret::expose);
        let error = fault::grant(answer.error(&OP), ticket);
        Err(if error.uma_fault().is_some() {
            error
        } else if refuses_token(&error) {
            error
                .with_kind(ErrorKind::Unauthorized)
                .with_hint("the access token is not valid: it has expired or its session has ended")
        } else {
            explain(error, GrantKind::Custom)
        })
    }

    async fn send(self) -> Result<Rpt> {
        self.rpt().await
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
        token.secret().into()
    }
}

/// As far as the tokens can be read.
fn about_one_user(params: &Params) -> Result<()> {
    let subject = |name: &str| {
        let token = decode_unverified(params.get(name)?).ok()?;
        token.claims().get("sub").cloned()
    };
    match (subject("subject_token"), subject("claim_token")) {
        (Some(one), Some(other)) if one != other => Err(invalid_token(
            TokenFault::Subject,
            "the ID token is about another user than the access token",
        )
        .with_operation(&OP)),
        _ => Ok(()),
    }
}
