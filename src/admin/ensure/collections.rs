//! The handles that have `ensure`.

use super::{Collection, Ensure, Ensured, key};
use crate::admin::EditTarget;
use crate::admin::extensions::required;
use crate::admin::group_place::{self, GroupPlace, Place};
use crate::admin::handles::{
    AuthenticationFlows, Client, ClientProtocolMappers, ClientRoles, ClientScope,
    ClientScopeProtocolMappers, ClientScopes, Clients, Components, GroupChildren, Groups,
    IdentityProvider, IdentityProviderMappers, IdentityProviders, Organizations, Realm, Realms,
    Roles, Users,
};
use crate::admin::ids::{
    ClientScopeId, ClientUuid, ComponentId, FlowId, GroupId, IdentityProviderAlias,
    IdentityProviderMapperId, OrganizationId, ProtocolMapperId, RealmName, RoleName, UserId,
};
use crate::admin::representations::{
    AuthenticationFlowRepresentation, ClientRepresentation, ClientScopeRepresentation,
    ComponentRepresentation, GroupRepresentation, IdentityProviderMapperRepresentation,
    IdentityProviderRepresentation, OrganizationRepresentation, ProtocolMapperRepresentation,
    RealmRepresentation, RoleRepresentation, UserRepresentation,
};
use crate::http::segment;
use crate::operation::Operation;
use crate::{BoxFuture, ErrorKind, Result, error};

/// Implements `ensure` for a handle; `find` returns the id of the object, and `at` its handle.
macro_rules! ensures {
    (
        $handle:ident: $item:ident as $id:ident, $name:literal at $path:literal,
        $doc:literal
        find |$this:ident, $wanted:ident, $operation:ident| $find:expr;
        at |$near:ident, $named:ident| $at:expr;
        create |$place:ident, $new:ident| $create:expr;
    ) => {
        impl $handle {
            #[doc = $doc]
            ///
            /// Compares and writes only what is set in `wanted`; lists are compared as sets, and
            /// maps by the keys of `wanted`. Secrets that the server does not show cannot be
            /// compared. They are written together with another change, or always with
            /// [`with_secrets`](Ensure::with_secrets); [`not_compared`](Ensured::not_compared)
            /// names those that were not written.
            ///
            /// A new object is read back and compared too. If the server did not accept a member,
            /// the error names it, and the object exists nevertheless.
            ///
            /// # Errors
            ///
            /// - [`Config`](ErrorKind::Config) if `wanted` does not identify the object, or sets a
            ///   member that only another call changes.
            /// - [`Protocol`](ErrorKind::Protocol) if the server accepted the update but ignored a
            ///   member.
            /// - Any other [`ErrorKind`] if a request fails.
            #[inline]
            pub fn ensure<'a>(&'a self, wanted: &'a $item) -> Ensure<'a, $id> {
                Ensure::new(self, wanted)
            }
        }

        impl Collection<$item> for $handle {
            type Id = $id;

            #[inline]
            fn operation(&self) -> &'static Operation {
                const OPERATION: &Operation =
                    &Operation::new($name, "PUT", $path).takes(stringify!($item));
                OPERATION
            }

            #[inline]
            fn find<'a>(&'a self, $wanted: &'a $item) -> BoxFuture<'a, Result<Option<$id>>> {
                Box::pin(async move {
                    let $operation = Collection::operation(self);
                    let $this = self;
                    Ok($find)
                })
            }

            #[inline]
            fn at(&self, $named: &$id) -> Box<dyn EditTarget<$item>> {
                let $near = self;
                Box::new($at)
            }

            #[inline]
            fn create(&self, wanted: &$item) -> BoxFuture<'static, Result<$id>> {
                let (mut $place, $new) = (self.clone(), wanted.clone());
                // Two objects of one name could not be told apart later.
                if stringify!($handle) != "Components" {
                    $place.call.set_harmless_twice();
                }
                Box::pin(async move { $create })
            }
        }
    };
}

/// The realm of a handle.
macro_rules! realm_of {
    ($handle:expr) => {
        Realm {
            call: $handle.call.clone(),
            realm: $handle.realm.clone(),
        }
    };
}

ensures! {
    Users: UserRepresentation as UserId, "realm.users.ensure" at "/admin/realms/{realm}/users",
    "Creates the user with this `username` (or, without one, `email`), or changes the existing one to the wanted state.

The server does not show passwords: `credentials` are written for a new user, together with another change, or with [`with_secrets`](Ensure::with_secrets). Omit them if users choose their own passwords.

```no_run
# async fn run(kc: keycloak_kit::Keycloak) -> keycloak_kit::Result<()> {
use keycloak_kit::admin::Ensured;
use keycloak_kit::representations::UserRepresentation;

let ada = UserRepresentation::default().username(\"ada\").enabled(true);
match kc.realm(\"demo\").users().ensure(&ada).await? {
    Ensured::Created(id) => println!(\"{id} is new\"),
    Ensured::Changed(id, changes) => println!(\"{id}: {changes}\"),
    _ => println!(\"nothing to do\"),
}
# Ok(()) }
```"
    find |users, wanted, operation| {
        let found = match (&wanted.username, &wanted.email) {
            (None, Some(email)) => users.find_by_email(email).await?,
            (username, _) => {
                users.find_by_username(key(operation, "username", username.as_ref())?).await?
            }
        };
        match found {
            Some(user) => {
                let id = user.user_id()?;
                Some(id)
            }
            None => None,
        }
    };
    at |users, id| realm_of!(users).user(id);
    // The server silently drops attributes that the user profile does not declare.
    create |users, wanted| users.create_checked(&wanted).await;
}

ensures! {
    Groups: GroupRepresentation as GroupId, "realm.groups.ensure" at "/admin/realms/{realm}/groups",
    "Creates the group at this `path` (or, without one, the top-level group with this `name`), or changes the existing one to the wanted state. The groups above it must exist: see [`ensure_path`](Self::ensure_path)."
    find |groups, wanted, operation| match groups.find_at(place(operation, wanted)?).await? {
        Some(group) => {
            let id = group.group_id()?;
            Some(id)
        }
        None => None,
    };
    at |groups, id| realm_of!(groups).group(id);
    create |groups, wanted| {
        let operation = Collection::operation(&groups);
        let mut new = wanted.clone();
        new.path = None;
        let Some(path) = &wanted.path else {
            return groups.create(&new).await;
        };
        let path = path.trim_matches('/');
        // The name may contain slashes.
        let own = wanted.name.as_deref().and_then(|name| path.strip_suffix(name));
        let (above, name) = match own {
            Some("") => return groups.create(&new).await,
            Some(above) if above.ends_with('/') => (above.trim_end_matches('/'), None),
            _ => match path.rsplit_once('/') {
                Some((above, name)) => (above, Some(name)),
                None => ("", Some(path)),
            },
        };
        if let Some(name) = name {
            new.name = Some(name.to_owned());
        }
        if above.is_empty() {
            return groups.create(&new).await;
        }
        let parent = groups.find_at(above.into()).await?.ok_or_else(|| {
            error::invalid_argument(
                operation,
                format!(
                    "there is no parent group {above:?}: use ensure_path, or also set name if it \
                     contains a slash"
                ),
            )
            .with_kind(ErrorKind::NotFound)
        })?;
        let parent = realm_of!(groups).group(parent.group_id()?);
        parent.children().create(&new).await
    };
}

/// The place of a wanted group.
fn place(operation: &Operation, wanted: &GroupRepresentation) -> Result<GroupPlace> {
    match &wanted.path {
        Some(path) => Ok(path.into()),
        None => match key(operation, "name", wanted.name.as_ref())? {
            name if name.contains('/') => Ok([name].into()),
            name => Ok(name.into()),
        },
    }
}

impl Groups {
    /// Creates the groups of this path that do not exist, such as `"/staff/it/admins"` or
    /// `["staff", "R&D / labs"]`. `Created` means that the last group was created.
    ///
    /// If the path leads to a group, it is that group, even if names contain slashes. For the
    /// missing part of a path, each slash starts another group. Names in a list are used unchanged.
    ///
    /// # Errors
    ///
    /// - [`Config`](ErrorKind::Config) if the path names no group, such as `"/"` or `"/a//b"`; no
    ///   request is sent.
    /// - Any other [`ErrorKind`] if a request fails.
    #[inline]
    pub async fn ensure_path(&self, place: impl Into<GroupPlace>) -> Result<Ensured<GroupId>> {
        self.ensure_at(place.into()).await
    }

    async fn ensure_at(&self, place: GroupPlace) -> Result<Ensured<GroupId>> {
        let operation = Collection::operation(self);
        let (mut above, names) = match place.0 {
            Place::Path(path) => self.longest(operation, path.as_str()).await?,
            Place::Names(names) => {
                let names = group_place::checked("realm.groups.ensure_path", &names)?.to_vec();
                (None, names)
            }
        };
        let mut last = None;
        for name in names {
            let group = GroupRepresentation::default().name(name);
            let ensured = match &above {
                None => self.ensure(&group).await?,
                Some(above) => {
                    let above = realm_of!(self).group(above);
                    above.children().ensure(&group).await?
                }
            };
            above = Some(ensured.id().clone());
            last = Some(ensured);
        }
        match (last, above) {
            (Some(last), _) => Ok(last),
            (None, Some(found)) => Ok(Ensured::Unchanged(found, Vec::new())),
            (None, None) => Err(error::invalid_argument(
                operation,
                "the path names no group",
            )),
        }
    }

    /// Returns the group that the longest existing part of a path leads to, and the names after it.
    async fn longest(
        &self,
        operation: &Operation,
        path: &str,
    ) -> Result<(Option<GroupId>, Vec<String>)> {
        segment::check(operation, "path", path)?;
        let names: Vec<&str> = path.trim_matches('/').split('/').collect();
        for there in (1..=names.len()).rev() {
            let (above, below) = names.split_at(there);
            if let Some(group) = self.find_at(above.join("/").into()).await? {
                let below = below.iter().map(|name| (*name).to_owned()).collect();
                return Ok((Some(group.group_id()?), below));
            }
        }
        Ok((None, names.into_iter().map(str::to_owned).collect()))
    }
}

ensures! {
    GroupChildren: GroupRepresentation as GroupId, "realm.group.children.ensure" at "/admin/realms/{realm}/groups/{group-id}/children",
    "Creates the group with this `name` below this one, or changes the existing one to the wanted state."
    find |children, wanted, operation| {
        match children.find_by_name(key(operation, "name", wanted.name.as_ref())?).await? {
            Some(group) => {
                let id = group.group_id()?;
                Some(id)
            }
            None => None,
        }
    };
    at |children, id| realm_of!(children).group(id);
    create |children, wanted| children.create(&wanted).await;
}

ensures! {
    Roles: RoleRepresentation as RoleName, "realm.roles.ensure" at "/admin/realms/{realm}/roles",
    "Creates the realm role with this `name`, or changes the existing one to the wanted state."
    find |roles, wanted, operation| {
        let name = RoleName::new(key(operation, "name", wanted.name.as_ref())?);
        let role = realm_of!(roles).role(&name);
        role.find().await?.map(|_| name)
    };
    at |roles, name| realm_of!(roles).role(name);
    create |roles, wanted| roles.create(&wanted).await;
}

ensures! {
    ClientRoles: RoleRepresentation as RoleName, "realm.client.roles.ensure" at "/admin/realms/{realm}/clients/{client-uuid}/roles",
    "Creates the client's role with this `name`, or changes the existing one to the wanted state."
    find |roles, wanted, operation| {
        let name = RoleName::new(key(operation, "name", wanted.name.as_ref())?);
        let role = realm_of!(roles).client(&roles.client_uuid).role(&name);
        role.find().await?.map(|_| name)
    };
    at |roles, name| realm_of!(roles).client(&roles.client_uuid).role(name);
    create |roles, wanted| roles.create(&wanted).await;
}

ensures! {
    Clients: ClientRepresentation as ClientUuid, "realm.clients.ensure" at "/admin/realms/{realm}/clients",
    "Creates the client with this `clientId`, or changes the existing one to the wanted state."
    find |clients, wanted, operation| {
        let client_id = key(operation, "clientId", wanted.client_id.as_ref())?;
        match clients.find_by_client_id(client_id).await? {
            Some(client) => {
                let uuid = client.client_uuid()?;
                Some(uuid)
            }
            None => None,
        }
    };
    at |clients, uuid| realm_of!(clients).client(uuid);
    create |clients, wanted| clients.create(&wanted).await;
}

ensures! {
    ClientScopes: ClientScopeRepresentation as ClientScopeId, "realm.client_scopes.ensure" at "/admin/realms/{realm}/client-scopes",
    "Creates the client scope with this `name`, or changes the existing one to the wanted state."
    find |scopes, wanted, operation| {
        match scopes.find_by_name(key(operation, "name", wanted.name.as_ref())?).await? {
            Some(scope) => {
                let id = ClientScopeId::new(required(scope.id.as_ref(), "ClientScopeRepresentation")?);
                Some(id)
            }
            None => None,
        }
    };
    at |scopes, id| realm_of!(scopes).client_scope(id);
    create |scopes, wanted| scopes.create(&wanted).await;
}

ensures! {
    IdentityProviders: IdentityProviderRepresentation as IdentityProviderAlias, "realm.identity_providers.ensure" at "/admin/realms/{realm}/identity-provider/instances",
    "Creates the identity provider with this `alias`, or changes the existing one to the wanted state."
    find |providers, wanted, operation| {
        let alias = key(operation, "alias", wanted.alias.as_ref())?;
        let alias = IdentityProviderAlias::new(alias);
        let provider = realm_of!(providers).identity_provider(&alias);
        provider.find().await?.map(|_| alias)
    };
    at |providers, alias| realm_of!(providers).identity_provider(alias);
    create |providers, wanted| providers.create(&wanted).await;
}

ensures! {
    Organizations: OrganizationRepresentation as OrganizationId, "realm.organizations.ensure" at "/admin/realms/{realm}/organizations",
    "Creates the organization with this `alias` (or, without one, `name`), or changes the existing one to the wanted state."
    find |organizations, wanted, operation| {
        let found = match &wanted.alias {
            Some(alias) => organizations.find_by_alias(alias).await?,
            None => {
                organizations.find_by_name(key(operation, "name", wanted.name.as_ref())?).await?
            }
        };
        match found {
            Some(found) => {
                let id = OrganizationId::new(required(found.id.as_ref(), "OrganizationRepresentation")?);
                Some(id)
            }
            None => None,
        }
    };
    at |organizations, id| realm_of!(organizations).organization(id);
    create |organizations, wanted| organizations.create(&wanted).await;
}

ensures! {
    Components: ComponentRepresentation as ComponentId, "realm.components.ensure" at "/admin/realms/{realm}/components",
    "Creates the component with this `name` and `providerType` (below `parentId`, or the realm), or changes the existing one to the wanted state."
    find |components, wanted, operation| {
        let name = key(operation, "name", wanted.name.as_ref())?;
        let of_type = key(operation, "providerType", wanted.provider_type.as_ref())?;
        let mut list = components.list().name(name).of_type(of_type);
        if let Some(parent) = &wanted.parent_id {
            list = list.parent(parent);
        }
        let mut found = list.await?;
        found.retain(|component| {
            component.name.as_deref() == Some(name)
                && (wanted.provider_id.is_none() || component.provider_id == wanted.provider_id)
                && (wanted.sub_type.is_none() || component.sub_type == wanted.sub_type)
        });
        if found.len() > 1 {
            return Err(error::invalid_argument(
                operation,
                format!("{} components have this name and type: set parentId and subType too", found.len()),
            )
            .with_kind(ErrorKind::Conflict));
        }
        match found.pop() {
            Some(component) => {
                let id = ComponentId::new(required(component.id.as_ref(), "ComponentRepresentation")?);
                Some(id)
            }
            None => None,
        }
    };
    at |components, id| realm_of!(components).component(id);
    create |components, wanted| components.create(&wanted).await;
}

ensures! {
    AuthenticationFlows: AuthenticationFlowRepresentation as FlowId, "realm.authentication.flows.ensure" at "/admin/realms/{realm}/authentication/flows",
    "Creates the flow with this `alias`, or changes the existing one to the wanted state."
    find |flows, wanted, operation| {
        match flows.find_by_alias(key(operation, "alias", wanted.alias.as_ref())?).await? {
            Some(flow) => {
                let id = FlowId::new(required(flow.id.as_ref(), "AuthenticationFlowRepresentation")?);
                Some(id)
            }
            None => None,
        }
    };
    at |flows, id| realm_of!(flows).authentication().flow(id);
    create |flows, wanted| flows.create(&wanted).await;
}

ensures! {
    ClientProtocolMappers: ProtocolMapperRepresentation as ProtocolMapperId, "realm.client.protocol_mappers.ensure" at "/admin/realms/{realm}/clients/{client-uuid}/protocol-mappers/models",
    "Creates the client's protocol mapper with this `name`, or changes the existing one to the wanted state."
    find |mappers, wanted, operation| {
        match mappers.find_by_name(key(operation, "name", wanted.name.as_ref())?).await? {
            Some(mapper) => {
                let id = ProtocolMapperId::new(required(mapper.id.as_ref(), "ProtocolMapperRepresentation")?);
                Some(id)
            }
            None => None,
        }
    };
    at |mappers, id| {
        let client: Client = realm_of!(mappers).client(&mappers.client_uuid);
        client.protocol_mapper(id)
    };
    create |mappers, wanted| mappers.create(&wanted).await;
}

ensures! {
    ClientScopeProtocolMappers: ProtocolMapperRepresentation as ProtocolMapperId, "realm.client_scope.protocol_mappers.ensure" at "/admin/realms/{realm}/client-scopes/{client-scope-id}/protocol-mappers/models",
    "Creates the client scope's protocol mapper with this `name`, or changes the existing one to the wanted state."
    find |mappers, wanted, operation| {
        match mappers.find_by_name(key(operation, "name", wanted.name.as_ref())?).await? {
            Some(mapper) => {
                let id = ProtocolMapperId::new(required(mapper.id.as_ref(), "ProtocolMapperRepresentation")?);
                Some(id)
            }
            None => None,
        }
    };
    at |mappers, id| {
        let scope: ClientScope = realm_of!(mappers).client_scope(&mappers.client_scope_id);
        scope.protocol_mapper(id)
    };
    create |mappers, wanted| mappers.create(&wanted).await;
}

ensures! {
    IdentityProviderMappers: IdentityProviderMapperRepresentation as IdentityProviderMapperId, "realm.identity_provider.mappers.ensure" at "/admin/realms/{realm}/identity-provider/instances/{alias}/mappers",
    "Creates the identity provider's mapper with this `name`, or changes the existing one to the wanted state."
    find |mappers, wanted, operation| {
        match mappers.find_by_name(key(operation, "name", wanted.name.as_ref())?).await? {
            Some(mapper) => {
                let id = required(mapper.id.as_ref(), "IdentityProviderMapperRepresentation")?;
                let id = IdentityProviderMapperId::new(id);
                Some(id)
            }
            None => None,
        }
    };
    at |mappers, id| {
        let provider: IdentityProvider = realm_of!(mappers).identity_provider(&mappers.alias);
        provider.mapper(id)
    };
    create |mappers, wanted| mappers.create(&wanted).await;
}

ensures! {
    Realms: RealmRepresentation as RealmName, "realms.ensure" at "/admin/realms",
    "Creates the realm with this name (`realm`), or changes the existing one to the wanted state. Objects of a realm have their own `ensure`."
    find |realms, wanted, operation| {
        let realm = RealmName::new(key(operation, "realm", wanted.realm.as_ref())?);
        let handle = Realm { call: realms.call.clone(), realm: realm.clone() };
        handle.find().await?.map(|_| realm)
    };
    at |realms, realm| Realm { call: realms.call.clone(), realm: realm.clone() };
    create |realms, wanted| realms.create(&wanted).await;
}
