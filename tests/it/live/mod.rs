//! Against a real Keycloak.

#![allow(deprecated, reason = "what Keycloak deprecates is still offered")]

mod attack_detection;
mod authentication;
mod client_policies;
mod client_scopes;
mod clients;
mod components;
mod events;
mod first_contact;
mod groups;
mod identity_providers;
mod localization;
mod organizations;
mod realms;
mod role_mappings;
mod roles;
mod sessions;
mod user_profile;
mod users;
