//! Whose tokens are trusted, and the keys they are signed with.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::claims::text;
use super::issuer_names::{IssuerTemplate, Names, OtherNames};
use super::jwks_cache::{JwksCache, Origin};
use crate::discovery::ProviderMetadata;
use crate::error::{Result, protocol, unavailable};
use crate::http::settings::RENEWAL_WAIT;
use crate::jose::jws::Jws;
use crate::jose::{JwkSet, SignatureAlgorithm};

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// The member of the metadata that names the algorithms of a kind of token.
pub(crate) type Published = fn(&ProviderMetadata) -> Option<&Vec<String>>;

/// Where the metadata and the keys of an issuer come from.
pub(crate) trait Provider: Send + Sync + 'static {
    /// The checked metadata; the provider keeps it.
    fn metadata(&self) -> Boxed<'_, Arc<ProviderMetadata>>;

    /// The key set as the issuer publishes it this moment.
    fn fetch_keys(&self) -> Boxed<'_, String>;

    /// How long a verification waits for them, unless its issuer says otherwise.
    fn renewal_wait(&self) -> Duration {
        RENEWAL_WAIT
    }
}

/// An issuer and its keys: what a token must be from, and be signed with.
///
/// ```
/// use keycloak_kit::jose::Jwk;
/// use keycloak_kit::oidc::TrustedIssuer;
///
/// # fn main() -> keycloak_kit::Result<()> {
/// # let pem = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// // Without a network: the key as the admin console shows it.
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
    provider: Arc<dyn Provider>,
    keys: JwksCache,
}

impl TrustedIssuer {
    /// An issuer whose keys are at hand: nothing is ever fetched.
    pub fn new(issuer: impl Into<String>, keys: impl Into<JwkSet>) -> Self {
        Self::of(Source::Fixed {
            name: issuer.into().into(),
            keys: Arc::new(keys.into()),
        })
    }

    /// The tenants of a provider whose keys are at hand.
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

    /// Takes this text as `iss` too, exactly as it is written: for a provider that writes
    /// `accounts.example` into its tokens and `https://accounts.example` into its document.
    #[must_use]
    pub fn alias(mut self, issuer: impl Into<String>) -> Self {
        self.other_names.aliases.push(issuer.into());
        self
    }

    /// Takes the issuers that this template allows, in place of the one that the provider's document
    /// names.
    #[must_use]
    pub fn template(mut self, template: IssuerTemplate) -> Self {
        self.other_names.template = Some(template);
        self
    }

    /// How long a verification waits for the issuer's document or keys, where what is at hand does not
    /// do; [`ClientOptions::renewal_wait`](crate::ClientOptions::renewal_wait) unless set. It then
    /// uses what is at hand, or fails with an error of kind
    /// [`Unavailable`](crate::ErrorKind::Unavailable); the fetch goes on.
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

    /// An issuer whose name and keys are what `provider` publishes; the keys are cached here, so
    /// clones share them.
    pub(crate) fn discovered(provider: Arc<dyn Provider>) -> Self {
        let source = Arc::clone(&provider);
        let keys = JwksCache::new(move || {
            let source = Arc::clone(&source);
            Box::pin(async move { source.fetch_keys().await })
        });
        Self::of(Source::Discovered(Arc::new(Discovered { provider, keys })))
    }

    /// The name that `iss` must have, code point for code point.
    pub(crate) async fn name(&self) -> Result<String> {
        match &self.source {
            Source::Fixed { name, .. } => Ok(name.to_string()),
            Source::Discovered(known) => Ok(self.metadata(known).await?.issuer.clone()),
        }
    }

    /// All texts that `iss` may have.
    pub(super) async fn names(&self) -> Result<Names> {
        Ok(Names {
            own: self.name().await?,
            other: self.other_names.clone(),
        })
    }

    /// The keys for a token of one of several tenants: a key that names its issuer is for no other.
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

    /// The algorithms that tokens may be signed with: those the issuer publishes for their kind,
    /// without the symmetric ones; all asymmetric ones where it publishes none.
    pub(crate) async fn algorithms(&self, published: Published) -> Result<Vec<SignatureAlgorithm>> {
        let every = SignatureAlgorithm::ASYMMETRIC;
        let Source::Discovered(known) = &self.source else {
            return Ok(every.to_vec());
        };
        let metadata = self.metadata(known).await?;
        Ok(match published(&metadata) {
            None => every.to_vec(),
            // No token is at fault here.
            Some(names) if names.is_empty() => {
                return Err(protocol(
                    "the issuer's document names no signature algorithm that can be read",
                )
                .with_hint("choose them with TokenVerifier::algorithms"));
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

    /// The payload of a token that a key of this issuer has signed.
    pub(crate) async fn verify(
        &self,
        token: Jws<'_>,
        algorithm: SignatureAlgorithm,
        from: Origin,
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

    /// The metadata, waiting no longer than for keys.
    async fn metadata(&self, known: &Discovered) -> Result<Arc<ProviderMetadata>> {
        let metadata = tokio::time::timeout(self.wait(known), known.provider.metadata());
        metadata.await.unwrap_or_else(|_| {
            Err(unavailable(
                "the issuer's document is still being fetched",
                Some(Duration::from_secs(1)),
            )
            .with_hint("a service answers 503: nothing is said about the token"))
        })
    }

    fn wait(&self, known: &Discovered) -> Duration {
        self.renewal_wait
            .unwrap_or_else(|| known.provider.renewal_wait())
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
