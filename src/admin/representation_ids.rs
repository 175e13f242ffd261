//! The ids of representations, in the types that handles accept.

use super::ids::{
    AuthenticatorConfigId, ClientScopeId, ClientUuid, ComponentId, CredentialId, ExecutionId,
    FlowAlias, FlowId, GroupId, IdentityProviderAlias, IdentityProviderMapperId,
    InitialAccessTokenId, InvitationId, OrganizationId, PolicyId, ProtocolMapperId, RealmName,
    RequiredActionAlias, ResourceId, RoleId, RoleName, ScopeId, SessionId, UserId, WorkflowId,
};
use super::representations::{
    AuthenticationExecutionInfoRepresentation, AuthenticationExecutionRepresentation,
    AuthenticationFlowRepresentation, AuthenticatorConfigRepresentation,
    ClientInitialAccessPresentation, ClientRepresentation, ClientScopeRepresentation,
    ComponentRepresentation, CredentialRepresentation, GroupRepresentation,
    IdentityProviderMapperRepresentation, IdentityProviderRepresentation, MemberRepresentation,
    OrganizationInvitationRepresentation, OrganizationRepresentation, PolicyRepresentation,
    ProtocolMapperRepresentation, RealmRepresentation, RequiredActionProviderRepresentation,
    ResourceRepresentation, RoleRepresentation, ScopeRepresentation, UserRepresentation,
    UserSessionRepresentation, WorkflowRepresentation,
};
use crate::{Error, Result, error};

/// Returns a member that the server includes in everything it sends.
pub(crate) fn required(
    value: Option<&String>,
    type_name: &'static str,
    member: &'static str,
) -> Result<String> {
    value.cloned().ok_or_else(|| missing(type_name, member))
}

fn missing(type_name: &'static str, member: &'static str) -> Error {
    error::config(format!(
        "this {type_name} does not have its {member}: only one that came from the server does"
    ))
}

/// Declares one method per row: the member it reads and the type it returns.
macro_rules! ids {
    ($($representation:ident { $($method:ident: $member:ident -> $id:ident, $what:literal;)* })*) => { $(
        impl $representation {
            $(
                #[doc = concat!("Returns ", $what, ", in the type that handles and calls accept.")]
                ///
                /// # Errors
                ///
                #[doc = concat!(
                    "[`Config`](crate::ErrorKind::Config) if `", stringify!($member),
                    "` is not set, because the representation did not come from a server."
                )]
                pub fn $method(&self) -> Result<$id> {
                    required(self.$member.as_ref(), stringify!($representation), stringify!($member))
                        .map($id::new)
                }
            )*
        }
    )* };
}

ids! {
    AuthenticationExecutionInfoRepresentation { execution_id: id -> ExecutionId, "the execution's id"; }
    AuthenticationExecutionRepresentation { execution_id: id -> ExecutionId, "the execution's id"; }
    AuthenticationFlowRepresentation {
        flow_id: id -> FlowId, "the flow's id";
        flow_alias: alias -> FlowAlias, "the flow's alias";
    }
    AuthenticatorConfigRepresentation { authenticator_config_id: id -> AuthenticatorConfigId, "the configuration's id"; }
    ClientInitialAccessPresentation { initial_access_token_id: id -> InitialAccessTokenId, "the token's id"; }
    ClientRepresentation { client_uuid: id -> ClientUuid, "the client's UUID (not its `clientId`)"; }
    ClientScopeRepresentation { client_scope_id: id -> ClientScopeId, "the client scope's id"; }
    ComponentRepresentation { component_id: id -> ComponentId, "the component's id"; }
    CredentialRepresentation { credential_id: id -> CredentialId, "the credential's id"; }
    GroupRepresentation { group_id: id -> GroupId, "the group's id"; }
    IdentityProviderMapperRepresentation { identity_provider_mapper_id: id -> IdentityProviderMapperId, "the mapper's id"; }
    IdentityProviderRepresentation { identity_provider_alias: alias -> IdentityProviderAlias, "the identity provider's alias"; }
    MemberRepresentation { user_id: id -> UserId, "the user's id"; }
    OrganizationInvitationRepresentation { invitation_id: id -> InvitationId, "the invitation's id"; }
    OrganizationRepresentation { organization_id: id -> OrganizationId, "the organization's id"; }
    PolicyRepresentation { policy_id: id -> PolicyId, "the policy's id"; }
    ProtocolMapperRepresentation { protocol_mapper_id: id -> ProtocolMapperId, "the mapper's id"; }
    RealmRepresentation { realm_name: realm -> RealmName, "the realm's name"; }
    RequiredActionProviderRepresentation { required_action_alias: alias -> RequiredActionAlias, "the action's alias"; }
    ResourceRepresentation { resource_id: id -> ResourceId, "the resource's id"; }
    RoleRepresentation {
        role_id: id -> RoleId, "the role's id";
        role_name: name -> RoleName, "the role's name";
    }
    ScopeRepresentation { scope_id: id -> ScopeId, "the scope's id"; }
    UserRepresentation { user_id: id -> UserId, "the user's id"; }
    UserSessionRepresentation { session_id: id -> SessionId, "the session's id"; }
    WorkflowRepresentation { workflow_id: id -> WorkflowId, "the workflow's id"; }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `user_id()` returns a `UserId`, `client_uuid()` a `ClientUuid`, and so on.
    #[test]
    fn every_method_has_the_name_of_the_type_that_it_gives() {
        let source = include_str!("representation_ids.rs");
        let (_, table) = source.split_once("\nids! {").unwrap();
        let (table, _) = table.split_once("\n}").unwrap();
        let mut rows = 0;
        for row in table.split(';').filter(|row| row.contains("->")) {
            let (left, right) = row.split_once("->").unwrap();
            let method = left.rsplit('{').next().unwrap().split(':').next().unwrap();
            let id = right.split(',').next().unwrap().trim();
            assert_eq!(method.trim().replace('_', ""), id.to_lowercase(), "{row}");
            rows += 1;
        }
        assert!(rows > 25, "{rows}");
    }

    #[test]
    fn an_id_is_there_or_its_absence_says_why() {
        let flow = AuthenticationFlowRepresentation::default().alias("browser");
        assert_eq!(flow.flow_alias().unwrap().as_str(), "browser");
        let error = flow.flow_id().unwrap_err();
        assert!(error.is_config(), "{error}");
        assert!(
            error
                .to_string()
                .contains("AuthenticationFlowRepresentation does not have its id"),
            "{error}"
        );
        let flow = flow.id("4711");
        assert_eq!(flow.flow_id().unwrap(), FlowId::new("4711"));
    }
}
