//! Keycloak's own `keycloak.json`, as the admin console offers it for a client.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Discovered, OidcBuilder};
use crate::Secret;
use crate::client_auth::ClientAuth;
use crate::error::{Result, config};
use crate::http::base::BaseUrl;
use crate::http::segment;
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::oidc::Oidc;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    realm: String,
    auth_server_url: String,
    resource: String,
    #[serde(default)]
    public_client: bool,
    #[serde(default)]
    ssl_required: Option<String>,
    #[serde(default)]
    credentials: Map<String, Value>,
}

impl Oidc {
    /// Starts a client with the content of a `keycloak.json` adapter file: realm, server, client
    /// and its credentials (`secret`, `secret-jwt`, `jwt` with a PEM key in `client-key`).
    ///
    /// ```no_run
    /// # fn main() -> keycloak_kit::Result<()> {
    /// use keycloak_kit::oidc::Oidc;
    ///
    /// # let text = "";
    /// // let text = std::fs::read_to_string("keycloak.json")?;
    /// let oidc = Oidc::builder_from_keycloak_json(text)?
    ///     .redirect_uri("https://app.example/callback")
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the file cannot be read or has credentials
    /// of another kind, such as a Java key store: pass those to [`OidcBuilder::client_auth`].
    pub fn builder_from_keycloak_json(text: &str) -> Result<OidcBuilder<Discovered>> {
        let file: File = serde_json::from_str(text).map_err(|error| {
            config(format!(
                "keycloak.json cannot be read, line {}: it needs realm, auth-server-url and \
                 resource",
                error.line()
            ))
        })?;
        let base = BaseUrl::parse("auth-server-url", &file.auth_server_url)?;
        let issuer = format!("{}/realms/{}", base.as_str(), segment::encode(&file.realm));
        let mut builder = Self::discover(issuer).client_id(&file.resource);
        if !file.public_client {
            builder = builder.client_auth(client_auth(&file.credentials)?);
        }
        // Adapters accept plain HTTP inside private networks by default; here a program must say so.
        if file.ssl_required.as_deref() == Some("none") {
            builder = builder.danger_allow_http();
        }
        Ok(builder)
    }
}

fn client_auth(credentials: &Map<String, Value>) -> Result<ClientAuth> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(Secret::from);
    if let Some(secret) = text(credentials.get("secret")) {
        return Ok(ClientAuth::client_secret_basic(secret));
    }
    if let Some(Value::Object(jwt)) = credentials.get("secret-jwt") {
        let Some(secret) = text(jwt.get("secret")) else {
            return Err(config("secret-jwt in keycloak.json has no secret"));
        };
        return match algorithm(jwt, SignatureAlgorithm::Hs256)? {
            SignatureAlgorithm::Hs256 => Ok(ClientAuth::client_secret_jwt(secret)),
            other => Ok(ClientAuth::client_secret_jwt_with(SigningKey::from_secret(
                other, secret,
            )?)),
        };
    }
    if let Some(Value::Object(jwt)) = credentials.get("jwt") {
        let Some(pem) = text(jwt.get("client-key")) else {
            return Err(config(
                "the credentials in keycloak.json are in a Java key store: write the key in PEM \
                 and pass it to client_auth",
            ));
        };
        let key = SigningKey::from_pem(algorithm(jwt, SignatureAlgorithm::Rs256)?, pem.expose())?;
        return Ok(ClientAuth::private_key_jwt(key));
    }
    match credentials.keys().next() {
        None => Ok(ClientAuth::none()),
        Some(other) => Err(config(format!(
            "keycloak.json has credentials of the unknown kind {:?}: pass them to client_auth",
            crate::error::clean(other)
        ))),
    }
}

fn algorithm(jwt: &Map<String, Value>, usual: SignatureAlgorithm) -> Result<SignatureAlgorithm> {
    match jwt.get("algorithm").and_then(Value::as_str) {
        None => Ok(usual),
        Some(name) => SignatureAlgorithm::named(name)
            .ok_or_else(|| config("the algorithm in keycloak.json is not known")),
    }
}
