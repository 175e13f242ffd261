//! What goes wrong with resources, permissions and tickets.

/// What is wrong in the terms of UMA and authorization services; from
/// [`Error::uma_fault`](crate::Error::uma_fault).
///
/// ```no_run
/// # async fn show(uma: keycloak_kit::uma::Uma) -> keycloak_kit::Result<()> {
/// use keycloak_kit::UmaFault;
///
/// match uma.resource("9b7e-unknown").delete().await {
///     Err(error) if error.uma_fault() == Some(UmaFault::UnknownResource) => Ok(()), // gone
///     other => other,
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UmaFault {
    /// The resource server has no such resource. Kind `NotFound`.
    UnknownResource,
    /// The resource server, or this resource, has no such scope. Kind `Validation`.
    UnknownScope,
    /// The client is no resource server of this realm. Kind `NotFound`.
    UnknownResourceServer,
    /// There is no such permission request. Kind `NotFound`.
    UnknownTicket,
    /// There is no such policy. Kind `NotFound`.
    UnknownPolicy,
    /// The one who asks for access is no user of the realm. Kind `Validation`.
    UnknownRequester,
    /// Only the owner of the resource may do this. Kind `Forbidden`.
    NotOwner,
    /// The resource is not managed by its owner: it takes neither tickets nor policies of an owner.
    /// Kind `Validation`.
    NotOwnerManaged,
    /// The token has not the role `uma_protection` of the resource server. Kind `Forbidden`.
    NoProtectionScope,
    /// A resource, permission request or policy like this is there already. Kind `Conflict`.
    AlreadyExists,
    /// The permission ticket has expired: ask the resource server again for a new one. Kind
    /// `Unauthorized`.
    ExpiredTicket,
    /// The permission ticket is none of this realm, or was changed. Kind `Unauthorized`.
    InvalidTicket,
    /// Access is denied. Kind `Forbidden`.
    NotAuthorized,
    /// Access is denied for now; the owner was asked. Kind `Forbidden`.
    RequestSubmitted,
    /// The token is no requesting party token. Kind `InvalidToken`.
    NotRpt,
    /// What should be exported authorization settings is none, or contradicts itself. Kind
    /// `Config`.
    InvalidSettings,
}
