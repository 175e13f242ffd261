//! The user's credentials.

use http::Method;

use super::call::Account;
use super::part;
use crate::error::Result;
use crate::operation::Operation;

const LIST: Operation = Operation::new(
    "account.credentials",
    "GET",
    "/realms/{realm}/account/credentials",
);
const REMOVE: Operation = Operation::new(
    "account.remove_credential",
    "DELETE",
    "/realms/{realm}/account/credentials/{id}",
);
const LABEL: Operation = Operation::new(
    "account.label_credential",
    "PUT",
    "/realms/{realm}/account/credentials/{id}/label",
);

part! {
    /// A type of credential, and the user's credentials of this type.
    AccountCredentialType {
        /// The type, such as `password`, `otp` or `webauthn`.
        r#type: String,
        /// The purpose, such as `basic-authentication` or `two-factor`.
        category: String,
        /// The display name, often a message key.
        display_name: String,
        /// The description, often a message key.
        helptext: String,
        /// The CSS class of the icon.
        icon_css_class: String,
        /// The required action that creates a credential: the `kc_action` of a login.
        create_action: String,
        /// The required action that changes a credential.
        update_action: String,
        /// Whether the user may remove a credential.
        removeable: bool,
        /// The user's credentials of this type.
        user_credential_metadatas: Vec<CredentialMetadata>,
    }
}

part! {
    /// A credential of the user, with messages about it.
    CredentialMetadata {
        /// The credential.
        credential: AccountCredential,
        /// An informational message.
        info_message: LocalizedText,
        /// The title of a warning.
        warning_message_title: LocalizedText,
        /// The text of a warning.
        warning_message_description: LocalizedText,
    }
}

part! {
    /// A localized message of the server.
    LocalizedText {
        /// The message key.
        key: String,
        /// The parameters of the message.
        parameters: Vec<String>,
    }
}

part! {
    /// A credential of the user, without its secret.
    AccountCredential {
        /// The credential's id.
        id: String,
        /// The credential's type.
        r#type: String,
        /// The label that the user has set.
        user_label: String,
        /// The creation time, in milliseconds since the Unix epoch.
        created_date: i64,
        /// Type-specific settings, as JSON in a string.
        credential_data: String,
    }
}

impl Account {
    /// Lists the realm's credential types, with the user's credentials. The role `view-profile` is
    /// sufficient.
    ///
    /// ```no_run
    /// # async fn show(account: keycloak_kit::account::Account) -> keycloak_kit::Result<()> {
    /// for kind in account.credentials().await? {
    ///     let mine = kind.user_credential_metadatas.unwrap_or_default();
    ///     println!("{:?}: {}", kind.r#type, mine.len());
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn credentials(&self) -> Result<Vec<AccountCredentialType>> {
        self.get(&LIST, &["credentials"], &[]).await
    }

    /// Removes a credential of the user.
    ///
    /// # Errors
    /// Returns an error of kind `NotFound` if the user has no such credential, or `Forbidden` if it
    /// may not be removed or requires a login with a higher authentication level.
    pub async fn remove_credential(&self, id: impl AsRef<str> + Send) -> Result<()> {
        self.delete(&REMOVE, &["credentials", id.as_ref()], &[])
            .await
    }

    /// Sets the label of a credential.
    ///
    /// # Errors
    /// Returns an error of kind `NotFound` if the user has no such credential.
    pub async fn label_credential(
        &self,
        id: impl AsRef<str> + Send,
        label: impl AsRef<str> + Send,
    ) -> Result<()> {
        let path = ["credentials", id.as_ref(), "label"];
        self.send(&LABEL, Method::PUT, &path, &label.as_ref()).await
    }
}
