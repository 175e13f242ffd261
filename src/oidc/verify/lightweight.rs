//! Lightweight access tokens: their claims are at the server.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::access_token::KIND;
use super::claims::text;
use crate::error::{Result, TokenFault};
use crate::jose::hash;

/// What [`Introspect::introspect`] gives.
pub type IntrospectFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Map<String, Value>>> + Send + 'a>>;

/// Asks the server about a token (RFC 7662).
pub trait Introspect: Send + Sync + 'static {
    /// The members of the server's answer, `active` among them.
    fn introspect<'a>(&'a self, token: &'a str) -> IntrospectFuture<'a>;
}

/// How long an answer is used.
const KEEP: Duration = Duration::from_secs(30);
const MAX_KEPT: usize = 10_000;

#[derive(Clone)]
pub(super) struct Lightweight {
    introspect: Arc<dyn Introspect>,
    /// Answers by the hash of the token.
    kept: Arc<Mutex<HashMap<String, Kept>>>,
}

/// When an answer came, and the answer.
type Kept = (Instant, Map<String, Value>);

impl Lightweight {
    pub(super) fn new(introspect: impl Introspect) -> Self {
        Self {
            introspect: Arc::new(introspect),
            kept: Arc::default(),
        }
    }

    /// Whether a token lacks what every full one has.
    pub(super) fn is_one(claims: &Map<String, Value>) -> bool {
        !claims.contains_key("sub") || !claims.contains_key("aud")
    }

    /// The token's claims and those that the server adds. What the signed token says is kept.
    pub(super) async fn complete(
        &self,
        token: &str,
        claims: Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let name = hash::sha256(token);
        let answer = match self.known(&name) {
            Some(answer) => answer,
            None => {
                let answer = self.introspect.introspect(token).await?;
                check(&answer)?;
                self.keep(name, answer.clone());
                answer
            }
        };
        let mut complete = claims;
        for (name, value) in answer {
            complete.entry(name).or_insert(value);
        }
        Ok(complete)
    }

    fn known(&self, name: &str) -> Option<Map<String, Value>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, answer) = kept.get(name)?;
        (since.elapsed() < KEEP).then(|| answer.clone())
    }

    fn keep(&self, name: String, answer: Map<String, Value>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, (since, _)| since.elapsed() < KEEP);
        }
        if kept.len() < MAX_KEPT {
            kept.insert(name, (Instant::now(), answer));
        }
    }
}

/// The server says active of ID tokens too: the type counts as well.
fn check(answer: &Map<String, Value>) -> Result<()> {
    if answer.get("active") != Some(&Value::Bool(true)) {
        return Err(KIND
            .refused(
                TokenFault::Inactive,
                "the server says that it is not active",
            )
            .with_hint(
                "Keycloak says so as well where the client that asks is not in the audience of \
                 the token: give it an audience mapper",
            ));
    }
    if text(answer, "typ").is_some_and(|typ| typ != "Bearer" && typ != "DPoP") {
        return Err(KIND.refused(TokenFault::Type, "it is a token of another type"));
    }
    Ok(())
}

impl fmt::Debug for Lightweight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lightweight").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Introspect for Nobody {
        fn introspect<'a>(&'a self, _: &'a str) -> IntrospectFuture<'a> {
            Box::pin(async { Ok(Map::new()) })
        }
    }

    /// What is kept is bounded, and makes room when its time is over.
    #[tokio::test(start_paused = true)]
    async fn answers_fill_no_memory() {
        let lightweight = Lightweight::new(Nobody);
        let keep = |number: usize| lightweight.keep(number.to_string(), Map::new());
        (0..MAX_KEPT).for_each(keep);
        keep(MAX_KEPT);
        assert_eq!(lightweight.kept.lock().unwrap().len(), MAX_KEPT);
        assert!(lightweight.known("0").is_some());
        assert!(lightweight.known(&MAX_KEPT.to_string()).is_none());
        tokio::time::advance(KEEP).await;
        assert!(lightweight.known("0").is_none());
        keep(MAX_KEPT);
        assert_eq!(lightweight.kept.lock().unwrap().len(), 1);
        assert!(lightweight.known(&MAX_KEPT.to_string()).is_some());
        assert_eq!(format!("{lightweight:?}"), "Lightweight { .. }");
    }
}
