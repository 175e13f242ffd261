//! Client authentication at OAuth endpoints.

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
use http::HeaderValue;
use url::form_urlencoded::byte_serialize;

pub(crate) use self::audience::AuthEndpoint;
pub use self::audience::{AssertionAudience, AssertionTarget};
pub(crate) use self::refused::RefusedClient;
use crate::error::{self, Error, Result, config};
#[cfg(feature = "oidc")]
use crate::jose::SigningKey;
use crate::token::dpop::Dpop;
use crate::{BoxFuture, Secret};

/// RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client authentication method (OpenID Connect Core 1.0 section 9, RFC 8705, RFC 7521).
///
/// Converts from a secret as [`client_secret_basic`](Self::client_secret_basic). `Debug` shows only
/// the method.
///
/// ```no_run
/// use keycloak_kit::{ClientAuth, Keycloak};
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let plain = Keycloak::builder("https://sso.example").client_credentials("jobs", "s3cret");
/// // Workload identity: a token that the platform writes to a file and renews.
/// let workload = Keycloak::builder("https://sso.example")
///     .client_credentials("jobs", ClientAuth::assertion_file("/var/run/secrets/token"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClientAuth {
    method: AuthMethod,
    audience: AssertionAudience,
}

type AssertionSource =
    Arc<dyn Fn(AssertionTarget) -> BoxFuture<'static, Result<Secret>> + Send + Sync>;

#[derive(Clone)]
enum AuthMethod {
    None,
    Basic(Secret),
    Post(Secret),
    #[cfg(feature = "oidc")]
    Jwt(&'static str, Arc<SigningKey>),
    /// A secret that is not a valid key.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    Unusable(Error),
    Tls,
    Assertion(AssertionSource),
}

impl ClientAuth {
    /// No authentication: a public client.
    pub fn none() -> Self {
        Self::new(AuthMethod::None)
    }

    /// Sends the secret in the `Authorization` header (RFC 6749 section 2.3.1): form-urlencoded,
    /// then as HTTP Basic.
    pub fn client_secret_basic(secret: impl Into<Secret>) -> Self {
        Self::new(AuthMethod::Basic(secret.into()))
    }

    /// Sends the secret in the form (RFC 6749 section 2.3.1).
    pub fn client_secret_post(secret: impl Into<Secret>) -> Self {
        Self::new(AuthMethod::Post(secret.into()))
    }

    /// Authenticates with the TLS client certificate (RFC 8705) of
    /// [`client_identity_pem`](crate::ClientOptions::client_identity_pem). Requests go to the
    /// provider's `mtls_endpoint_aliases`.
    pub fn tls_client_auth() -> Self {
        Self::new(AuthMethod::Tls)
    }

    /// Sends an assertion from another source (RFC 7521 section 4.2), which is fetched for every
    /// attempt. The source receives the endpoint and the audience of the assertion.
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
        Self::new(AuthMethod::Assertion(source))
    }

    /// Sends the assertion in a file, which is read for every attempt, such as a token that the
    /// platform renews.
    pub fn assertion_file(path: impl Into<PathBuf>) -> Self {
        let path = Arc::new(path.into());
        Self::assertion(move |_| {
            let path = path.clone();
            async move {
                let text = std::fs::read_to_string(&*path).map_err(|source| {
                    config("the client assertion file cannot be read").with_source(source)
                })?;
                Ok(text.trim().into())
            }
        })
    }

    /// Sets the audience of client assertions. The default is the issuer; read the security note of
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

    fn new(method: AuthMethod) -> Self {
        Self {
            method,
            audience: AssertionAudience::Issuer,
        }
    }

    /// Returns the audience of this client's assertions; `None` if it sends none.
    #[cfg(feature = "oidc")]
    pub(crate) fn audience(&self) -> Option<&AssertionAudience> {
        self.sends_assertions().then_some(&self.audience)
    }

    fn sends_assertions(&self) -> bool {
        match &self.method {
            AuthMethod::None | AuthMethod::Basic(_) | AuthMethod::Post(_) | AuthMethod::Tls => {
                false
            }
            #[cfg(feature = "oidc")]
            AuthMethod::Jwt(..) => true,
            AuthMethod::Unusable(_) | AuthMethod::Assertion(_) => true,
        }
    }

    /// Returns the method's registered name (RFC 8414 section 2).
    pub(crate) fn name(&self) -> &'static str {
        match &self.method {
            AuthMethod::None => "none",
            AuthMethod::Basic(_) => "client_secret_basic",
            AuthMethod::Post(_) => "client_secret_post",
            #[cfg(feature = "oidc")]
            AuthMethod::Jwt(name, _) => name,
            AuthMethod::Unusable(_) => "client_secret_jwt",
            AuthMethod::Tls => "tls_client_auth",
            AuthMethod::Assertion(_) => "assertion",
        }
    }

    /// Returns the key that assertions are signed with.
    #[cfg(feature = "oidc")]
    pub(crate) fn private_key(&self) -> Option<&SigningKey> {
        match &self.method {
            AuthMethod::Jwt("private_key_jwt", key) => Some(key),
            _ => None,
        }
    }

    /// Returns an error if the method cannot authenticate the client.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.method {
            AuthMethod::Basic(secret) | AuthMethod::Post(secret) if secret.is_empty() => {
                Err(config("the client secret is empty"))
            }
            AuthMethod::Unusable(error) => Err(error.clone()),
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

    /// Returns the method to use at an endpoint that supports only certain methods. Only the two
    /// ways to send a secret are exchanged for each other.
    fn supported_method<'a>(&'a self, place: AuthEndpoint<'_>) -> Result<Cow<'a, AuthMethod>> {
        // A public client is only identified, which no list has to allow (RFC 7009 section 2.1),
        // and the method name of an assertion from another source is unknown here.
        let named: &[&str] = match &self.method {
            AuthMethod::None | AuthMethod::Assertion(_) => return Ok(Cow::Borrowed(&self.method)),
            AuthMethod::Tls => &["tls_client_auth", "self_signed_tls_client_auth"],
            _ => &[self.name()],
        };
        let Some(published) = place.methods()? else {
            return Ok(Cow::Borrowed(&self.method));
        };
        let supports = |name: &str| published.iter().any(|one| one == name);
        if named.iter().any(|name| supports(name)) {
            return Ok(Cow::Borrowed(&self.method));
        }
        match &self.method {
            AuthMethod::Basic(secret) if supports("client_secret_post") => {
                Ok(Cow::Owned(AuthMethod::Post(secret.clone())))
            }
            AuthMethod::Post(secret) if supports("client_secret_basic") => {
                Ok(Cow::Owned(AuthMethod::Basic(secret.clone())))
            }
            _ => {
                let published = error::clean(&published.join(", "));
                Err(config(format!(
                    "the provider's {} does not support {}; it supports: {published}",
                    place.name,
                    self.name(),
                ))
                .with_hint("make these calls with a separate client that has another ClientAuth"))
            }
        }
    }
}

#[cfg(feature = "oidc")]
impl ClientAuth {
    /// Signs an assertion with the client's secret, as HS256 (OpenID Connect Core 1.0 section 9).
    /// The secret itself is not sent.
    ///
    /// RFC 7518 section 3.2 requires at least 32 bytes: building a client with a shorter secret is
    /// an error.
    pub fn client_secret_jwt(secret: impl Into<Secret>) -> Self {
        match assertion::hmac_key(&secret.into()) {
            Ok(key) => Self::new(AuthMethod::Jwt("client_secret_jwt", Arc::new(key))),
            Err(error) => Self::new(AuthMethod::Unusable(error)),
        }
    }

    /// Signs an assertion with a secret key of another algorithm: HS384 or HS512.
    pub fn client_secret_jwt_with(key: SigningKey) -> Self {
        Self::new(AuthMethod::Jwt("client_secret_jwt", Arc::new(key)))
    }

    /// Signs an assertion with the client's private key (OpenID Connect Core 1.0 section 9), a new
    /// one for every attempt. It is valid for 60 s, and its audience is the issuer unless
    /// [`assertion_audience`](Self::assertion_audience) is called.
    pub fn private_key_jwt(key: SigningKey) -> Self {
        Self::new(AuthMethod::Jwt("private_key_jwt", Arc::new(key)))
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

/// A client as it authenticates at endpoints.
#[derive(Debug, Clone)]
pub(crate) struct OAuthClient {
    pub(crate) id: String,
    pub(crate) auth: ClientAuth,
    /// Whether its tokens are bound to its TLS certificate, however it authenticates.
    pub(crate) certificate_bound: bool,
    /// The key that its tokens are bound to.
    pub(crate) dpop: Option<Arc<Dpop>>,
}

/// The header and the parameters that authenticate one request.
#[derive(Debug, Default)]
pub(crate) struct Authentication {
    pub(crate) header: Option<HeaderValue>,
    pub(crate) form: Vec<(&'static str, Secret)>,
}

impl OAuthClient {
    /// Returns the authentication method as an error hint needs it.
    pub(crate) fn refused(&self) -> RefusedClient {
        match &self.auth.method {
            AuthMethod::None => RefusedClient::Public,
            AuthMethod::Basic(_) | AuthMethod::Post(_) => RefusedClient::Secret,
            AuthMethod::Tls => RefusedClient::Certificate,
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

    /// Returns an error if the client cannot be identified or authenticated.
    pub(crate) fn check(&self) -> Result<()> {
        if self.id.is_empty() {
            return Err(config("the client id is empty: set client_id"));
        }
        if self.id.chars().any(char::is_control) {
            return Err(config(
                "the client id contains a line break or another control character: remove it",
            ));
        }
        self.auth.check()
    }

    pub(crate) fn uses_mtls(&self) -> bool {
        self.certificate_bound || matches!(self.auth.method, AuthMethod::Tls)
    }

    /// Makes the header and the parameters for one attempt.
    pub(crate) async fn authenticate(&self, place: AuthEndpoint<'_>) -> Result<Authentication> {
        let id = || ("client_id", Secret::from(self.id.as_str()));
        let assertion = |jwt: Secret| Authentication {
            header: None,
            form: vec![
                id(),
                ("client_assertion_type", JWT_BEARER.into()),
                ("client_assertion", jwt),
            ],
        };
        let target = || place.target(&self.auth.audience);
        let method = self.auth.supported_method(place)?;
        Ok(match &*method {
            AuthMethod::None | AuthMethod::Tls => Authentication {
                header: None,
                form: vec![id()],
            },
            AuthMethod::Post(secret) => Authentication {
                header: None,
                form: vec![id(), ("client_secret", secret.clone())],
            },
            AuthMethod::Basic(secret) => Authentication {
                header: Some(basic(&self.id, secret)?),
                form: Vec::new(),
            },
            #[cfg(feature = "oidc")]
            AuthMethod::Jwt(_, key) => {
                assertion(assertion::sign(key, &self.id, target()?.audience())?)
            }
            AuthMethod::Unusable(error) => return Err(error.clone()),
            AuthMethod::Assertion(source) => assertion(source(target()?).await?),
        })
    }
}

/// RFC 6749 section 2.3.1: both parts are form-urlencoded before they are joined with a colon.
fn basic(id: &str, secret: &Secret) -> Result<HeaderValue> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::from(format!("{}:{}", encoded(id), encoded(secret.expose())));
    let mut header =
        HeaderValue::try_from(format!("Basic {}", BASE64.encode(pair.expose().as_bytes())))
            .map_err(|_| config("the client secret cannot be sent"))?;
    header.set_sensitive(true);
    Ok(header)
}
