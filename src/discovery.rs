//! What a realm publishes about itself: fetched, checked and cached.

mod issuer;
mod metadata;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use tokio::time::Instant;
use url::Url;

pub(crate) use self::issuer::IssuerRule;
pub use self::metadata::ProviderMetadata;
use crate::error::{self, Error, Result, protocol};
use crate::http::channel::OAUTH_LIMIT;
use crate::http::deadline::Deadline;
use crate::http::json;
use crate::http::operation::Operation;
use crate::http::repeat::Repeat;
use crate::http::segment;
use crate::http::sender::Sender;

const OP: Operation = Operation::new(
    "discovery",
    "GET",
    "/realms/{realm}/.well-known/openid-configuration",
);
const MAX_AGE: Duration = Duration::from_secs(3600);
/// How long an old document is used on when the server cannot be asked.
const RETRY_STALE: Duration = Duration::from_secs(60);
const MAX_REALMS: usize = 256;

/// The metadata of every realm asked for so far.
#[derive(Debug)]
pub(crate) struct Discovery {
    rule: IssuerRule,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// One realm. The lock is held while fetching, so that one fetch serves all who wait.
type Slot = tokio::sync::Mutex<Known>;

#[derive(Debug, Default)]
struct Known {
    metadata: Option<Arc<ProviderMetadata>>,
    use_until: Option<Instant>,
    failed: Option<(Instant, Error)>,
}

impl Discovery {
    pub(crate) fn new(rule: IssuerRule) -> Self {
        Self {
            rule,
            slots: Mutex::default(),
        }
    }

    /// The checked metadata of `realm`, at most an hour old.
    pub(crate) async fn get(
        &self,
        sender: &Sender,
        realm: &str,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        segment::check(&OP, "realm", realm)?;
        let asked = Instant::now();
        let slot = self.slot(realm);
        let Some(mut known) = deadline.limit(slot.lock()).await else {
            return Err(error::timeout(&OP, deadline.total));
        };
        if let (Some(metadata), Some(until)) = (&known.metadata, known.use_until)
            && asked < until
        {
            return Ok(metadata.clone());
        }
        // Those who waited for a fetch that failed share its failure.
        if let Some((at, failure)) = &known.failed
            && *at >= asked
        {
            return Err(failure.clone());
        }
        match self.fetch(sender, realm, deadline).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known {
                    metadata: Some(metadata.clone()),
                    use_until: Instant::now().checked_add(MAX_AGE),
                    failed: None,
                };
                Ok(metadata)
            }
            Err(failure) => match &known.metadata {
                Some(metadata) if failure.is_retryable() => {
                    let metadata = metadata.clone();
                    known.use_until = Instant::now().checked_add(RETRY_STALE);
                    Ok(metadata)
                }
                _ => {
                    known.failed = Some((Instant::now(), failure.clone()));
                    Err(failure)
                }
            },
        }
    }

    /// Drops what is known, because an endpoint is not where the metadata says.
    pub(crate) fn forget(&self, realm: &str) {
        self.slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(realm);
    }

    /// The URL to call for an endpoint that the realm publishes.
    pub(crate) fn rewrite(&self, issuer: &str, endpoint: &str) -> Result<Url> {
        self.rule.rewrite(issuer, endpoint)
    }

    fn slot(&self, realm: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_REALMS && !slots.contains_key(realm) {
            slots.clear();
        }
        slots.entry(realm.to_owned()).or_default().clone()
    }

    async fn fetch(
        &self,
        sender: &Sender,
        realm: &str,
        deadline: Deadline,
    ) -> Result<ProviderMetadata> {
        let path = format!(
            "/realms/{}/.well-known/openid-configuration",
            segment::encode(realm)
        );
        let request = sender
            .client
            .request(Method::GET, sender.base.join(&path)?)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .build()
            .map_err(|source| error::transport(&OP, source))?;
        let answer = sender
            .send(request, &OP, Repeat::IDEMPOTENT, OAUTH_LIMIT, deadline)
            .await?;
        let status = answer.status();
        if !status.is_success() {
            let error = answer.error(&OP);
            return Err(if error.is_not_found() {
                error.with_hint(format!(
                    "check that the realm {realm:?} exists and that the base URL is right (older \
                     servers have the path /auth)"
                ))
            } else {
                error
            });
        }
        let content_type = answer.response.headers().get(CONTENT_TYPE);
        let content_type = content_type
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if !content_type.to_ascii_lowercase().contains("json") {
            return Err(protocol("the well-known document is not JSON")
                .with_operation(&OP)
                .with_hint("the base URL is probably not Keycloak's"));
        }
        let metadata: ProviderMetadata = json::decode(&OP, answer.response.body())?;
        self.rule
            .check(realm, &metadata.issuer)
            .map_err(|e| e.with_operation(&OP))?;
        Ok(metadata)
    }
}
