//! Using a registered client as an OpenID Connect client.

use std::fmt;

use serde_json::json;

use super::client::RegisteredClient;
use crate::ClientAuth;
use crate::Secret;
use crate::client_metadata::ClientMetadata;
use crate::error::{Result, config};
use crate::jose::{DecryptionKey, DpopKey, SignatureAlgorithm, SigningKey};
use crate::oidc::{OidcBuilder, TokenVerifier};

/// The private keys of a client. A registration contains only the public keys. `Debug` shows only
/// which keys are set.
///
/// ```
/// use keycloak_kit::jose::{SignatureAlgorithm::Es256, SigningKey};
/// use keycloak_kit::registration::{ClientKeys, ClientMetadata};
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let keys = ClientKeys::default().signing_key(&SigningKey::generate(Es256)?);
/// let wanted = ClientMetadata::default()
///     .token_endpoint_auth_method("private_key_jwt")
///     .keys(&keys);
/// assert_eq!(wanted.jwks.unwrap()["keys"][0]["alg"], "ES256");
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct ClientKeys {
    signing: Option<SigningKey>,
    decryption: Vec<DecryptionKey>,
    dpop: Option<DpopKey>,
}

impl ClientKeys {
    /// Sets the key that signs the client's assertions and requests.
    #[must_use]
    pub fn signing_key(mut self, key: &SigningKey) -> Self {
        self.signing = Some(key.clone());
        self
    }

    /// Adds a key that decrypts tokens and responses for the client.
    #[must_use]
    pub fn decryption_key(mut self, key: DecryptionKey) -> Self {
        self.decryption.push(key);
        self
    }

    /// Sets the key that the client's tokens are bound to (RFC 9449). It is not registered.
    #[must_use]
    pub fn dpop_key(mut self, key: DpopKey) -> Self {
        self.dpop = Some(key);
        self
    }
}

impl ClientMetadata {
    /// Sets `jwks` to the public keys of `keys`, without symmetric keys and the DPoP key.
    #[must_use]
    pub fn keys(mut self, keys: &ClientKeys) -> Self {
        let signing = keys.signing.as_ref().and_then(SigningKey::public_jwk);
        let all = signing
            .into_iter()
            .chain(keys.decryption.iter().map(DecryptionKey::public_jwk));
        let all: Vec<_> = all.map(|key| key.to_json()).collect();
        self.jwks = Some(json!({ "keys": all }));
        self
    }
}

impl RegisteredClient<ClientMetadata> {
    /// Returns a builder for an OpenID Connect client with the registered metadata: secret and
    /// authentication method, the first redirect URI, the algorithms of responses, and whether
    /// requests are pushed and tokens are bound to the client certificate.
    ///
    /// The client shares the connections of the registration. Every setting can be changed on the
    /// builder.
    ///
    /// ```no_run
    /// # async fn show() -> keycloak_kit::Result<()> {
    /// use keycloak_kit::oidc::Oidc;
    /// use keycloak_kit::registration::ClientMetadata;
    ///
    /// let registration = Oidc::discover("https://op.example").registration()?;
    /// let wanted = ClientMetadata::default().redirect_uris(["https://app.example/cb"]);
    /// let client = registration.create(&wanted).await?;
    /// let oidc = client.oidc()?.build()?;
    /// println!("{}", oidc.authorize().start().await?.url());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `Config` if
    ///
    /// - the client needs keys, see [`oidc_with`](Self::oidc_with),
    /// - this crate does not support its authentication method, or
    /// - the last response could not be decoded and the client was not read since.
    pub fn oidc(&self) -> Result<OidcBuilder> {
        self.oidc_with(&ClientKeys::default())
    }

    /// Like [`oidc`](Self::oidc), for a client with keys: for `private_key_jwt`, encrypted
    /// responses, signed requests, or tokens bound to a key.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`oidc`](Self::oidc), and of kind `Config` if a key is
    /// missing or does not match the registered metadata.
    pub fn oidc_with(&self, keys: &ClientKeys) -> Result<OidcBuilder> {
        let Some(metadata) = self.metadata() else {
            return Err(config(
                "the registered metadata is not known: call read() before oidc()",
            ));
        };
        let (channel, provider) = self.place();
        let mut builder = OidcBuilder::of_channel(channel, provider, self.client_id())
            .client_auth(authentication(&metadata, self.client_secret(), keys)?);
        if let Some(uri) = metadata.redirect_uris.iter().flatten().next() {
            builder = builder.redirect_uri(uri);
        }
        if metadata.require_pushed_authorization_requests == Some(true) {
            builder = builder.pushed_requests();
        }
        if metadata.tls_client_certificate_bound_access_tokens == Some(true) {
            builder = builder.certificate_bound_tokens();
        }
        if let Some(key) = &keys.dpop {
            builder = builder.dpop(key.clone());
        } else if metadata.dpop_bound_access_tokens == Some(true) {
            return Err(missing(
                "its tokens are bound to a key (dpop_bound_access_tokens)",
                "dpop_key",
            ));
        }
        if let Some(key) = request_key(&metadata, keys)? {
            builder = builder.request_signing_key(key);
        }
        let decryption = decryption(&metadata, keys)?;
        let session_optional = metadata.frontchannel_logout_session_required != Some(true);
        Ok(builder.registered(metadata).verification(move |verifier| {
            let verifier = decryption.set(verifier);
            if session_optional {
                verifier.session_optional()
            } else {
                verifier
            }
        }))
    }
}

/// Returns the client's authentication method (RFC 7591 section 2).
fn authentication(
    metadata: &ClientMetadata,
    secret: Option<Secret>,
    keys: &ClientKeys,
) -> Result<ClientAuth> {
    let method = metadata.token_endpoint_auth_method.as_deref();
    // RFC 7591 section 2 names the default.
    let method = method.unwrap_or("client_secret_basic");
    let secret = || {
        secret.ok_or_else(|| {
            config(format!(
                "the client authenticates with {method}, but the server has sent no secret"
            ))
            .with_hint("set client_secret or client_auth on Keycloak::oidc or Oidc::discover")
        })
    };
    let registered = metadata.token_endpoint_auth_signing_alg.as_deref();
    let algorithm = registered.map(|name| named("token_endpoint_auth_signing_alg", name));
    let algorithm = algorithm.transpose()?;
    Ok(match method {
        "none" => ClientAuth::none(),
        "client_secret_basic" => ClientAuth::client_secret_basic(secret()?),
        "client_secret_post" => ClientAuth::client_secret_post(secret()?),
        "client_secret_jwt" => match algorithm {
            Some(algorithm) => {
                ClientAuth::client_secret_jwt_with(SigningKey::from_secret(algorithm, secret()?)?)
            }
            None => ClientAuth::client_secret_jwt(secret()?),
        },
        "private_key_jwt" => {
            let Some(key) = &keys.signing else {
                return Err(missing(
                    "it authenticates with private_key_jwt",
                    "signing_key",
                ));
            };
            fits("token_endpoint_auth_signing_alg", algorithm, key)?;
            ClientAuth::private_key_jwt(key.clone())
        }
        "tls_client_auth" | "self_signed_tls_client_auth" => ClientAuth::tls_client_auth(),
        other => {
            return Err(config(format!(
                "the client authenticates with {:?}, which this crate does not support",
                crate::error::clean(other)
            )));
        }
    })
}

/// Returns the key that signs authorization requests, if they must be signed (RFC 9101 section
/// 10.5).
fn request_key<'a>(
    metadata: &ClientMetadata,
    keys: &'a ClientKeys,
) -> Result<Option<&'a SigningKey>> {
    let required = metadata.extra.get("require_signed_request_object");
    if required != Some(&json!(true)) {
        return Ok(None);
    }
    let Some(key) = &keys.signing else {
        return Err(missing(
            "its requests are signed (require_signed_request_object)",
            "signing_key",
        ));
    };
    let name = "request_object_signing_alg";
    let registered = metadata.request_object_signing_alg.as_deref();
    let algorithm = registered.map(|text| named(name, text)).transpose()?;
    fits(name, algorithm, key)?;
    Ok(Some(key))
}

/// The decryption keys, and what the server encrypts.
struct Decryption {
    id_token: bool,
    userinfo: bool,
    response: bool,
    keys: Vec<DecryptionKey>,
}

fn decryption(metadata: &ClientMetadata, keys: &ClientKeys) -> Result<Decryption> {
    let decryption = Decryption {
        id_token: metadata.id_token_encrypted_response_alg.is_some(),
        userinfo: metadata.userinfo_encrypted_response_alg.is_some(),
        response: metadata.authorization_encrypted_response_alg.is_some(),
        keys: keys.decryption.clone(),
    };
    let needed = decryption.id_token || decryption.userinfo || decryption.response;
    if needed && decryption.keys.is_empty() {
        return Err(missing(
            "the server encrypts responses for it",
            "decryption_key",
        ));
    }
    Ok(decryption)
}

impl Decryption {
    fn set(self, mut verifier: TokenVerifier) -> TokenVerifier {
        for key in self.keys {
            if self.id_token {
                verifier = verifier.id_token_decryption_key(key.clone());
            }
            if self.userinfo {
                verifier = verifier.userinfo_decryption_key(key.clone());
            }
            if self.response {
                verifier = verifier.response_decryption_key(key);
            }
        }
        verifier
    }
}

fn named(member: &str, name: &str) -> Result<SignatureAlgorithm> {
    name.parse().map_err(|_| {
        config(format!(
            "the client is registered with {:?} as {member}, which this crate does not support",
            crate::error::clean(name)
        ))
    })
}

fn fits(member: &str, registered: Option<SignatureAlgorithm>, key: &SigningKey) -> Result<()> {
    match registered {
        Some(algorithm) if algorithm != key.algorithm() => Err(config(format!(
            "the client is registered with {algorithm} as {member}, but the signing key is for {}",
            key.algorithm()
        ))),
        _ => Ok(()),
    }
}

fn missing(why: &str, setter: &str) -> crate::Error {
    config(format!("the client needs a private key: {why}")).with_hint(format!(
        "pass the registered key: oidc_with(&ClientKeys::default().{setter}(..))"
    ))
}

/// Shows which keys are set.
impl fmt::Debug for ClientKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKeys")
            .field("signing", &self.signing.is_some())
            .field("decryption", &self.decryption.len())
            .field("dpop", &self.dpop.is_some())
            .finish()
    }
}
