//! A client with authorization switched on, and users that may use its protection API.

use keycloak_kit::AccessToken;
use keycloak_kit::uma::{Resource, Uma};
use serde_json::{Value, json};

use super::realm::Realm;
use super::{PASSWORD, SECRET};

pub struct ResourceServer {
    pub realm: Realm,
    pub uuid: String,
    pub uma: Uma,
}

impl ResourceServer {
    /// The client `app`; the users `ada`, `bob` and `eve` have its role `uma_protection`.
    pub async fn new(label: &str) -> Self {
        Self::with(label, json!({})).await
    }

    /// `extra` is merged into the realm.
    pub async fn with(label: &str, extra: Value) -> Self {
        let realm = Realm::with(label, extra).await;
        let extra = json!({ "authorizationServicesEnabled": true });
        let uuid = realm.client("app", extra).await;
        for name in ["bob", "eve"] {
            let user = json!({
                "username": name, "enabled": true, "email": format!("{name}@example.org"),
                "emailVerified": true, "firstName": name, "lastName": "Example",
                "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
            });
            realm.post(&["users"], &user).await;
        }
        let role = realm
            .get(&["clients", &uuid, "roles", "uma_protection"])
            .await;
        let users = realm.get(&["users"]).await;
        for user in users.as_array().unwrap() {
            let id = user["id"].as_str().unwrap();
            let path = ["users", id, "role-mappings", "clients", &uuid];
            realm.post(&path, &json!([role])).await;
        }
        let uma = realm
            .kc
            .uma(&realm.name, "app")
            .client_secret(SECRET)
            .build()
            .unwrap();
        // Older servers begin with a resource that every user may use.
        let first = uma.resources().list().exact_name("Default Resource");
        for id in first.ids().await.unwrap() {
            uma.resource(id).delete().await.unwrap();
        }
        Self { realm, uuid, uma }
    }

    /// The resource `album`, which ada and bob may view and ada may edit, as the server has it.
    pub async fn album(&self, uris: &[&str]) -> Vec<Resource> {
        let album = Resource::new("album").scopes(["view", "edit"]);
        let album = uris.iter().fold(album, |album, uri| album.uri(*uri));
        self.uma.resources().create(&album).await.unwrap();
        self.allow("view", "album", &["view"], &["ada", "bob"])
            .await;
        self.allow("edit", "album", &["edit"], &["ada"]).await;
        self.uma.resources().list().name("album").await.unwrap()
    }

    pub async fn login(&self, user: &str) -> AccessToken {
        let tokens = self.uma.oidc().password(user, PASSWORD).await.unwrap();
        tokens.access_token().clone()
    }

    /// The protection API with a user's token.
    pub async fn of(&self, user: &str) -> Uma {
        self.uma.with_token(self.login(user).await).unwrap()
    }

    /// The id of a user.
    pub async fn user_id(&self, name: &str) -> String {
        self.realm.user_id(name).await
    }

    fn path<'a>(&'a self, below: &[&'a str]) -> Vec<&'a str> {
        let mut path = vec!["clients", &self.uuid, "authz", "resource-server"];
        path.extend(below);
        path
    }

    /// Below the admin API of this resource server.
    pub async fn post(&self, below: &[&str], body: &Value) {
        self.realm.post(&self.path(below), body).await;
    }

    pub async fn get(&self, below: &[&str]) -> Value {
        self.realm.get(&self.path(below)).await
    }

    pub async fn put(&self, below: &[&str], body: &Value) {
        self.realm.put(&self.path(below), body).await;
    }

    /// Lets the users in `names` do `scopes` with `resource`.
    pub async fn allow(&self, label: &str, resource: &str, scopes: &[&str], names: &[&str]) {
        let mut ids = Vec::new();
        for name in names {
            ids.push(self.user_id(name).await);
        }
        let policy = json!({ "name": format!("users {label}"), "users": ids });
        self.post(&["policy", "user"], &policy).await;
        let permission = json!({
            "name": format!("permission {label}"), "resources": [resource], "scopes": scopes,
            "policies": [format!("users {label}")],
        });
        self.post(&["permission", "scope"], &permission).await;
    }
}
