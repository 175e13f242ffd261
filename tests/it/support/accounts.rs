//! The users and clients that tests need again and again.

use keycloak_kit::KeycloakBuilder;
use keycloak_kit::admin::handles::{Client, Group, Realm, User};
use keycloak_kit::admin::ids::{GroupId, UserId};
use keycloak_kit::oidc::{Oidc, TokenSet};
use keycloak_kit::representations::{
    ClientRepresentation, CredentialRepresentation, GroupRepresentation, RoleRepresentation,
    UserRepresentation,
};

use super::{TestRealm, server};

/// The password of every user made here.
pub const PASSWORD: &str = "correct horse";
/// The secret of every client made here.
pub const SECRET: &str = "battery staple";

/// A user who can log in: without a complete profile the server refuses to.
pub fn person(username: &str) -> UserRepresentation {
    UserRepresentation::default()
        .username(username)
        .email(format!("{username}@example.org"))
        .email_verified(true)
        .first_name("Ada")
        .last_name("Lovelace")
        .enabled(true)
        .credentials([CredentialRepresentation::password(PASSWORD)])
}

impl TestRealm {
    /// A user who can log in with [`PASSWORD`].
    pub async fn user(&self, username: &str) -> (UserId, User) {
        let id = self.realm.users().create(&person(username)).await.unwrap();
        let user = self.realm.user(&id);
        (id, user)
    }

    /// A group at the top.
    pub async fn group(&self, name: &str) -> (GroupId, Group) {
        let group = GroupRepresentation::default().name(name);
        let id = self.realm.groups().create(&group).await.unwrap();
        let group = self.realm.group(&id);
        (id, group)
    }

    /// A realm role.
    pub async fn role(&self, name: &str) -> RoleRepresentation {
        new_role(&self.realm, name).await
    }

    /// A client as `client` describes it.
    pub async fn client(&self, client: ClientRepresentation) -> Client {
        let uuid = self.realm.clients().create(&client).await.unwrap();
        self.realm.client(&uuid)
    }

    /// A public client that users log in to with their password.
    pub async fn login_client(&self, client_id: &str) -> Client {
        self.client(
            ClientRepresentation::default()
                .client_id(client_id)
                .public_client(true)
                .direct_access_grants_enabled(true),
        )
        .await
    }

    /// The OpenID Connect side of [`login_client`](Self::login_client).
    pub async fn login(&self, client_id: &str, username: &str) -> (Oidc, TokenSet) {
        let oidc = self.realm.oidc(client_id).build().unwrap();
        let tokens = oidc.password(username, PASSWORD).await.unwrap();
        (oidc, tokens)
    }

    /// A confidential client with a service account that has these roles of realm-management.
    pub async fn automation(&self, client_id: &str, roles: &[&str]) -> Client {
        let client = self
            .client(
                ClientRepresentation::default()
                    .client_id(client_id)
                    .secret(SECRET)
                    .service_accounts_enabled(true),
            )
            .await;
        let account = client.service_account_user().await.unwrap();
        grant(&self.realm, &account.user_id().unwrap(), roles).await;
        client
    }

    /// A builder that logs in to this realm as a client of [`automation`](Self::automation).
    pub fn as_automation(&self, client_id: &str) -> KeycloakBuilder {
        server::anonymous()
            .login_realm(&self.name)
            .client_credentials(client_id, SECRET)
    }
}

/// Gives a user roles of the client realm-management.
pub async fn grant(realm: &Realm, user: &UserId, roles: &[&str]) {
    let management = realm.client_by_client_id("realm-management").await.unwrap();
    let uuid = management.get().await.unwrap().client_uuid().unwrap();
    let mut wanted = Vec::new();
    for name in roles {
        wanted.push(management.role(*name).get().await.unwrap());
    }
    let mappings = realm.user(user).role_mappings().client(&uuid);
    // The server looks through all administrative roles, which every new realm changes: while one
    // is made, it may fail with 500 (a race in its cache of roles).
    let mut tries = 0;
    while let Err(error) = mappings.add(&wanted).await {
        tries += 1;
        assert!(error.is_server() && tries < 5, "{error}");
    }
}

/// A realm role, as the server keeps it.
pub async fn new_role(realm: &Realm, name: &str) -> RoleRepresentation {
    let role = RoleRepresentation::default().name(name);
    let id = realm.roles().create(&role).await.unwrap();
    realm.role(&id).get().await.unwrap()
}
