//! The arguments of one call.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Mutex;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use keycloak_kit::admin::uploads::KeyStoreUpload;

use super::document::{Content, Operation};
use super::sample::Sampler;

/// A multipart body, by the names of its fields.
pub trait Upload {
    fn of(fields: &Value) -> Self;
}

fn field(fields: &Value, name: &str) -> Option<String> {
    Some(fields.get(name)?.as_str().unwrap().to_owned())
}

impl Upload for KeyStoreUpload {
    fn of(fields: &Value) -> Self {
        let mut upload = Self::new(
            field(fields, "keystoreFormat").unwrap(),
            field(fields, "file").unwrap(),
        );
        upload.key_alias = field(fields, "keyAlias");
        upload.key_password = field(fields, "keyPassword").map(Into::into);
        upload.store_password = field(fields, "storePassword").map(Into::into);
        upload
    }
}

fn body_of(content: &Content, sampler: &mut Sampler) -> Value {
    let mut body = sampler.sample(&content.schema);
    if content.media_type == "multipart/form-data" {
        // The fields of an upload are all there are.
        body.as_object_mut()
            .unwrap()
            .retain(|_, value| value.is_string());
    }
    if content.media_type == "application/x-www-form-urlencoded" {
        // A form has no lists or objects.
        for value in body.as_object_mut().unwrap().values_mut() {
            if !value.is_string() {
                *value = json!("unknown = & member");
            }
        }
    }
    body
}

/// Query parameters that the server does not read beside another.
const IGNORED_BESIDE: &[(&str, &[&str])] =
    &[("search", USER_FILTERS), ("q", &["search", "clientId"])];
const USER_FILTERS: &[&str] = &[
    "q",
    "username",
    "email",
    "firstName",
    "lastName",
    "idpAlias",
    "idpUserId",
];

const OF_GROUPS: &[&str] = &["subGroups", "realmRoles", "clientRoles", "id"];
const OF_MAPPERS: &[&str] = &["name", "protocol"];
const OF_ORGANIZATIONS: &[&str] = &["members", "identityProviders", "groups"];

/// Members that a call refuses, by its method and the end of its path.
const LOST: &[(&str, &[&str])] = &[
    (
        "POST /admin/realms/{realm}/users",
        &["realmRoles", "clientRoles", "clientConsents"],
    ),
    (
        "PUT /users/{user-id}",
        &[
            "groups",
            "realmRoles",
            "clientRoles",
            "clientConsents",
            "federatedIdentities",
        ],
    ),
    ("POST /groups", OF_GROUPS),
    ("POST /children", OF_GROUPS),
    ("PUT /groups/{group-id}", OF_GROUPS),
    ("POST /organizations", OF_ORGANIZATIONS),
    ("PUT /organizations/{org-id}", OF_ORGANIZATIONS),
    ("POST /authentication/flows", &["authenticationExecutions"]),
    (
        "PUT /authentication/flows/{id}",
        &["authenticationExecutions"],
    ),
    ("POST /clients", &["defaultRoles"]),
    (
        "PUT /clients/{client-uuid}",
        &[
            "authorizationSettings",
            "defaultClientScopes",
            "defaultRoles",
            "optionalClientScopes",
            "registeredNodes",
        ],
    ),
    ("PUT /client-scopes/{client-scope-id}", &["protocolMappers"]),
    ("PUT /protocol-mappers/models/{id}", OF_MAPPERS),
    ("POST /identity-provider/instances", &["organizationId"]),
    (
        "PUT /identity-provider/instances/{alias}",
        &["organizationId"],
    ),
    (
        "POST /identity-provider/instances/{alias}/mappers",
        &["identityProviderAlias"],
    ),
    (
        "PUT /identity-provider/instances/{alias}/mappers/{id}",
        &["identityProviderAlias"],
    ),
    (
        "PUT /authz/resource-server",
        &["policies", "resources", "scopes"],
    ),
    ("PUT /roles/{role-name}", &["composites"]),
    ("PUT /roles-by-id/{role-id}", &["composites"]),
    ("POST /executions", &["priority"]),
    ("POST /executions/execution", &["priority"]),
    ("POST /executions/flow", &["priority"]),
    (
        "PUT /admin/realms/{realm}",
        &[
            "authenticationFlows",
            "authenticatorConfig",
            "clientScopeMappings",
            "clientScopes",
            "clients",
            "components",
            "defaultDefaultClientScopes",
            "defaultOptionalClientScopes",
            "federatedUsers",
            "groups",
            "identityProviderMappers",
            "identityProviders",
            "localizationTexts",
            "organizations",
            "protocolMappers",
            "requiredActions",
            "roles",
            "scopeMappings",
            "users",
        ],
    ),
];

/// What the generated calls ask for, by the document's names.
pub struct Given {
    path: BTreeMap<String, String>,
    /// JSON of each query parameter's type.
    query: BTreeMap<String, Value>,
    body: Value,
    shown: Mutex<Vec<String>>,
}

impl Clone for Given {
    fn clone(&self) -> Self {
        Self::of(self.path.clone(), self.query.clone(), self.body.clone())
    }
}

impl Given {
    /// A value for every parameter, no two alike, and a body of every member.
    pub fn for_operation(operation: &Operation) -> Self {
        let mut sampler = Sampler::new();
        let path = operation
            .path_parameters()
            .into_iter()
            .enumerate()
            .map(|(index, name)| {
                let value = format!("{name}/b;c\\d é%2e?#&+{index}");
                (name, value)
            })
            .collect();
        let query = operation
            .query
            .iter()
            .map(|query| (query.name.clone(), sampler.sample(&query.schema)))
            .collect();
        let body = operation.body.as_ref().map_or_else(
            || json!("not asked for"),
            |body| body_of(body, &mut sampler),
        );
        let mut given = Self {
            path,
            query,
            body,
            shown: Mutex::default(),
        };
        given.leave_out_what_is_refused(operation);
        given
    }

    /// What the crate does not send to this call, because the server would ignore it.
    fn leave_out_what_is_refused(&mut self, operation: &Operation) {
        for (read, ignored) in IGNORED_BESIDE {
            let users = operation.path.contains("/users") || operation.path.ends_with("-user");
            if (*read == "q" || users) && self.query.contains_key(*read) {
                self.query
                    .retain(|name, _| !ignored.contains(&name.as_str()));
            }
        }
        let Some(body) = self.body.as_object_mut() else {
            return;
        };
        let key = format!("{} {}", operation.method.to_uppercase(), operation.path);
        for (end, members) in LOST {
            let (method, end) = end.split_once(' ').unwrap();
            if key.starts_with(method) && key.ends_with(end) {
                body.retain(|name, _| !members.contains(&name.as_str()));
            }
        }
    }

    /// These values and no others; parameters by the document's names.
    pub fn of(path: BTreeMap<String, String>, query: BTreeMap<String, Value>, body: Value) -> Self {
        Self {
            path,
            query,
            body,
            shown: Mutex::default(),
        }
    }

    /// Another value for one path parameter.
    pub fn with_path(mut self, name: &str, value: &str) -> Self {
        self.path.insert(name.to_owned(), value.to_owned()).unwrap();
        self
    }

    /// One more member of a body that is an object.
    pub fn with_body_member(mut self, name: &str, value: Value) -> Self {
        self.body
            .as_object_mut()
            .unwrap()
            .insert(name.to_owned(), value);
        self
    }

    /// Another value for one query parameter.
    pub fn with_query(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.query.insert(name.to_owned(), value.into());
        self
    }

    /// The same value for all path parameters.
    pub fn with_paths(mut self, value: &str) -> Self {
        for given in self.path.values_mut() {
            value.clone_into(given);
        }
        self
    }

    pub fn path(&self, name: &str) -> &str {
        self.path
            .get(name)
            .unwrap_or_else(|| panic!("the path parameter {name} is not given"))
    }

    /// A required query parameter.
    pub fn required(&self, name: &str) -> &str {
        self.text(name)
            .unwrap_or_else(|| panic!("the query parameter {name} is required"))
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(|value| value.as_str().unwrap())
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.query.get(name).map(|value| value.as_bool().unwrap())
    }

    pub fn number<T: TryFrom<i64, Error: Debug>>(&self, name: &str) -> Option<T> {
        let value = self.query.get(name)?;
        Some(value.as_i64().unwrap().try_into().unwrap())
    }

    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        let value = self.query.get(name)?;
        Some(serde_json::from_value(value.clone()).unwrap())
    }

    pub fn upload<T: Upload>(&self) -> T {
        T::of(&self.body)
    }

    pub fn body<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.body.clone()).unwrap()
    }

    /// The body as JSON.
    pub fn body_json(&self) -> &Value {
        &self.body
    }

    /// Every query parameter as it must arrive, sorted.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let mut pairs = Vec::new();
        for (name, value) in &self.query {
            match value {
                Value::Array(items) => {
                    pairs.extend(items.iter().map(|item| (name.clone(), text(item))));
                }
                value => pairs.push((name.clone(), text(value))),
            }
        }
        pairs.sort();
        pairs
    }

    /// Keeps how a handle or request is shown. Each can be stored in application state, and moved
    /// between tasks.
    pub fn shown(&self, value: &(impl Clone + Debug + Send + Sync + Unpin + 'static)) {
        let mut shown = self.shown.lock().unwrap();
        shown.push(format!("{value:?} {value:#?}"));
    }

    /// What was shown.
    pub fn take_shown(&self) -> Vec<String> {
        std::mem::take(&mut self.shown.lock().unwrap())
    }

    /// The answer's value as JSON.
    pub fn kept(&self, value: &impl Serialize) -> Value {
        serde_json::to_value(value).unwrap()
    }
}
