//! Against a real Keycloak.

#![allow(deprecated, reason = "what Keycloak deprecates is still offered")]

mod authentication;
mod client_scopes;
mod clients;
mod components;
mod first_contact;
mod groups;
mod identity_providers;
mod role_mappings;
mod roles;
mod users;
