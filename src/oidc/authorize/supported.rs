//! Checks that a provider supports a login's settings before the browser is sent there.

use crate::discovery::ProviderMetadata;
use crate::endpoint::names_algorithm;
use crate::error::{Result, clean, config};
use crate::jose::SigningKey;

/// How the request reaches the provider.
#[derive(Debug, Clone, Copy)]
pub(super) enum Delivery {
    Url,
    Pushed,
    /// The provider fetches the request object.
    Reference,
}

pub(super) fn check(
    metadata: &ProviderMetadata,
    key: Option<&SigningKey>,
    delivery: Delivery,
) -> Result<()> {
    metadata.readable(&[
        "authorization_response_iss_parameter_supported",
        "code_challenge_methods_supported",
        "require_pushed_authorization_requests",
        "require_signed_request_object",
    ])?;
    match key {
        Some(key) => signed(metadata, key, delivery),
        None if metadata.require_signed_request_object == Some(true) => Err(config(
            "the provider only accepts signed requests: add signed_with",
        )),
        None => Ok(()),
    }
}

fn signed(metadata: &ProviderMetadata, key: &SigningKey, delivery: Delivery) -> Result<()> {
    metadata.readable(&["request_object_signing_alg_values_supported"])?;
    let names = metadata
        .request_object_signing_alg_values_supported
        .as_deref();
    if let Some(names) = names
        && !names_algorithm(names, key.algorithm())
    {
        return Err(config(format!(
            "the provider does not accept requests signed with {}; it accepts: {}",
            key.algorithm().name(),
            clean(&names.join(", ")),
        )));
    }
    let (member, accepted) = match delivery {
        Delivery::Reference => (
            "request_uri_parameter_supported",
            metadata.request_uri_parameter_supported,
        ),
        Delivery::Url => (
            "request_parameter_supported",
            metadata.request_parameter_supported,
        ),
        // The endpoint reports this itself, before a browser is sent there.
        Delivery::Pushed => return Ok(()),
    };
    metadata.readable(&[member])?;
    if accepted == Some(false) {
        return Err(config(format!(
            "the provider does not accept signed requests sent this way: its {member} is false"
        ))
        .with_hint("remove signed_with, or send the request with pushed()"));
    }
    Ok(())
}
