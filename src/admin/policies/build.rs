//! Setters that add single items to the lists of policies.

use std::ops::RangeInclusive;

use crate::admin::ids::{
    ClientScopeId, GroupId, IntoClientUuid, IntoId, PolicyId, ResourceId, RoleId, ScopeId, UserId,
};
use crate::admin::representations::{
    AggregatePolicyRepresentation, AuthzClientPolicyRepresentation, ClientScopeDefinition,
    ClientScopePolicyRepresentation, GroupDefinition, GroupPolicyRepresentation,
    ResourcePermissionRepresentation, RoleDefinition, RolePolicyRepresentation,
    ScopePermissionRepresentation, TimePolicyRepresentation, UmaPermissionRepresentation,
    UserPolicyRepresentation,
};

fn push<T>(list: &mut Option<Vec<T>>, item: T) {
    list.get_or_insert_with(Vec::new).push(item);
}

impl RolePolicyRepresentation {
    /// Adds a role: a user with any of the roles is granted access.
    ///
    /// ```
    /// use keycloak_kit::representations::RolePolicyRepresentation;
    ///
    /// let staff = RolePolicyRepresentation::new("staff").role("a0-id").role("b0-id");
    /// assert_eq!(staff.roles.unwrap().len(), 2);
    /// ```
    #[must_use]
    pub fn role(mut self, role: impl IntoId<RoleId>) -> Self {
        let role = RoleDefinition::default().id(role.into_id().into_string());
        push(&mut self.roles, role.required(false));
        self
    }

    /// Adds a role that a user must have, whatever other roles there are.
    #[must_use]
    pub fn required_role(mut self, role: impl IntoId<RoleId>) -> Self {
        let role = RoleDefinition::default().id(role.into_id().into_string());
        push(&mut self.roles, role.required(true));
        self
    }
}

impl UserPolicyRepresentation {
    /// Adds a user.
    #[must_use]
    pub fn user(mut self, user: impl IntoId<UserId>) -> Self {
        push(&mut self.users, user.into_id().into_string());
        self
    }
}

impl GroupPolicyRepresentation {
    /// Adds a group, without the groups below it.
    #[must_use]
    pub fn group(mut self, group: impl IntoId<GroupId>) -> Self {
        let group = GroupDefinition::default().id(group.into_id().into_string());
        push(&mut self.groups, group.extend_children(false));
        self
    }

    /// Adds a group with all groups below it.
    #[must_use]
    pub fn group_and_subgroups(mut self, group: impl IntoId<GroupId>) -> Self {
        let group = GroupDefinition::default().id(group.into_id().into_string());
        push(&mut self.groups, group.extend_children(true));
        self
    }
}

impl AuthzClientPolicyRepresentation {
    /// Adds a client.
    #[must_use]
    pub fn client(mut self, client: impl IntoClientUuid) -> Self {
        push(&mut self.clients, client.into_client_uuid().into_string());
        self
    }
}

impl ClientScopePolicyRepresentation {
    /// Adds a client scope: a token with any of the scopes is granted access.
    #[must_use]
    pub fn client_scope(mut self, scope: impl IntoId<ClientScopeId>) -> Self {
        let scope = ClientScopeDefinition::default().id(scope.into_id().into_string());
        push(&mut self.client_scopes, scope.required(false));
        self
    }

    /// Adds a client scope that a token must have, whatever other scopes there are.
    #[must_use]
    pub fn required_client_scope(mut self, scope: impl IntoId<ClientScopeId>) -> Self {
        let scope = ClientScopeDefinition::default().id(scope.into_id().into_string());
        push(&mut self.client_scopes, scope.required(true));
        self
    }
}

/// Times are in the server's time zone.
impl TimePolicyRepresentation {
    /// Sets the years, such as `2026..=2027`.
    ///
    /// ```
    /// use keycloak_kit::representations::TimePolicyRepresentation;
    ///
    /// let open = TimePolicyRepresentation::new("office hours").hours(9..=17).months(1..=6);
    /// assert_eq!((open.hour.as_deref(), open.hour_end.as_deref()), (Some("9"), Some("17")));
    /// ```
    #[must_use]
    pub fn years(self, years: RangeInclusive<u16>) -> Self {
        self.year(years.start().to_string())
            .year_end(years.end().to_string())
    }

    /// Sets the months; 1 is January.
    #[must_use]
    pub fn months(self, months: RangeInclusive<u8>) -> Self {
        self.month(months.start().to_string())
            .month_end(months.end().to_string())
    }

    /// Sets the days of the month, from 1.
    #[must_use]
    pub fn days_of_month(self, days: RangeInclusive<u8>) -> Self {
        self.day_month(days.start().to_string())
            .day_month_end(days.end().to_string())
    }

    /// Sets the hours of the day, 0 to 23. The last hour is included.
    #[must_use]
    pub fn hours(self, hours: RangeInclusive<u8>) -> Self {
        self.hour(hours.start().to_string())
            .hour_end(hours.end().to_string())
    }

    /// Sets the minutes of the hour, 0 to 59.
    #[must_use]
    pub fn minutes(self, minutes: RangeInclusive<u8>) -> Self {
        self.minute(minutes.start().to_string())
            .minute_end(minutes.end().to_string())
    }
}

impl AggregatePolicyRepresentation {
    /// Adds a policy to combine.
    #[must_use]
    pub fn policy(mut self, policy: impl IntoId<PolicyId>) -> Self {
        push(&mut self.policies, policy.into_id().into_string());
        self
    }
}

impl ResourcePermissionRepresentation {
    /// Adds a resource that the permission applies to. For all resources of a type set
    /// [`resource_type`](Self::resource_type) instead.
    #[must_use]
    pub fn resource(mut self, resource: impl IntoId<ResourceId>) -> Self {
        push(&mut self.resources, resource.into_id().into_string());
        self
    }

    /// Adds a policy that decides.
    #[must_use]
    pub fn policy(mut self, policy: impl IntoId<PolicyId>) -> Self {
        push(&mut self.policies, policy.into_id().into_string());
        self
    }
}

impl ScopePermissionRepresentation {
    /// Adds a scope that the permission applies to.
    #[must_use]
    pub fn scope(mut self, scope: impl IntoId<ScopeId>) -> Self {
        push(&mut self.scopes, scope.into_id().into_string());
        self
    }

    /// Adds a resource whose scopes the permission applies to; without one it applies to the scopes
    /// of every resource.
    #[must_use]
    pub fn resource(mut self, resource: impl IntoId<ResourceId>) -> Self {
        push(&mut self.resources, resource.into_id().into_string());
        self
    }

    /// Adds a policy that decides.
    #[must_use]
    pub fn policy(mut self, policy: impl IntoId<PolicyId>) -> Self {
        push(&mut self.policies, policy.into_id().into_string());
        self
    }
}

impl UmaPermissionRepresentation {
    /// Adds a resource that the permission applies to.
    #[must_use]
    pub fn resource(mut self, resource: impl IntoId<ResourceId>) -> Self {
        push(&mut self.resources, resource.into_id().into_string());
        self
    }

    /// Adds a user by username.
    #[must_use]
    pub fn user(mut self, username: impl Into<String>) -> Self {
        push(&mut self.users, username.into());
        self
    }

    /// Adds a role by name; a client's role is `client-id/role`.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>) -> Self {
        push(&mut self.roles, name.into());
        self
    }

    /// Adds a group by path.
    #[must_use]
    pub fn group(mut self, path: impl Into<String>) -> Self {
        push(&mut self.groups, path.into());
        self
    }

    /// Adds a client by `clientId`.
    #[must_use]
    pub fn client(mut self, client_id: impl Into<String>) -> Self {
        push(&mut self.clients, client_id.into());
        self
    }
}
