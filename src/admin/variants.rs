//! Calls that use a media type other than JSON.

use std::collections::BTreeMap;

use super::Request;
use super::call_response::CallResponse;
use super::handles::{Clients, IdentityProviders, LocalizationLocale, Workflow, Workflows};
use super::ids::WorkflowId;
use super::representations::ClientRepresentation;
use super::uploads::{FileUpload, IdentityProviderFileUpload};
use crate::operation::Operation;

const YAML: &str = "application/yaml";

impl Workflows {
    /// Creates a workflow from YAML.
    ///
    /// `POST /admin/realms/{realm}/workflows`
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// let yaml = "name: offboard\non: user_role_revoked(employee)\nsteps:\n  - uses: disable-user\n";
    /// let id = kc.realm("demo").workflows().create_yaml(yaml).await?;
    /// # Ok(()) }
    /// ```
    pub fn create_yaml(&self, yaml: impl Into<String>) -> Request<WorkflowId> {
        const OPERATION: &Operation = &Operation::new(
            "realm.workflows.create_yaml",
            "POST",
            "/admin/realms/{realm}/workflows",
        );
        let path = [("realm", self.realm.as_str())];
        Request::new(&self.call, OPERATION, &path, CallResponse::created)
            .text(YAML, yaml)
            .accept("*/*")
    }
}

impl Workflow {
    /// Returns the workflow as YAML.
    ///
    /// `GET /admin/realms/{realm}/workflows/{id}`
    pub fn get_yaml(&self) -> Request<String> {
        const OPERATION: &Operation = &Operation::new(
            "realm.workflow.get_yaml",
            "GET",
            "/admin/realms/{realm}/workflows/{id}",
        );
        let path = [("realm", self.realm.as_str()), ("id", self.id.as_str())];
        Request::new(&self.call, OPERATION, &path, CallResponse::text).accept(YAML)
    }

    /// Replaces the workflow with YAML.
    ///
    /// `PUT /admin/realms/{realm}/workflows/{id}`
    pub fn update_yaml(&self, yaml: impl Into<String>) -> Request<()> {
        const OPERATION: &Operation = &Operation::new(
            "realm.workflow.update_yaml",
            "PUT",
            "/admin/realms/{realm}/workflows/{id}",
        );
        let path = [("realm", self.realm.as_str()), ("id", self.id.as_str())];
        Request::new(&self.call, OPERATION, &path, CallResponse::nothing)
            .text(YAML, yaml)
            .accept("*/*")
    }
}

impl LocalizationLocale {
    /// Adds the texts of a file, a JSON object of message keys and texts. Texts of other keys stay.
    ///
    /// `POST /admin/realms/{realm}/localization/{locale}`
    pub fn import_file(&self, file: &FileUpload) -> Request<()> {
        const OPERATION: &Operation = &Operation::new(
            "realm.localization.locale.import_file",
            "POST",
            "/admin/realms/{realm}/localization/{locale}",
        );
        let path = [
            ("realm", self.realm.as_str()),
            ("locale", self.locale.as_str()),
        ];
        Request::new(&self.call, OPERATION, &path, CallResponse::nothing)
            .upload(file)
            .accept("*/*")
    }
}

impl IdentityProviders {
    /// Reads an identity provider's configuration from its metadata file without creating anything.
    /// The result is the `config` of an `IdentityProviderRepresentation`.
    ///
    /// `POST /admin/realms/{realm}/identity-provider/import-config`
    pub fn import_config_file(
        &self,
        file: &IdentityProviderFileUpload,
    ) -> Request<BTreeMap<String, String>> {
        const OPERATION: &Operation = &Operation::new(
            "realm.identity_providers.import_config_file",
            "POST",
            "/admin/realms/{realm}/identity-provider/import-config",
        );
        let path = [("realm", self.realm.as_str())];
        Request::new(&self.call, OPERATION, &path, CallResponse::value).upload(file)
    }
}

impl Clients {
    /// Converts a description of a client into Keycloak's representation without creating anything.
    ///
    /// `media_type` is `application/json` for a client or OpenID Connect metadata and
    /// `application/xml` for a SAML descriptor; the server detects the format from the text.
    ///
    /// `POST /admin/realms/{realm}/client-description-converter`
    pub fn convert_description_text(
        &self,
        media_type: &str,
        description: impl Into<String>,
    ) -> Request<ClientRepresentation> {
        const OPERATION: &Operation = &Operation::new(
            "realm.clients.convert_description_text",
            "POST",
            "/admin/realms/{realm}/client-description-converter",
        );
        let path = [("realm", self.realm.as_str())];
        Request::new(&self.call, OPERATION, &path, CallResponse::value)
            .text(media_type, description)
    }
}
