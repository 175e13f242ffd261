//! Against a real Keycloak.

#![allow(deprecated, reason = "what Keycloak deprecates is still offered")]

mod admin_ui;
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
mod files;
mod find;
mod first_contact;
mod groups;
mod identity_providers;
mod ldap;
mod lists;
mod localization;
mod modify;
mod oidc;
mod organizations;
mod paging;
mod policies;
mod realms;
mod role_mappings;
mod roles;
mod round_trip;
mod server;
mod sessions;
mod shared_signals;
mod tokens;
mod uploads;
mod user_profile;
mod users;
mod verifiable_credentials;
mod versions;
mod workflows;
