//! Where clients are registered.

use std::fmt;
use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use super::adapter_config::AdapterConfig;
use super::call::{Authority, Body, Call, Door};
use super::client::{RegisteredClient, SavedRegistration};
use super::document::ClientDocument;
use crate::client_auth::{OAuthClient, Place};
use crate::discovery::Provider;
use crate::endpoint::Channel;
use crate::error::{Result, invalid_argument, protocol, unexpected_body};
use crate::http::segment;
use crate::login::Login;
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
/// As it comes from [`Keycloak::registration`] or [`Oidc::registration`] it shows no token, which
/// a realm takes from the hosts that its policies trust. Cheap to clone.
#[derive(Clone)]
pub struct Registration {
    pub(super) door: Arc<Door>,
}

impl Keycloak {
    /// Client registration at `realm` (RFC 7591), without a token: see
    /// [`Registration::initial_access_token`] and [`Registration::token_source`].
    pub fn registration(&self, realm: impl Into<String>) -> Registration {
        Registration::of_realm(self.channel().clone(), realm.into())
    }
}

impl Oidc {
    /// Client registration at this provider (RFC 7591), without a token.
    pub fn registration(&self) -> Registration {
        let (channel, provider) = self.place();
        Registration::new(channel, provider)
    }
}

impl<P: ProviderSource> OidcBuilder<P> {
    /// Client registration at this provider (RFC 7591), without a token, before there is a client:
    /// of the settings only those of the provider and its connections matter, and no client id is
    /// needed. [`RegisteredClient::oidc`] makes a client of what was registered.
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
    /// Of kind `Config`, with the setting that is wrong.
    pub fn registration(self) -> Result<Registration> {
        let (channel, provider) = self.place()?;
        Ok(Registration::new(channel, provider))
    }
}

impl Registration {
    pub(crate) fn of_realm(channel: Arc<Channel>, realm: String) -> Self {
        Self::new(channel, Provider::Realm(realm))
    }

    fn new(channel: Arc<Channel>, provider: Provider) -> Self {
        Self {
            door: Arc::new(Door {
                channel,
                provider,
                authority: Authority::Anonymous,
                masks_allowed: false,
            }),
        }
    }

    fn with(&self, authority: Authority) -> Self {
        Self {
            door: Arc::new(Door {
                authority,
                ..Door::clone(&self.door)
            }),
        }
    }

    /// Sends ten asterisks, the mask that Keycloak shows in place of a secret, and the empty text as
    /// the client's secret. They are refused unless set, because the server would store them as
    /// they are.
    #[must_use]
    pub fn allow_masked_secrets(&self) -> Self {
        Self {
            door: Arc::new(Door {
                masks_allowed: true,
                ..Door::clone(&self.door)
            }),
        }
    }

    /// Registers with an initial access token, which the administrator makes for a number of
    /// clients and a time.
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

    /// Registers, and manages any client, with access tokens of the realm: of an account with
    /// the role `create-client` or `manage-clients`. A [`Session`](crate::oidc::Session) or an
    /// [`AccessToken`](crate::AccessToken) is such a source.
    #[must_use]
    pub fn token_source(&self, source: impl TokenSource) -> Self {
        let login = Login {
            channel: self.door.channel.clone(),
            provider: self.door.provider.clone(),
            credentials: Credentials::Custom(Arc::new(source)),
        };
        self.with(Authority::Tokens(Arc::new(TokenEngine::new(login))))
    }

    /// Registers a client (RFC 7591 section 3.1; a representation goes to Keycloak's provider
    /// `default`).
    ///
    /// It is sent again only where the server turned it away: after a timeout or a broken
    /// connection the client may be there.
    ///
    /// # Errors
    /// [`Error::registration_fault`](crate::Error::registration_fault) says what is wrong with
    /// the metadata; of kind `Unauthorized` or `Forbidden` when the token, or the lack of one, is
    /// not accepted.
    pub async fn create<T: ClientDocument>(&self, wanted: &T) -> Result<RegisteredClient<T>> {
        let mut members = members_of(&CREATE, wanted)?;
        for name in T::MEMBERS.answered {
            members.remove(*name);
        }
        self.door.refuse_masks(&CREATE, T::MEMBERS, &members)?;
        let url = self.door.endpoint(T::MEMBERS).await?;
        let answer = self
            .door
            .send(Call {
                op: &CREATE,
                method: Method::POST,
                url,
                body: Some(Body::json(&CREATE, &members)?),
                shown: None,
            })
            .await?;
        self.take(&CREATE, answer).await
    }

    /// Registers a SAML client out of its entity descriptor, in XML, with Keycloak's provider
    /// `saml2-entity-descriptor`. What comes back is Keycloak's representation.
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
    /// As [`create`](Self::create).
    pub async fn create_from_saml<T: ClientDocument>(
        &self,
        descriptor: impl Into<String> + Send,
    ) -> Result<RegisteredClient<T>> {
        if T::MEMBERS.provider.is_none() {
            return Err(invalid_argument(
                &SAML,
                "a SAML client has Keycloak's representation: ask for RegisteredClient<Value> or \
                 RegisteredClient<ClientRepresentation>",
            ));
        }
        let url = self.door.provider_url("saml2-entity-descriptor").await?;
        let answer = self
            .door
            .send(Call {
                op: &SAML,
                method: Method::POST,
                url,
                body: Some(Body::xml(descriptor.into())),
                shown: None,
            })
            .await?;
        self.take(&SAML, answer).await
    }

    /// A client that is there already, managed with the tokens of
    /// [`token_source`](Self::token_source).
    ///
    /// # Errors
    /// Of kind `Unauthorized` or `Forbidden` when the token may not see the client, and when
    /// there is no such client: the server does not tell.
    pub async fn client<T: ClientDocument>(
        &self,
        client_id: impl AsRef<str> + Send,
    ) -> Result<RegisteredClient<T>> {
        let id = client_id.as_ref();
        segment::check(&CLIENT, "client_id", id)?;
        if !matches!(self.door.authority, Authority::Tokens(_)) {
            return Err(invalid_argument(
                &CLIENT,
                "a client of somebody else needs access tokens: set token_source, or resume a \
                 registration that was saved",
            ));
        }
        let client = RegisteredClient::unread(self.clone(), id.to_owned(), None, None);
        client.read_as(&CLIENT).await?;
        Ok(client)
    }

    /// Takes up a registration that was saved, and reads it.
    ///
    /// # Errors
    /// Of kind `Config` when it is of another provider; of kind `Unauthorized` when its
    /// registration access token has been replaced since, or the client is gone.
    pub async fn resume<T: ClientDocument>(
        &self,
        saved: SavedRegistration,
    ) -> Result<RegisteredClient<T>> {
        segment::check(&RESUME, "client_id", &saved.client_id)?;
        let metadata = self.door.metadata().await?;
        if saved.issuer != metadata.issuer {
            return Err(invalid_argument(
                &RESUME,
                "the saved registration is of another provider",
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

    /// A client's `keycloak.json`, from Keycloak's provider `install`. The client authenticates
    /// with its secret, or with [`ClientAuth::none`] where it is public.
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the secret is wrong.
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
                "a client authenticates here with client_secret_basic or none",
            ));
        }
        let metadata = self.door.metadata().await?;
        let place = Place {
            metadata: &metadata,
            name: "",
            url: &metadata.issuer,
        };
        // `none` names the client in a form, which the path does here.
        let header = client.authenticate(place).await?.header;
        self.install(id, header).await
    }

    pub(super) async fn install(
        &self,
        client_id: &str,
        shown: Option<http::HeaderValue>,
    ) -> Result<AdapterConfig> {
        let mut url = self.door.provider_url("install").await?;
        super::call::push(&mut url, client_id)?;
        let plain = Door {
            authority: Authority::Anonymous,
            ..Door::clone(&self.door)
        };
        let answer = plain
            .send(Call {
                op: &INSTALL,
                method: Method::GET,
                url,
                body: None,
                shown,
            })
            .await?;
        Ok(AdapterConfig {
            members: answer.members(&INSTALL)?,
        })
    }

    /// The registered client out of the answer to its creation.
    async fn take<T: ClientDocument>(
        &self,
        op: &'static Operation,
        answer: super::call::Received,
    ) -> Result<RegisteredClient<T>> {
        let members = answer.members(op)?;
        let Some(Value::String(id)) = members.get(T::MEMBERS.id) else {
            return Err(
                protocol("the client was registered, but the answer has no id").with_operation(op),
            );
        };
        let issuer = self.door.metadata().await?.issuer.clone();
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
        Ok(_) => Err(invalid_argument(op, "the client is no JSON object")),
        Err(_) => Err(unexpected_body(op, "the client cannot be written as JSON")),
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("provider", &format_args!("{}", self.door.provider))
            .field("authority", &self.door.authority)
            .finish_non_exhaustive()
    }
}
