//! User attributes that the realm's user profile declares.

use super::handles::{Realm, Users};
use super::ids::UserId;
use super::representations::{UPConfig, UnmanagedAttributePolicy, UserRepresentation};
use crate::operation::Operation;
use crate::{Result, error};

/// Members of a user, which the server also accepts as attributes.
const MEMBERS: [&str; 4] = ["username", "email", "firstName", "lastName"];

/// Declared by the server itself in a realm with several languages.
const LOCALE: &str = "locale";

impl Users {
    /// Creates a user only if the server keeps all of its attributes.
    ///
    /// `create` drops an attribute that the realm's user profile does not declare or does not let
    /// administrators edit, without an error. This call reads the profile before it creates a user
    /// with attributes.
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
    /// - [`Config`](crate::ErrorKind::Config) if the server would drop an attribute; the user is
    ///   not created.
    /// - Any other [`ErrorKind`](crate::ErrorKind) if a request fails.
    #[inline]
    pub async fn create_checked(&self, user: &UserRepresentation) -> Result<UserId> {
        let given = user.attributes.iter().flatten();
        let names: Vec<&str> = given.map(|(name, _)| name.as_str()).collect();
        if names.iter().any(|name| !MEMBERS.contains(name)) {
            self.refuse_dropped(&names).await?;
        }
        self.create(user).await
    }

    /// Refuses attributes that the server would drop.
    async fn refuse_dropped(&self, names: &[&str]) -> Result<()> {
        const OPERATION: &Operation = &Operation::new(
            "realm.users.create_checked",
            "POST",
            "/admin/realms/{realm}/users",
        );
        let realm = Realm {
            call: self.call.clone(),
            realm: self.realm.clone(),
        };
        let profile = realm.user_profile().get().await?;
        let mut dropped = dropped(&profile, names);
        if dropped.contains(&LOCALE)
            && realm.get().await?.internationalization_enabled == Some(true)
        {
            dropped.retain(|name| *name != LOCALE);
        }
        if dropped.is_empty() {
            return Ok(());
        }
        Err(error::invalid_argument(
            OPERATION,
            format!(
                "the realm's user profile does not declare {} as editable by `admin`, so the \
                 server would drop it; nothing was created",
                dropped.join(", ")
            ),
        )
        .with_hint(
            "declare the attribute with realm.user_profile().modify(..), or accept undeclared \
             attributes with the profile's unmanaged_attribute_policy",
        ))
    }
}

/// The attributes that an administrator cannot set.
fn dropped<'a>(profile: &UPConfig, names: &[&'a str]) -> Vec<&'a str> {
    let takes_others = matches!(
        profile.unmanaged_attribute_policy,
        Some(UnmanagedAttributePolicy::Enabled | UnmanagedAttributePolicy::AdminEdit)
    );
    let is_kept = |name: &str| {
        let mut declared = profile.attributes.iter().flatten();
        match declared.find(|known| known.name.as_deref() == Some(name)) {
            Some(known) => {
                let edit = known.permissions.as_ref().and_then(|who| who.edit.as_ref());
                edit.is_some_and(|who| who.iter().any(|who| who == "admin"))
            }
            None => takes_others,
        }
    };
    let mut dropped = names.to_vec();
    dropped.retain(|name| !MEMBERS.contains(name) && !is_kept(name));
    dropped
}

#[cfg(test)]
mod tests {
    use crate::admin::representations::UserRepresentation;
    use crate::test_support::{Reply, Server};

    /// A realm whose profile declares `team`, and treats other attributes by `policy`.
    async fn server(policy: &'static str) -> Server {
        Server::keycloak(move |seen, base| {
            let target = seen.target.as_str();
            if target.ends_with("/users/profile") {
                let body = format!(
                    r#"{{"attributes":[{{"name":"username"}},{{"name":"team",
                    "permissions":{{"edit":["admin"]}}}},{{"name":"plain"}},
                    {{"name":"own","permissions":{{"edit":["user"]}}}}]{policy}}}"#
                );
                return Some(Reply::json(200, body));
            }
            if target.ends_with("/realms/demo") && seen.method == "GET" {
                return Some(Reply::json(200, r#"{"internationalizationEnabled":false}"#));
            }
            if seen.method == "GET" && target.contains("/users?") {
                return Some(Reply::json(200, "[]"));
            }
            let created = seen.method == "POST" && target.ends_with("/users");
            created.then(|| Reply::status(201).with("location", format!("{base}/users/u1")))
        })
        .await
    }

    fn ada() -> UserRepresentation {
        UserRepresentation::default().username("ada")
    }

    #[tokio::test]
    async fn an_attribute_that_would_be_dropped_is_refused_before_the_user_is_created() {
        let server = server("").await;
        let users = server.client().realm("demo").users();
        for name in ["shoe", "locale", "own", "plain"] {
            let user = ada().attribute("team", ["a"]).attribute(name, ["hunter2"]);
            let error = users.create_checked(&user).await.unwrap_err();
            assert!(error.is_config(), "{error}");
            let said = error.to_string();
            assert!(said.contains(name) && !said.contains("hunter2"), "{said}");
            assert!(!said.contains("team"), "{said}");
            let error = users.ensure(&user).await.unwrap_err();
            assert!(error.is_config(), "{error}");
        }
        assert!(
            server
                .seen()
                .iter()
                .all(|seen| !seen.target.ends_with("/users"))
        );
        users
            .create_checked(&ada().attribute("team", ["a"]))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn the_profile_is_asked_where_there_is_something_to_ask() {
        let server = server(r#","unmanagedAttributePolicy":"ADMIN_EDIT""#).await;
        let users = server.client().realm("demo").users();
        users.create_checked(&ada()).await.unwrap();
        let asked = |server: &Server| {
            let seen = server.seen();
            seen.iter()
                .filter(|seen| seen.target.ends_with("/profile"))
                .count()
        };
        assert_eq!(asked(&server), 0);
        users
            .create_checked(&ada().attribute("shoe", ["1"]))
            .await
            .unwrap();
        assert_eq!(asked(&server), 1);
    }
}
