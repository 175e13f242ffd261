//! Members that the server reads in a body and leaves alone, with what does instead.
//!
//! One table for `create`, `update`, `modify` and `ensure`. Measured on 24.0.5 and 26.7.4.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{Way, fields};
use crate::admin::change::{is_nothing, same};
use crate::operation::Operation;
use crate::{Result, error};

/// A member that some calls lose.
#[derive(Debug)]
pub(crate) struct Lost {
    ty: &'static str,
    pub(crate) member: &'static str,
    /// Creating loses it; updating always does.
    new_too: bool,
    /// Reading the object shows it, so an update may carry it as it was read.
    shown: bool,
    /// It says which object is meant.
    key: bool,
    /// `modify` and `ensure` change it by other calls.
    completed: bool,
    pub(crate) instead: &'static str,
}

impl Lost {
    const fn of(ty: &'static str, member: &'static str, instead: &'static str) -> Self {
        Self {
            ty,
            member,
            new_too: false,
            shown: false,
            key: false,
            completed: false,
            instead,
        }
    }

    const fn new_too(mut self) -> Self {
        self.new_too = true;
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

const LOST: &[Lost] = &[
    Lost::of(
        FLOW,
        "authenticationExecutions",
        "flow_by_alias(alias).executions()",
    )
    .new_too()
    .shown(),
    Lost::of(
        CLIENT,
        "authorizationSettings",
        "client.authorization().import_settings",
    ),
    Lost::of(
        CLIENT,
        "defaultClientScopes",
        "client.modify or client.default_client_scopes().add",
    )
    .shown()
    .completed(),
    Lost::of(
        CLIENT,
        "defaultRoles",
        "realm.role(default role).composites().add",
    )
    .new_too(),
    Lost::of(
        CLIENT,
        "optionalClientScopes",
        "client.modify or client.optional_client_scopes().add",
    )
    .shown()
    .completed(),
    // Stored, and then the component cannot be read any more.
    Lost::of(COMPONENT, "providerType", "delete and create")
        .shown()
        .key(),
    Lost::of(CLIENT, "registeredNodes", "client.nodes().register").shown(),
    Lost::of(
        CLIENT_SCOPE,
        "protocolMappers",
        "client_scope.protocol_mappers().ensure",
    )
    .shown(),
    Lost::of(GROUP, "subGroups", "group.children().ensure")
        .new_too()
        .shown(),
    Lost::of(GROUP, "realmRoles", "group.assign_roles")
        .new_too()
        .shown(),
    Lost::of(GROUP, "clientRoles", "group.assign_roles")
        .new_too()
        .shown(),
    Lost::of(
        IDENTITY_PROVIDER,
        "organizationId",
        "organization.identity_providers().add",
    )
    .new_too()
    .shown(),
    Lost::of(
        MAPPER,
        "name",
        "delete and create: a mapper cannot be renamed",
    )
    .shown()
    .key(),
    Lost::of(MAPPER, "protocol", "delete and create")
        .shown()
        .key(),
    Lost::of(ORGANIZATION, "members", "organization.members().add").new_too(),
    Lost::of(
        ORGANIZATION,
        "identityProviders",
        "organization.identity_providers().add",
    )
    .new_too(),
    Lost::of(ORGANIZATION, "groups", "organization.groups().create").new_too(),
    Lost::of(
        RESOURCE_SERVER,
        "policies",
        "client.authorization().import_settings",
    ),
    Lost::of(
        RESOURCE_SERVER,
        "resources",
        "client.authorization().import_settings",
    ),
    Lost::of(
        RESOURCE_SERVER,
        "scopes",
        "client.authorization().import_settings",
    ),
    Lost::of(ROLE, "composites", "role.assign_roles"),
    Lost::of(USER, "groups", "user.groups().add"),
    Lost::of(USER, "realmRoles", "user.assign_roles").new_too(),
    Lost::of(USER, "clientRoles", "user.assign_roles").new_too(),
    Lost::of(
        USER,
        "federatedIdentities",
        "user.federated_identities().add",
    ),
    Lost::of(USER, "clientConsents", "realm.import_users").new_too(),
    Lost::of(REALM, "users", "realm.import_users"),
    Lost::of(REALM, "groups", "realm.groups().ensure"),
    Lost::of(REALM, "roles", "realm.roles().ensure"),
    Lost::of(REALM, "clients", "realm.clients().ensure"),
    Lost::of(REALM, "clientScopes", "realm.client_scopes().ensure"),
    Lost::of(REALM, "components", "realm.components().ensure"),
    // 24.0.5 shows both.
    Lost::of(
        REALM,
        "identityProviders",
        "realm.identity_providers().ensure",
    )
    .shown(),
    Lost::of(
        REALM,
        "identityProviderMappers",
        "identity_provider.mappers().ensure",
    )
    .shown(),
    Lost::of(
        REALM,
        "authenticationFlows",
        "realm.authentication().flows().ensure",
    ),
    Lost::of(REALM, "organizations", "realm.organizations().ensure"),
    Lost::of(
        REALM,
        "requiredActions",
        "realm.authentication().required_action(alias).modify",
    ),
    Lost::of(REALM, "scopeMappings", "client.scope_mappings()"),
    Lost::of(REALM, "clientScopeMappings", "client.scope_mappings()"),
    Lost::of(REALM, "federatedUsers", "realms().create"),
    Lost::of(
        REALM,
        "authenticatorConfig",
        "authentication().authenticator_config(id).modify",
    ),
    Lost::of(
        REALM,
        "localizationTexts",
        "realm.localization().locale(locale).import",
    ),
    Lost::of(
        REALM,
        "defaultDefaultClientScopes",
        "realm.default_client_scopes().add",
    ),
    Lost::of(
        REALM,
        "defaultOptionalClientScopes",
        "realm.optional_client_scopes().add",
    ),
    Lost::of(
        REALM,
        "protocolMappers",
        "client_scope.protocol_mappers().ensure",
    ),
];

/// What calls with a body of this type lose.
pub(super) fn of(ty: &str) -> impl Iterator<Item = &'static Lost> {
    LOST.iter().filter(move |lost| lost.ty == ty)
}

/// What an update of this type leaves alone.
pub(crate) fn of_update(ty: Option<&'static str>) -> impl Iterator<Item = &'static Lost> {
    ty.into_iter().flat_map(of)
}

fn is_set(body: &Map<String, Value>, member: &str) -> bool {
    body.get(member).is_some_and(|value| !is_nothing(value))
}

/// Refuses members that no read shows and that the call loses.
pub(super) fn refuse(op: &Operation, ty: &str, way: Way, body: &Map<String, Value>) -> Result<()> {
    let lost: Vec<&Lost> = match way {
        // An id moves the group that is there, with all that it has.
        Way::Create if ty == GROUP && is_set(body, "id") => return Ok(()),
        Way::Create => of(ty).filter(|lost| lost.new_too).collect(),
        Way::Update => of(ty).filter(|lost| !lost.shown).collect(),
        Way::Import => return Ok(()),
    };
    let set = lost.into_iter().filter(|lost| is_set(body, lost.member));
    refusal(op, way, &set.collect::<Vec<_>>())
}

/// The members of an update that have to be compared with what is there.
pub(super) fn shown(ty: &str, way: Way, body: &Map<String, Value>) -> Vec<&'static Lost> {
    if way != Way::Update {
        return Vec::new();
    }
    of(ty)
        .filter(|lost| lost.shown && is_set(body, lost.member))
        .collect()
}

/// Refuses those that are not as the server has them.
pub(super) fn refuse_other(
    op: &Operation,
    shown: &[&'static Lost],
    now: &Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<()> {
    let other = shown.iter().copied().filter(|lost| {
        let now = now.get(lost.member).unwrap_or(&Value::Null);
        body.get(lost.member)
            .is_some_and(|wanted| !same(lost.member, now, wanted))
    });
    refusal(op, Way::Update, &other.collect::<Vec<_>>())
}

fn refusal(op: &Operation, way: Way, lost: &[&Lost]) -> Result<()> {
    if lost.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = lost
        .iter()
        .map(|lost| format!("{} (use {})", lost.member, lost.instead))
        .collect();
    let when = match way {
        Way::Update => "in an update",
        Way::Create | Way::Import => "when it creates an object",
    };
    Err(error::invalid_argument(
        op,
        format!(
            "the server ignores {} {when}: leave it out; nothing was written",
            named.join(", ")
        ),
    ))
}

/// Whether an attribute of this name is not kept as one: the server takes it for the member.
pub(crate) fn is_attribute_of_a_member(ty: &str, name: &str) -> bool {
    match ty {
        REALM => fields::has(REALM, name),
        USER => ["email", "firstName", "lastName", "username"].contains(&name),
        _ => false,
    }
}

/// The attributes of an update that have to be compared with what is there.
pub(super) fn named_attributes<'a>(
    ty: &str,
    way: Way,
    body: &'a Map<String, Value>,
) -> Vec<&'a str> {
    let attributes = body.get("attributes").and_then(Value::as_object);
    attributes
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .filter(|name| way == Way::Update && ty == REALM && is_attribute_of_a_member(ty, name))
        .collect()
}

/// Refuses those that are not as the server shows them.
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
            "the server takes the attributes {} for the members of the same names, and does not \
             keep them as attributes: set the members; nothing was written",
            named.join(", ")
        ),
    ))
}

/// Adds what belongs to a member and is not set; whether there was something.
pub(super) fn complete(
    op: &Operation,
    ty: &str,
    way: Way,
    path: &[String],
    body: &mut Map<String, Value>,
) -> Result<bool> {
    match (ty, way) {
        (ROLE, Way::Create) if is_set(body, "composites") => match body.get("composite") {
            Some(Value::Bool(true)) => Ok(false),
            Some(Value::Bool(false)) => Err(error::invalid_argument(
                op,
                "composite is false beside composites, which the server then ignores: set it to \
                 true, or leave composites out; no request was sent",
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
                        "identityProviderAlias is {own:?}, and the handle is that of {alias:?}: \
                         leave the member out; no request was sent"
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
