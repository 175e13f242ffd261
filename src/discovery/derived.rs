//! Addresses that no document names, derived from the issuer. This is all of them:
//!
//! | Address | What it is |
//! |---|---|
//! | `{issuer}` | the realm's page: its name and its public key as base64 of DER |
//! | `{issuer}/authz/entitlement/{client}` | entitlements of servers before Keycloak 4 |
//! | `{issuer}/clients-registrations/{provider}` | the endpoint of one of Keycloak's providers of client registration |
//! | `{issuer}/account` | the Account API |
//! | `{issuer}/broker/{alias}/token` | the token that another provider gave for a user |

use url::Url;

use super::ProviderMetadata;
use crate::error::Result;
use crate::http::addresses::Addresses;
use crate::http::segment;

/// A provider of client registration; the one of OpenID Connect is the `registration_endpoint`.
pub(crate) fn registration_provider(metadata: &ProviderMetadata, provider: &str) -> String {
    let issuer = metadata.issuer.trim_end_matches('/');
    format!("{issuer}/clients-registrations/{provider}")
}

/// The Account API of a realm.
pub(crate) fn account(addresses: &Addresses, metadata: &ProviderMetadata) -> Result<Url> {
    let issuer = metadata.issuer.trim_end_matches('/');
    addresses.rewrite(&metadata.issuer, &format!("{issuer}/account"))
}

/// Where the token of another provider is asked for; the alias is checked.
pub(crate) fn external_token(
    addresses: &Addresses,
    metadata: &ProviderMetadata,
    alias: &str,
) -> Result<Url> {
    let issuer = metadata.issuer.trim_end_matches('/');
    let alias = segment::encode(alias);
    addresses.rewrite(&metadata.issuer, &format!("{issuer}/broker/{alias}/token"))
}

/// The page of a realm.
pub(crate) fn realm_page(addresses: &Addresses, metadata: &ProviderMetadata) -> Result<Url> {
    addresses.rewrite(&metadata.issuer, &metadata.issuer)
}
