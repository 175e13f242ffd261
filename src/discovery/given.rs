//! Metadata of a provider that the application has set.

use super::{ProviderId, ProviderMetadata};
use crate::error::{Result, config};

/// A document in place of the published one, and endpoints that override those of either document.
#[derive(Debug, Default)]
pub(crate) struct Given {
    document: Option<ProviderMetadata>,
    endpoints: Vec<(String, String)>,
}

impl Given {
    /// Checks the metadata set for `issuer`, like fetched metadata.
    #[cfg(feature = "oidc")]
    pub(crate) fn new(
        rule: &super::IssuerRule,
        issuer: &str,
        document: Option<ProviderMetadata>,
        endpoints: Vec<(String, String)>,
    ) -> Result<Self> {
        let given = Self {
            document,
            endpoints,
        };
        let known = match &given.document {
            Some(document) if !rule.is_of(&document.issuer, issuer) => {
                let named = crate::error::clean(&document.issuer);
                return Err(config(format!(
                    "the metadata belongs to the issuer {named:?}, not to {issuer:?}"
                )));
            }
            Some(document) => document.clone(),
            None => ProviderMetadata {
                issuer: issuer.to_owned(),
                ..ProviderMetadata::default()
            },
        };
        for (name, url) in given.applied(known)?.endpoints() {
            rule.addresses().rewrite(issuer, &url).map_err(|error| {
                config(format!("the {name} cannot be called")).with_source(error)
            })?;
        }
        Ok(given)
    }

    /// Returns the document set for `provider`.
    pub(super) fn document(&self, provider: &ProviderId) -> Option<&ProviderMetadata> {
        match provider {
            ProviderId::Issuer(_) => self.document.as_ref(),
            ProviderId::Realm(_) | ProviderId::Uma(_) => None,
        }
    }

    /// Applies the endpoints that the application has set.
    pub(super) fn applied(&self, mut metadata: ProviderMetadata) -> Result<ProviderMetadata> {
        for (name, url) in &self.endpoints {
            metadata = metadata
                .with_endpoint(name, url)
                .ok()
                .flatten()
                .ok_or_else(|| {
                    config(format!("{name:?} is not the name of an endpoint")).with_hint(
                        "use the member name of the well-known document, such as token_endpoint",
                    )
                })?;
        }
        Ok(metadata)
    }
}
