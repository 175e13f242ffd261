//! What the application says about a provider by hand.

use super::{Provider, ProviderMetadata};
use crate::error::{Result, config};

/// A document in place of the published one, and endpoints in place of those in either.
#[derive(Debug, Default)]
pub(crate) struct Given {
    document: Option<ProviderMetadata>,
    endpoints: Vec<(String, String)>,
}

impl Given {
    /// Checks what was given for `issuer`, as what is fetched is checked.
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
                    "the metadata is that of the issuer {named:?}, not of {issuer:?}"
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

    /// The document of `provider`, where it was given.
    pub(super) fn document(&self, provider: &Provider) -> Option<&ProviderMetadata> {
        match provider {
            Provider::Issuer(_) => self.document.as_ref(),
            Provider::Realm(_) | Provider::Uma(_) => None,
        }
    }

    /// The same document with the endpoints that were given.
    pub(super) fn applied(&self, mut metadata: ProviderMetadata) -> Result<ProviderMetadata> {
        for (name, url) in &self.endpoints {
            metadata = metadata
                .with_endpoint(name, url)
                .ok()
                .flatten()
                .ok_or_else(|| {
                    config(format!("there is no endpoint {name:?}")).with_hint(
                        "name it as the well-known document does, such as token_endpoint",
                    )
                })?;
        }
        Ok(metadata)
    }
}
