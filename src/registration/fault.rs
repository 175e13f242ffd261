//! Error codes of client registration.

use crate::Error;

/// The error codes of client registration (RFC 7591 section 3.2.2 and RFC 7592).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegistrationFault {
    /// `invalid_redirect_uri`: a redirect URI is malformed or not allowed.
    InvalidRedirectUri,
    /// `invalid_client_metadata`: the server does not accept the value of a member, or members
    /// contradict each other.
    InvalidClientMetadata,
    /// `invalid_software_statement`: the statement is not valid.
    InvalidSoftwareStatement,
    /// `unapproved_software_statement`: the server does not approve the software statement.
    UnapprovedSoftwareStatement,
    /// `invalid_token`: the initial access token, registration access token or access token is
    /// invalid or has expired.
    InvalidToken,
    /// `insufficient_scope`: the token, or the realm's policy for callers without a token, does not
    /// allow the request.
    NotAllowed,
}

impl Error {
    /// Returns what is wrong with a client registration, if the server has sent an error code.
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
