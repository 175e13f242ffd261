//! The formats of a client registration.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client_metadata::ClientMetadata;

/// A format of a client registration, which determines the registration provider.
///
/// [`ClientMetadata`] is sent to the standard endpoint (Keycloak's provider `openid-connect`).
/// Keycloak's own representation, as a `ClientRepresentation` or a JSON value, is sent to its
/// provider `default`.
///
/// This trait is sealed.
pub trait ClientDocument:
    sealed::Form + Serialize + DeserializeOwned + Clone + Send + Sync + 'static
{
}

impl ClientDocument for ClientMetadata {}
impl ClientDocument for Value {}
#[cfg(feature = "admin")]
impl ClientDocument for crate::representations::ClientRepresentation {}

/// The provider of a format, and its member names.
#[derive(Debug)]
pub struct Members {
    /// The provider below `clients-registrations`; `None` for the published endpoint.
    pub(super) provider: Option<&'static str>,
    pub(super) id: &'static str,
    pub(super) secret: &'static str,
    pub(super) token: &'static str,
    /// Members that only the server sends (RFC 7592 section 2.2).
    pub(super) response_only: &'static [&'static str],
}

const STANDARD: Members = Members {
    provider: None,
    id: "client_id",
    secret: "client_secret",
    token: "registration_access_token",
    response_only: &[
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ],
};

const KEYCLOAK: Members = Members {
    provider: Some("default"),
    id: "clientId",
    secret: "secret",
    token: "registrationAccessToken",
    response_only: &["registrationAccessToken"],
};

mod sealed {
    use super::{ClientMetadata, KEYCLOAK, Members, STANDARD, Value};

    pub trait Form {
        const MEMBERS: &'static Members;
    }

    impl Form for ClientMetadata {
        const MEMBERS: &'static Members = &STANDARD;
    }

    impl Form for Value {
        const MEMBERS: &'static Members = &KEYCLOAK;
    }

    #[cfg(feature = "admin")]
    impl Form for crate::representations::ClientRepresentation {
        const MEMBERS: &'static Members = &KEYCLOAK;
    }
}
