//! What the user logs in with.

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
    /// A kind of credential, and those of the user.
    AccountCredentialType {
        /// Its name, such as `password`, `otp` or `webauthn`.
        r#type: String,
        /// What it is used for, such as `basic-authentication` or `two-factor`.
        category: String,
        /// What it is called, often the key of a message.
        display_name: String,
        /// What it is, often the key of a message.
        helptext: String,
        /// The class of its icon.
        icon_css_class: String,
        /// The required action that makes one: the `kc_action` of a login.
        create_action: String,
        /// The required action that changes one.
        update_action: String,
        /// Whether the user may remove one.
        removeable: bool,
        /// Those of the user.
        user_credential_metadatas: Vec<CredentialMetadata>,
    }
}

part! {
    /// One of the user's credentials and what is said about it.
    CredentialMetadata {
        /// The credential.
        credential: AccountCredential,
        /// A note about it.
        info_message: LocalizedText,
        /// A heading of a warning about it.
        warning_message_title: LocalizedText,
        /// A warning about it.
        warning_message_description: LocalizedText,
    }
}

part! {
    /// A message of the server's, by its key.
    LocalizedText {
        /// The key.
        key: String,
        /// What is put into the message.
        parameters: Vec<String>,
    }
}

part! {
    /// One of the user's credentials, without its secret.
    AccountCredential {
        /// Its id.
        id: String,
        /// Its kind.
        r#type: String,
        /// What the user calls it.
        user_label: String,
        /// When it was made, in milliseconds since 1970.
        created_date: i64,
        /// Settings of its kind, as JSON in a string.
        credential_data: String,
    }
}

impl Account {
    /// The kinds of credentials of the realm, and those of the user. `view-profile` is
    /// enough.
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
    /// As [`profile`](Self::profile).
    pub async fn credentials(&self) -> Result<Vec<AccountCredentialType>> {
        self.get(&LIST, &["credentials"], &[]).await
    }

    /// Removes one of the user's credentials.
    ///
    /// # Errors
    /// Of kind `NotFound` when the user has no such credential; `Forbidden` when it may not be
    /// removed, or the login was not as strong as the credential asks for.
    pub async fn remove_credential(&self, id: impl AsRef<str> + Send) -> Result<()> {
        self.delete(&REMOVE, &["credentials", id.as_ref()], &[])
            .await
    }

    /// Names one of the user's credentials.
    ///
    /// # Errors
    /// Of kind `NotFound` when the user has no such credential.
    pub async fn label_credential(
        &self,
        id: impl AsRef<str> + Send,
        label: impl AsRef<str> + Send,
    ) -> Result<()> {
        let path = ["credentials", id.as_ref(), "label"];
        self.send(&LABEL, Method::PUT, &path, &label.as_ref()).await
    }
}
