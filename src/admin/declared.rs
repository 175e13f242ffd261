//! The attributes of users that the server keeps.

use super::handles::{Realm, Users};
use super::ids::UserId;
use super::representations::{UPConfig, UnmanagedAttributePolicy, UserRepresentation};
use crate::http::operation::Operation;
use crate::{Result, error};

/// What the server has for every user: members of their own, and the language they chose.
const ALWAYS: [&str; 5] = ["username", "email", "firstName", "lastName", "locale"];

impl Users {
    /// Creates a user, all of whose attributes are kept.
    ///
    /// `create` drops an attribute that the realm's user profile does not declare, and answers as
    /// if it had kept it. This reads the profile before it creates a user with attributes.
    ///
    /// ```no_run
    /// # async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
    /// use keycloak_kit::representations::UserRepresentation;
    ///
    /// let ada = UserRepresentation::default().username("ada").attribute("team", ["blue"]);
    /// let id = kc.realm("demo").users().create_checked(&ada).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// `GET /admin/realms/{realm}/users/profile`, `POST /admin/realms/{realm}/users`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) when the profile does not declare one of the
    /// attributes: nothing is created then. See also [`ErrorKind`](crate::ErrorKind).
    pub async fn create_checked(&self, user: &UserRepresentation) -> Result<UserId> {
        const OPERATION: &Operation = &Operation::new(
            "realm.users.create_checked",
            "POST",
            "/admin/realms/{realm}/users",
        );
        let given = user.attributes.iter().flatten();
        let names: Vec<&str> = given.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            let realm = Realm {
                call: self.call.clone(),
                realm: self.realm.clone(),
            };
            let profile = realm.user_profile().get().await?;
            let undeclared = undeclared(&profile, &names);
            if !undeclared.is_empty() {
                return Err(error::invalid_argument(
                    OPERATION,
                    format!(
                        "the user profile of the realm does not declare {}, so the server would \
                         drop it",
                        undeclared.join(", ")
                    ),
                )
                .with_hint(
                    "declare the attribute with realm.user_profile().update(..), or set \
                     unmanaged_attribute_policy of the profile",
                ));
            }
        }
        self.create(user).await
    }
}

/// The attributes that an administrator cannot set.
fn undeclared<'a>(profile: &UPConfig, names: &[&'a str]) -> Vec<&'a str> {
    let takes_others = matches!(
        profile.unmanaged_attribute_policy,
        Some(UnmanagedAttributePolicy::Enabled | UnmanagedAttributePolicy::AdminEdit)
    );
    let is_declared = |name: &str| {
        let mut declared = profile.attributes.iter().flatten();
        ALWAYS.contains(&name) || declared.any(|known| known.name.as_deref() == Some(name))
    };
    names
        .iter()
        .copied()
        .filter(|name| !takes_others && !is_declared(name))
        .collect()
}
