//! The error answers that Keycloak has, as a caller meets them.

use super::suite::Suite;

pub async fn run(_suite: &mut Suite) {}
