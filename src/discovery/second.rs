//! The document of RFC 8414 beside that of OpenID Connect: what the one lacks may be in the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{Discovery, MAX_AGE, OP, Provider, ProviderMetadata};
use crate::error::{self, Result};
use crate::http::deadline::Deadline;
use crate::http::sender::Sender;

/// The second document of the one issuer that has two.
#[derive(Debug, Default)]
pub(super) struct Second {
    state: Mutex<State>,
    /// Held while fetching, so that one fetch serves all who wait.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    read: Option<Read>,
    /// The first document, and both as one.
    both: Option<(Arc<ProviderMetadata>, Arc<ProviderMetadata>)>,
}

#[derive(Debug)]
struct Read {
    at: Instant,
    /// Nothing where the provider has no second one.
    document: Option<ProviderMetadata>,
}

impl Second {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self) -> bool {
        let state = self.lock();
        state
            .read
            .as_ref()
            .is_some_and(|read| read.at.elapsed() < MAX_AGE)
    }

    /// Both documents as one, as far as the second one was read.
    pub(super) fn added_to(&self, first: Arc<ProviderMetadata>) -> Arc<ProviderMetadata> {
        let mut state = self.lock();
        if let Some((known, both)) = &state.both
            && Arc::ptr_eq(known, &first)
        {
            return both.clone();
        }
        let second = state.read.as_ref().and_then(|read| read.document.as_ref());
        let Some(Ok(both)) = second.map(|second| first.completed_by(second)) else {
            return first;
        };
        let both = Arc::new(both);
        state.both = Some((first, both.clone()));
        both
    }

    /// Drops what is known, because an endpoint is not where it says.
    pub(super) fn forget(&self) {
        *self.lock() = State::default();
    }

    fn keep(&self, document: Option<ProviderMetadata>) {
        *self.lock() = State {
            read: Some(Read {
                at: Instant::now(),
                document,
            }),
            both: None,
        };
    }
}

impl Discovery {
    /// `first` with what only the second document has. It is read when an endpoint is needed that
    /// the first one lacks, and used for as long as that one.
    pub(crate) async fn completed(
        &self,
        sender: &Sender,
        provider: &Provider,
        first: Arc<ProviderMetadata>,
        deadline: Deadline,
    ) -> Result<Arc<ProviderMetadata>> {
        // A realm's documents are the same; what was given by hand is whole.
        if !matches!(provider, Provider::Issuer(_)) || self.given.document(provider).is_some() {
            return Ok(first);
        }
        if !self.second.is_fresh() {
            let Some(_fetching) = deadline.limit(self.second.fetching.lock()).await else {
                return Err(error::timeout(&OP, deadline.total));
            };
            if !self.second.is_fresh() {
                match self.fetch_second(sender, provider, deadline).await {
                    Ok(document) => self.second.keep(document),
                    Err(error) if error.is_retryable() && self.second.lock().read.is_some() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.second.added_to(first))
    }

    /// Nothing where there is none: many servers answer any path with a page.
    async fn fetch_second(
        &self,
        sender: &Sender,
        provider: &Provider,
        deadline: Deadline,
    ) -> Result<Option<ProviderMetadata>> {
        let Some(address) = provider.documents(&sender.base)?.pop() else {
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
