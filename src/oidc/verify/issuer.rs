//! Trusted issuers and their keys.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::claims::text;
use super::issuer_names::{IssuerTemplate, Names, OtherNames};
use super::jwks_cache::{JwksCache, TokenOrigin};
use crate::BoxFuture;
use crate::discovery::ProviderMetadata;
use crate::error::{Result, protocol, unavailable};
use crate::http::settings::RENEWAL_WAIT;
use crate::jose::jws::Jws;
use crate::jose::{JwkSet, SignatureAlgorithm};

/// Returns the published algorithms of a kind of token.
pub(crate) type PublishedAlgorithms = fn(&ProviderMetadata) -> Option<&Vec<String>>;

/// A source of an issuer's metadata and keys.
pub(crate) trait KeySource: Send + Sync + 'static {
    /// Returns the checked metadata, which the source caches.
    fn metadata(&self) -> BoxFuture<'_, Result<Arc<ProviderMetadata>>>;

    /// Fetches the key set without a cache.
    fn fetch_keys(&self) -> BoxFuture<'_, Result<String>>;

    /// Returns how long a verification waits for metadata and keys by default.
    fn renewal_wait(&self) -> Duration {
        RENEWAL_WAIT
    }
}

/// An issuer whose tokens are trusted, and its keys.
///
/// ```
/// use keycloak_kit::jose::Jwk;
/// use keycloak_kit::oidc::TrustedIssuer;
///
/// # fn main() -> keycloak_kit::Result<()> {
/// # let pem = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// // Without a network: the key from the admin console.
/// let issuer = TrustedIssuer::new("https://sso.example.org/realms/demo", Jwk::from_pem(pem)?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TrustedIssuer {
    source: Source,
    other_names: OtherNames,
    renewal_wait: Option<Duration>,
}

#[derive(Clone)]
enum Source {
    Fixed { name: Arc<str>, keys: Arc<JwkSet> },
    Discovered(Arc<Discovered>),
}

struct Discovered {
    source: Arc<dyn KeySource>,
    keys: JwksCache,
}

impl TrustedIssuer {
    /// Creates an issuer with fixed keys. Nothing is fetched.
    pub fn new(issuer: impl Into<String>, keys: impl Into<JwkSet>) -> Self {
        Self::of(Source::Fixed {
            name: issuer.into().into(),
            keys: Arc::new(keys.into()),
        })
    }

    /// Creates the issuer of a multi-tenant provider with fixed keys. Nothing is fetched.
    pub fn of_tenants(template: IssuerTemplate, keys: impl Into<JwkSet>) -> Self {
        Self::new(template.text().as_ref(), keys).template(template)
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            other_names: OtherNames::default(),
            renewal_wait: None,
        }
    }

    /// Accepts another value of `iss`, for a provider with `accounts.example` in its tokens and
    /// `https://accounts.example` in its metadata. The value must match exactly.
    #[must_use]
    pub fn alias(mut self, issuer: impl Into<String>) -> Self {
        self.other_names.aliases.push(issuer.into());
        self
    }

    /// Accepts the issuers that a template allows, in place of the one in the provider's metadata.
    #[must_use]
    pub fn template(mut self, template: IssuerTemplate) -> Self {
        self.other_names.template = Some(template);
        self
    }

    /// Sets how long a verification waits for the issuer's metadata or keys if they are not cached
    /// or too old. The default is
    /// [`ClientOptions::renewal_wait`](crate::ClientOptions::renewal_wait).
    ///
    /// After that time the verification uses the cached metadata and keys if it can, or fails with
    /// an error of kind [`Unavailable`](crate::ErrorKind::Unavailable). The fetch continues.
    ///
    /// ```no_run
    /// # fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
    /// use std::time::Duration;
    /// use keycloak_kit::oidc::AccessTokenVerifier;
    ///
    /// let issuer = oidc.trusted_issuer().renewal_wait(Duration::from_secs(1));
    /// let api = AccessTokenVerifier::builder(issuer).audience("api").build()?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn renewal_wait(mut self, limit: Duration) -> Self {
        self.renewal_wait = Some(limit);
        self
    }

    /// Creates an issuer with the name and keys from `source`. Clones share the key cache.
    pub(crate) fn discovered(source: Arc<dyn KeySource>) -> Self {
        let shared = Arc::clone(&source);
        let keys = JwksCache::new(move || {
            let source = Arc::clone(&shared);
            Box::pin(async move { source.fetch_keys().await })
        });
        Self::of(Source::Discovered(Arc::new(Discovered { source, keys })))
    }

    /// Returns the issuer's own name, which `iss` must match code point by code point.
    pub(crate) async fn name(&self) -> Result<String> {
        match &self.source {
            Source::Fixed { name, .. } => Ok(name.to_string()),
            Source::Discovered(known) => Ok(self.metadata(known).await?.issuer.clone()),
        }
    }

    /// Returns all accepted values of `iss`.
    pub(super) async fn names(&self) -> Result<Names> {
        Ok(Names {
            own: self.name().await?,
            other: self.other_names.clone(),
        })
    }

    /// Removes the keys of other tenants: a key with an issuer verifies only tokens of that issuer.
    fn keys_for(&self, keys: Arc<JwkSet>, token: &Jws<'_>) -> Result<Arc<JwkSet>> {
        if self.other_names.template.is_none() {
            return Ok(keys);
        }
        let claims = token.unverified_claims()?;
        let issuer = text(&claims, "iss").unwrap_or_default();
        let names = &self.other_names;
        Ok(Arc::new(keys.without(|key| {
            key.issuer
                .as_deref()
                .is_some_and(|own| !names.serves(own, issuer))
        })))
    }

    /// Returns the accepted algorithms of a kind of token: the asymmetric ones among those that the
    /// issuer publishes, or all asymmetric ones if it publishes none.
    pub(crate) async fn algorithms(
        &self,
        published: PublishedAlgorithms,
    ) -> Result<Vec<SignatureAlgorithm>> {
        let every = SignatureAlgorithm::ASYMMETRIC;
        let Source::Discovered(known) = &self.source else {
            return Ok(every.to_vec());
        };
        let metadata = self.metadata(known).await?;
        Ok(match published(&metadata) {
            None => every.to_vec(),
            // Not an `InvalidToken` error: the metadata is wrong, not the token.
            Some(names) if names.is_empty() => {
                return Err(protocol(
                    "the issuer's metadata has no readable list of signature algorithms",
                )
                .with_hint("set the algorithms with TokenVerifier::algorithms"));
            }
            Some(names) => every
                .into_iter()
                .filter(|algorithm| {
                    names
                        .iter()
                        .any(|name| SignatureAlgorithm::named(name) == Some(*algorithm))
                })
                .collect(),
        })
    }

    /// Verifies a token's signature with the issuer's keys, and returns the payload.
    pub(crate) async fn verify(
        &self,
        token: Jws<'_>,
        algorithm: SignatureAlgorithm,
        from: TokenOrigin,
    ) -> Result<Vec<u8>> {
        let keys = match &self.source {
            Source::Fixed { keys, .. } => Arc::clone(keys),
            Source::Discovered(known) => {
                let wait = self.wait(known);
                known.keys.for_token(&token, algorithm, from, wait).await?
            }
        };
        self.keys_for(keys, &token)?.verify(token, algorithm)
    }

    /// Returns the metadata, and waits for it as long as for keys.
    async fn metadata(&self, known: &Discovered) -> Result<Arc<ProviderMetadata>> {
        let metadata = tokio::time::timeout(self.wait(known), known.source.metadata());
        metadata.await.unwrap_or_else(|_| {
            Err(unavailable(
                "the issuer's metadata is still being fetched",
                Some(Duration::from_secs(1)),
            )
            .with_hint("respond with 503: the token was not checked"))
        })
    }

    fn wait(&self, known: &Discovered) -> Duration {
        self.renewal_wait
            .unwrap_or_else(|| known.source.renewal_wait())
    }
}

impl fmt::Debug for TrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Fixed { name, keys } => f
                .debug_struct("TrustedIssuer")
                .field("issuer", name)
                .field("keys", keys)
                .finish(),
            Source::Discovered(_) => f.debug_struct("TrustedIssuer").finish_non_exhaustive(),
        }
    }
}
