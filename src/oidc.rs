//! OpenID Connect: logs users in, refreshes tokens, reads user information, verifies tokens and
//! logs out, through the endpoints that a provider publishes. The provider is a realm or any other
//! issuer ([`Oidc::discover`]).
//!
//! ```no_run
//! # async fn show(kc: keycloak_kit::Keycloak, secret: &str, uri: &str, callback: &str, bearer: &str) -> keycloak_kit::Result<()> {
//! use keycloak_kit::oidc::IdToken;
//!
//! let oidc = kc.oidc("demo", "web-app").client_secret(secret).redirect_uri(uri).build()?;
//! let login = oidc.authorize().scope("profile email").start().await?;
//! // The browser goes to login.url() and comes back with the response:
//! let tokens = oidc.callback(login, callback).await?;
//! let id: &IdToken = tokens.id_token();
//! let me = oidc.userinfo(&tokens).await?;
//!
//! let claims = oidc.access_token_verifier().audience("api").build()?.verify(bearer).await?;
//! let session = oidc.session(tokens.clone()); // one set of tokens, kept fresh
//!
//! let tokens = oidc.refresh(&tokens).await?;
//! let url = oidc.logout_url(&tokens).post_logout_redirect_uri("https://app.example/bye").build()?;
//! oidc.revoke(&tokens).await?;
//! # Ok(()) }
//! ```
//!
//! Every ID token is verified: signature, issuer, audience, times, nonce and `at_hash`.

mod authorize;
mod builder;
mod callback;
mod client;
mod external_token;
mod form;
mod grants;
mod introspect;
mod issuer_source;
pub(crate) mod limits;
mod logout;
mod pkce;
mod profile;
mod realm_key;
mod refreshable;
mod request_object;
mod revoke;
mod saved;
mod session;
mod shown;
mod standard_claims;
#[cfg(test)]
pub(crate) mod tests;
mod tokens;
mod userinfo;
mod verify;

pub use self::authorize::{
    Authorize, LoginAttempt, LoginStore, MemoryLoginStore, ResponseMode, ResponseType, StartedLogin,
};
pub use self::builder::{Connected, Discovered, OidcBuilder, ProviderSource};
pub use self::callback::{AuthorizationResponse, CallbackAnswer, CodeExchange};
pub use self::client::Oidc;
pub use self::external_token::{ExternalToken, ExternalTokenRequest};
pub(crate) use self::form::{Params, awaitable, param};
pub use self::grants::{
    BackchannelLogin, BackchannelLoginRequest, ClientCredentialsLogin, CodeGrant, CustomGrant,
    DeviceLogin, DeviceLoginRequest, ExchangedToken, JwtBearerGrant, PasswordLogin, Refresh,
    SavedBackchannelLogin, SavedDeviceLogin, TokenExchange, token_type,
};
pub use self::introspect::{IntrospectRequest, Introspection};
pub use self::limits::ParameterLimits;
pub use self::logout::{Logout, LogoutUrl};
pub use self::profile::SecurityProfile;
pub use self::refreshable::Refreshable;
pub use self::revoke::{Revocable, Revoke};
pub use self::saved::SavedTokens;
pub use self::session::{ServiceRequest, Session, StoredTokens, TokenStore};
pub use self::tokens::{Login, TokenSet};
pub use self::userinfo::UserInfo;
#[cfg(feature = "web")]
pub(crate) use self::verify::has_claim;
pub use self::verify::{
    AccessTokenClaims, AccessTokenProfile, AccessTokenVerifier, AccessTokenVerifierBuilder, Actor,
    Check, Expected, FrontChannelLogout, IdToken, IdTokenSecret, Introspect, IssuerTemplate,
    LogoutToken, OfflineToken, Permission, Presented, RefreshToken, ReplayMemory, ReplaySender,
    ReplayStore, TokenVerifier, TrustedIssuer,
};

impl crate::Keycloak {
    /// Starts an OpenID Connect client with the id `client_id` in `realm`.
    pub fn oidc(&self, realm: impl Into<String>, client_id: impl Into<String>) -> OidcBuilder {
        OidcBuilder::of_realm(self.channel().clone(), realm.into(), client_id.into())
    }
}

#[cfg(feature = "admin")]
impl crate::admin::handles::Realm {
    /// Starts an OpenID Connect client with the id `client_id` in this realm.
    pub fn oidc(&self, client_id: impl Into<String>) -> OidcBuilder {
        let channel = self.call.channel().clone();
        OidcBuilder::of_realm(channel, self.realm.as_str().to_owned(), client_id.into())
    }
}
