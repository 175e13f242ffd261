//! Settings from environment variables.

use super::{Discovered, OidcBuilder};
use crate::client_auth::ClientAuth;
use crate::env::{Environment, Process, Reader, client_options};
use crate::error::{Error, Result, config};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::oidc::Oidc;

impl Oidc {
    /// Builds a client from environment variables only.
    ///
    /// # Errors
    /// As [`builder_from_env`](Self::builder_from_env) and [`OidcBuilder::build`].
    pub fn from_env() -> Result<Self> {
        Self::builder_from_env()?.build()
    }

    /// Starts a client with the settings of environment variables. An empty variable counts as not
    /// set.
    ///
    /// | Variable | Meaning |
    /// |---|---|
    /// | `OIDC_ISSUER` | the issuer, such as `https://sso.example/realms/demo` (required) |
    /// | `OIDC_CLIENT_ID` | the client (required) |
    /// | `OIDC_CLIENT_SECRET` or `_FILE` | its secret |
    /// | `OIDC_CLIENT_AUTH_METHOD` | `none`, `client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`, `tls_client_auth`; unless set, what the other variables suggest |
    /// | `OIDC_PRIVATE_KEY_FILE` | private key in PEM, for `private_key_jwt` |
    /// | `OIDC_PRIVATE_KEY_ALGORITHM` | `RS256` (unless set), `ES256`, `EdDSA` and so on |
    /// | `OIDC_PRIVATE_KEY_ID` | the key's `kid` |
    /// | `OIDC_ASSERTION_FILE` | file with a client assertion that something else renews |
    /// | `OIDC_REDIRECT_URI` | where logins come back to |
    /// | `OIDC_BASE_URL` | where to reach the provider, when that is not its issuer |
    ///
    /// Time limits, retries, headers, proxies and TLS have the variables of
    /// [`ClientOptions::from_env`](crate::ClientOptions::from_env).
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a variable is missing or cannot be read.
    /// The message names the variable.
    pub fn builder_from_env() -> Result<OidcBuilder<Discovered>> {
        builder(&Process)
    }
}

pub(super) fn builder(env: &impl Environment) -> Result<OidcBuilder<Discovered>> {
    let env = Reader { env };
    let required = |name: &str, example: &str| {
        env.text(name)?
            .ok_or_else(|| config(format!("{name} is not set: write {example} there")))
    };
    let issuer = required(
        "OIDC_ISSUER",
        "the issuer, like https://sso.example/realms/demo,",
    )?;
    let mut builder = Oidc::discover(issuer)
        .client_id(required("OIDC_CLIENT_ID", "the client's id")?)
        .client_auth(client_auth(&env)?);
    if let Some(uri) = env.text("OIDC_REDIRECT_URI")? {
        builder = builder.redirect_uri(uri);
    }
    if let Some(url) = env.text("OIDC_BASE_URL")? {
        builder = builder.base_url(url);
    }
    Ok(builder.options(client_options(&env)?))
}

fn client_auth<E: Environment>(env: &Reader<'_, E>) -> Result<ClientAuth> {
    let secret = env.secret("OIDC_CLIENT_SECRET")?;
    let assertion = env.text("OIDC_ASSERTION_FILE")?;
    let key = env.text("OIDC_PRIVATE_KEY_FILE")?;
    let method = env.text("OIDC_CLIENT_AUTH_METHOD")?;
    let suggested = match (&secret, &key, &assertion) {
        (None, None, None) => "none",
        (Some(_), None, None) => "client_secret_basic",
        (None, Some(_), None) => "private_key_jwt",
        (None, None, Some(_)) => "assertion",
        _ if method.is_some() => "",
        _ => {
            return Err(config(
                "several of OIDC_CLIENT_SECRET, OIDC_PRIVATE_KEY_FILE and OIDC_ASSERTION_FILE are \
                 set: keep one of them, or choose with OIDC_CLIENT_AUTH_METHOD",
            ));
        }
    };
    let secret = || secret.clone().ok_or_else(|| missing("OIDC_CLIENT_SECRET"));
    match method.as_deref().unwrap_or(suggested) {
        "none" => Ok(ClientAuth::none()),
        "client_secret_basic" => Ok(ClientAuth::client_secret_basic(secret()?)),
        "client_secret_post" => Ok(ClientAuth::client_secret_post(secret()?)),
        "client_secret_jwt" => Ok(ClientAuth::client_secret_jwt(secret()?)),
        "private_key_jwt" => Ok(ClientAuth::private_key_jwt(private_key(env)?)),
        "tls_client_auth" | "self_signed_tls_client_auth" => Ok(ClientAuth::tls_client_auth()),
        "assertion" => match assertion {
            Some(path) => Ok(ClientAuth::assertion_file(path)),
            None => Err(missing("OIDC_ASSERTION_FILE")),
        },
        _ => Err(config(
            "OIDC_CLIENT_AUTH_METHOD cannot be read: write none, client_secret_basic, \
             client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth or assertion",
        )),
    }
}

fn private_key<E: Environment>(env: &Reader<'_, E>) -> Result<SigningKey> {
    let pem = env
        .file("OIDC_PRIVATE_KEY_FILE")?
        .ok_or_else(|| missing("OIDC_PRIVATE_KEY_FILE"))?;
    let pem = crate::Secret::from(String::from_utf8(pem).unwrap_or_default());
    let algorithm = match env.text("OIDC_PRIVATE_KEY_ALGORITHM")? {
        None => SignatureAlgorithm::Rs256,
        Some(name) => SignatureAlgorithm::named(&name).ok_or_else(|| {
            config("OIDC_PRIVATE_KEY_ALGORITHM cannot be read: write it like RS256 or ES256")
        })?,
    };
    let key = SigningKey::from_pem(algorithm, pem.expose())?;
    Ok(match env.text("OIDC_PRIVATE_KEY_ID")? {
        Some(kid) => key.with_kid(kid),
        None => key,
    })
}

fn missing(name: &str) -> Error {
    config(format!(
        "{name} is not set, but the client's authentication needs it"
    ))
}
