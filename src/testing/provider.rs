//! The provider and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::access_token::AccessTokenBuilder;
use super::clients::{TestClient, TestClients};
use super::defect::Defect;
use super::keys::Keys;
use super::logout_token::LogoutTokenBuilder;
use super::reply::Page;
use super::request::RecordedRequest;
use super::state::{AutomaticLogin, Shared, State, new_id};
use super::users::{TestUser, TestUsers};
use super::{logout, messages, routes, server};
use crate::error::{Result, config, protocol};
use crate::http::segment;
use crate::jose::SignatureAlgorithm;
use crate::oidc::OidcBuilder;
use crate::operation::Operation;
use crate::{ClientOptions, Keycloak};

/// Where logins come back to, unless a client is registered with another URI; nothing listens there.
const CALLBACK: &str = "http://localhost/callback";
const OP: Operation = Operation::new("testing.provider", "", "");

/// An OpenID provider in the process of the test, which behaves like a realm of Keycloak.
///
/// It listens on a free port of 127.0.0.1, and stops when it is dropped. The task that serves it
/// belongs to the runtime that [`start`](Self::start) was called in: each test starts its own.
///
/// ```
/// use keycloak_kit::testing::TestProvider;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> keycloak_kit::Result<()> {
/// let provider = TestProvider::start().await?;
/// let token = provider.access_token().subject("ada").realm_role("auditor").audience("api").sign();
///
/// let verifier = provider.oidc("api").build()?.access_token_verifier().audience("api").build()?;
/// let claims = verifier.verify(&token).await?;
/// assert!(claims.has_realm_role("auditor"));
/// # Ok(()) }
/// ```
pub struct TestProvider {
    pub(super) shared: Arc<Shared>,
    keycloak: Keycloak,
    realm: String,
    server: AbortHandle,
}

/// Settings of a [`TestProvider`]; created by [`TestProvider::builder`].
#[derive(Debug, Clone)]
#[must_use = "a provider is started by start()"]
pub struct TestProviderBuilder {
    realm: String,
    algorithm: SignatureAlgorithm,
    access_token_lifespan: Duration,
}

impl TestProvider {
    /// Starts a provider with the realm `test`, which signs with ES256.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if no port of 127.0.0.1 can be opened.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// Starts the settings of a provider.
    ///
    /// ```
    /// use keycloak_kit::jose::SignatureAlgorithm::EdDsa;
    /// use keycloak_kit::testing::TestProvider;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> keycloak_kit::Result<()> {
    /// let provider = TestProvider::builder().realm("demo").algorithm(EdDsa).start().await?;
    /// assert!(provider.issuer().ends_with("/realms/demo"));
    /// # Ok(()) }
    /// ```
    pub fn builder() -> TestProviderBuilder {
        TestProviderBuilder {
            realm: "test".to_owned(),
            algorithm: SignatureAlgorithm::Es256,
            access_token_lifespan: Duration::from_secs(300),
        }
    }

    /// Returns the issuer, such as `http://127.0.0.1:40123/realms/test`.
    pub fn issuer(&self) -> String {
        self.shared.state().issuer.clone()
    }

    /// Returns the base URL, such as `http://127.0.0.1:40123`, for the setting of an application that
    /// has a server and a realm.
    pub fn base_url(&self) -> &str {
        self.keycloak.base_url()
    }

    /// Returns the name of the realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Returns a client of the server without credentials. The provider has no admin API.
    pub fn keycloak(&self) -> Keycloak {
        self.keycloak.clone()
    }

    /// Starts an OpenID Connect client of the provider, with the secret and the first redirect URI
    /// that it is registered with.
    ///
    /// A client that is not registered is added: a confidential one, with any redirect URI. A client
    /// with a key gets its [`ClientAuth`](crate::ClientAuth) from the test.
    pub fn oidc(&self, client_id: impl Into<String>) -> OidcBuilder {
        let id = client_id.into();
        let client = {
            let mut state = self.shared.state();
            state.client(&id).unwrap_or_else(|| {
                let client = TestClient::confidential(&id, new_id());
                state.clients.push(client.clone());
                client
            })
        };
        let redirect_uri = client
            .redirect_uris
            .first()
            .map_or(CALLBACK, String::as_str);
        let oidc = self
            .keycloak
            .oidc(&self.realm, id)
            .redirect_uri(redirect_uri);
        match client.secret {
            Some(secret) => oidc.client_secret(secret),
            None => oidc,
        }
    }

    /// Returns the users, none at first.
    pub fn users(&self) -> TestUsers {
        TestUsers::new(self.shared.clone())
    }

    /// Returns the clients.
    pub fn clients(&self) -> TestClients {
        TestClients::new(self.shared.clone())
    }

    /// Logs this user in at the authorization endpoint from now on, without a page. All logins until
    /// the next call are of one session, like those of one browser. A user that does not exist is
    /// added.
    ///
    /// Without this call, and after [`log_in_nobody`](Self::log_in_nobody), the endpoint shows a page
    /// that asks for a user name and a password.
    pub fn log_in_as(&self, username: impl Into<String>) {
        let username = username.into();
        let mut state = self.shared.state();
        if state.user(&username).is_none() {
            state.users.push(TestUser::new(&username));
        }
        state.login = Some(AutomaticLogin {
            username,
            session: None,
        });
    }

    /// Asks for user name and password at the authorization endpoint.
    pub fn log_in_nobody(&self) {
        self.shared.state().login = None;
    }

    /// Opens the URL of an authorization request as a browser does, and returns the URL that the
    /// browser is sent back to. For the response mode `form_post` it returns the body of the form that
    /// the browser posts. A logout URL with a `post_logout_redirect_uri` is opened the same way.
    ///
    /// ```
    /// use keycloak_kit::testing::TestProvider;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> keycloak_kit::Result<()> {
    /// let provider = TestProvider::start().await?;
    /// provider.log_in_as("ada");
    /// let oidc = provider.oidc("web").build()?;
    ///
    /// let login = oidc.authorize().start().await?;
    /// let back = provider.authorize(login.url()).await?;
    /// let tokens = oidc.callback(login, back).await?;
    /// assert_eq!(tokens.id_token().subject(), "ada");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `Config` if the URL is not one of this provider, or the provider shows
    /// a page that waits for a user; of kind `Protocol` if it shows an error page.
    pub async fn authorize(&self, url: impl AsRef<str>) -> Result<String> {
        let url = url.as_ref();
        if !url.starts_with(self.base_url()) {
            return Err(config("the URL is not one of this provider"));
        }
        let request = Request::get(url).body(());
        let (head, ()) = request
            .map_err(|error| config("the URL cannot be requested").with_source(error))?
            .into_parts();
        let request = RecordedRequest::new(head, Bytes::new());
        let reply = routes::respond(&self.shared, request).await;
        match reply.page {
            Page::Back(back) => Ok(back),
            Page::Problem(problem) => Err(protocol(format!(
                "the provider refuses the request: {problem}"
            ))),
            Page::Plain => Err(config(
                "the provider shows a page that waits for a user: call log_in_as first",
            )),
        }
    }

    /// Starts an access token with the claims that the test wants.
    pub fn access_token(&self) -> AccessTokenBuilder {
        AccessTokenBuilder::new(self.shared.clone())
    }

    /// Sets the lifetime of the access tokens that are issued from now on, in whole seconds.
    pub fn set_access_token_lifespan(&self, lifespan: Duration) {
        self.shared.state().access_token_lifespan = lifespan;
    }

    /// Starts a logout token for a client, to be posted to its back-channel logout URL by the test.
    pub fn logout_token(&self, client_id: impl Into<String>) -> LogoutTokenBuilder {
        LogoutTokenBuilder::new(self.shared.clone(), client_id.into())
    }

    /// Ends a session, whose id is `sid` of its ID tokens, and posts a logout token to each client
    /// that has tokens of it and a back-channel logout URL. A session that has ended already is no
    /// error.
    ///
    /// # Errors
    /// Returns an error of kind `Protocol` if a client does not respond with 200 or 204 within 5 s.
    pub async fn end_session(&self, session_id: &str) -> Result<()> {
        let messages = logout::end_session(&mut self.shared.state(), session_id);
        messages::send(&self.shared.service, messages).await
    }

    /// Ends all sessions of a user, as an administrator does.
    ///
    /// # Errors
    /// Same as [`end_session`](Self::end_session).
    pub async fn end_sessions_of(&self, username: &str) -> Result<()> {
        let messages = {
            let mut state = self.shared.state();
            let sessions = state.sessions.iter();
            let of_user = sessions.filter(|(_, session)| session.username == username);
            let ids: Vec<String> = of_user.map(|(id, _)| id.clone()).collect();
            let ended = ids
                .iter()
                .flat_map(|id| logout::end_session(&mut state, id));
            ended.collect::<Vec<_>>()
        };
        messages::send(&self.shared.service, messages).await
    }

    /// Returns the provider with a defect, from now on.
    ///
    /// ```
    /// use keycloak_kit::testing::{Defect, TestProvider};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> keycloak_kit::Result<()> {
    /// let provider = TestProvider::start().await?.with_defect(Defect::WrongNonce);
    /// provider.log_in_as("ada");
    /// let oidc = provider.oidc("web").build()?;
    ///
    /// let login = oidc.authorize().start().await?;
    /// let back = provider.authorize(login.url()).await?;
    /// assert!(oidc.callback(login, back).await.is_err());
    /// # Ok(()) }
    /// ```
    #[must_use = "the returned provider has the defect"]
    pub fn with_defect(self, defect: Defect) -> Self {
        self.add_defect(defect);
        self
    }

    /// Adds a defect, beside those that there are.
    pub fn add_defect(&self, defect: Defect) {
        self.shared.state().defects.0.insert(defect);
    }

    /// Removes all defects. Tokens that were issued with one keep it.
    pub fn clear_defects(&self) {
        self.shared.state().defects.0.clear();
    }

    /// Signs with new keys from now on. The old ones stay published, as those of a realm whose new
    /// key has a higher priority.
    ///
    /// A client that has fetched the keys fetches them once more for the first token of an unknown
    /// key, and then not again for 30 s.
    pub fn rotate_keys(&self) {
        self.shared.state().keys.rotate();
    }

    /// Removes the keys that [`rotate_keys`](Self::rotate_keys) has replaced from the published set.
    pub fn remove_old_keys(&self) {
        self.shared.state().keys.forget_old();
    }

    /// Returns all requests that the provider has received, in their order.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.state().requests.clone()
    }
}

impl TestProviderBuilder {
    /// Sets the name of the realm; `test` unless set.
    pub fn realm(mut self, name: impl Into<String>) -> Self {
        self.realm = name.into();
        self
    }

    /// Sets the algorithm of signatures; ES256 unless set. An RSA key takes longer to generate than
    /// the rest of the provider.
    pub fn algorithm(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the lifetime of access tokens, in whole seconds; 300 s unless set.
    pub fn access_token_lifespan(mut self, lifespan: Duration) -> Self {
        self.access_token_lifespan = lifespan;
        self
    }

    /// Starts the provider.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if no port of 127.0.0.1 can be opened, or the name of the
    /// realm cannot be part of a path.
    pub async fn start(self) -> Result<TestProvider> {
        segment::check(&OP, "realm", &self.realm)?;
        let unopened = |error| config("no port of 127.0.0.1 can be opened").with_source(error);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(unopened)?;
        let address = listener.local_addr().map_err(|error| {
            config("the address of the provider cannot be read").with_source(error)
        })?;
        let base = format!("http://{address}");
        let options = ClientOptions::new().no_proxy();
        let keycloak = Keycloak::builder(&base)
            .anonymous()
            .options(options.clone())
            .build()?;
        let path = format!("/realms/{}", segment::encode(&self.realm));
        let mut state = State::new(&base, self.realm.clone(), path, Keys::new(self.algorithm)?);
        state.access_token_lifespan = self.access_token_lifespan;
        let service = options.build_http_service()?;
        let shared = Arc::new(Shared::new(state, service));
        let server = tokio::spawn(server::serve(listener, shared.clone())).abort_handle();
        Ok(TestProvider {
            shared,
            keycloak,
            realm: self.realm,
            server,
        })
    }
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for TestProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestProvider")
            .field("base_url", &self.base_url())
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}
