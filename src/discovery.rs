//! The metadata that realms and other providers publish: fetched, checked and cached.

#[cfg(feature = "oidc")]
mod derived;
mod given;
mod issuer;
mod metadata;
mod provider;
mod reading;
mod second;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

#[cfg(feature = "oidc")]
pub(crate) use self::derived::registration_provider;
pub(crate) use self::given::Given;
pub(crate) use self::issuer::IssuerRule;
#[cfg(feature = "oidc")]
pub(crate) use self::issuer::TENANT;
pub use self::metadata::ProviderMetadata;
pub(crate) use self::provider::ProviderId;
#[cfg(feature = "oidc")]
pub(crate) use self::provider::parse as parse_issuer;
use self::second::Second;
use crate::call::ServerResponse;
use crate::error::{self, Error, ErrorKind, Result, protocol};
use crate::http::addresses::Addresses;
use crate::http::deadline::Deadline;
use crate::http::json;
use crate::http::segment;
use crate::http::sender::{OAUTH_LIMIT, Sender};
use crate::kept::{Ages, Kept};
use crate::operation::Operation;

const OP: Operation = Operation::new(
    "discovery",
    "GET",
    "/realms/{realm}/.well-known/openid-configuration",
);
const AGES: Ages = Ages {
    fresh: Duration::from_secs(3600),
    background: Duration::from_secs(7200),
    at_most: Duration::from_secs(86_400),
    pause: Duration::from_secs(60),
};
const MAX_PROVIDERS: usize = 256;

/// The cached metadata of all providers used so far.
#[derive(Debug)]
pub(crate) struct Discovery {
    rule: IssuerRule,
    given: Given,
    slots: Mutex<HashMap<ProviderId, Kept<ProviderMetadata>>>,
    second: Second,
}

impl Discovery {
    pub(crate) fn new(rule: IssuerRule) -> Self {
        Self::with(rule, Given::default())
    }

    /// Creates a cache with metadata or endpoints that the application has set.
    pub(crate) fn with(rule: IssuerRule, given: Given) -> Self {
        Self {
            rule,
            given,
            slots: Mutex::default(),
            second: Second::default(),
        }
    }

    /// Returns the checked metadata of `provider`. Metadata older than an hour is renewed in the
    /// background; after two hours it is renewed before use, but used for up to a day if the
    /// provider cannot be reached.
    pub(crate) async fn get(
        self: &Arc<Self>,
        sender: &Arc<Sender>,
        provider: &ProviderId,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        if let ProviderId::Realm(realm) = provider.owner() {
            segment::check(&OP, "realm", realm)?;
        }
        let fetch = || {
            let (discovery, sender) = (Arc::clone(self), Arc::clone(sender));
            let provider = provider.clone();
            async move {
                let deadline = sender.deadline();
                discovery.fetch(&sender, &provider, deadline).await
            }
        };
        let wait = sender.renewal_wait();
        match self.slot(provider).get(wait, deadline, fetch).await {
            Ok(Some(got)) => Ok(got.value),
            Ok(None) => Err(error::timeout(&OP, deadline.total)),
            Err(failure) => Err(failure.or_operation(&OP)),
        }
    }

    /// Makes the next caller renew the metadata, because an endpoint is not at its published
    /// address.
    pub(crate) fn doubt(&self, provider: &ProviderId) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(provider) {
            slot.doubt();
        }
        drop(slots);
        self.second.doubt();
    }

    /// Returns the last metadata without a request, whatever its age.
    #[cfg(feature = "oidc")]
    pub(crate) fn last_known(&self, provider: &ProviderId) -> Option<Arc<ProviderMetadata>> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, _) = slots.get(provider)?.last()?;
        drop(slots);
        Some(match provider {
            ProviderId::Issuer(_) => self.second.added_to(last),
            ProviderId::Realm(_) | ProviderId::Uma(_) => last,
        })
    }

    /// Returns `first` with the members that only the provider's second document has, if that one
    /// was read before; its age decides about its renewal. Returns `first` if the second one fails.
    pub(crate) async fn with_second(
        self: &Arc<Self>,
        sender: &Arc<Sender>,
        provider: &ProviderId,
        first: Arc<ProviderMetadata>,
        deadline: Deadline,
    ) -> Arc<ProviderMetadata> {
        if !matches!(provider, ProviderId::Issuer(_)) || !self.second.was_read() {
            return first;
        }
        let both = self.completed(sender, provider, first.clone(), deadline);
        both.await.unwrap_or(first)
    }

    fn addresses(&self) -> &Addresses {
        self.rule.addresses()
    }

    /// Returns the URL to call for an endpoint that the provider publishes.
    pub(crate) fn rewrite(&self, issuer: &str, endpoint: &str) -> Result<Url> {
        self.addresses().rewrite(issuer, endpoint)
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn realm_page(&self, metadata: &ProviderMetadata) -> Result<Url> {
        derived::realm_page(self.addresses(), metadata)
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn account(&self, metadata: &ProviderMetadata) -> Result<Url> {
        derived::account(self.addresses(), metadata)
    }

    #[cfg(feature = "oidc")]
    pub(crate) fn external_token(&self, metadata: &ProviderMetadata, alias: &str) -> Result<Url> {
        derived::external_token(self.addresses(), metadata, alias)
    }

    fn slot(&self, provider: &ProviderId) -> Kept<ProviderMetadata> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_PROVIDERS && !slots.contains_key(provider) {
            slots.clear();
        }
        slots
            .entry(provider.clone())
            .or_insert_with(|| Kept::new(AGES, says_wrong))
            .clone()
    }

    async fn fetch(
        &self,
        sender: &Sender,
        provider: &ProviderId,
        deadline: Deadline,
    ) -> Result<ProviderMetadata> {
        if let Some(document) = self.given.document(provider) {
            return self.given.applied(document.clone());
        }
        let mut missing = None;
        for address in provider.documents(sender.addresses().base())? {
            let answer = self.ask(sender, provider, address, deadline).await?;
            if answer.status().is_success() {
                let metadata = Self::read(&answer)?;
                self.rule
                    .check(provider, &metadata.issuer)
                    .map_err(|e| e.with_operation(&OP))?;
                return self.given.applied(metadata);
            }
            let error = answer.error(&OP);
            let foreign = matches!(provider.owner(), ProviderId::Issuer(_));
            if !error.is_not_found() {
                return Err(
                    if foreign && matches!(error.status().map(|s| s.as_u16()), Some(401 | 403)) {
                        error.with_hint(
                            "a provider's documents need no credentials: check the issuer, and any \
                         proxy in front of it",
                        )
                    } else {
                        error
                    },
                );
            }
            // The first address is the usual one, so its error is returned.
            missing.get_or_insert(error.with_hint(if foreign {
                format!("check the issuer: {provider} has no document at its well-known address")
            } else {
                format!(
                    "check that {provider} exists and that the base URL is right (older servers \
                     have the path /auth)"
                )
            }));
        }
        Err(missing.unwrap_or_else(|| protocol("there is no well-known document")))
    }

    async fn ask(
        &self,
        sender: &Sender,
        provider: &ProviderId,
        address: Url,
        deadline: Deadline,
    ) -> Result<ServerResponse> {
        let url = match provider.owner() {
            ProviderId::Realm(_) | ProviderId::Uma(_) => address,
            ProviderId::Issuer(issuer) => self.addresses().rewrite(issuer, address.as_str())?,
        };
        let call = sender.call(&OP).get(url).max_bytes(OAUTH_LIMIT);
        let asked = call.within(deadline).send().await;
        asked.map_err(|error| match provider.owner() {
            ProviderId::Issuer(_) if error.status().is_some_and(|s| s.is_redirection()) => error
                .with_hint(
                    "redirects are not followed: write the issuer exactly as the provider does",
                ),
            _ => error,
        })
    }

    fn read(answer: &ServerResponse) -> Result<ProviderMetadata> {
        json::check_type(&OP, "the well-known document", answer.response.headers())
            .map_err(|error| error.with_hint("the base URL is probably not the provider's"))?;
        json::decode(&OP, answer.response.body())
    }
}

/// Returns whether a failure proves that the cached document is no longer correct, such as 404 or
/// another issuer. Other failures only show that the provider cannot be reached.
fn says_wrong(failure: &Error) -> bool {
    !failure.is_retryable() && !matches!(failure.kind(), ErrorKind::Server | ErrorKind::Transport)
}
