//! The user's profile.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use super::call::Account;
use super::part;
use crate::error::Result;
use crate::operation::Operation;

const GET: Operation = Operation::new("account.profile", "GET", "/realms/{realm}/account");
const UPDATE: Operation =
    Operation::new("account.update_profile", "POST", "/realms/{realm}/account");
const LOCALES: Operation = Operation::new(
    "account.supported_locales",
    "GET",
    "/realms/{realm}/account/supportedLocales",
);

part! {
    /// The profile of a user.
    Profile {
        /// The user's id.
        id: String,
        /// The username.
        username: String,
        /// The first name.
        first_name: String,
        /// The last name.
        last_name: String,
        /// The email address.
        email: String,
        /// Whether the email address was verified; set by the server.
        email_verified: bool,
        /// The other attributes of the realm's user profile.
        attributes: BTreeMap<String, Vec<String>>,
        /// The settings of each attribute in the realm's user profile; read-only.
        user_profile_metadata: ProfileMetadata,
    }
}

part! {
    /// The part of the realm's user profile that applies to this user.
    ProfileMetadata {
        /// The attributes, in their order.
        attributes: Vec<AttributeMetadata>,
        /// The groups of attributes.
        groups: Vec<AttributeGroupMetadata>,
    }
}

part! {
    /// The settings of an attribute.
    AttributeMetadata {
        /// The attribute's name, such as `email`.
        name: String,
        /// The display name, often a message key such as `${email}`.
        display_name: String,
        /// Whether the attribute is required.
        required: bool,
        /// Whether the user may not change the attribute.
        read_only: bool,
        /// Whether the attribute may have several values.
        multivalued: bool,
        /// The name of the attribute's group.
        group: String,
        /// The validators and their settings.
        validators: BTreeMap<String, Value>,
        /// Settings of the display.
        annotations: BTreeMap<String, Value>,
    }
}

part! {
    /// A group of attributes.
    AttributeGroupMetadata {
        /// The group's name.
        name: String,
        /// The heading of the group.
        display_header: String,
        /// The description of the group.
        display_description: String,
        /// Settings of the display.
        annotations: BTreeMap<String, Value>,
    }
}

impl Account {
    /// Returns the user's profile, with the settings of each attribute. The role `view-profile` is
    /// sufficient.
    ///
    /// # Errors
    /// Returns an error of kind `Unauthorized` if the server does not accept the token, or
    /// `Forbidden` if the token lacks the role.
    pub async fn profile(&self) -> Result<Profile> {
        self.get(&GET, &[], &[("userProfileMetadata", "true")])
            .await
    }

    /// Replaces the user's profile. An attribute that `wanted` omits is removed if the user may
    /// change it.
    ///
    /// ```no_run
    /// # async fn show(account: keycloak_kit::account::Account) -> keycloak_kit::Result<()> {
    /// let mut me = account.profile().await?;
    /// me.email = Some("no address".into());
    /// if let Err(error) = account.update_profile(&me).await {
    ///     for field in error.field_errors() {
    ///         println!("{:?}: {}", field.field, field.message); // Some("email"): ..
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `Validation` with [`field_errors`](crate::Error::field_errors) if a
    /// value is not valid, or `Conflict` if another user has the username or email address.
    pub async fn update_profile(&self, wanted: &Profile) -> Result<()> {
        let mut sent = wanted.clone();
        sent.user_profile_metadata = None;
        self.send(&UPDATE, Method::POST, &[], &sent).await
    }

    /// Reads the profile, edits it and writes it back. Returns the new profile.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile) and
    /// [`update_profile`](Self::update_profile).
    pub async fn modify_profile(&self, edit: impl FnOnce(&mut Profile) + Send) -> Result<Profile> {
        let mut me = self.profile().await?;
        edit(&mut me);
        self.update_profile(&me).await?;
        self.profile().await
    }

    /// Lists the locales of the realm. The list is empty if the realm has only one.
    ///
    /// # Errors
    /// Returns an error in the same cases as [`profile`](Self::profile).
    pub async fn supported_locales(&self) -> Result<Vec<String>> {
        self.get(&LOCALES, &["supportedLocales"], &[]).await
    }
}
