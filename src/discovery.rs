//! What a realm or another provider publishes about itself: fetched, checked and cached.

#[cfg(feature = "oidc")]
mod derived;
mod issuer;
mod metadata;
mod provider;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use tokio::time::Instant;
use url::Url;

#[cfg(feature = "oidc")]
pub(crate) use self::derived::registration_provider;
pub(crate) use self::issuer::IssuerRule;
pub use self::metadata::ProviderMetadata;
pub(crate) use self::provider::Provider;
#[cfg(feature = "oidc")]
pub(crate) use self::provider::parse as parse_issuer;
use crate::error::{self, Error, Result, protocol};
use crate::http::deadline::Deadline;
use crate::http::fresh::Complete;
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
/// No document is used for longer.
const MAX_STALE: Duration = Duration::from_secs(86_400);
const MAX_PROVIDERS: usize = 256;

/// The metadata of every provider asked for so far.
#[derive(Debug)]
pub(crate) struct Discovery {
    rule: IssuerRule,
    slots: Mutex<HashMap<Provider, Arc<Slot>>>,
}

/// One provider. The lock is held while fetching, so that one fetch serves all who wait.
#[derive(Debug, Default)]
struct Slot {
    known: tokio::sync::Mutex<Known>,
    /// What was known last, for those who cannot wait.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    last: Mutex<Option<Arc<ProviderMetadata>>>,
}

#[derive(Debug, Default)]
struct Known {
    metadata: Option<Arc<ProviderMetadata>>,
    fetched: Option<Instant>,
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

    /// The checked metadata of `provider`, at most an hour old.
    pub(crate) async fn get(
        &self,
        sender: &Sender,
        provider: &Provider,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        if let Provider::Realm(realm) = provider.owner() {
            segment::check(&OP, "realm", realm)?;
        }
        let asked = Instant::now();
        let slot = self.slot(provider);
        let Some(mut known) = deadline.limit(slot.known.lock()).await else {
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
        match self.fetch(sender, provider, deadline).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *slot.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(metadata.clone());
                *known = Known {
                    metadata: Some(metadata.clone()),
                    fetched: Some(Instant::now()),
                    use_until: Instant::now().checked_add(MAX_AGE),
                    failed: None,
                };
                Ok(metadata)
            }
            Err(failure) => match &known.metadata {
                Some(metadata)
                    if failure.is_retryable()
                        && known.fetched.is_some_and(|at| at.elapsed() < MAX_STALE) =>
                {
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
    pub(crate) fn forget(&self, provider: &Provider) {
        self.slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(provider);
    }

    /// What is known without asking, however old.
    #[cfg(feature = "oidc")]
    pub(crate) fn last_known(&self, provider: &Provider) -> Option<Arc<ProviderMetadata>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let last = &slots.get(provider)?.last;
        last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The URL to call for an endpoint that the provider publishes.
    pub(crate) fn rewrite(&self, issuer: &str, endpoint: &str) -> Result<Url> {
        self.rule.rewrite(issuer, endpoint)
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn realm_page(&self, metadata: &ProviderMetadata) -> Result<Url> {
        derived::realm_page(&self.rule, metadata)
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn account(&self, metadata: &ProviderMetadata) -> Result<Url> {
        derived::account(&self.rule, metadata)
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn external_token(&self, metadata: &ProviderMetadata, alias: &str) -> Result<Url> {
        derived::external_token(&self.rule, metadata, alias)
    }

    /// The address that the server itself gives a URL that is called through the base URL.
    pub(crate) fn published(&self, url: &Url) -> Url {
        self.rule.published(url)
    }

    fn slot(&self, provider: &Provider) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_PROVIDERS && !slots.contains_key(provider) {
            slots.clear();
        }
        slots.entry(provider.clone()).or_default().clone()
    }

    async fn fetch(
        &self,
        sender: &Sender,
        provider: &Provider,
        deadline: Deadline,
    ) -> Result<ProviderMetadata> {
        let mut addresses = provider.documents(&sender.base)?.into_iter();
        let mut missing = None;
        let answer = loop {
            let Some(address) = addresses.next() else {
                return Err(missing.unwrap_or_else(|| protocol("there is no well-known document")));
            };
            let url = match provider.owner() {
                Provider::Realm(_) | Provider::Uma(_) => address,
                Provider::Issuer(issuer) => self.rule.rewrite(issuer, address.as_str())?,
            };
            let request = sender
                .client
                .request(Method::GET, url)
                .header(ACCEPT, HeaderValue::from_static("application/json"))
                .build()
                .map_err(|source| error::transport(&OP, source))?;
            let answer = sender
                .send_traced(request, &Complete, &OP, Repeat::IDEMPOTENT, deadline)
                .await?;
            if answer.status().is_success() {
                break answer;
            }
            let error = answer.error(&OP);
            if !error.is_not_found() {
                return Err(error);
            }
            // The first address is the usual one: its failure is the one to tell.
            missing.get_or_insert(error.with_hint(format!(
                "check that {provider} exists and that the base URL is right (older servers have \
                 the path /auth)"
            )));
        };
        let content_type = answer.response.headers().get(CONTENT_TYPE);
        let content_type = content_type
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if !content_type.to_ascii_lowercase().contains("json") {
            return Err(protocol("the well-known document is not JSON")
                .with_operation(&OP)
                .with_hint("the base URL is probably not that of the provider"));
        }
        let metadata: ProviderMetadata = json::decode(&OP, answer.response.body())?;
        self.rule
            .check(provider, &metadata.issuer)
            .map_err(|e| e.with_operation(&OP))?;
        Ok(metadata)
    }
}
