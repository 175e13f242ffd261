//! Against a real Keycloak.

#![allow(deprecated, reason = "what Keycloak deprecates is still offered")]

mod attack_detection;
mod authentication;
mod authorization;
mod client_policies;
mod client_scopes;
mod clients;
mod components;
mod created_ids;
mod ensure;
mod errors;
mod events;
mod features;
mod find;
mod find_by_name;
mod first_contact;
mod groups;
mod identity_providers;
mod import_users;
mod lists;
mod localization;
mod modify;
mod oidc;
mod organizations;
mod paging;
mod preview;
mod realms;
mod role_mappings;
mod role_names;
mod roles;
mod round_trip;
mod sessions;
mod tokens;
mod tree;
mod user_profile;
mod users;
mod workflows;
