//! Client registration at a provider.

use std::fmt;
use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::adapter_config::AdapterConfig;
use super::call::{Authority, Body, RegistrationCall, RegistrationService};
use super::client::{RegisteredClient, SavedRegistration};
use super::document::ClientDocument;
use crate::client_auth::{AuthEndpoint, OAuthClient};
use crate::discovery::ProviderId;
use crate::endpoint::Channel;
use crate::error::{Result, invalid_argument, protocol, unexpected_body};
use crate::http::segment;
use crate::login::CredentialLogin;
use crate::login::credentials::Credentials;
use crate::oidc::{Oidc, OidcBuilder, ProviderSource};
use crate::operation::Operation;
use crate::token::engine::TokenEngine;
use crate::{ClientAuth, Keycloak, Secret, TokenSource};

const CREATE: Operation = Operation::new("registration.create", "POST", "{registration_endpoint}");
const CLIENT: Operation = Operation::new(
    "registration.client",
    "GET",
    "{registration_endpoint}/{client_id}",
);
const RESUME: Operation = Operation::new("registration.resume", "GET", "{registration_client_uri}");
const SAML: Operation = Operation::new(
    "registration.create_from_saml",
    "POST",
    "/realms/{realm}/clients-registrations/saml2-entity-descriptor",
);
const INSTALL: Operation = Operation::new(
    "registration.adapter_config",
    "GET",
    "/realms/{realm}/clients-registrations/install/{client_id}",
);

/// Registers clients at a realm, or at any other provider that publishes a
/// `registration_endpoint` (RFC 7591).
///
/// The registration returned by [`Keycloak::registration`] and [`Oidc::registration`] sends no
/// token; a realm accepts that from hosts that its policies trust. Cheap to clone.
#[derive(Clone)]
pub struct Registration {
    pub(super) service: Arc<RegistrationService>,
}

impl Keycloak {
    /// Returns the client registration of `realm` (RFC 7591), without a token: see
    /// [`Registration::initial_access_token`] and [`Registration::token_source`].
    pub fn registration(&self, realm: impl Into<String>) -> Registration {
        Registration::of_realm(self.channel().clone(), realm.into())
    }
}

impl Oidc {
    /// Returns the client registration of this provider (RFC 7591), without a token.
    pub fn registration(&self) -> Registration {
        let (channel, provider) = self.place();
        Registration::new(channel, provider)
    }
}

impl<P: ProviderSource> OidcBuilder<P> {
    /// Returns the client registration of this provider (RFC 7591), without a token and without a
    /// client id. Only the settings of the provider and its connections are used.
    /// [`RegisteredClient::oidc`] returns a client for the registered metadata.
    ///
    /// ```no_run
    /// # async fn show(token: &str) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::oidc::Oidc;
    /// use keycloak_kit::registration::ClientMetadata;
    ///
    /// let registration = Oidc::discover("https://op.example").registration()?;
    /// let wanted = ClientMetadata::default().redirect_uris(["https://app.example/cb"]);
    /// let client = registration.initial_access_token(token).create(&wanted).await?;
    /// let oidc = client.oidc()?.build()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `Config` if a setting is wrong.
    pub fn registration(self) -> Result<Registration> {
        let (channel, provider) = self.place()?;
        Ok(Registration::new(channel, provider))
    }
}

impl Registration {
    pub(crate) fn of_realm(channel: Arc<Channel>, realm: String) -> Self {
        Self::new(channel, ProviderId::Realm(realm))
    }

    fn new(channel: Arc<Channel>, provider: ProviderId) -> Self {
        Self {
            service: Arc::new(RegistrationService {
                channel,
                provider,
                authority: Authority::Anonymous,
                masks_allowed: false,
            }),
        }
    }

    fn with(&self, authority: Authority) -> Self {
        Self {
            service: Arc::new(RegistrationService {
                authority,
                ..RegistrationService::clone(&self.service)
            }),
        }
    }

    /// Allows ten asterisks, which Keycloak sends in place of a secret, and the empty string as the
    /// client's secret. Otherwise they are refused, because the server would store them unchanged.
    #[must_use]
    pub fn allow_masked_secrets(&self) -> Self {
        Self {
            service: Arc::new(RegistrationService {
                masks_allowed: true,
                ..RegistrationService::clone(&self.service)
            }),
        }
    }

    /// Registers clients with an initial access token, which an administrator creates for a limited
    /// time and number of clients.
    ///
    /// ```no_run
    /// # async fn show(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// # #[cfg(feature = "admin")] {
    /// use keycloak_kit::registration::ClientMetadata;
    /// use keycloak_kit::representations::ClientInitialAccessCreatePresentation;
    ///
    /// let wanted = ClientInitialAccessCreatePresentation::default().count(1).expiration(3600);
    /// let made = kc.realm("demo").initial_access_tokens().create(&wanted).await?;
    /// let registration = kc.registration("demo").initial_access_token(&made.token.unwrap_or_default());
    /// registration.create(&ClientMetadata::default().client_name("Reports")).await?;
    /// # }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn initial_access_token(&self, token: impl Into<Secret>) -> Self {
        self.with(Authority::Initial(token.into()))
    }

    /// Registers clients, and manages existing ones, with access tokens of the realm. The tokens
    /// need the role `create-client` or `manage-clients`. A [`Session`](crate::oidc::Session) and
    /// an [`AccessToken`](crate::AccessToken) are token sources.
    #[must_use]
    pub fn token_source(&self, source: impl TokenSource) -> Self {
        let login = CredentialLogin {
            channel: self.service.channel.clone(),
            provider: self.service.provider.clone(),
            credentials: Credentials::Custom(Arc::new(source)),
        };
        self.with(Authority::Tokens(Arc::new(TokenEngine::new(login))))
    }

    /// Registers a client (RFC 7591 section 3.1). A Keycloak representation is sent to Keycloak's
    /// provider `default`.
    ///
    /// The request is retried only if the server did not execute it. After a timeout or a broken
    /// connection the client may exist.
    ///
    /// # Errors
    /// - [`Error::registration_fault`](crate::Error::registration_fault) returns what is wrong with
    ///   the metadata.
    /// - The error is of kind `Unauthorized` or `Forbidden` if the server does not accept the
    ///   token, or requires one.
    pub async fn create<T: ClientDocument>(&self, wanted: &T) -> Result<RegisteredClient<T>> {
        let mut members = members_of(&CREATE, wanted)?;
        for name in T::MEMBERS.response_only {
            members.remove(*name);
        }
        self.service.refuse_masks(&CREATE, T::MEMBERS, &members)?;
        let url = self.service.endpoint(T::MEMBERS).await?;
        let answer = self
            .service
            .send(RegistrationCall {
                op: &CREATE,
                method: Method::POST,
                url,
                body: Some(Body::json(&CREATE, &members)?),
                authorization: None,
            })
            .await?;
        self.take(&CREATE, answer).await
    }

    /// Registers a SAML client from its entity descriptor (XML), with Keycloak's provider
    /// `saml2-entity-descriptor`. The response is Keycloak's representation of the client.
    ///
    /// ```no_run
    /// # async fn show(registration: keycloak_kit::registration::Registration) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::registration::RegisteredClient;
    ///
    /// let xml = std::fs::read_to_string("sp-metadata.xml").unwrap_or_default();
    /// let client: RegisteredClient<serde_json::Value> = registration.create_from_saml(xml).await?;
    /// println!("{}", client.client_id());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error in the same cases as [`create`](Self::create).
    pub async fn create_from_saml<T: ClientDocument>(
        &self,
        descriptor: impl Into<String> + Send,
    ) -> Result<RegisteredClient<T>> {
        if T::MEMBERS.provider.is_none() {
            return Err(invalid_argument(
                &SAML,
                "the response is Keycloak's representation of a client: use \
                 RegisteredClient<Value> or RegisteredClient<ClientRepresentation>",
            ));
        }
        let url = self.service.provider_url("saml2-entity-descriptor").await?;
        let answer = self
            .service
            .send(RegistrationCall {
                op: &SAML,
                method: Method::POST,
                url,
                body: Some(Body::xml(descriptor.into())),
                authorization: None,
            })
            .await?;
        self.take(&SAML, answer).await
    }

    /// Returns a handle for an existing client, which is managed with the tokens of
    /// [`token_source`](Self::token_source).
    ///
    /// # Errors
    /// Returns an error of kind `Unauthorized` or `Forbidden` if the token may not read the client,
    /// or there is no such client; the server does not distinguish the two.
    pub async fn client<T: ClientDocument>(
        &self,
        client_id: impl AsRef<str> + Send,
    ) -> Result<RegisteredClient<T>> {
        let id = client_id.as_ref();
        segment::check(&CLIENT, "client_id", id)?;
        if !matches!(self.service.authority, Authority::Tokens(_)) {
            return Err(invalid_argument(
                &CLIENT,
                "an existing client is managed with access tokens: set token_source, or resume a \
                 saved registration",
            ));
        }
        let client = RegisteredClient::unread(self.clone(), id.to_owned(), None, None);
        client.read_as(&CLIENT).await?;
        Ok(client)
    }

    /// Resumes a saved registration, and reads the client.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if the registration belongs to another provider, or
    /// `Unauthorized` if the registration access token has been replaced or the client was deleted.
    pub async fn resume<T: ClientDocument>(
        &self,
        saved: SavedRegistration,
    ) -> Result<RegisteredClient<T>> {
        segment::check(&RESUME, "client_id", &saved.client_id)?;
        let metadata = self.service.metadata().await?;
        if saved.issuer != metadata.issuer {
            return Err(invalid_argument(
                &RESUME,
                "the saved registration belongs to another provider",
            ));
        }
        let client = RegisteredClient::unread(
            self.clone(),
            saved.client_id,
            Some(saved.registration_access_token),
            saved.registration_client_uri,
        );
        client.read_as(&RESUME).await?;
        Ok(client)
    }

    /// Returns a client's `keycloak.json`, from Keycloak's provider `install`. The client
    /// authenticates with its secret; a public client uses [`ClientAuth::none`].
    ///
    /// # Errors
    /// Returns an error of kind `Unauthorized` if the secret is wrong.
    pub async fn adapter_config(
        &self,
        client_id: impl AsRef<str> + Send,
        auth: impl Into<ClientAuth> + Send,
    ) -> Result<AdapterConfig> {
        let id = client_id.as_ref();
        segment::check(&INSTALL, "client_id", id)?;
        let client = OAuthClient::new(id, auth.into());
        if !matches!(client.auth.name(), "none" | "client_secret_basic") {
            return Err(invalid_argument(
                &INSTALL,
                "this call supports only the client authentication client_secret_basic or none",
            ));
        }
        let metadata = self.service.metadata().await?;
        let place = AuthEndpoint {
            metadata: &metadata,
            name: "",
            url: &metadata.issuer,
        };
        // `none` sends the client id in a form; here it is in the path.
        let header = client.authenticate(place).await?.header;
        self.install(id, header).await
    }

    pub(super) async fn install(
        &self,
        client_id: &str,
        authorization: Option<http::HeaderValue>,
    ) -> Result<AdapterConfig> {
        let mut url = self.service.provider_url("install").await?;
        super::call::push(&mut url, client_id)?;
        let anonymous = RegistrationService {
            authority: Authority::Anonymous,
            ..RegistrationService::clone(&self.service)
        };
        let answer = anonymous
            .send(RegistrationCall {
                op: &INSTALL,
                method: Method::GET,
                url,
                body: None,
                authorization,
            })
            .await?;
        Ok(AdapterConfig {
            members: answer.members(&INSTALL)?,
        })
    }

    /// Creates the handle from the response to a registration.
    async fn take<T: ClientDocument>(
        &self,
        op: &'static Operation,
        answer: super::call::Received,
    ) -> Result<RegisteredClient<T>> {
        let members = answer.members(op)?;
        let Some(Value::String(id)) = members.get(T::MEMBERS.id) else {
            return Err(
                protocol("the client was registered, but the response has no id")
                    .with_operation(op),
            );
        };
        let issuer = self.service.metadata().await?.issuer.clone();
        let client = RegisteredClient::unread(self.clone(), id.clone(), None, None);
        client.accept(op, members, issuer)?;
        Ok(client)
    }
}

pub(super) fn members_of<T: ClientDocument>(
    op: &Operation,
    document: &T,
) -> Result<Map<String, Value>> {
    match serde_json::to_value(document) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(invalid_argument(op, "the client is not a JSON object")),
        Err(_) => Err(unexpected_body(
            op,
            "the client cannot be serialized as JSON",
        )),
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("provider", &format_args!("{}", self.service.provider))
            .field("authority", &self.service.authority)
            .finish_non_exhaustive()
    }
}
