//! Against a real Keycloak.

#![allow(deprecated, reason = "what Keycloak deprecates is still offered")]

mod attack_detection;
mod authentication;
mod authorization;
mod client_policies;
mod client_scopes;
mod clients;
mod components;
mod errors;
mod events;
mod features;
mod find;
mod first_contact;
mod groups;
mod identity_providers;
mod lists;
mod localization;
mod modify;
mod oidc;
mod organizations;
mod paging;
mod realms;
mod role_mappings;
mod roles;
mod round_trip;
mod sessions;
mod tokens;
mod user_profile;
mod users;
mod workflows;
