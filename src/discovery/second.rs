//! The second well-known document (RFC 8414), which may have members that the OpenID Connect
//! document lacks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{AGES, Discovery, OP, ProviderId, ProviderMetadata, says_wrong};
use crate::error::{self, Result};
use crate::http::deadline::Deadline;
use crate::http::sender::Sender;
use crate::kept::Kept;

/// The second document of the one configured issuer, if it has one.
#[derive(Debug)]
pub(super) struct Second {
    document: Kept<Option<ProviderMetadata>>,
    joined: Mutex<Option<Joined>>,
}

/// Both documents merged into one.
#[derive(Debug)]
struct Joined {
    first: Arc<ProviderMetadata>,
    second: Arc<Option<ProviderMetadata>>,
    both: Arc<ProviderMetadata>,
}

impl Default for Second {
    fn default() -> Self {
        Self {
            document: Kept::new(AGES, says_wrong),
            joined: Mutex::default(),
        }
    }
}

impl Second {
    fn joined(&self) -> MutexGuard<'_, Option<Joined>> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn was_read(&self) -> bool {
        self.document.last().is_some()
    }

    /// Returns both documents merged into one, or `first` if the second one was not read yet.
    #[cfg(feature = "oidc")]
    pub(super) fn added_to(&self, first: Arc<ProviderMetadata>) -> Arc<ProviderMetadata> {
        match self.document.last() {
            Some((second, _)) => self.join(first, second),
            None => first,
        }
    }

    fn join(
        &self,
        first: Arc<ProviderMetadata>,
        second: Arc<Option<ProviderMetadata>>,
    ) -> Arc<ProviderMetadata> {
        let mut joined = self.joined();
        if let Some(known) = &*joined
            && Arc::ptr_eq(&known.first, &first)
            && Arc::ptr_eq(&known.second, &second)
        {
            return known.both.clone();
        }
        let both = second
            .as_ref()
            .as_ref()
            .map(|document| first.completed_by(document));
        let Some(Ok(both)) = both else {
            return first;
        };
        let both = Arc::new(both);
        *joined = Some(Joined {
            first,
            second,
            both: both.clone(),
        });
        both
    }

    /// Makes the next caller renew the document, because an endpoint is not at its published
    /// address.
    pub(super) fn doubt(&self) {
        self.document.doubt();
    }
}

impl Discovery {
    /// Returns `first` with the members that only the second document has. The second document is
    /// first read when an endpoint is missing in `first`; it is renewed like `first`.
    pub(crate) async fn completed(
        self: &Arc<Self>,
        sender: &Arc<Sender>,
        provider: &ProviderId,
        first: Arc<ProviderMetadata>,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        // A realm's two documents are equal, and a document set by the application is complete.
        if !matches!(provider, ProviderId::Issuer(_)) || self.given.document(provider).is_some() {
            return Ok(first);
        }
        let fetch = || {
            let (discovery, sender) = (Arc::clone(self), Arc::clone(sender));
            let provider = provider.clone();
            async move {
                let deadline = sender.deadline();
                discovery.fetch_second(&sender, &provider, deadline).await
            }
        };
        let wait = sender.renewal_wait();
        match self.second.document.get(wait, deadline, fetch).await? {
            Some(got) => Ok(self.second.join(first, got.value)),
            None => Err(error::timeout(&OP, deadline.total)),
        }
    }

    /// Fetches the second document. An unreadable response counts as no document, because many
    /// servers respond to any path with a web page.
    async fn fetch_second(
        &self,
        sender: &Sender,
        provider: &ProviderId,
        deadline: Deadline,
    ) -> Result<Option<ProviderMetadata>> {
        let Some(address) = provider.documents(sender.addresses().base())?.pop() else {
            return Ok(None);
        };
        let read = match self.ask(sender, provider, address, deadline).await {
            Ok(answer) if answer.status().is_success() => Self::read(&answer),
            Ok(answer) => Err(answer.error(&OP)),
            Err(error) => Err(error),
        };
        match read {
            Ok(document) => {
                self.rule
                    .check(provider, &document.issuer)
                    .map_err(|e| e.with_operation(&OP))?;
                Ok(Some(document))
            }
            Err(error) if error.is_retryable() => Err(error),
            Err(_) => Ok(None),
        }
    }
}
