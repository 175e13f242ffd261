//! For those who maintain keycloak-kit: what another release of Keycloak changes, and which release
//! first had what.

pub mod compare;
pub mod report;
pub mod since;
