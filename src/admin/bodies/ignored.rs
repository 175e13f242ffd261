//! Members that the server ignores in a body, each with the call that sets them.
//!
//! One table for `create`, `update`, `modify` and `ensure`. Measured on 24.0.5 and 26.7.4.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{Purpose, fields};
use crate::admin::change::{is_nothing, same};
use crate::operation::Operation;
use crate::{Result, error};

/// A member that some calls ignore.
#[derive(Debug)]
pub(crate) struct IgnoredMember {
    ty: &'static str,
    pub(crate) member: &'static str,
    /// Ignored on create too; updates always ignore it.
    on_create: bool,
    /// Reading the object returns it, so an update may contain it unchanged.
    shown: bool,
    /// The member identifies the object.
    key: bool,
    /// `modify` and `ensure` change it by other calls.
    completed: bool,
    pub(crate) instead: &'static str,
}

impl IgnoredMember {
    const fn of(ty: &'static str, member: &'static str, instead: &'static str) -> Self {
        Self {
            ty,
            member,
            on_create: false,
            shown: false,
            key: false,
            completed: false,
            instead,
        }
    }

    const fn on_create(mut self) -> Self {
        self.on_create = true;
        self
    }

    const fn shown(mut self) -> Self {
        self.shown = true;
        self
    }

    const fn key(mut self) -> Self {
        self.key = true;
        self
    }

    const fn completed(mut self) -> Self {
        self.completed = true;
        self
    }

    /// Whether `ensure` refuses it in a wanted state.
    pub(crate) fn is_refused_by_ensure(&self) -> bool {
        !self.key && !self.completed
    }

    /// Whether `modify` refuses another value.
    pub(crate) fn is_refused_by_modify(&self) -> bool {
        !self.completed
    }
}

const COMPONENT: &str = "ComponentRepresentation";
const CLIENT: &str = "ClientRepresentation";
const CLIENT_SCOPE: &str = "ClientScopeRepresentation";
const FLOW: &str = "AuthenticationFlowRepresentation";
const GROUP: &str = "GroupRepresentation";
const IDENTITY_PROVIDER: &str = "IdentityProviderRepresentation";
const IDENTITY_PROVIDER_MAPPER: &str = "IdentityProviderMapperRepresentation";
const MAPPER: &str = "ProtocolMapperRepresentation";
const ORGANIZATION: &str = "OrganizationRepresentation";
const REALM: &str = "RealmRepresentation";
const RESOURCE_SERVER: &str = "ResourceServerRepresentation";
const ROLE: &str = "RoleRepresentation";
const USER: &str = "UserRepresentation";

const IGNORED: &[IgnoredMember] = &[
    IgnoredMember::of(
        FLOW,
        "authenticationExecutions",
        "flow_by_alias(alias).executions()",
    )
    .on_create()
    .shown(),
    IgnoredMember::of(
        CLIENT,
        "authorizationSettings",
        "client.authorization().import_settings",
    ),
    IgnoredMember::of(
        CLIENT,
        "defaultClientScopes",
        "client.modify or client.default_client_scopes().add",
    )
    .shown()
    .completed(),
    IgnoredMember::of(
        CLIENT,
        "defaultRoles",
        "realm.role(default role).composites().add",
    )
    .on_create(),
    IgnoredMember::of(
        CLIENT,
        "optionalClientScopes",
        "client.modify or client.optional_client_scopes().add",
    )
    .shown()
    .completed(),
    // The server stores it, and can then no longer read the component.
    IgnoredMember::of(COMPONENT, "providerType", "delete and create")
        .shown()
        .key(),
    IgnoredMember::of(CLIENT, "registeredNodes", "client.nodes().register").shown(),
    IgnoredMember::of(
        CLIENT_SCOPE,
        "protocolMappers",
        "client_scope.protocol_mappers().ensure",
    )
    .shown(),
    IgnoredMember::of(GROUP, "subGroups", "group.children().ensure")
        .on_create()
        .shown(),
    IgnoredMember::of(GROUP, "realmRoles", "group.assign_roles")
        .on_create()
        .shown(),
    IgnoredMember::of(GROUP, "clientRoles", "group.assign_roles")
        .on_create()
        .shown(),
    IgnoredMember::of(
        IDENTITY_PROVIDER,
        "organizationId",
        "organization.identity_providers().add",
    )
    .on_create()
    .shown(),
    IgnoredMember::of(
        MAPPER,
        "name",
        "delete and create: a mapper cannot be renamed",
    )
    .shown()
    .key(),
    IgnoredMember::of(MAPPER, "protocol", "delete and create")
        .shown()
        .key(),
    IgnoredMember::of(ORGANIZATION, "members", "organization.members().add").on_create(),
    IgnoredMember::of(
        ORGANIZATION,
        "identityProviders",
        "organization.identity_providers().add",
    )
    .on_create(),
    IgnoredMember::of(ORGANIZATION, "groups", "organization.groups().create").on_create(),
    IgnoredMember::of(
        RESOURCE_SERVER,
        "policies",
        "client.authorization().import_settings",
    ),
    IgnoredMember::of(
        RESOURCE_SERVER,
        "resources",
        "client.authorization().import_settings",
    ),
    IgnoredMember::of(
        RESOURCE_SERVER,
        "scopes",
        "client.authorization().import_settings",
    ),
    IgnoredMember::of(ROLE, "composites", "role.assign_roles"),
    IgnoredMember::of(USER, "groups", "user.groups().add"),
    IgnoredMember::of(USER, "realmRoles", "user.assign_roles").on_create(),
    IgnoredMember::of(USER, "clientRoles", "user.assign_roles").on_create(),
    IgnoredMember::of(
        USER,
        "federatedIdentities",
        "user.federated_identities().add",
    ),
    IgnoredMember::of(USER, "clientConsents", "realm.import_users").on_create(),
    IgnoredMember::of(REALM, "users", "realm.import_users"),
    IgnoredMember::of(REALM, "groups", "realm.groups().ensure"),
    IgnoredMember::of(REALM, "roles", "realm.roles().ensure"),
    IgnoredMember::of(REALM, "clients", "realm.clients().ensure"),
    IgnoredMember::of(REALM, "clientScopes", "realm.client_scopes().ensure"),
    IgnoredMember::of(REALM, "components", "realm.components().ensure"),
    // 24.0.5 returns both.
    IgnoredMember::of(
        REALM,
        "identityProviders",
        "realm.identity_providers().ensure",
    )
    .shown(),
    IgnoredMember::of(
        REALM,
        "identityProviderMappers",
        "identity_provider.mappers().ensure",
    )
    .shown(),
    IgnoredMember::of(
        REALM,
        "authenticationFlows",
        "realm.authentication().flows().ensure",
    ),
    IgnoredMember::of(REALM, "organizations", "realm.organizations().ensure"),
    IgnoredMember::of(
        REALM,
        "requiredActions",
        "realm.authentication().required_action(alias).modify",
    ),
    IgnoredMember::of(REALM, "scopeMappings", "client.scope_mappings()"),
    IgnoredMember::of(REALM, "clientScopeMappings", "client.scope_mappings()"),
    IgnoredMember::of(REALM, "federatedUsers", "realms().create"),
    IgnoredMember::of(
        REALM,
        "authenticatorConfig",
        "authentication().authenticator_config(id).modify",
    ),
    IgnoredMember::of(
        REALM,
        "localizationTexts",
        "realm.localization().locale(locale).import",
    ),
    IgnoredMember::of(
        REALM,
        "defaultDefaultClientScopes",
        "realm.default_client_scopes().add",
    ),
    IgnoredMember::of(
        REALM,
        "defaultOptionalClientScopes",
        "realm.optional_client_scopes().add",
    ),
    IgnoredMember::of(
        REALM,
        "protocolMappers",
        "client_scope.protocol_mappers().ensure",
    ),
];

/// The members that calls with a body of this type ignore.
pub(super) fn of(ty: &str) -> impl Iterator<Item = &'static IgnoredMember> {
    IGNORED.iter().filter(move |ignored| ignored.ty == ty)
}

/// The members that an update of this type ignores.
pub(crate) fn of_update(ty: Option<&'static str>) -> impl Iterator<Item = &'static IgnoredMember> {
    ty.into_iter().flat_map(of)
}

fn is_set(body: &Map<String, Value>, member: &str) -> bool {
    body.get(member).is_some_and(|value| !is_nothing(value))
}

/// Refuses members that the call ignores and that no read returns.
pub(super) fn refuse(
    op: &Operation,
    ty: &str,
    purpose: Purpose,
    body: &Map<String, Value>,
) -> Result<()> {
    let ignored: Vec<&IgnoredMember> = match purpose {
        // An id moves the existing group, with everything it has.
        Purpose::Create if ty == GROUP && is_set(body, "id") => return Ok(()),
        Purpose::Create => of(ty).filter(|ignored| ignored.on_create).collect(),
        Purpose::Update => of(ty).filter(|ignored| !ignored.shown).collect(),
        Purpose::Import => return Ok(()),
    };
    let set = ignored
        .into_iter()
        .filter(|ignored| is_set(body, ignored.member));
    refusal(op, purpose, &set.collect::<Vec<_>>())
}

/// The members of an update to compare with the present state.
pub(super) fn shown(
    ty: &str,
    purpose: Purpose,
    body: &Map<String, Value>,
) -> Vec<&'static IgnoredMember> {
    if purpose != Purpose::Update {
        return Vec::new();
    }
    of(ty)
        .filter(|ignored| ignored.shown && is_set(body, ignored.member))
        .collect()
}

/// Refuses those that differ from the present state.
pub(super) fn refuse_other(
    op: &Operation,
    shown: &[&'static IgnoredMember],
    now: &Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<()> {
    let other = shown.iter().copied().filter(|ignored| {
        let now = now.get(ignored.member).unwrap_or(&Value::Null);
        body.get(ignored.member)
            .is_some_and(|wanted| !same(ignored.member, now, wanted))
    });
    refusal(op, Purpose::Update, &other.collect::<Vec<_>>())
}

fn refusal(op: &Operation, purpose: Purpose, ignored: &[&IgnoredMember]) -> Result<()> {
    if ignored.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = ignored
        .iter()
        .map(|ignored| format!("{} (use {})", ignored.member, ignored.instead))
        .collect();
    let when = match purpose {
        Purpose::Update => "in an update",
        Purpose::Create | Purpose::Import => "when it creates an object",
    };
    Err(error::invalid_argument(
        op,
        format!(
            "the server ignores {} {when}: leave it out; nothing was written",
            named.join(", ")
        ),
    ))
}

/// Whether the server stores an attribute of this name as the member instead.
pub(crate) fn is_attribute_of_a_member(ty: &str, name: &str) -> bool {
    match ty {
        REALM => fields::has(REALM, name),
        USER => ["email", "firstName", "lastName", "username"].contains(&name),
        _ => false,
    }
}

/// The attributes of an update to compare with the present state.
pub(super) fn named_attributes<'a>(
    ty: &str,
    purpose: Purpose,
    body: &'a Map<String, Value>,
) -> Vec<&'a str> {
    let attributes = body.get("attributes").and_then(Value::as_object);
    attributes
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .filter(|name| {
            purpose == Purpose::Update && ty == REALM && is_attribute_of_a_member(ty, name)
        })
        .collect()
}

/// Refuses those that differ from the present state.
pub(super) fn refuse_named_attributes(
    op: &Operation,
    named: &[&str],
    now: &Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<()> {
    let of = |object: &Map<String, Value>, name: &str| {
        let attributes = object.get("attributes");
        attributes
            .and_then(|attributes| attributes.get(name))
            .cloned()
    };
    let other = named.iter().filter(|name| of(now, name) != of(body, name));
    refuse_attributes(op, &other.copied().collect::<Vec<_>>())
}

/// Refuses attributes that are members.
pub(crate) fn refuse_attributes(op: &Operation, named: &[&str]) -> Result<()> {
    if named.is_empty() {
        return Ok(());
    }
    Err(error::invalid_argument(
        op,
        format!(
            "the server stores the attributes {} as the members of the same names: set the \
             members; nothing was written",
            named.join(", ")
        ),
    ))
}

/// Adds what belongs to a member and is not set. Returns whether something was added.
pub(super) fn complete(
    op: &Operation,
    ty: &str,
    purpose: Purpose,
    path: &[String],
    body: &mut Map<String, Value>,
) -> Result<bool> {
    match (ty, purpose) {
        (ROLE, Purpose::Create) if is_set(body, "composites") => match body.get("composite") {
            Some(Value::Bool(true)) => Ok(false),
            Some(Value::Bool(false)) => Err(error::invalid_argument(
                op,
                "composite is false, so the server would ignore composites: set it to true, or \
                 leave composites out; no request was sent",
            )),
            _ => {
                body.insert("composite".to_owned(), Value::Bool(true));
                Ok(true)
            }
        },
        (IDENTITY_PROVIDER_MAPPER, _) => {
            let alias = path
                .iter()
                .position(|part| part == "mappers")
                .and_then(|mappers| path.get(mappers.checked_sub(1)?));
            let Some(alias) = alias else {
                return Ok(false);
            };
            let alias = percent_decode_str(alias).decode_utf8_lossy();
            match body.get("identityProviderAlias") {
                Some(Value::String(own)) if *own == alias => Ok(false),
                Some(Value::String(own)) if !own.is_empty() => Err(error::invalid_argument(
                    op,
                    format!(
                        "identityProviderAlias is {own:?}, but the handle is for {alias:?}: leave \
                         the member out; no request was sent"
                    ),
                )),
                _ => {
                    let alias = alias.into_owned();
                    body.insert("identityProviderAlias".to_owned(), Value::String(alias));
                    Ok(true)
                }
            }
        }
        _ => Ok(false),
    }
}
