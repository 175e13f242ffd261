//! Who the user is.

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
    /// A user as they see themselves.
    Profile {
        /// The user's id.
        id: String,
        /// The name they log in with.
        username: String,
        /// The first name.
        first_name: String,
        /// The last name.
        last_name: String,
        /// The address.
        email: String,
        /// Whether the address was verified; the server's to say.
        email_verified: bool,
        /// The attributes that the realm's user profile has beside these.
        attributes: BTreeMap<String, Vec<String>>,
        /// What the realm's user profile says about each attribute; read only.
        user_profile_metadata: ProfileMetadata,
    }
}

part! {
    /// The user profile of the realm, as far as it is this user's.
    ProfileMetadata {
        /// The attributes, in their order.
        attributes: Vec<AttributeMetadata>,
        /// The groups they are shown in.
        groups: Vec<AttributeGroupMetadata>,
    }
}

part! {
    /// What the realm says about an attribute.
    AttributeMetadata {
        /// Its name, such as `email`.
        name: String,
        /// What it is called, often a key of a message such as `${email}`.
        display_name: String,
        /// Whether it must be set.
        required: bool,
        /// Whether this user may not change it.
        read_only: bool,
        /// Whether it may have several values.
        multivalued: bool,
        /// The group it is shown in.
        group: String,
        /// Its validators and their settings.
        validators: BTreeMap<String, Value>,
        /// How it is shown.
        annotations: BTreeMap<String, Value>,
    }
}

part! {
    /// A group of attributes.
    AttributeGroupMetadata {
        /// Its name.
        name: String,
        /// The heading it is shown with.
        display_header: String,
        /// The text it is shown with.
        display_description: String,
        /// How it is shown.
        annotations: BTreeMap<String, Value>,
    }
}

impl Account {
    /// The user, with what the realm's user profile says about each attribute. `view-profile`
    /// is enough.
    ///
    /// # Errors
    /// Of kind `Unauthorized` when the token is not accepted, `Forbidden` when it lacks the role.
    pub async fn profile(&self) -> Result<Profile> {
        self.get(&GET, &[], &[("userProfileMetadata", "true")])
            .await
    }

    /// Replaces the user's profile: an attribute that `wanted` leaves out is emptied where the
    /// user may change it.
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
    /// Of kind `Validation` with [`field_errors`](crate::Error::field_errors); of kind `Conflict`
    /// when the name or the address is another user's.
    pub async fn update_profile(&self, wanted: &Profile) -> Result<()> {
        let mut sent = wanted.clone();
        sent.user_profile_metadata = None;
        self.send(&UPDATE, Method::POST, &[], &sent).await
    }

    /// Reads the profile, edits it and writes it; gives it as it is then.
    ///
    /// # Errors
    /// As [`profile`](Self::profile) and [`update_profile`](Self::update_profile).
    pub async fn modify_profile(&self, edit: impl FnOnce(&mut Profile) + Send) -> Result<Profile> {
        let mut me = self.profile().await?;
        edit(&mut me);
        self.update_profile(&me).await?;
        self.profile().await
    }

    /// The languages of the realm; empty where it has one only.
    ///
    /// # Errors
    /// As [`profile`](Self::profile).
    pub async fn supported_locales(&self) -> Result<Vec<String>> {
        self.get(&LOCALES, &["supportedLocales"], &[]).await
    }
}
