//! Addresses that are not in the metadata, derived from the issuer. The complete list:
//!
//! | Address | What it is |
//! |---|---|
//! | `{issuer}` | the realm's page: its name, and its public key as base64 of DER |
//! | `{issuer}/authz/entitlement/{client}` | entitlements on servers before Keycloak 4 |
//! | `{issuer}/clients-registrations/{provider}` | one of Keycloak's client registration providers |
//! | `{issuer}/account` | the Account API |
//! | `{issuer}/broker/{alias}/token` | the token that an identity provider issued for a user |

use url::Url;

use super::ProviderMetadata;
use crate::error::Result;
use crate::http::addresses::Addresses;
use crate::http::segment;

/// Returns the address of a client registration provider. The OpenID Connect provider is published
/// as `registration_endpoint`.
pub(crate) fn registration_provider(metadata: &ProviderMetadata, provider: &str) -> String {
    let issuer = metadata.issuer.trim_end_matches('/');
    format!("{issuer}/clients-registrations/{provider}")
}

/// Returns the address of a realm's Account API.
pub(crate) fn account(addresses: &Addresses, metadata: &ProviderMetadata) -> Result<Url> {
    let issuer = metadata.issuer.trim_end_matches('/');
    addresses.rewrite(&metadata.issuer, &format!("{issuer}/account"))
}

/// Returns the address of the token of an identity provider. The caller has checked the alias.
pub(crate) fn external_token(
    addresses: &Addresses,
    metadata: &ProviderMetadata,
    alias: &str,
) -> Result<Url> {
    let issuer = metadata.issuer.trim_end_matches('/');
    let alias = segment::encode(alias);
    addresses.rewrite(&metadata.issuer, &format!("{issuer}/broker/{alias}/token"))
}

/// Returns the address of a realm's page.
pub(crate) fn realm_page(addresses: &Addresses, metadata: &ProviderMetadata) -> Result<Url> {
    addresses.rewrite(&metadata.issuer, &metadata.issuer)
}
