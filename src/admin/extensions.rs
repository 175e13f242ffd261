//! Hand-written methods of generated handles and representations.

use super::handles::{Client, Realm};
use super::representations::CredentialRepresentation;
use crate::operation::Operation;
use crate::{ErrorKind, Result, Secret, error};

const BY_CLIENT_ID: &Operation = &Operation::new(
    "realm.client_by_client_id",
    "GET",
    "/admin/realms/{realm}/clients",
);

impl Realm {
    /// Looks up the client with this `clientId`, the name that applications log in with.
    ///
    /// Keycloak's paths use another id, the client's UUID.
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// let secret = kc.realm("demo").client_by_client_id("web").await?.secret().get().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`NotFound`](ErrorKind::NotFound) if the realm has no such client; see also
    ///   [`find_client_by_client_id`](Self::find_client_by_client_id).
    /// - Any other [`ErrorKind`] if the request fails.
    pub async fn client_by_client_id(&self, client_id: impl AsRef<str> + Send) -> Result<Client> {
        let client_id = client_id.as_ref();
        self.find_client_by_client_id(client_id)
            .await?
            .ok_or_else(|| {
                error::config(format!(
                "the realm has no client with the clientId {client_id:?}: check the name, and that \
                 the token may view clients"
            ))
            .with_kind(ErrorKind::NotFound)
            .with_operation(BY_CLIENT_ID)
            })
    }

    /// Like [`client_by_client_id`](Self::client_by_client_id), but returns `None` if there is no
    /// such client.
    ///
    /// # Errors
    ///
    /// Returns an error if the request fails; see [`ErrorKind`].
    pub async fn find_client_by_client_id(
        &self,
        client_id: impl AsRef<str> + Send,
    ) -> Result<Option<Client>> {
        let client_id = client_id.as_ref();
        let found = self.clients().list().client_id(client_id).await?;
        found
            .iter()
            .find(|client| client.client_id.as_deref() == Some(client_id))
            .map(|client| Ok(self.client(client.client_uuid()?)))
            .transpose()
    }
}

impl CredentialRepresentation {
    /// Creates a password. It is permanent unless [`temporary`](Self::temporary) is set: a
    /// temporary one must be changed at the next login.
    #[must_use]
    pub fn password(password: impl Into<Secret>) -> Self {
        Self::default().type_("password").value(password)
    }
}

/// Returns the id, which the server includes in everything it sends.
pub(crate) fn required(id: Option<&String>, type_name: &'static str) -> Result<String> {
    super::representation_ids::required(id, type_name, "id")
}
