//! Calls in the other media types that Keycloak has for them.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::call::{LocationId, text_of};
use super::handles::{Clients, IdentityProviders, LocalizationLocale, Workflow, Workflows};
use super::ids::WorkflowId;
use super::representations::ClientRepresentation;
use super::uploads::{FileUpload, Form, IdentityProviderFileUpload};
use crate::http::operation::Operation;
use crate::http::{json, segment};
use crate::{Result, error};

const YAML: &str = "application/yaml";
const JSON: &str = "application/json";

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
        let body = Some((YAML, yaml.into().into()));
        let answer = self
            .call
            .in_media_type(OPERATION, &path, "*/*", body)
            .await?;
        let location = answer.headers().get(http::header::LOCATION);
        let location = location.ok_or_else(|| {
            error::protocol(
                "the server created the workflow but sent no Location: look it up by its name",
            )
            .with_operation(OPERATION)
        })?;
        segment::decode_location_id(OPERATION, location).map(|id| LocationId(id).into())
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
        let answer = self
            .call
            .in_media_type(OPERATION, &path, YAML, None)
            .await?;
        text_of(OPERATION, answer.into_value())
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
        let body = Some((YAML, yaml.into().into()));
        self.call
            .in_media_type(OPERATION, &path, "*/*", body)
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
        let form = Form::of(file).await?;
        let body = Some((form.content_type.as_str(), form.body));
        self.call
            .in_media_type(OPERATION, &path, "*/*", body)
            .await?;
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
        let form = Form::of(file).await?;
        let body = Some((form.content_type.as_str(), form.body));
        let answer = self
            .call
            .in_media_type(OPERATION, &path, JSON, body)
            .await?;
        json::decode(OPERATION, answer.value())
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
        let body = Some((media_type, Bytes::from(description.into())));
        let answer = self
            .call
            .in_media_type(OPERATION, &path, JSON, body)
            .await?;
        json::decode(OPERATION, answer.value())
    }
}
