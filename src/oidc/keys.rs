//! A realm's keys, kept for a while.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, HeaderValue};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::{Result, timeout, transport};
use crate::http::channel::{Channel, Endpoint, FormCall};
use crate::http::deadline::Deadline;
use crate::http::json;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::jose::Header;
use crate::jose::jwks::KeySet;

const OP: Operation = Operation::new(
    "oidc.keys",
    "GET",
    "/realms/{realm}/protocol/openid-connect/certs",
);
const JWKS: Endpoint = ("jwks_uri", |m| m.jwks_uri.as_deref());

const MAX_AGE: Duration = Duration::from_secs(600);
/// Tokens with made-up key ids must not make this client fetch keys all the time.
const COOLDOWN: Duration = Duration::from_secs(60);

/// The lock is held while fetching, so that one fetch serves all who wait.
#[derive(Debug, Default)]
pub(super) struct KeyCache(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    keys: Arc<KeySet>,
    fetched: Instant,
    /// The last fetch, successful or not.
    tried: Instant,
}

impl KeyCache {
    /// Keys that are fresh, and fetched again for a token whose key is not among them.
    pub(super) async fn for_token(
        &self,
        channel: &Channel,
        realm: &str,
        header: &Header,
        deadline: Deadline,
    ) -> Result<Arc<KeySet>> {
        let Some(mut known) = deadline.limit(self.0.lock()).await else {
            return Err(timeout(&OP, deadline.total));
        };
        let now = Instant::now();
        if let Some(known) = &*known {
            let fresh = now.duration_since(known.fetched) < MAX_AGE;
            let fits = known.keys.find(header)?.is_some();
            let cooling = now.duration_since(known.tried) < COOLDOWN;
            if (fresh && fits) || cooling {
                return Ok(known.keys.clone());
            }
        }
        match fetch(channel, realm, deadline).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                let now = Instant::now();
                *known = Some(Known {
                    keys: keys.clone(),
                    fetched: now,
                    tried: now,
                });
                Ok(keys)
            }
            // The keys at hand are better than none while the server cannot be asked.
            Err(error) => match &mut *known {
                Some(known) if error.is_retryable() => {
                    known.tried = Instant::now();
                    Ok(known.keys.clone())
                }
                _ => Err(error),
            },
        }
    }
}

async fn fetch(channel: &Channel, realm: &str, deadline: Deadline) -> Result<KeySet> {
    let url = channel.endpoint(realm, JWKS, deadline).await?;
    let request = channel
        .sender
        .client
        .request(Method::GET, url)
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .build()
        .map_err(|source| transport(&OP, source))?;
    let call = FormCall {
        op: &OP,
        realm,
        endpoint: JWKS,
        auth: None,
        repeat: Repeat::IDEMPOTENT,
        deadline,
    };
    let answer = channel.send(request, call).await?;
    if !answer.status().is_success() {
        return Err(answer.error(&OP));
    }
    let document: Value = json::decode(&OP, answer.response.body())?;
    KeySet::read(&document).map_err(|error| error.with_operation(&OP))
}
