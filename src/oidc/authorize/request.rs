//! Builds the authorization request.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::attempt::LoginAttempt;
use super::modes::{ResponseMode, ResponseType};
use super::supported::{self, Delivery};
use crate::Secret;
use crate::discovery::ProviderMetadata;
use crate::endpoint::Endpoint;
use crate::error::{Result, invalid_argument};
use crate::http::json;
use crate::http::retry_policy::RetryPolicy;
use crate::jose::{ContentEncryption, KeyEncryption, SigningKey, hash};
use crate::login::{GrantKind, explain};
use crate::oidc::Oidc;
use crate::oidc::builder::check_redirect_uri;
use crate::oidc::form::{self, Params, with_openid};
use crate::oidc::limits::RequestKind;
use crate::oidc::logout::browser_url;
use crate::oidc::pkce::Pkce;
use crate::oidc::request_object;
use crate::operation::Operation;
use crate::token::lifetime;

const OP: Operation = Operation::new("oidc.authorize", "GET", "{authorization_endpoint}");
const PUSH: Operation = Operation::new(
    "oidc.authorize.push",
    "POST",
    "{pushed_authorization_request_endpoint}",
);
const AUTHORIZATION: Endpoint = ("authorization_endpoint", |m| {
    m.authorization_endpoint.as_deref()
});
const PUSHED: Endpoint = ("pushed_authorization_request_endpoint", |m| {
    m.pushed_authorization_request_endpoint.as_deref()
});

/// The parameters that the request sets itself; the caller cannot.
const RESERVED: &[&str] = &[
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// A login in the browser; see [`Oidc::authorize`]. [`start`](Self::start) returns the URL.
#[derive(Debug)]
#[must_use = "a login does nothing until it is started"]
pub struct Authorize {
    oidc: Oidc,
    pub(super) params: Params,
    redirect_uri: Option<String>,
    pub(super) response_type: ResponseType,
    response_mode: Option<ResponseMode>,
    pub(super) max_age: Option<u64>,
    pub(super) acr: Vec<String>,
    pub(super) claims: Map<String, Value>,
    pub(super) openid: bool,
    pub(super) max_issue_age: Option<Duration>,
    pub(super) state_hash: bool,
    pushed: bool,
    signed_with: Option<SigningKey>,
    encrypted: Option<(KeyEncryption, ContentEncryption)>,
    request_uri: Option<String>,
    note: Option<Secret>,
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: Secret,
    #[serde(default)]
    expires_in: Value,
}

impl Oidc {
    /// Starts a login in the browser (OpenID Connect Core 1.0 section 3.1): the code flow with
    /// generated PKCE (S256), `state` and `nonce`. The scope has `openid` unless
    /// [`without_openid`](Authorize::without_openid) is called.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, callback: &str) -> keycloak_kit::Result<()> {
    /// let login = oidc.authorize().scope("profile email").start().await?;
    /// // Keep `login` in the user's session, send the browser to `login.url()`; when it is back:
    /// let tokens = oidc.callback(login, callback).await?;
    /// println!("hello, {}", tokens.id_token().subject());
    /// # Ok(()) }
    /// ```
    pub fn authorize(&self) -> Authorize {
        Authorize {
            oidc: self.clone(),
            params: Params::default(),
            redirect_uri: self.inner.redirect_uri.clone(),
            response_type: ResponseType::Code,
            response_mode: None,
            max_age: None,
            acr: Vec::new(),
            claims: Map::new(),
            openid: true,
            max_issue_age: None,
            state_hash: false,
            pushed: self.inner.rules.pushed,
            signed_with: self.inner.rules.request_key.clone(),
            encrypted: None,
            request_uri: None,
            note: None,
        }
    }
}

impl Authorize {
    /// Sets the scopes to request, separated by spaces; `openid` is added if missing.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.params.set("scope", scope.into());
        self
    }

    /// Sets the URI that this login comes back to, in place of the client's redirect URI.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sets `prompt`: `login`, `consent`, `none` or `create`; separate several with spaces.
    pub fn prompt(mut self, prompt: impl Into<String>) -> Self {
        self.params.set("prompt", prompt.into());
        self
    }

    /// Sets a note of the application, such as the page to return to. It is kept in the
    /// [`LoginAttempt`], returned with the [`Login`](crate::oidc::Login), and never sent.
    pub fn note(mut self, note: impl Into<Secret>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Sets the greatest time since the user last authenticated, in whole seconds. The ID token's
    /// `auth_time` is checked.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age.as_secs());
        self.params.set("max_age", age.as_secs().to_string());
        self
    }

    /// Sets the preferred authentication levels, separated by spaces. The server may use another
    /// level: read `acr` of the ID token, or use [`essential_acr`](Self::essential_acr).
    pub fn acr_values(mut self, values: impl Into<String>) -> Self {
        self.params.set("acr_values", values.into());
        self
    }

    /// Requires one of these authentication levels (step-up). It is requested as an essential claim
    /// and checked in the ID token.
    pub fn essential_acr<S: Into<String>>(mut self, levels: impl IntoIterator<Item = S>) -> Self {
        self.acr = levels.into_iter().map(Into::into).collect();
        self
    }

    /// Hints who the user probably is (`login_hint`).
    pub fn login_hint(mut self, hint: impl Into<String>) -> Self {
        self.params.set("login_hint", hint.into());
        self
    }

    /// Requires the user of this earlier ID token (`id_token_hint`).
    pub fn id_token_hint(mut self, token: impl Into<Secret>) -> Self {
        self.params.set("id_token_hint", token);
        self
    }

    /// Sets the preferred languages of the login page, the best first, separated by spaces.
    pub fn ui_locales(mut self, locales: impl Into<String>) -> Self {
        self.params.set("ui_locales", locales.into());
        self
    }

    /// Requests single claims (OpenID Connect Core 1.0 section 5.5): an object with the members
    /// `userinfo` and `id_token`.
    pub fn claims(mut self, claims: Map<String, Value>) -> Self {
        self.claims = claims;
        self
    }

    /// Selects the identity provider to log in with, by its alias, without asking the user
    /// (Keycloak's `kc_idp_hint`).
    pub fn kc_idp_hint(mut self, alias: impl Into<String>) -> Self {
        self.params.set("kc_idp_hint", alias.into());
        self
    }

    /// Requires an action of the user, such as `UPDATE_PASSWORD` (Keycloak's `kc_action`).
    pub fn kc_action(mut self, action: impl Into<String>) -> Self {
        self.params.set("kc_action", action.into());
        self
    }

    /// Sets how the response is returned. The default is the query.
    pub fn response_mode(mut self, mode: ResponseMode) -> Self {
        self.response_mode = Some(mode);
        self
    }

    /// Sets what the response contains. The default is a code; all others are legacy, see
    /// [`ResponseType`].
    pub fn response_type(mut self, response_type: ResponseType) -> Self {
        self.response_type = response_type;
        self
    }

    /// Sends the request to the server first, so that the browser only carries a reference (PAR,
    /// RFC 9126). Requests are always pushed if the server's metadata requires it.
    pub fn pushed(mut self) -> Self {
        self.pushed = true;
        self
    }

    /// Signs the request (JAR, RFC 9101). The server then detects changes, given the client's key
    /// as its registered `jwks_uri` or certificate.
    pub fn signed_with(mut self, key: &SigningKey) -> Self {
        self.signed_with = Some(key.clone());
        self
    }

    /// Encrypts the signed request for the issuer's published encryption key (RFC 9101 section
    /// 6.1).
    pub fn encrypted(mut self, key: KeyEncryption, content: ContentEncryption) -> Self {
        self.encrypted = Some((key, content));
        self
    }

    /// Makes the server fetch the signed request at this URI (RFC 9101 section 5.2), which is
    /// registered for the client. Serve [`LoginAttempt::request_object`] there.
    pub fn request_uri(mut self, uri: impl Into<String>) -> Self {
        self.request_uri = Some(uri.into());
        self
    }

    /// Generates `state`, `nonce` and the PKCE verifier, and returns the URL to send the browser
    /// to. Requests are sent only for a [pushed](Self::pushed) login, for an encryption key, and
    /// for the well-known document the first time.
    ///
    /// # Errors
    /// - [`ErrorKind::Config`](crate::ErrorKind::Config) if there is no redirect URI or a setting
    ///   is wrong.
    /// - [`ErrorKind::Protocol`](crate::ErrorKind::Protocol) if the provider has no such endpoint.
    pub async fn start(mut self) -> Result<LoginAttempt> {
        let oidc = self.oidc.clone();
        let inner = &oidc.inner;
        self.check()?;
        let redirect_uri = self.redirect_uri.take().ok_or_else(|| {
            invalid_argument(
                &OP,
                "there is no redirect URI: set one on the client or on this login",
            )
        })?;
        let rules = &inner.rules;
        self.response_mode = self
            .response_mode
            .or_else(|| rules.response_mode(self.response_type));
        rules.check_login(
            &OP,
            self.response_type,
            self.response_mode,
            &redirect_uri,
            self.signed_with.as_ref(),
            self.request_uri.is_some(),
        )?;
        let metadata = inner.metadata_for(&[AUTHORIZATION]).await?;
        let delivery = match (&self.request_uri, self.pushes(&metadata)) {
            (Some(_), _) => Delivery::Reference,
            (None, true) => Delivery::Pushed,
            (None, false) => Delivery::Url,
        };
        supported::check(&metadata, self.signed_with.as_ref(), delivery)
            .map_err(|error| error.or_operation(&OP))?;
        let (channel, client) = (&inner.channel, &inner.client);
        channel
            .check_dpop(
                client,
                &inner.provider,
                metadata.clone(),
                channel.deadline(),
            )
            .await
            .map_err(|error| error.or_operation(&OP))?;
        let pkce = Pkce::new()?;
        let state = Secret::from(hash::random::<32>()?);
        let nonce = Secret::from(hash::random::<32>()?);
        let params = self.complete(&redirect_uri, &state, &nonce, &pkce);
        let pairs = params.pairs(&OP, &[])?;
        inner
            .within_limits(&OP, |limits| limits.check_authorization(&OP, &pairs))
            .await?;
        let mut request_object = None;
        let pairs = match &self.signed_with {
            None => pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Secret::from(*value)))
                .collect(),
            Some(key) => {
                let members = request_object::members(&pairs);
                let kind = RequestKind::Authorization;
                inner
                    .within_limits(&OP, |limits| {
                        limits.check_request_object(&OP, kind, &members)
                    })
                    .await?;
                let object = self.request_object(key, &metadata, &pairs).await?;
                request_object = Some(object.clone());
                self.outer_parameters(object)
            }
        };
        let (url, url_lifetime) = self.url(&metadata, pairs).await?;
        let mode = self
            .response_mode
            .unwrap_or_else(|| self.response_type.default_mode());
        let started = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Ok(LoginAttempt {
            url: url.into(),
            url_lifetime: url_lifetime.map(|lifetime| lifetime.as_secs()),
            state,
            nonce,
            verifier: pkce.verifier,
            issuer: metadata.issuer.clone(),
            client_id: inner.client.id.clone(),
            redirect_uri,
            response_type: self.response_type,
            response_mode: mode,
            max_age: self.max_age,
            acr: self.acr,
            openid: self.openid,
            max_issue_age: self
                .max_issue_age
                .or(rules.max_issue_age)
                .map(|age| age.as_secs()),
            state_hash: self.state_hash
                || (rules.requires_state_hash() && self.response_type.has("id_token")),
            issuer_required: rules.requires_issuer(),
            request_object,
            note: self.note,
            started: started.as_secs(),
        })
    }

    fn check(&self) -> Result<()> {
        self.params.pairs(&OP, RESERVED)?;
        if let Some(uri) = &self.redirect_uri {
            check_redirect_uri(uri).map_err(|error| error.with_operation(&OP))?;
        }
        let fail = |what: &'static str| Err(invalid_argument(&OP, what));
        if self.signed_with.is_none() && self.encrypted.is_some() {
            return fail("encrypted needs signed_with: only signed requests can be encrypted");
        }
        if self.signed_with.is_none() && self.request_uri.is_some() {
            return fail("request_uri needs signed_with: the server fetches a signed request");
        }
        if self.pushed && self.request_uri.is_some() {
            return fail("pushed and request_uri exclude each other: choose one");
        }
        let tokens = self.response_type.has("token") || self.response_type.has("id_token");
        if tokens && matches!(self.response_mode, Some(ResponseMode::Query)) {
            return fail("tokens cannot be returned in a query: choose another response mode");
        }
        self.check_requirements(&OP)
    }

    fn pushes(&self, metadata: &ProviderMetadata) -> bool {
        let must_push = metadata.require_pushed_authorization_requests == Some(true);
        self.pushed || (must_push && self.request_uri.is_none())
    }

    /// Returns the parameters, with those that are new for each login.
    fn complete(&self, redirect_uri: &str, state: &Secret, nonce: &Secret, pkce: &Pkce) -> Params {
        let client = &self.oidc.inner.client;
        let mut params = self.params.clone();
        let scope = self.params.get("scope").unwrap_or_default();
        if self.openid {
            params.set("scope", with_openid(scope));
        }
        params.set("client_id", client.id.as_str());
        params.set("response_type", self.response_type.name());
        params.set("redirect_uri", redirect_uri);
        params.set("state", state);
        if self.openid {
            params.set("nonce", nonce);
        }
        if self.response_type.has("code") {
            params.set("code_challenge", pkce.challenge());
            params.set("code_challenge_method", "S256");
        }
        if let Some(mode) = self.response_mode {
            params.set("response_mode", mode.name());
        }
        if let Some(dpop) = &client.dpop {
            params.set("dpop_jkt", dpop.thumbprint());
        }
        let mut claims = self.claims.clone();
        if !self.acr.is_empty() {
            let id_token = claims.entry("id_token").or_insert_with(|| json!({}));
            if let Value::Object(id_token) = id_token {
                let acr = json!({ "essential": true, "values": self.acr });
                id_token.insert("acr".to_owned(), acr);
            }
        }
        if !claims.is_empty() {
            params.set("claims", Value::Object(claims).to_string());
        }
        params
    }

    async fn request_object(
        &self,
        key: &SigningKey,
        metadata: &ProviderMetadata,
        pairs: &[(&str, &str)],
    ) -> Result<Secret> {
        let inner = &self.oidc.inner;
        let issuer = metadata.issuer_as_audience()?;
        let object = request_object::sign(key, &inner.client.id, issuer, pairs)?;
        match self.encrypted {
            None => Ok(object),
            Some((algorithm, content)) => {
                let keys = inner.issuer_keys().await?;
                request_object::encrypt(&keys, algorithm, content, &object)
            }
        }
    }

    /// The parameters beside a request object. OpenID Connect servers require the response type and
    /// the scope there too (OpenID Connect Core 1.0 section 6.1).
    fn outer_parameters(&self, object: Secret) -> Vec<(String, Secret)> {
        let mut pairs = vec![
            (
                "client_id",
                Secret::from(self.oidc.inner.client.id.as_str()),
            ),
            ("response_type", self.response_type.name().into()),
        ];
        if self.openid {
            pairs.push(("scope", "openid".into()));
        }
        match &self.request_uri {
            Some(uri) => pairs.push(("request_uri", uri.as_str().into())),
            None => pairs.push(("request", object)),
        }
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Returns the URL with these parameters or with a reference to them, and its lifetime if
    /// limited.
    async fn url(
        &self,
        metadata: &ProviderMetadata,
        pairs: Vec<(String, Secret)>,
    ) -> Result<(Url, Option<Duration>)> {
        let (pairs, lifetime) = if self.pushes(metadata) {
            self.push(pairs).await?
        } else {
            (pairs, None)
        };
        let mut url =
            browser_url(metadata, AUTHORIZATION).map_err(|error| error.with_operation(&OP))?;
        let shown = pairs.iter().map(|(name, value)| (name, value.expose()));
        url.query_pairs_mut().extend_pairs(shown);
        Ok((url, lifetime))
    }

    async fn push(
        &self,
        pairs: Vec<(String, Secret)>,
    ) -> Result<(Vec<(String, Secret)>, Option<Duration>)> {
        let inner = &self.oidc.inner;
        let form: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        let call = inner.call(&PUSH, PUSHED, RetryPolicy::NEVER);
        let answer = inner.channel.post_form(call, &form).await;
        let answer = answer.map_err(|error| error.or_operation(&PUSH))?;
        if let Some(refusal) = answer.refusal(&PUSH, Some("request_uri")) {
            return Err(explain(refusal, GrantKind::Custom));
        }
        let pushed: Pushed = json::decode(&PUSH, answer.response.body())?;
        let pairs = vec![
            ("client_id".to_owned(), inner.client.id.as_str().into()),
            ("request_uri".to_owned(), pushed.request_uri),
        ];
        Ok((pairs, lifetime::seconds(Some(&pushed.expires_in))))
    }
}

form::param!(Authorize);
