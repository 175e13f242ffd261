//! Whether a provider can do what a login asks for, before a browser is sent there.

use crate::discovery::ProviderMetadata;
use crate::endpoint::names_algorithm;
use crate::error::{Result, clean, config};
use crate::jose::SigningKey;

/// How a request gets to the provider.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    Url,
    Pushed,
    /// The provider fetches it.
    Reference,
}

pub(super) fn check(metadata: &ProviderMetadata, key: Option<&SigningKey>, way: Way) -> Result<()> {
    metadata.readable(&[
        "authorization_response_iss_parameter_supported",
        "code_challenge_methods_supported",
        "require_pushed_authorization_requests",
        "require_signed_request_object",
    ])?;
    match key {
        Some(key) => signed(metadata, key, way),
        None if metadata.require_signed_request_object == Some(true) => Err(config(
            "the provider takes signed requests only: add signed_with",
        )),
        None => Ok(()),
    }
}

fn signed(metadata: &ProviderMetadata, key: &SigningKey, way: Way) -> Result<()> {
    metadata.readable(&["request_object_signing_alg_values_supported"])?;
    let names = metadata
        .request_object_signing_alg_values_supported
        .as_deref();
    if let Some(names) = names
        && !names_algorithm(names, key.algorithm())
    {
        return Err(config(format!(
            "the provider takes no requests that are signed with {}; it takes: {}",
            key.algorithm().name(),
            clean(&names.join(", ")),
        )));
    }
    let (member, taken) = match way {
        Way::Reference => (
            "request_uri_parameter_supported",
            metadata.request_uri_parameter_supported,
        ),
        Way::Url => (
            "request_parameter_supported",
            metadata.request_parameter_supported,
        ),
        // The endpoint itself says it, and no browser is on its way yet.
        Way::Pushed => return Ok(()),
    };
    metadata.readable(&[member])?;
    if taken == Some(false) {
        return Err(config(format!(
            "the provider takes no signed requests in this way: its {member} is false"
        ))
        .with_hint("leave signed_with out, or send the request with pushed()"));
    }
    Ok(())
}
