//! Addresses that no document names, derived from the issuer. This is all of them:
//!
//! | Address | What it is |
//! |---|---|
//! | `{issuer}` | the realm's page: its name and its public key as base64 of DER |
//! | `{issuer}/authz/entitlement/{client}` | entitlements of servers before Keycloak 4 |

use url::Url;

use super::IssuerRule;
use super::ProviderMetadata;
use crate::error::Result;

/// The page of a realm.
pub(crate) fn realm_page(rule: &IssuerRule, metadata: &ProviderMetadata) -> Result<Url> {
    rule.rewrite(&metadata.issuer, &metadata.issuer)
}
