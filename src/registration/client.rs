//! A registered client, managed with its registration access token (RFC 7592).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::adapter_config::AdapterConfig;
use super::call::{Body, RegistrationCall, bearer, push};
use super::document::ClientDocument;
use super::handle::{Registration, members_of};
use crate::Secret;
use crate::client_metadata::ClientMetadata;
use crate::discovery::ProviderId;
use crate::endpoint::Channel;
use crate::error::{Error, Result, is_disruptive, protocol, unauthorized, unexpected_body};
use crate::operation::Operation;

const READ: Operation = Operation::new(
    "registration.client.read",
    "GET",
    "{registration_client_uri}",
);
const UPDATE: Operation = Operation::new(
    "registration.client.update",
    "PUT",
    "{registration_client_uri}",
);
const DELETE: Operation = Operation::new(
    "registration.client.delete",
    "DELETE",
    "{registration_client_uri}",
);

/// A handle that manages a registered client. Cheap to clone; clones share the registration access
/// token.
///
/// Each call may replace the token, so the calls of one client run one after the other. Each runs
/// in its own task, so that the response with the new token is not lost if the caller is canceled.
/// Save the token ([`saved`](Self::saved)) after every call. `Debug` shows no secrets.
pub struct RegisteredClient<T = ClientMetadata> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    registration: Registration,
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State<T>>,
}

struct State<T> {
    id: String,
    secret: Option<Secret>,
    token: Option<Secret>,
    uri: Option<String>,
    issuer: String,
    document: Option<T>,
}

/// The data for managing a registered client later. The serialized form contains the registration
/// access token in plain text: protect it like a password.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SavedRegistration {
    /// The provider's issuer.
    pub issuer: String,
    /// The client's id.
    pub client_id: String,
    /// The newest registration access token.
    pub registration_access_token: Secret,
    /// The address for managing the client, if the server has sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_client_uri: Option<String>,
}

impl<T: ClientDocument> RegisteredClient<T> {
    pub(super) fn unread(
        registration: Registration,
        id: String,
        token: Option<Secret>,
        uri: Option<String>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                registration,
                turn: tokio::sync::Mutex::default(),
                state: Mutex::new(State {
                    id,
                    secret: None,
                    token,
                    uri,
                    issuer: String::new(),
                    document: None,
                }),
            }),
        }
    }

    /// Returns the provider and its channel.
    pub(super) fn place(&self) -> (Arc<Channel>, ProviderId) {
        let service = &self.shared.registration.service;
        (service.channel.clone(), service.provider.clone())
    }

    /// Returns the client's id.
    pub fn client_id(&self) -> String {
        self.shared.state().id.clone()
    }

    /// Returns the client's secret, if the server has sent one.
    pub fn client_secret(&self) -> Option<Secret> {
        self.shared.state().secret.clone()
    }

    /// Returns the client's metadata from the last response, or `None` if that could not be
    /// decoded.
    pub fn metadata(&self) -> Option<T> {
        self.shared.state().document.clone()
    }

    /// Returns the newest registration access token. A client from [`Registration::client`] has
    /// none.
    pub fn registration_access_token(&self) -> Option<Secret> {
        self.shared.state().token.clone()
    }

    /// Returns the data for managing the client later with [`Registration::resume`], or `None`
    /// without a registration access token.
    pub fn saved(&self) -> Option<SavedRegistration> {
        let state = self.shared.state();
        Some(SavedRegistration {
            issuer: state.issuer.clone(),
            client_id: state.id.clone(),
            registration_access_token: state.token.clone()?,
            registration_client_uri: state.uri.clone(),
        })
    }

    /// Reads the client (RFC 7592 section 2.1).
    ///
    /// # Errors
    /// Returns an error of kind `Unauthorized` if the registration access token has been replaced,
    /// or the client was deleted.
    pub async fn read(&self) -> Result<T> {
        self.read_as(&READ).await
    }

    /// Replaces the client's metadata (RFC 7592 section 2.2), and returns the new metadata.
    ///
    /// Members that `wanted` omits get the server's defaults. The id is added, and members that
    /// only the server sets are removed.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`Registration::create`] and [`read`](Self::read). If
    /// the server refuses the update, the client and the token are unchanged.
    pub async fn update(&self, wanted: &T) -> Result<T> {
        let wanted = wanted.clone();
        self.in_turn(|shared| async move {
            let members = members_of(&UPDATE, &wanted)?;
            shared.write(members).await
        })
        .await
    }

    /// Reads the client, edits its metadata and writes it back. Other calls wait.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`update`](Self::update).
    pub async fn modify(&self, edit: impl FnOnce(&mut T) + Send + 'static) -> Result<T> {
        self.in_turn(|shared| async move {
            let mut document = shared.read(&UPDATE).await?;
            edit(&mut document);
            let members = members_of(&UPDATE, &document)?;
            shared.write(members).await
        })
        .await
    }

    /// Deletes the client (RFC 7592 section 2.3).
    ///
    /// # Errors
    /// Returns an error in the same cases as [`read`](Self::read).
    pub async fn delete(&self) -> Result<()> {
        self.in_turn(|shared| async move {
            shared.send(&DELETE, Method::DELETE, None).await?;
            let mut state = shared.state();
            (state.token, state.document) = (None, None);
            Ok(())
        })
        .await
    }

    /// Returns the client's `keycloak.json`, from Keycloak's provider `install`.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`read`](Self::read).
    pub async fn adapter_config(&self) -> Result<AdapterConfig> {
        self.in_turn(|shared| async move {
            let (id, token) = {
                let state = shared.state();
                (state.id.clone(), state.token.clone())
            };
            let authorization = token.as_ref().map(bearer).transpose()?;
            shared.registration.install(&id, authorization).await
        })
        .await
    }

    pub(super) async fn read_as(&self, op: &'static Operation) -> Result<T> {
        self.in_turn(move |shared| async move { shared.read(op).await })
            .await
    }

    pub(super) fn accept(
        &self,
        op: &Operation,
        members: Map<String, Value>,
        issuer: String,
    ) -> Result<T> {
        self.shared.state().issuer = issuer;
        self.shared.accept(op, members)
    }

    /// Runs the calls one after the other, each in a task that outlives its caller.
    async fn in_turn<R, F>(&self, call: impl FnOnce(Arc<Shared<T>>) -> F) -> Result<R>
    where
        R: Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let shared = self.shared.clone();
        let call = call(shared.clone());
        let task = tokio::spawn(async move {
            let _turn = shared.turn.lock().await;
            call.await
        });
        task.await
            .unwrap_or_else(|_| Err(unauthorized("the task of the call ended without a result")))
    }
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ClientDocument> Shared<T> {
    async fn read(&self, op: &Operation) -> Result<T> {
        let answer = self.send(op, Method::GET, None).await?;
        let members = answer.members(op)?;
        self.accept(op, members)
    }

    async fn write(&self, mut members: Map<String, Value>) -> Result<T> {
        for name in T::MEMBERS.response_only {
            members.remove(*name);
        }
        members
            .entry(T::MEMBERS.id)
            .or_insert_with(|| self.state().id.clone().into());
        self.registration
            .service
            .refuse_masks(&UPDATE, T::MEMBERS, &members)?;
        let body = Body::json(&UPDATE, &members)?;
        let sent = self.send(&UPDATE, Method::PUT, Some(body)).await;
        let answer = sent.map_err(may_be_done)?;
        if answer.is_empty() {
            return Err(unexpected_body(&UPDATE, "the response is empty"));
        }
        let members = answer.members(&UPDATE)?;
        self.accept(&UPDATE, members)
    }

    async fn send(
        &self,
        op: &Operation,
        method: Method,
        body: Option<Body>,
    ) -> Result<super::call::Received> {
        let url = self.url().await?;
        let authorization = self.state().token.as_ref().map(bearer).transpose()?;
        let call = RegistrationCall {
            op,
            method,
            url,
            body,
            authorization,
        };
        self.registration.service.send(call).await
    }

    /// Returns the address for managing the client: the one that the server has sent, otherwise a
    /// path below the endpoint, as in Keycloak.
    async fn url(&self) -> Result<Url> {
        let service = &self.registration.service;
        let metadata = service.metadata().await?;
        let (id, uri) = {
            let mut state = self.state();
            state.issuer.clone_from(&metadata.issuer);
            (state.id.clone(), state.uri.clone())
        };
        if let Some(uri) = uri {
            return service.published(&metadata, &uri);
        }
        let mut url = service.endpoint(T::MEMBERS).await?;
        push(&mut url, &id)?;
        Ok(url)
    }

    /// Stores a response. The new token comes first, before anything can fail.
    fn accept(&self, op: &Operation, mut members: Map<String, Value>) -> Result<T> {
        let token = members.remove(T::MEMBERS.token);
        let uri = members.remove("registration_client_uri");
        let mut state = self.state();
        if let Some(Value::String(token)) = token
            && !token.is_empty()
        {
            state.token = Some(token.into());
        }
        if let Some(Value::String(uri)) = uri {
            state.uri = Some(uri);
        }
        if let Some(Value::String(id)) = members.get(T::MEMBERS.id) {
            if T::MEMBERS.provider.is_none() && *id != state.id {
                return Err(protocol("the response is about another client").with_operation(op));
            }
            if id.is_empty() || id.contains(is_disruptive) {
                return Err(protocol(
                    "the client's id in the response is empty or has control characters",
                )
                .with_operation(op));
            }
            state.id.clone_from(id);
        }
        if let Some(Value::String(secret)) = members.get(T::MEMBERS.secret) {
            state.secret = Some(secret.as_str().into());
        }
        state.document = None;
        let bytes = serde_json::to_vec(&members).unwrap_or_default();
        let document: T = crate::http::json::decode(op, &bytes)?;
        state.document = Some(document.clone());
        Ok(document)
    }
}

/// Adds what a lost response to an update may mean.
fn may_be_done(error: Error) -> Error {
    if error.is_transport() || error.is_timeout() || error.is_server() {
        return error.with_hint(
            "the server may have executed the update and replaced the registration access token: if \
             the next call fails with 401, an administrator has to issue a new token",
        );
    }
    error
}

impl<T> Clone for RegisteredClient<T> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T> fmt::Debug for RegisteredClient<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state();
        f.debug_struct("RegisteredClient")
            .field("client_id", &state.id)
            .field("client_secret", &state.secret)
            .field("registration_access_token", &state.token)
            .finish_non_exhaustive()
    }
}
