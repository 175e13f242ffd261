//! What is written by hand on generated handles and representations.

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
    /// The client of this `clientId`, the name that applications log in with.
    ///
    /// Keycloak's paths take another id, the client's UUID; this looks it up.
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// let secret = kc.realm("demo").client_by_client_id("web").await?.secret().get().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) when the realm has no such client; see also
    /// [`find_client_by_client_id`](Self::find_client_by_client_id).
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

    /// Like [`client_by_client_id`](Self::client_by_client_id), `None` when there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
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
    /// A password. Permanent unless [`temporary`](Self::temporary) is set: a temporary one must be
    /// changed at the next login.
    #[must_use]
    pub fn password(password: impl Into<Secret>) -> Self {
        Self::default().type_("password").value(password)
    }
}

/// The id that the server puts into everything it sends.
pub(crate) fn required(id: Option<&String>, type_name: &'static str) -> Result<String> {
    super::representation_ids::required(id, type_name, "id")
}
