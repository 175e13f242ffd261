//! The names of typed calls in errors and traces.

use crate::operation::Operation;

pub(super) struct Operations {
    pub list: Operation,
    pub create: Operation,
    pub by_name: Operation,
    pub get: Operation,
    pub update: Operation,
}

macro_rules! operations {
    ($place:literal, $many:literal, $one:literal) => {
        Operations {
            list: operations!($many, ".list", "GET", $place, ""),
            create: operations!($many, ".create", "POST", $place, ""),
            by_name: operations!($many, ".by_name", "GET", $place, "/search"),
            get: operations!($one, ".get", "GET", $place, "/{policy-id}"),
            update: operations!($one, ".update", "PUT", $place, "/{policy-id}"),
        }
    };
    ($handle:literal, $verb:literal, $method:literal, $place:literal, $below:literal) => {
        Operation::new(
            concat!("realm.client.authorization.", $handle, $verb),
            $method,
            concat!(
                "/admin/realms/{realm}/clients/{client-uuid}/authz/resource-server/",
                $place,
                "/{type}",
                $below
            ),
        )
    };
}

pub(super) static POLICY: Operations = operations!("policy", "policies_of_type", "policy");
pub(super) static PERMISSION: Operations =
    operations!("permission", "permissions_of_type", "permission");
