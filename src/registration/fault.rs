//! What the server finds wrong with a registration.

use crate::Error;

/// The error codes of client registration (RFC 7591 section 3.2.2 and RFC 7592).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegistrationFault {
    /// `invalid_redirect_uri`: a redirect URI is none, or not allowed.
    InvalidRedirectUri,
    /// `invalid_client_metadata`: a member has a value that the server does not take, or members
    /// contradict each other.
    InvalidClientMetadata,
    /// `invalid_software_statement`: the statement is not valid.
    InvalidSoftwareStatement,
    /// `unapproved_software_statement`: the statement is not of a software this server takes.
    UnapprovedSoftwareStatement,
    /// `invalid_token`: the initial, the registration or the access token is not, or no longer,
    /// valid.
    InvalidToken,
    /// `insufficient_scope`: the token, or a policy of the realm for callers without one, does
    /// not allow it.
    NotAllowed,
}

impl Error {
    /// What is wrong with a client registration, where the server said so with a code.
    ///
    /// ```no_run
    /// # async fn show(registration: keycloak_kit::registration::Registration, wanted: keycloak_kit::registration::ClientMetadata) {
    /// use keycloak_kit::registration::RegistrationFault;
    ///
    /// if let Err(error) = registration.create(&wanted).await {
    ///     match error.registration_fault() {
    ///         Some(RegistrationFault::InvalidRedirectUri) => eprintln!("another address, please"),
    ///         _ => eprintln!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn registration_fault(&self) -> Option<RegistrationFault> {
        Some(match self.oauth_code()? {
            "invalid_redirect_uri" => RegistrationFault::InvalidRedirectUri,
            "invalid_client_metadata" => RegistrationFault::InvalidClientMetadata,
            "invalid_software_statement" => RegistrationFault::InvalidSoftwareStatement,
            "unapproved_software_statement" => RegistrationFault::UnapprovedSoftwareStatement,
            "invalid_token" => RegistrationFault::InvalidToken,
            "insufficient_scope" => RegistrationFault::NotAllowed,
            _ => return None,
        })
    }
}
