//! A realm of its own for each test.

use std::time::Duration;

use keycloak_kit::oidc::{Oidc, OidcBuilder};
use keycloak_kit::{ClientOptions, Keycloak, Method};
use serde_json::{Value, json};

use super::{CALLBACK, PASSWORD, SECRET, server};

/// A realm with the user `ada`.
pub struct Realm {
    pub kc: Keycloak,
    pub name: String,
}

impl Realm {
    pub async fn new(label: &str) -> Self {
        Self::with(label, json!({})).await
    }

    /// `extra` is merged into the representation.
    pub async fn with(label: &str, extra: Value) -> Self {
        // To make a realm is to make keys, which takes long where much else is going on.
        let patient = ClientOptions::new()
            .timeout(Duration::from_secs(180))
            .deadline(Duration::from_secs(300));
        Self::on(
            server::builder().options(patient).build().unwrap(),
            label,
            extra,
        )
        .await
    }

    pub async fn on(kc: Keycloak, label: &str, extra: Value) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);

        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let name = format!("flow-{label}-{process}-{number}");
        let mut realm = json!({
            "realm": name, "enabled": true, "sslRequired": "none",
            "users": [{
                "username": "ada", "enabled": true, "email": "ada@example.org",
                "emailVerified": true, "realmRoles": ["offline_access"], "firstName": "Ada", "lastName": "Lovelace",
                "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
            }],
        });
        for (key, value) in extra.as_object().unwrap() {
            realm[key] = value.clone();
        }
        let this = Self { kc, name };
        this.post(&[], &realm).await;
        this
    }

    /// A confidential client that may do everything, changed by `extra`; gives its UUID.
    pub async fn client(&self, client_id: &str, extra: Value) -> String {
        let mut client = json!({
            "clientId": client_id, "enabled": true, "secret": SECRET, "publicClient": false,
            "directAccessGrantsEnabled": true, "serviceAccountsEnabled": true,
            "standardFlowEnabled": true, "redirectUris": [CALLBACK, "http://127.0.0.1/*"],
            "attributes": {},
        });
        for (key, value) in extra.as_object().unwrap() {
            match (key.as_str(), value) {
                ("attributes", Value::Object(all)) => {
                    for (name, value) in all {
                        client["attributes"][name] = value.clone();
                    }
                }
                _ => client[key] = value.clone(),
            }
        }
        self.post(&["clients"], &client).await;
        self.client_uuid(client_id).await
    }

    /// The client `app`, with its secret and a redirect URI.
    pub async fn app(&self, extra: Value) -> Oidc {
        self.client("app", extra).await;
        self.oidc("app").build().unwrap()
    }

    pub fn oidc(&self, client_id: &str) -> OidcBuilder {
        self.kc
            .oidc(&self.name, client_id)
            .client_secret(SECRET)
            .redirect_uri(CALLBACK)
    }

    pub fn issuer(&self) -> String {
        format!("{}/realms/{}", self.kc.base_url(), self.name)
    }

    pub fn path(&self, rest: &[&str]) -> Vec<String> {
        let mut path = vec!["admin".to_owned(), "realms".to_owned()];
        if !rest.is_empty() {
            path.push(self.name.clone());
        }
        path.extend(rest.iter().map(|part| (*part).to_owned()));
        path
    }

    /// Posts below the realm, or makes it where `path` is empty.
    pub async fn post(&self, path: &[&str], body: &Value) {
        self.kc
            .request::<()>(Method::POST, self.path(path))
            .json(body)
            .await
            .unwrap_or_else(|error| panic!("{path:?}: {error}"));
    }

    /// A key provider, ahead of those that the realm has; gives its id.
    pub async fn key_provider(&self, provider: &str, config: Value) -> String {
        let name = format!("{provider} {config}");
        let component = json!({
            "name": name, "providerId": provider, "providerType": "org.keycloak.keys.KeyProvider",
            "config": config,
        });
        self.post(&["components"], &component).await;
        let all = self.get(&["components"]).await;
        let mut all = all.as_array().unwrap().iter();
        let found = all.find(|one| one["name"] == name.as_str());
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, path: &[&str]) -> Value {
        self.kc
            .request::<Value>(Method::GET, self.path(path))
            .await
            .unwrap()
    }

    pub async fn put(&self, path: &[&str], body: &Value) {
        self.kc
            .request::<()>(Method::PUT, self.path(path))
            .json(body)
            .await
            .unwrap();
    }

    /// Whether the server is of this release (major and minor), or of a later one.
    pub async fn is_since(&self, release: (u64, u64)) -> bool {
        let path = ["admin", "serverinfo"];
        let info: Value = self.kc.request(Method::GET, path).await.unwrap();
        let version = info["systemInfo"]["version"].as_str().unwrap();
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= release
    }

    /// The id of a user.
    pub async fn user_id(&self, name: &str) -> String {
        self.only(&["users"], &[("username", name), ("exact", "true")])
            .await
    }

    /// The id of a client, which is not its `clientId`.
    pub async fn client_uuid(&self, client_id: &str) -> String {
        self.only(&["clients"], &[("clientId", client_id)]).await
    }

    /// Gives a user a role of `realm-management`.
    pub async fn let_manage(&self, user_id: &str, role: &str) {
        let management = self.client_uuid("realm-management").await;
        let role = self.get(&["clients", &management, "roles", role]).await;
        let path = ["users", user_id, "role-mappings", "clients", &management];
        self.post(&path, &json!([role])).await;
    }

    /// The id of the object that a list finds.
    async fn only(&self, path: &[&str], query: &[(&str, &str)]) -> String {
        let found: Vec<Value> = self
            .kc
            .request(Method::GET, self.path(path))
            .query(query)
            .await
            .unwrap();
        found[0]["id"].as_str().unwrap().to_owned()
    }

    /// Changes the realm itself.
    pub async fn change(&self, extra: Value) {
        let path = ["admin", "realms", &self.name];
        self.kc
            .request::<()>(Method::PUT, path)
            .json(&extra)
            .await
            .unwrap();
    }

    pub async fn delete(self) {
        let path = ["admin", "realms", &self.name];
        self.kc.request::<()>(Method::DELETE, path).await.unwrap();
    }
}
