//! Settings from environment variables; the tables are at `Keycloak::builder_from_env` and
//! `ClientOptions::from_env`.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::builder::KeycloakBuilder;
use crate::error::{Error, Result, config};
use crate::http::client_options::ClientOptions;
use crate::keycloak::Keycloak;

/// Where variables and files are read. A process has one environment for all threads, so tests
/// bring their own.
pub(crate) trait Environment {
    fn variable(&self, name: &str) -> Result<Option<String>>;
    fn file(&self, path: &str) -> std::io::Result<Vec<u8>>;
}

/// The environment of this process.
pub(crate) struct Process;

impl Environment for Process {
    fn variable(&self, name: &str) -> Result<Option<String>> {
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(wrong(name, "text in UTF-8")),
        }
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

impl Keycloak {
    /// Builds a client from environment variables only.
    ///
    /// # Errors
    /// As [`builder_from_env`](Self::builder_from_env) and [`KeycloakBuilder::build`].
    pub fn from_env() -> Result<Self> {
        Self::builder_from_env()?.build()
    }

    /// Starts a client with the settings of environment variables. An empty variable counts as not
    /// set.
    ///
    /// | Variable | Meaning |
    /// |---|---|
    /// | `KEYCLOAK_URL` | base URL (required) |
    /// | `KEYCLOAK_LOGIN_REALM` | realm to log in to; `master` unless set |
    /// | `KEYCLOAK_ISSUER` | public base URL or issuer, see [`KeycloakBuilder::issuer`] |
    /// | `KEYCLOAK_CLIENT_ID` | client; `admin-cli` with a password or refresh token unless set |
    /// | `KEYCLOAK_CLIENT_SECRET` or `_FILE` | its secret: without the variables below, client credentials |
    /// | `KEYCLOAK_USERNAME`, `KEYCLOAK_PASSWORD` or `_FILE` | password grant |
    /// | `KEYCLOAK_REFRESH_TOKEN` or `_FILE` | refresh token |
    /// | `KEYCLOAK_ACCESS_TOKEN` or `_FILE` | fixed token |
    ///
    /// A variable that ends in `_FILE` names a file whose content, without its last line break,
    /// is the value. Only one of user name, refresh token and access token may be set. Time limits,
    /// retries, headers, proxies and TLS have the variables of [`ClientOptions::from_env`].
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a variable is missing or cannot be read.
    /// The message names the variable and the accepted form.
    pub fn builder_from_env() -> Result<KeycloakBuilder> {
        builder(&Process)
    }
}

impl ClientOptions {
    /// Creates options with the settings of environment variables, for changes in code:
    /// [`Keycloak::builder_from_env`] and `Oidc::builder_from_env` have them already. An empty
    /// variable counts as not set.
    ///
    /// | Variable | Meaning |
    /// |---|---|
    /// | `KEYCLOAK_TIMEOUT` | seconds for one attempt (30) |
    /// | `KEYCLOAK_DEADLINE` | seconds for one call with all attempts (120) |
    /// | `KEYCLOAK_CONNECT_TIMEOUT` | seconds for connecting (5) |
    /// | `KEYCLOAK_MAX_RETRIES` | retries after the first attempt (3) |
    /// | `KEYCLOAK_PROXY` | proxy URL for all requests |
    /// | `KEYCLOAK_CA_FILE` | PEM file of further certificate authorities |
    /// | `KEYCLOAK_CLIENT_CERT_FILE` | PEM file with client certificate and private key |
    /// | `KEYCLOAK_INSECURE_SKIP_TLS_VERIFY` | `true` switches certificate checks off |
    /// | `KEYCLOAK_HEADERS` | headers for every request, one `Name: value` a line |
    /// | `KEYCLOAK_POOL_MAX_IDLE` | idle connections kept |
    ///
    /// ```no_run
    /// # fn main() -> keycloak_kit::Result<()> {
    /// use keycloak_kit::{ClientOptions, Keycloak};
    ///
    /// let kc = Keycloak::builder_from_env()?
    ///     .options(ClientOptions::from_env()?.user_agent("user-sync/1.4"))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if a variable cannot be read. The message
    /// names the variable and the accepted form.
    pub fn from_env() -> Result<Self> {
        client_options(&Reader { env: &Process })
    }
}

pub(crate) fn builder(env: &impl Environment) -> Result<KeycloakBuilder> {
    let env = Reader { env };
    let url = env.text("KEYCLOAK_URL")?.ok_or_else(|| {
        config("KEYCLOAK_URL is not set: write the base URL there, like https://sso.example")
    })?;
    let mut builder = KeycloakBuilder::new(url);
    if let Some(realm) = env.text("KEYCLOAK_LOGIN_REALM")? {
        builder = builder.login_realm(realm);
    }
    if let Some(issuer) = env.text("KEYCLOAK_ISSUER")? {
        builder = builder.issuer(issuer);
    }
    Ok(credentials(&env, builder)?.options(client_options(&env)?))
}

fn credentials<E: Environment>(
    env: &Reader<'_, E>,
    mut builder: KeycloakBuilder,
) -> Result<KeycloakBuilder> {
    let client_id = env.text("KEYCLOAK_CLIENT_ID")?;
    let client_secret = env.secret("KEYCLOAK_CLIENT_SECRET")?;
    let username = env.text("KEYCLOAK_USERNAME")?;
    let password = env.secret("KEYCLOAK_PASSWORD")?;
    let refresh_token = env.secret("KEYCLOAK_REFRESH_TOKEN")?;
    let access_token = env.secret("KEYCLOAK_ACCESS_TOKEN")?;
    let chosen: Vec<&str> = [
        (
            "KEYCLOAK_USERNAME",
            username.is_some() || password.is_some(),
        ),
        ("KEYCLOAK_REFRESH_TOKEN", refresh_token.is_some()),
        ("KEYCLOAK_ACCESS_TOKEN", access_token.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, set)| set.then_some(name))
    .collect();
    if chosen.len() > 1 {
        return Err(config(format!(
            "{} are set: keep one of them",
            chosen.join(" and ")
        )));
    }
    if let Some(token) = access_token {
        if client_id.is_some() || client_secret.is_some() {
            return Err(config(
                "KEYCLOAK_ACCESS_TOKEN and KEYCLOAK_CLIENT_ID or KEYCLOAK_CLIENT_SECRET are set: \
                 keep the token or the client",
            ));
        }
        return Ok(builder.access_token(token));
    }
    if chosen.is_empty() {
        return match (client_id, client_secret) {
            (Some(id), Some(secret)) => Ok(builder.client_credentials(id, secret)),
            (Some(_), None) => Err(missing("KEYCLOAK_CLIENT_SECRET", "KEYCLOAK_CLIENT_ID")),
            (None, Some(_)) => Err(missing("KEYCLOAK_CLIENT_ID", "KEYCLOAK_CLIENT_SECRET")),
            (None, None) => Err(config(
                "no credentials: set KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET, or \
                 KEYCLOAK_USERNAME and KEYCLOAK_PASSWORD, or KEYCLOAK_REFRESH_TOKEN, or \
                 KEYCLOAK_ACCESS_TOKEN",
            )),
        };
    }
    if let Some(id) = client_id {
        builder = builder.client_id(id);
    }
    if let Some(secret) = client_secret {
        builder = builder.client_secret(secret);
    }
    match (refresh_token, username, password) {
        (Some(token), ..) => Ok(builder.refresh_token(token)),
        (None, Some(username), Some(password)) => Ok(builder.password(username, password)),
        (None, Some(_), None) => Err(missing("KEYCLOAK_PASSWORD", "KEYCLOAK_USERNAME")),
        (None, None, _) => Err(missing("KEYCLOAK_USERNAME", "KEYCLOAK_PASSWORD")),
    }
}

/// Limits, headers and connections.
pub(crate) fn client_options<E: Environment>(env: &Reader<'_, E>) -> Result<ClientOptions> {
    let mut options = ClientOptions::new();
    if let Some(limit) = env.seconds("KEYCLOAK_TIMEOUT")? {
        options = options.timeout(limit);
    }
    if let Some(limit) = env.seconds("KEYCLOAK_DEADLINE")? {
        options = options.deadline(limit);
    }
    if let Some(limit) = env.seconds("KEYCLOAK_CONNECT_TIMEOUT")? {
        options = options.connect_timeout(limit);
    }
    if let Some(retries) = env.number("KEYCLOAK_MAX_RETRIES")? {
        options = options.max_retries(retries);
    }
    if let Some(proxy) = env.text("KEYCLOAK_PROXY")? {
        options = options.proxy(proxy);
    }
    if let Some(pem) = env.file("KEYCLOAK_CA_FILE")? {
        options = options.root_certificate_pem(pem);
    }
    if let Some(pem) = env.file("KEYCLOAK_CLIENT_CERT_FILE")? {
        options = options.client_identity_pem(pem);
    }
    if let Some(accept) = env.switch("KEYCLOAK_INSECURE_SKIP_TLS_VERIFY")? {
        options = options.danger_accept_invalid_certs(accept);
    }
    if let Some(lines) = env.text("KEYCLOAK_HEADERS")? {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let Some((name, value)) = line.split_once(':') else {
                return Err(wrong("KEYCLOAK_HEADERS", "one \"Name: value\" a line"));
            };
            options = options.default_header(name.trim(), value.trim());
        }
    }
    if let Some(connections) = env.number("KEYCLOAK_POOL_MAX_IDLE")? {
        options =
            options.pool_max_idle_per_host(usize::try_from(connections).unwrap_or(usize::MAX));
    }
    Ok(options)
}

pub(crate) struct Reader<'a, E> {
    pub(crate) env: &'a E,
}

impl<E: Environment> Reader<'_, E> {
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.env.variable(name)?.filter(|value| !value.is_empty()))
    }

    /// Reads the file that the variable names.
    pub(crate) fn file(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.text(name)? else {
            return Ok(None);
        };
        match self.env.file(&path) {
            Ok(content) => Ok(Some(content)),
            Err(source) => {
                Err(config(format!("{name} names a file that cannot be read")).with_source(source))
            }
        }
    }

    /// Reads the variable, or the file that the variable with `_FILE` names.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<crate::Secret>> {
        let file = format!("{name}_FILE");
        let value = self.text(name)?;
        let Some(content) = self.file(&file)? else {
            return Ok(value.map(Into::into));
        };
        if value.is_some() {
            return Err(config(format!(
                "{name} and {file} are set: keep one of them"
            )));
        }
        let mut text = String::from_utf8(content)
            .map_err(|_| wrong(&file, "the path of a file with text in UTF-8"))?;
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
        Ok(Some(text.into()))
    }

    fn seconds(&self, name: &str) -> Result<Option<Duration>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let seconds = text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|seconds| *seconds > 0.0);
        let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        limit
            .map(Some)
            .ok_or_else(|| wrong(name, "a number of seconds above 0, like 30 or 2.5"))
    }

    fn number(&self, name: &str) -> Result<Option<u32>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.trim()
            .parse()
            .map(Some)
            .map_err(|_| wrong(name, "a whole number, like 3"))
    }

    fn switch(&self, name: &str) -> Result<Option<bool>> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Ok(Some(true)),
            "false" | "0" | "no" => Ok(Some(false)),
            _ => Err(wrong(name, "true or false")),
        }
    }
}

/// The error of a variable that cannot be read. It never shows the value.
fn wrong(name: &str, form: &str) -> Error {
    config(format!("{name} cannot be read: write {form}"))
}

fn missing(name: &str, beside: &str) -> Error {
    config(format!("{beside} is set but {name} is not: set both"))
}
