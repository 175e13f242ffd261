//! What goes wrong with resources, permissions and tickets.

/// What is wrong in terms of UMA and authorization services; returned by
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
    /// The client is not a resource server of this realm. Kind `NotFound`.
    UnknownResourceServer,
    /// There is no such permission request. Kind `NotFound`.
    UnknownTicket,
    /// There is no such policy. Kind `NotFound`.
    UnknownPolicy,
    /// The requester is not a user of the realm. Kind `Validation`.
    UnknownRequester,
    /// Only the owner of the resource may do this. Kind `Forbidden`.
    NotOwner,
    /// The resource is not managed by its owner, so it accepts neither tickets nor an owner's
    /// policies. Kind `Validation`.
    NotOwnerManaged,
    /// The token lacks the resource server's `uma_protection` role. Kind `Forbidden`.
    NoProtectionScope,
    /// Such a resource, permission request or policy already exists. Kind `Conflict`.
    AlreadyExists,
    /// The permission ticket has expired: ask the resource server for a new one. Kind
    /// `Unauthorized`.
    ExpiredTicket,
    /// The permission ticket was not issued by this realm or has been altered. Kind `Unauthorized`.
    InvalidTicket,
    /// Access is denied. Kind `Forbidden`.
    NotAuthorized,
    /// Access is denied for now; the owner has been asked. Kind `Forbidden`.
    RequestSubmitted,
    /// The token is not a requesting party token. Kind `InvalidToken`.
    NotRpt,
    /// The file is not a valid export of authorization settings. Kind `Config`.
    InvalidSettings,
}
