//! Requests to the registration endpoints.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::document::Members;
use crate::Secret;
use crate::call::{Credential, ServerResponse};
use crate::discovery::{ProviderId, ProviderMetadata, registration_provider};
use crate::endpoint::{Channel, Endpoint};
use crate::error::{
    Error, Result, config, empty_secrets, masked_secrets, protocol, unexpected_body,
};
use crate::http::json;
use crate::http::request::JSON;
use crate::http::retry_policy::RetryPolicy;
use crate::http::segment;
use crate::http::sender::OAUTH_LIMIT;
use crate::operation::Operation;
use crate::secret::MASK;
use crate::token::engine::TokenEngine;

const ENDPOINT: Endpoint = ("registration_endpoint", |m| {
    m.registration_endpoint.as_deref()
});

/// The credential of registration calls.
#[derive(Clone)]
pub(super) enum Authority {
    Anonymous,
    Initial(Secret),
    Tokens(Arc<TokenEngine>),
}

/// The client registration of a provider, and the credential for it.
#[derive(Clone)]
pub(super) struct RegistrationService {
    pub(super) channel: Arc<Channel>,
    pub(super) provider: ProviderId,
    pub(super) authority: Authority,
    /// Whether a masked or empty secret is sent.
    pub(super) masks_allowed: bool,
}

pub(super) struct Body {
    content_type: HeaderValue,
    bytes: Bytes,
}

impl Body {
    pub(super) fn json(op: &Operation, value: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value)
            .map_err(|_| unexpected_body(op, "the client cannot be serialized as JSON"))?;
        Ok(Self {
            content_type: JSON,
            bytes: bytes.into(),
        })
    }

    pub(super) fn xml(text: String) -> Self {
        Self {
            content_type: HeaderValue::from_static("application/xml"),
            bytes: text.into(),
        }
    }
}

pub(super) struct RegistrationCall<'a> {
    pub(super) op: &'a Operation,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<Body>,
    /// An `Authorization` header that overrides the credential of the service.
    pub(super) authorization: Option<HeaderValue>,
}

/// A successful response.
pub(super) struct Received(ServerResponse);

impl Received {
    pub(super) fn members(&self, op: &Operation) -> Result<Map<String, Value>> {
        json::decode(op, self.0.response.body())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.response.body().iter().all(u8::is_ascii_whitespace)
    }
}

impl RegistrationService {
    /// Returns an error if the body has a masked or empty secret, which the server would store.
    pub(super) fn refuse_masks(
        &self,
        op: &Operation,
        members: &Members,
        body: &Map<String, Value>,
    ) -> Result<()> {
        if self.masks_allowed {
            return Ok(());
        }
        let secret = body.get(members.secret).and_then(Value::as_str);
        let attributes = body.get("attributes").and_then(Value::as_object);
        let masked = attributes
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.as_str() == Some(MASK))
            .map(|(name, _)| format!("attributes.{name}"));
        let named = |wrong: bool| wrong.then(|| members.secret.to_owned());
        let masked: Vec<String> = named(secret == Some(MASK))
            .into_iter()
            .chain(masked)
            .collect();
        let (instead, place) = ("leave it out", "registration");
        if !masked.is_empty() {
            return Err(masked_secrets(op, &masked, instead, place));
        }
        if secret == Some("") {
            let empty = [members.secret.to_owned()];
            return Err(empty_secrets(op, &empty, instead, place));
        }
        Ok(())
    }

    pub(super) async fn metadata(&self) -> Result<Arc<ProviderMetadata>> {
        self.channel
            .metadata(&self.provider, self.channel.deadline())
            .await
    }

    /// Returns the endpoint where clients of this format are registered.
    pub(super) async fn endpoint(&self, members: &Members) -> Result<Url> {
        if let Some(provider) = members.provider {
            return self.provider_url(provider).await;
        }
        let deadline = self.channel.deadline();
        let target = self
            .channel
            .endpoint(&self.provider, ENDPOINT, false, deadline)
            .await?;
        Ok(target.url)
    }

    /// Returns the address of one of Keycloak's own registration providers.
    pub(super) async fn provider_url(&self, provider: &str) -> Result<Url> {
        let metadata = self.metadata().await?;
        self.published(&metadata, &registration_provider(&metadata, provider))
    }

    /// Returns the URL to call for an address that the server has published.
    pub(super) fn published(&self, metadata: &ProviderMetadata, address: &str) -> Result<Url> {
        self.channel.discovery.rewrite(&metadata.issuer, address)
    }

    /// Sends a request, and returns an error for an unsuccessful response.
    pub(super) async fn send(&self, call: RegistrationCall<'_>) -> Result<Received> {
        let initial = match &self.authority {
            Authority::Initial(token) => Some(bearer(token)?),
            _ => None,
        };
        let credential = match (&call.authorization, &self.authority) {
            (Some(header), _) => Credential::Header(header),
            (None, Authority::Tokens(engine)) => Credential::Engine(engine),
            (None, _) => match &initial {
                Some(header) => Credential::Header(header),
                None => Credential::None,
            },
        };
        let retry = match call.method {
            Method::GET => RetryPolicy::IDEMPOTENT,
            // A repetition would create a second client, or fail because the token was replaced.
            _ => RetryPolicy::SINGLE_USE,
        };
        let request = self.channel.sender.call(call.op).with(credential);
        let mut request = request
            .method(call.method, call.url)
            .retry(retry)
            .max_bytes(OAUTH_LIMIT);
        if let Some(body) = call.body {
            request = request.body(body.content_type, body.bytes);
        }
        let answer = request.send().await?;
        let Some(refusal) = answer.refusal(call.op, Some("client_id")) else {
            return Ok(Received(answer));
        };
        if answer.status() == StatusCode::NOT_FOUND {
            self.channel.discovery.doubt(&self.provider);
        }
        Err(self.explain(refusal, call.authorization.is_some()))
    }

    fn explain(&self, error: Error, own_token: bool) -> Error {
        let refused = matches!(error.status().map(|s| s.as_u16()), Some(401 | 403));
        if !refused {
            return error;
        }
        error.with_hint(match (&self.authority, own_token) {
            (_, true) => {
                "the registration access token or the secret has been replaced, or the client was \
                 deleted: an administrator can issue a new registration access token"
            }
            (Authority::Anonymous, _) => {
                "set initial_access_token or token_source, or let the realm's client registration \
                 policies trust this host"
            }
            (Authority::Initial(_), _) => {
                "the initial access token has expired or has been used for all its clients, or a \
                 client registration policy of the realm refuses the client"
            }
            (Authority::Tokens(_), _) => {
                "the token needs the role create-client or manage-clients: of the client \
                 realm-management if the realm itself issued the token, or of the client named \
                 after the realm (demo-realm) if the realm master did"
            }
        })
    }
}

pub(super) fn bearer(token: &Secret) -> Result<HeaderValue> {
    let text = format!("Bearer {}", token.expose());
    let mut header = HeaderValue::try_from(text)
        .map_err(|_| config("the token contains characters that are not allowed in a header"))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Appends a path segment.
pub(super) fn push(url: &mut Url, part: &str) -> Result<()> {
    let path = format!(
        "{}/{}",
        url.path().trim_end_matches('/'),
        segment::encode(part)
    );
    url.set_path(&path);
    if url.path() == path {
        Ok(())
    } else {
        Err(protocol(
            "no path can be appended to the registration endpoint",
        ))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Initial(_) => "InitialAccessToken",
            Self::Tokens(_) => "AccessTokens",
        })
    }
}
