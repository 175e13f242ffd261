//! Where a realm that is there has the values that its calls ask for.

/// Where the values of a parameter are.
pub enum Source {
    /// A GET, its query included, and the member that its objects have the value in: `*` for each
    /// key of an object, `a/b` for a member of a member, nothing for a list of texts.
    Listed(&'static str, &'static str),
    Fixed(&'static [&'static str]),
}

const REALM: &str = "/admin/realms/{realm}";

macro_rules! realm {
    ($path:literal) => {
        concat!("/admin/realms/{realm}", $path)
    };
}

/// The source of the parameter that a path template ends with.
pub fn of_parameter(path: &str) -> Source {
    use Source::{Fixed, Listed};
    let clients = Listed(realm!("/clients?max=1000"), "id");
    let users = Listed(realm!("/users?max=1000"), "id");
    let groups = Listed(realm!("/groups?max=1000"), "id");
    let roles = Listed(realm!("/roles?max=1000"), "id");
    let scopes = Listed(realm!("/client-scopes"), "id");
    let rest = path.strip_prefix(REALM).unwrap_or(path);
    match rest {
        "/attack-detection/brute-force/users/{userId}"
        | "/users/{user-id}"
        | "/ui-ext/available-roles/users/{id}"
        | "/ui-ext/effective-roles/users/{id}"
        | "/ui-ext/effective-roles-all/users/{id}"
        | "/workflows/scheduled/{resource-id}" => users,
        "/groups/{group-id}"
        | "/ui-ext/available-roles/groups/{id}"
        | "/ui-ext/effective-roles/groups/{id}"
        | "/ui-ext/effective-roles-all/groups/{id}" => groups,
        "/roles-by-id/{role-id}"
        | "/ui-ext/available-roles/roles/{id}"
        | "/ui-ext/effective-roles/roles/{id}"
        | "/ui-ext/effective-roles-all/roles/{id}"
        | "/ui-ext/role-mappings/roles/{id}" => roles,
        "/client-scopes/{client-scope-id}"
        | "/ui-ext/available-roles/clientScopes/{id}"
        | "/ui-ext/effective-roles/clientScopes/{id}"
        | "/ui-ext/effective-roles-all/clientScopes/{id}" => scopes,
        "/group-by-path/{path}" => Listed(realm!("/groups?max=1000"), "path"),
        "/roles/{role-name}" => Listed(realm!("/roles?max=1000"), "name"),
        "/clients/{client-uuid}/roles/{role-name}" => {
            Listed(realm!("/clients/{client-uuid}/roles"), "name")
        }
        "/identity-provider/instances/{alias}" => {
            Listed(realm!("/identity-provider/instances"), "alias")
        }
        "/identity-provider/instances/{alias}/mappers/{id}" => {
            Listed(realm!("/identity-provider/instances/{alias}/mappers"), "id")
        }
        "/identity-provider/providers/{provider_id}" => Fixed(&[
            "oidc",
            "keycloak-oidc",
            "saml",
            "github",
            "google",
            "kubernetes",
        ]),
        "/authentication/config-description/{providerId}" => {
            Listed(realm!("/authentication/authenticator-providers"), "id")
        }
        "/authentication/flows/{flowAlias}" => Listed(realm!("/authentication/flows"), "alias"),
        "/authentication/flows/{id}" | "/ui-ext/authentication-management/{type}/{id}" => {
            Listed(realm!("/authentication/flows"), "id")
        }
        "/ui-ext/authentication-management/{type}" => Fixed(&["clients", "idp"]),
        "/authentication/executions/{executionId}" => {
            Listed(realm!("/authentication/flows/{flowAlias}/executions"), "id")
        }
        "/authentication/config/{id}" | "/authentication/executions/{executionId}/config/{id}" => {
            Listed(
                realm!("/authentication/flows/{flowAlias}/executions"),
                "authenticationConfig",
            )
        }
        "/authentication/required-actions/{alias}" => {
            Listed(realm!("/authentication/required-actions"), "alias")
        }
        "/components/{id}" => Listed(realm!("/components"), "id"),
        "/user-storage/{id}" => Listed(
            realm!("/components?type=org.keycloak.storage.UserStorageProvider"),
            "id",
        ),
        "/localization/{locale}" => Listed(realm!("/localization"), ""),
        "/localization/{locale}/{key}" => Listed(realm!("/localization/{locale}"), "*"),
        "/organizations/{org-id}" => Listed(realm!("/organizations?max=1000"), "id"),
        "/organizations/members/{member-id}" | "/organizations/{org-id}/members/{member-id}" => {
            Listed(realm!("/organizations/{org-id}/members?max=1000"), "id")
        }
        "/organizations/{org-id}/groups/{group-id}" => {
            Listed(realm!("/organizations/{org-id}/groups"), "id")
        }
        "/organizations/{org-id}/groups/group-by-path/{path}" => {
            Listed(realm!("/organizations/{org-id}/groups"), "path")
        }
        "/organizations/{org-id}/identity-providers/{alias}" => Listed(
            realm!("/organizations/{org-id}/identity-providers"),
            "alias",
        ),
        "/organizations/{org-id}/invitations/{id}" => {
            Listed(realm!("/organizations/{org-id}/invitations"), "id")
        }
        "/workflows/{id}" => Listed(realm!("/workflows"), "id"),
        "/ssf/clients/{clientId}" => Listed(realm!("/clients?max=1000"), "clientId"),
        // Nothing lists them.
        "/ssf/clients/{clientId}/pending-events/{jti}" => Fixed(&[]),
        _ if rest.starts_with("/clients/{client-uuid}/") => of_client(rest),
        _ if rest.starts_with("/client-scopes/") => of_client_scope(rest),
        _ if names_client(rest) => clients,
        _ => panic!("no source for the last parameter of {path}"),
    }
}

/// Whether the last parameter is the UUID of any client of the realm.
fn names_client(path: &str) -> bool {
    [
        "/clients/{client-id}",
        "/clients/{client}",
        "/clients/{id}",
        "/clients/{client-uuid}",
        "/clients/{targetClientUuid}",
        "/clients/{clientUuid}",
        "/offline-sessions/{clientUuid}",
    ]
    .iter()
    .any(|end| path.ends_with(end))
}

fn of_client_scope(path: &str) -> Source {
    use Source::{Fixed, Listed};
    match path {
        "/client-scopes/{client-scope-id}/protocol-mappers/models/{id}" => Listed(
            realm!("/client-scopes/{client-scope-id}/protocol-mappers/models"),
            "id",
        ),
        "/client-scopes/{client-scope-id}/protocol-mappers/protocol/{protocol}" => {
            Fixed(&["openid-connect", "saml"])
        }
        _ if names_client(path) => Listed(realm!("/clients?max=1000"), "id"),
        _ => panic!("no source for the last parameter of {path}"),
    }
}

fn of_client(path: &str) -> Source {
    use Source::{Fixed, Listed};
    match path {
        "/clients/{client-uuid}/protocol-mappers/models/{id}" => Listed(
            realm!("/clients/{client-uuid}/protocol-mappers/models"),
            "id",
        ),
        "/clients/{client-uuid}/protocol-mappers/protocol/{protocol}" => {
            Fixed(&["openid-connect", "saml"])
        }
        "/clients/{client-uuid}/evaluate-scopes/scope-mappings/{roleContainerId}" => {
            Listed(realm!("/clients?max=1000"), "id")
        }
        "/clients/{client-uuid}/installation/providers/{providerId}" => {
            Listed("/admin/serverinfo", "clientInstallations/*/id")
        }
        "/clients/{client-uuid}/certificates/{attr}" => Fixed(&["jwt.credential", "saml.signing"]),
        _ if names_client(path) => Listed(realm!("/clients?max=1000"), "id"),
        _ => of_authorization(path),
    }
}

/// Authorization services of a client.
fn of_authorization(path: &str) -> Source {
    use Source::{Fixed, Listed};
    let server = "/clients/{client-uuid}/authz/resource-server";
    let rest = path
        .strip_prefix(server)
        .unwrap_or_else(|| panic!("no source for the last parameter of {path}"));
    match rest {
        "/policy/{type}" => Fixed(&[
            "aggregate",
            "client",
            "client-scope",
            "group",
            "js",
            "regex",
            "role",
            "time",
            "user",
        ]),
        "/policy/{type}/{policy-id}" => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/policy/{type}?max=1000"),
            "id",
        ),
        "/permission/{type}" => Fixed(&["resource", "scope"]),
        "/permission/{type}/{policy-id}" => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/permission/{type}?max=1000"),
            "id",
        ),
        "/resource/{resource-id}" => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/resource?max=1000"),
            "_id",
        ),
        "/scope/{scope-id}" => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/scope?max=1000"),
            "id",
        ),
        _ => panic!("no source for the last parameter of {path}"),
    }
}

/// The source of a query parameter without which the answer says nothing.
pub fn of_query(path: &str, name: &str) -> Option<Source> {
    use Source::{Fixed, Listed};
    let rest = path.strip_prefix(REALM)?;
    let source = match (rest, name) {
        ("/clients/{client-uuid}/authz/resource-server/resource/search", "name") => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/resource?max=1000"),
            "name",
        ),
        ("/clients/{client-uuid}/authz/resource-server/scope/search", "name") => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/scope?max=1000"),
            "name",
        ),
        ("/clients/{client-uuid}/authz/resource-server/policy/search", "name") => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/policy?permission=false&max=1000"),
            "name",
        ),
        ("/clients/{client-uuid}/authz/resource-server/permission/search", "name") => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/permission?max=1000"),
            "name",
        ),
        ("/clients/{client-uuid}/authz/resource-server/policy/{type}/search", "name") => Listed(
            realm!("/clients/{client-uuid}/authz/resource-server/policy/{type}?max=1000"),
            "name",
        ),
        ("/clients/{client-uuid}/authz/resource-server/permission/{type}/search", "name") => {
            Listed(
                realm!("/clients/{client-uuid}/authz/resource-server/permission/{type}?max=1000"),
                "name",
            )
        }
        (_, "userId") if rest.contains("/evaluate-scopes/generate-example") => {
            Listed(realm!("/users?max=1000"), "id")
        }
        (_, "scope") if rest.contains("/evaluate-scopes/") => Fixed(&["openid"]),
        ("/components/{id}/sub-component-types", "type") => {
            Fixed(&["org.keycloak.storage.ldap.mappers.LDAPStorageMapper"])
        }
        ("/ui-ext/sessions/client", "clientId") => Listed(realm!("/clients?max=1000"), "id"),
        _ => return None,
    };
    Some(source)
}
