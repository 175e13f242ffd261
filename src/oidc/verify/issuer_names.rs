//! The accepted values of `iss`.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::claims::text;
use crate::discovery::TENANT;
use crate::error::{Result, config};

/// The claim that names the tenant.
const CLAIM: &str = "tid";
const MAX_TENANT: usize = 255;

/// The issuer template of a multi-tenant provider, such as `https://op.example/{tenantid}/v2.0`.
/// Each tenant is a separate issuer; all share a key set.
///
/// The `iss` of a token must be the template with the token's `tid`, and that tenant must be
/// allowed. A key with an issuer in the key set verifies only tokens of that issuer.
///
/// ```
/// use keycloak_kit::oidc::{IssuerTemplate, TrustedIssuer};
/// # use keycloak_kit::jose::JwkSet;
///
/// # fn show(keys: JwkSet) -> keycloak_kit::Result<()> {
/// let tenants = ["72f988bf-86f1-41af-91ab-2d7cd011db47"];
/// let template = IssuerTemplate::new("https://op.example/{tenantid}/v2.0", tenants)?;
/// let issuer = TrustedIssuer::of_tenants(template, keys);
/// # Ok(()) }
/// ```
///
/// # Security
/// Everyone with an account at the provider can get a token of some tenant. Only the list or the
/// function limits who is accepted.
#[derive(Clone)]
pub struct IssuerTemplate {
    text: Arc<str>,
    tenants: Tenants,
}

#[derive(Clone)]
enum Tenants {
    Listed(Arc<[String]>),
    Decided(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

impl IssuerTemplate {
    /// Creates a template that accepts tokens of these tenants.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if the template does not contain `{tenantid}` exactly
    /// once, or `tenants` is empty.
    pub fn new<S: Into<String>>(
        template: impl Into<String>,
        tenants: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let tenants: Arc<[String]> = tenants.into_iter().map(Into::into).collect();
        if tenants.is_empty() {
            return Err(config("the issuer template allows no tenant")
                .with_hint("list the tenants, or use IssuerTemplate::deciding"));
        }
        Self::checked(template.into(), Tenants::Listed(tenants))
    }

    /// Creates a template that accepts tokens of the tenants for which `decide` returns `true`,
    /// such as customers.
    ///
    /// # Errors
    /// Returns an error of kind `Config` if the template does not contain `{tenantid}` exactly
    /// once.
    pub fn deciding(
        template: impl Into<String>,
        decide: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::checked(template.into(), Tenants::Decided(Arc::new(decide)))
    }

    fn checked(template: String, tenants: Tenants) -> Result<Self> {
        if template.matches(TENANT).count() != 1 {
            return Err(config(format!(
                "an issuer template must contain {TENANT} exactly once, as in \
                 https://op.example/{TENANT}/v2.0"
            )));
        }
        Ok(Self {
            text: template.into(),
            tenants,
        })
    }

    fn accepts(&self, claims: &Map<String, Value>) -> bool {
        match (text(claims, "iss"), text(claims, CLAIM)) {
            (Some(issuer), Some(tenant)) => self.tenant_of(issuer) == Some(tenant),
            _ => false,
        }
    }

    /// Returns the tenant of an issuer, if that is allowed.
    fn tenant_of<'a>(&self, issuer: &'a str) -> Option<&'a str> {
        let (before, after) = self.text.split_once(TENANT)?;
        let tenant = issuer.strip_prefix(before)?.strip_suffix(after)?;
        // A tenant must not contain characters that separate the parts of an issuer.
        let is_name = !tenant.is_empty()
            && tenant.len() <= MAX_TENANT
            && tenant
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let is_allowed = is_name
            && match &self.tenants {
                Tenants::Listed(all) => all.iter().any(|one| one == tenant),
                Tenants::Decided(decide) => decide(tenant),
            };
        is_allowed.then_some(tenant)
    }

    /// Returns the template, which is the issuer in the provider's metadata.
    pub(in crate::oidc) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }
}

impl fmt::Debug for IssuerTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("IssuerTemplate");
        out.field("template", &self.text);
        if let Tenants::Listed(all) = &self.tenants {
            out.field("tenants", all);
        }
        out.finish_non_exhaustive()
    }
}

/// The accepted names of an issuer in addition to its own.
#[derive(Debug, Clone, Default)]
pub(super) struct OtherNames {
    pub(super) aliases: Vec<String>,
    /// Replaces the issuer's own name.
    pub(super) template: Option<IssuerTemplate>,
}

impl OtherNames {
    /// Returns whether a key of `key_issuer` in the key set may verify a token of `issuer`.
    pub(super) fn serves(&self, key_issuer: &str, issuer: &str) -> bool {
        let of_all_tenants = self
            .template
            .as_ref()
            .is_some_and(|template| *template.text == *key_issuer);
        of_all_tenants || key_issuer == issuer
    }
}

/// All current names of an issuer.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) own: String,
    pub(super) other: OtherNames,
}

impl Names {
    /// Returns whether claims belong to this issuer. Names are compared code point by code point.
    pub(super) fn accept(&self, claims: &Map<String, Value>) -> bool {
        let Some(issuer) = text(claims, "iss") else {
            return false;
        };
        if self.other.aliases.iter().any(|alias| alias == issuer) {
            return true;
        }
        match &self.other.template {
            Some(template) => template.accepts(claims),
            None => self.own == issuer,
        }
    }

    /// Like [`accept`](Self::accept), for an issuer without a tenant claim, as in responses through
    /// the browser.
    pub(super) fn accept_name(&self, issuer: &str) -> bool {
        if self.other.aliases.iter().any(|alias| alias == issuer) {
            return true;
        }
        match &self.other.template {
            Some(template) => template.tenant_of(issuer).is_some(),
            None => self.own == issuer,
        }
    }
}
