//! Calls in the other media types that Keycloak has for them.

use std::collections::BTreeMap;

use super::handles::{Clients, IdentityProviders, LocalizationLocale, Workflow, Workflows};
use super::ids::WorkflowId;
use super::representations::ClientRepresentation;
use super::uploads::{FileUpload, IdentityProviderFileUpload};
use crate::http::operation::Operation;
use crate::{Response, Result};

const YAML: &str = "application/yaml";

impl Workflows {
    /// Creates a workflow out of its YAML.
    ///
    /// `POST /admin/realms/{realm}/workflows`
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// let yaml = "name: offboard\non: user_role_revoked(employee)\nsteps:\n  - uses: disable-user\n";
    /// let id = kc.realm("demo").workflows().create_yaml(yaml).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn create_yaml(&self, yaml: impl Into<String>) -> Result<WorkflowId> {
        const OPERATION: &Operation = &Operation::new(
            "realm.workflows.create_yaml",
            "POST",
            "/admin/realms/{realm}/workflows",
        );
        let path = [("realm", self.realm.as_str())];
        let request = self.call.to(OPERATION, &path)?;
        let answer = request
            .bytes(YAML, yaml.into())
            .accept("*/*")
            .send()
            .await?;
        answer.created(None).map(Response::into_value)
    }
}

impl Workflow {
    /// The workflow as YAML.
    ///
    /// `GET /admin/realms/{realm}/workflows/{id}`
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn get_yaml(&self) -> Result<String> {
        const OPERATION: &Operation = &Operation::new(
            "realm.workflow.get_yaml",
            "GET",
            "/admin/realms/{realm}/workflows/{id}",
        );
        let path = [("realm", self.realm.as_str()), ("id", self.id.as_str())];
        let answer = self.call.to(OPERATION, &path)?.accept(YAML).send().await?;
        answer.text().map(Response::into_value)
    }

    /// Replaces the workflow by what its YAML says.
    ///
    /// `PUT /admin/realms/{realm}/workflows/{id}`
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn update_yaml(&self, yaml: impl Into<String>) -> Result<()> {
        const OPERATION: &Operation = &Operation::new(
            "realm.workflow.update_yaml",
            "PUT",
            "/admin/realms/{realm}/workflows/{id}",
        );
        let path = [("realm", self.realm.as_str()), ("id", self.id.as_str())];
        let request = self.call.to(OPERATION, &path)?;
        request
            .bytes(YAML, yaml.into())
            .accept("*/*")
            .send()
            .await?;
        Ok(())
    }
}

impl LocalizationLocale {
    /// Adds the texts of a file, a JSON object of message keys and texts; texts of other keys stay.
    ///
    /// `POST /admin/realms/{realm}/localization/{locale}`
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn import_file(&self, file: &FileUpload) -> Result<()> {
        const OPERATION: &Operation = &Operation::new(
            "realm.localization.locale.import_file",
            "POST",
            "/admin/realms/{realm}/localization/{locale}",
        );
        let path = [
            ("realm", self.realm.as_str()),
            ("locale", self.locale.as_str()),
        ];
        let request = self.call.to(OPERATION, &path)?.upload(file).await?;
        request.accept("*/*").send().await?;
        Ok(())
    }
}

impl IdentityProviders {
    /// Reads the configuration of a provider out of its metadata file, and creates nothing: the
    /// answer is the `config` of an `IdentityProviderRepresentation`.
    ///
    /// `POST /admin/realms/{realm}/identity-provider/import-config`
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn import_config_file(
        &self,
        file: &IdentityProviderFileUpload,
    ) -> Result<BTreeMap<String, String>> {
        const OPERATION: &Operation = &Operation::new(
            "realm.identity_providers.import_config_file",
            "POST",
            "/admin/realms/{realm}/identity-provider/import-config",
        );
        let path = [("realm", self.realm.as_str())];
        let request = self.call.to(OPERATION, &path)?.upload(file).await?;
        request.send().await?.value().map(Response::into_value)
    }
}

impl Clients {
    /// Turns a client's description into Keycloak's representation of it, and creates nothing.
    ///
    /// `media_type` is `application/json` for a client or OpenID Connect metadata and
    /// `application/xml` for a SAML descriptor; the server finds out the format from the text.
    ///
    /// `POST /admin/realms/{realm}/client-description-converter`
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn convert_description_text(
        &self,
        media_type: &str,
        description: impl Into<String>,
    ) -> Result<ClientRepresentation> {
        const OPERATION: &Operation = &Operation::new(
            "realm.clients.convert_description_text",
            "POST",
            "/admin/realms/{realm}/client-description-converter",
        );
        let path = [("realm", self.realm.as_str())];
        let request = self.call.to(OPERATION, &path)?;
        let answer = request.bytes(media_type, description.into()).send().await?;
        answer.value().map(Response::into_value)
    }
}
