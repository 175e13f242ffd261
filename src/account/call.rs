//! The account of a user, and the calls of its API.

use std::fmt;
use std::sync::Arc;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Authorized;
use crate::discovery::ProviderId;
use crate::endpoint::Channel;
use crate::error::{Error, Result, unexpected_body};
use crate::http::json;
use crate::http::request::JSON;
use crate::http::segment;
use crate::login::CredentialLogin;
use crate::login::credentials::Credentials;
use crate::oidc::Oidc;
use crate::operation::Operation;
use crate::token::engine::TokenEngine;
use crate::{Keycloak, TokenSource};

/// The account of the user whose tokens a token source provides. Cheap to clone.
///
/// After a 401 response, a call is sent once more with a new token.
#[derive(Clone)]
pub struct Account {
    inner: Arc<AccountInner>,
}

struct AccountInner {
    channel: Arc<Channel>,
    authorized: Authorized,
    provider: ProviderId,
}

impl Keycloak {
    /// Returns the account in `realm` of the user whose tokens `user` provides: a
    /// [`Session`](crate::oidc::Session), an [`AccessToken`](crate::AccessToken) or any other token
    /// source.
    pub fn account(&self, realm: impl Into<String>, user: impl TokenSource) -> Account {
        Account::of_realm(self.channel().clone(), realm.into(), user)
    }
}

impl Oidc {
    /// Returns the account of the user whose tokens `user` provides: a
    /// [`Session`](crate::oidc::Session), an [`AccessToken`](crate::AccessToken) or any other token
    /// source.
    pub fn account(&self, user: impl TokenSource) -> Account {
        let (channel, provider) = self.place();
        Account::new(channel, provider, user)
    }
}

/// Path segments below the address of the Account API.
pub(super) type Path<'a> = &'a [&'a str];

impl Account {
    pub(crate) fn of_realm(channel: Arc<Channel>, realm: String, user: impl TokenSource) -> Self {
        Self::new(channel, ProviderId::Realm(realm), user)
    }

    fn new(channel: Arc<Channel>, provider: ProviderId, user: impl TokenSource) -> Self {
        let engine = TokenEngine::new(CredentialLogin {
            channel: channel.clone(),
            provider: provider.clone(),
            credentials: Credentials::Custom(Arc::new(user)),
        });
        Self {
            inner: Arc::new(AccountInner {
                authorized: Authorized::new(channel.sender.clone(), Some(engine)),
                channel,
                provider,
            }),
        }
    }

    pub(super) async fn get<T: DeserializeOwned + 'static>(
        &self,
        op: &'static Operation,
        path: Path<'_>,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let body = self.call(op, Method::GET, path, query, None).await?;
        json::decode(op, &body)
    }

    /// Sends a body and decodes the response.
    pub(super) async fn send<T: DeserializeOwned + 'static>(
        &self,
        op: &'static Operation,
        method: Method,
        path: Path<'_>,
        body: &(impl Serialize + Sync),
    ) -> Result<T> {
        let bytes = serde_json::to_vec(body)
            .map_err(|_| unexpected_body(op, "the value cannot be serialized as JSON"))?;
        let body = self.call(op, method, path, &[], Some(bytes)).await?;
        json::decode(op, &body)
    }

    pub(super) async fn delete(
        &self,
        op: &'static Operation,
        path: Path<'_>,
        query: &[(&str, &str)],
    ) -> Result<()> {
        self.call(op, Method::DELETE, path, query, None).await?;
        Ok(())
    }

    async fn call(
        &self,
        op: &'static Operation,
        method: Method,
        path: Path<'_>,
        query: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<bytes::Bytes> {
        for part in path {
            segment::check(op, "the id or name", part)?;
        }
        let AccountInner {
            channel,
            authorized,
            provider,
        } = &*self.inner;
        let metadata = channel.metadata(provider, channel.deadline()).await?;
        let mut url = channel.discovery.account(&metadata)?;
        let mut full = url.path().to_owned();
        for part in path {
            full.push('/');
            full.push_str(&segment::encode(part));
        }
        url.set_path(&full);
        let mut call = authorized.call(op).method(method, url).query(query);
        if let Some(body) = body {
            call = call.body(JSON, body);
        }
        let answer = call.succeed().await.map_err(|error| explain(op, error))?;
        Ok(answer.response.into_body())
    }
}

/// Adds what the user's token lacks.
fn explain(op: &Operation, error: Error) -> Error {
    if error.operation() != Some(op.name) {
        return error; // no token was obtained
    }
    match error.status().map(|s| s.as_u16()) {
        Some(401) => error.with_hint(
            "the Account API requires tokens with the audience account: give the client full scope, \
             or the roles of the client account in its scope",
        ),
        Some(403) => error.with_hint(format!(
            "the user, or the client's scope, lacks a role of the client account: {}",
            role(op)
        )),
        _ => error,
    }
}

/// Returns the roles of `org.keycloak.models.AccountRoles` that
/// `org.keycloak.services.resources.account` requires. `manage-account` is sufficient for all
/// calls.
fn role(op: &Operation) -> &'static str {
    let read = op.method == "GET";
    let rest = op.path.strip_prefix(BELOW).unwrap_or_default();
    let area = rest.trim_start_matches('/').split('/').next();
    match area {
        _ if rest.ends_with("/consent") && read => "manage-account, manage-consent or view-consent",
        _ if rest.ends_with("/consent") => "manage-account or manage-consent",
        Some("applications") => "manage-account or view-applications",
        Some("groups") => "manage-account or view-groups",
        _ if read => "manage-account or view-profile",
        _ => "manage-account",
    }
}

const BELOW: &str = "/realms/{realm}/account";

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("provider", &format_args!("{}", self.inner.provider))
            .finish_non_exhaustive()
    }
}
