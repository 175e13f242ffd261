//! Against a real Keycloak.

mod first_contact;
