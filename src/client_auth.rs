//! How a client names and authenticates itself at an OAuth endpoint.

#[cfg(feature = "oidc")]
mod assertion;
mod audience;
mod refused;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use data_encoding::BASE64;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use url::form_urlencoded::byte_serialize;

pub(crate) use self::audience::Place;
pub use self::audience::{AssertionAudience, AssertionTarget};
pub(crate) use self::refused::RefusedClient;
use crate::Secret;
use crate::error::{self, Error, Result, config};
#[cfg(feature = "oidc")]
use crate::jose::SigningKey;
use crate::token::dpop::Dpop;

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client proves who it is (OpenID Connect Core 1.0 section 9, RFC 8705, RFC 7521).
///
/// A plain secret turns into [`client_secret_basic`](Self::client_secret_basic). `Debug` shows the
/// method alone.
///
/// ```no_run
/// use keycloak_kit::{ClientAuth, Keycloak};
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let plain = Keycloak::builder("https://sso.example").client_credentials("jobs", "s3cret");
/// // A token that the platform writes into a file and renews: workload identity.
/// let workload = Keycloak::builder("https://sso.example")
///     .client_credentials("jobs", ClientAuth::assertion_file("/var/run/secrets/token"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClientAuth {
    method: Method,
    audience: AssertionAudience,
}

type AssertionSource =
    Arc<dyn Fn(AssertionTarget) -> BoxFuture<'static, Result<Secret>> + Send + Sync>;

#[derive(Clone)]
enum Method {
    None,
    Basic(Secret),
    Post(Secret),
    #[cfg(feature = "oidc")]
    Jwt(&'static str, Arc<SigningKey>),
    /// A secret that is no key.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    Unusable(Error),
    Tls,
    Assertion(AssertionSource),
}

impl ClientAuth {
    /// No proof at all: a public client.
    pub fn none() -> Self {
        Self::new(Method::None)
    }

    /// The secret in the `Authorization` header (RFC 6749 section 2.3.1): form-urlencoded, then
    /// Basic.
    pub fn client_secret_basic(secret: impl Into<Secret>) -> Self {
        Self::new(Method::Basic(secret.into()))
    }

    /// The secret in the form (RFC 6749 section 2.3.1).
    pub fn client_secret_post(secret: impl Into<Secret>) -> Self {
        Self::new(Method::Post(secret.into()))
    }

    /// A certificate in the TLS handshake (RFC 8705): that of
    /// [`client_identity_pem`](crate::ClientOptions::client_identity_pem). Endpoints are called
    /// at their `mtls_endpoint_aliases`.
    pub fn tls_client_auth() -> Self {
        Self::new(Method::Tls)
    }

    /// An assertion from elsewhere (RFC 7521 section 4.2), asked for anew at every attempt. The
    /// source is told where the assertion is sent and whom it is for.
    ///
    /// ```no_run
    /// use keycloak_kit::{AssertionTarget, ClientAuth, Result, Secret};
    ///
    /// async fn from_vault(target: AssertionTarget) -> Result<Secret> {
    ///     println!("to sign: aud = {}", target.audience());
    ///     Ok("eyJ..".into())
    /// }
    ///
    /// let auth = ClientAuth::assertion(from_vault);
    /// ```
    pub fn assertion<F>(source: impl Fn(AssertionTarget) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Secret>> + Send + 'static,
    {
        let source: AssertionSource = Arc::new(move |target| Box::pin(source(target)));
        Self::new(Method::Assertion(source))
    }

    /// The assertion that a file holds, read anew at every attempt: a token that the platform
    /// renews.
    pub fn assertion_file(path: impl Into<PathBuf>) -> Self {
        let path = Arc::new(path.into());
        Self::assertion(move |_| {
            let path = path.clone();
            async move {
                let text = std::fs::read_to_string(&*path).map_err(|source| {
                    config("the file of the client assertion cannot be read").with_source(source)
                })?;
                Ok(text.trim().into())
            }
        })
    }

    /// Whom client assertions are for: the issuer unless set. Read the security note of
    /// [`AssertionAudience`] before choosing anything else.
    ///
    /// ```
    /// use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
    /// use keycloak_kit::{AssertionAudience, ClientAuth};
    ///
    /// # fn main() -> keycloak_kit::Result<()> {
    /// # let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
    /// let auth = ClientAuth::private_key_jwt(key).assertion_audience(AssertionAudience::Endpoint);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn assertion_audience(mut self, audience: impl Into<AssertionAudience>) -> Self {
        self.audience = audience.into();
        self
    }

    fn new(method: Method) -> Self {
        Self {
            method,
            audience: AssertionAudience::Issuer,
        }
    }

    /// Whom the assertions of this client are for; nothing where it sends none.
    #[cfg(feature = "oidc")]
    pub(crate) fn audience(&self) -> Option<&AssertionAudience> {
        self.sends_assertions().then_some(&self.audience)
    }

    fn sends_assertions(&self) -> bool {
        match &self.method {
            Method::None | Method::Basic(_) | Method::Post(_) | Method::Tls => false,
            #[cfg(feature = "oidc")]
            Method::Jwt(..) => true,
            Method::Unusable(_) | Method::Assertion(_) => true,
        }
    }

    /// The method's registered name (RFC 8414 section 2).
    pub(crate) fn name(&self) -> &'static str {
        match &self.method {
            Method::None => "none",
            Method::Basic(_) => "client_secret_basic",
            Method::Post(_) => "client_secret_post",
            #[cfg(feature = "oidc")]
            Method::Jwt(name, _) => name,
            Method::Unusable(_) => "client_secret_jwt",
            Method::Tls => "tls_client_auth",
            Method::Assertion(_) => "assertion",
        }
    }

    /// The key pair that assertions are signed with.
    #[cfg(feature = "oidc")]
    pub(crate) fn private_key(&self) -> Option<&SigningKey> {
        match &self.method {
            Method::Jwt("private_key_jwt", key) => Some(key),
            _ => None,
        }
    }

    /// Whether there is something to prove with.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.method {
            Method::Basic(secret) | Method::Post(secret) if secret.is_empty() => {
                Err(config("the client secret is empty"))
            }
            Method::Unusable(error) => Err(error.clone()),
            _ if self.audience != AssertionAudience::Issuer && !self.sends_assertions() => {
                Err(config(format!(
                    "assertion_audience has no effect on {}: it sends no assertion",
                    self.name()
                )))
            }
            _ if matches!(&self.audience, AssertionAudience::Text(text) if text.is_empty()) => {
                Err(config("the audience of the client assertions is empty"))
            }
            _ => Ok(()),
        }
    }

    /// The way to authenticate at an endpoint that takes these methods only. A secret can be sent in
    /// two ways; nothing else is exchanged by itself.
    fn fitting<'a>(&'a self, place: Place<'_>) -> Result<Cow<'a, Method>> {
        // A public client only names itself, which no list has to allow (RFC 7009 section 2.1), and
        // what an assertion from elsewhere is called is not known here.
        let named: &[&str] = match &self.method {
            Method::None | Method::Assertion(_) => return Ok(Cow::Borrowed(&self.method)),
            Method::Tls => &["tls_client_auth", "self_signed_tls_client_auth"],
            _ => &[self.name()],
        };
        let Some(published) = place.methods()? else {
            return Ok(Cow::Borrowed(&self.method));
        };
        let takes = |name: &str| published.iter().any(|one| one == name);
        if named.iter().any(|name| takes(name)) {
            return Ok(Cow::Borrowed(&self.method));
        }
        match &self.method {
            Method::Basic(secret) if takes("client_secret_post") => {
                Ok(Cow::Owned(Method::Post(secret.clone())))
            }
            Method::Post(secret) if takes("client_secret_basic") => {
                Ok(Cow::Owned(Method::Basic(secret.clone())))
            }
            _ => {
                let published = error::clean(&published.join(", "));
                Err(config(format!(
                    "the {} of the provider does not take {}; it takes: {published}",
                    place.name,
                    self.name(),
                ))
                .with_hint("set another ClientAuth on a client of its own for these calls"))
            }
        }
    }
}

#[cfg(feature = "oidc")]
impl ClientAuth {
    /// An assertion signed with the client's secret, HS256 (OpenID Connect Core 1.0 section 9). The
    /// secret itself is not sent.
    ///
    /// RFC 7518 section 3.2 wants it at least 32 bytes long: a shorter one is refused when the
    /// client is built.
    pub fn client_secret_jwt(secret: impl Into<Secret>) -> Self {
        match assertion::hmac_key(&secret.into()) {
            Ok(key) => Self::new(Method::Jwt("client_secret_jwt", Arc::new(key))),
            Err(error) => Self::new(Method::Unusable(error)),
        }
    }

    /// The same with a key of another algorithm: HS384 or HS512.
    pub fn client_secret_jwt_with(key: SigningKey) -> Self {
        Self::new(Method::Jwt("client_secret_jwt", Arc::new(key)))
    }

    /// An assertion signed with the client's private key (OpenID Connect Core 1.0 section 9), a new
    /// one at every attempt: it lives 60 s and is for the issuer, unless
    /// [`assertion_audience`](Self::assertion_audience) says something else.
    pub fn private_key_jwt(key: SigningKey) -> Self {
        Self::new(Method::Jwt("private_key_jwt", Arc::new(key)))
    }
}

impl From<Secret> for ClientAuth {
    fn from(secret: Secret) -> Self {
        Self::client_secret_basic(secret)
    }
}

impl From<&Secret> for ClientAuth {
    fn from(secret: &Secret) -> Self {
        Self::client_secret_basic(secret)
    }
}

impl From<&str> for ClientAuth {
    fn from(secret: &str) -> Self {
        Self::client_secret_basic(secret)
    }
}

impl From<String> for ClientAuth {
    fn from(secret: String) -> Self {
        Self::client_secret_basic(secret)
    }
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientAuth({})", self.name())
    }
}

/// A client as it appears at the endpoints.
#[derive(Debug, Clone)]
pub(crate) struct OAuthClient {
    pub(crate) id: String,
    pub(crate) auth: ClientAuth,
    /// Its tokens are bound to its TLS certificate, however it authenticates.
    pub(crate) certificate_bound: bool,
    /// Its tokens are bound to this key.
    pub(crate) dpop: Option<Arc<Dpop>>,
}

/// What one request carries to name and prove the client.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) header: Option<HeaderValue>,
    pub(crate) form: Vec<(&'static str, Secret)>,
}

impl OAuthClient {
    /// What it shows of itself.
    pub(crate) fn shows(&self) -> RefusedClient {
        match &self.auth.method {
            Method::None => RefusedClient::WithoutProof,
            Method::Basic(_) | Method::Post(_) => RefusedClient::Secret,
            Method::Tls => RefusedClient::Certificate,
            _ => RefusedClient::Assertion,
        }
    }

    pub(crate) fn new(id: impl Into<String>, auth: ClientAuth) -> Self {
        Self {
            id: id.into(),
            auth,
            certificate_bound: false,
            dpop: None,
        }
    }

    /// Whether the client can name and prove itself.
    pub(crate) fn check(&self) -> Result<()> {
        if self.id.is_empty() {
            return Err(config("the client id is empty: set client_id"));
        }
        if self.id.chars().any(char::is_control) {
            return Err(config(
                "the client id has a line break or another control character: leave it out",
            ));
        }
        self.auth.check()
    }

    pub(crate) fn uses_mtls(&self) -> bool {
        self.certificate_bound || matches!(self.auth.method, Method::Tls)
    }

    /// Header and form members for one attempt.
    pub(crate) async fn authenticate(&self, place: Place<'_>) -> Result<Shown> {
        let id = || ("client_id", Secret::from(self.id.as_str()));
        let assertion = |jwt: Secret| Shown {
            header: None,
            form: vec![
                id(),
                ("client_assertion_type", JWT_BEARER.into()),
                ("client_assertion", jwt),
            ],
        };
        let target = || place.target(&self.auth.audience);
        let method = self.auth.fitting(place)?;
        Ok(match &*method {
            Method::None | Method::Tls => Shown {
                header: None,
                form: vec![id()],
            },
            Method::Post(secret) => Shown {
                header: None,
                form: vec![id(), ("client_secret", secret.clone())],
            },
            Method::Basic(secret) => Shown {
                header: Some(basic(&self.id, secret)?),
                form: Vec::new(),
            },
            #[cfg(feature = "oidc")]
            Method::Jwt(_, key) => assertion(assertion::sign(key, &self.id, target()?.audience())?),
            Method::Unusable(error) => return Err(error.clone()),
            Method::Assertion(source) => assertion(source(target()?).await?),
        })
    }
}

/// RFC 6749 section 2.3.1: form-urlencoded before a colon joins them.
fn basic(id: &str, secret: &Secret) -> Result<HeaderValue> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::from(format!("{}:{}", encoded(id), encoded(secret.expose())));
    let mut header =
        HeaderValue::try_from(format!("Basic {}", BASE64.encode(pair.expose().as_bytes())))
            .map_err(|_| config("the client secret cannot be sent"))?;
    header.set_sensitive(true);
    Ok(header)
}
