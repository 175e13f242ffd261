//! The document of RFC 8414 beside that of OpenID Connect: what the one lacks may be in the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{AGES, Discovery, OP, Provider, ProviderMetadata, says_wrong};
use crate::error::{self, Result};
use crate::http::deadline::Deadline;
use crate::http::sender::Sender;
use crate::kept::Kept;

/// The second document of the one issuer that has two; nothing where the issuer has only one.
#[derive(Debug)]
pub(super) struct Second {
    document: Kept<Option<ProviderMetadata>>,
    joined: Mutex<Option<Joined>>,
}

/// Both documents as one.
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

    /// Both documents as one, as far as the second one was read.
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

    /// An endpoint is not where the documents say: this one is renewed before it is used again.
    pub(super) fn doubt(&self) {
        self.document.doubt();
    }
}

impl Discovery {
    /// `first` with what only the second document has. It is read when an endpoint is needed that
    /// the first one lacks, and renewed as that one is.
    pub(crate) async fn completed(
        self: &Arc<Self>,
        sender: &Arc<Sender>,
        provider: &Provider,
        first: Arc<ProviderMetadata>,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        // A realm's documents are the same; what was given by hand is whole.
        if !matches!(provider, Provider::Issuer(_)) || self.given.document(provider).is_some() {
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

    /// Nothing where there is none: many servers answer any path with a page.
    async fn fetch_second(
        &self,
        sender: &Sender,
        provider: &Provider,
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
