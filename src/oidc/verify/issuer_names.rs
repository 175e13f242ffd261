//! What `iss` may say.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::claims::text;
use crate::discovery::TENANT;
use crate::error::{Result, config};

/// The claim that names the tenant.
const CLAIM: &str = "tid";
const MAX_TENANT: usize = 255;

/// The issuer of a provider with many tenants, such as `https://op.example/{tenantid}/v2.0`: each
/// tenant is an issuer of its own, and they share their keys.
///
/// `iss` must be the template filled with the token's own `tid`, that `tid` must be allowed, and a
/// key that names its issuer in the key set serves that issuer only.
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
/// Everybody with an account at the provider has a token of some tenant: whom to let in is what the
/// list or the function decides.
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
    /// Takes tokens of these tenants.
    ///
    /// # Errors
    /// Of kind `Config` when the template does not have `{tenantid}` exactly once, or when no tenant
    /// is named.
    pub fn new<S: Into<String>>(
        template: impl Into<String>,
        tenants: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let tenants: Arc<[String]> = tenants.into_iter().map(Into::into).collect();
        if tenants.is_empty() {
            return Err(config("the issuer template allows no tenant")
                .with_hint("name them, or use IssuerTemplate::deciding"));
        }
        Self::checked(template.into(), Tenants::Listed(tenants))
    }

    /// Takes tokens of the tenants that `decide` allows, such as those that are customers.
    ///
    /// # Errors
    /// Of kind `Config` when the template does not have `{tenantid}` exactly once.
    pub fn deciding(
        template: impl Into<String>,
        decide: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::checked(template.into(), Tenants::Decided(Arc::new(decide)))
    }

    fn checked(template: String, tenants: Tenants) -> Result<Self> {
        if template.matches(TENANT).count() != 1 {
            return Err(config(format!(
                "an issuer template has {TENANT} exactly once, like https://op.example/{TENANT}/v2.0"
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

    /// The allowed tenant whose issuer this is.
    fn tenant_of<'a>(&self, issuer: &'a str) -> Option<&'a str> {
        let (before, after) = self.text.split_once(TENANT)?;
        let tenant = issuer.strip_prefix(before)?.strip_suffix(after)?;
        // Nothing that could be another part of an issuer.
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

    /// The name in the provider's document.
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

/// The names beside an issuer's own.
#[derive(Debug, Clone, Default)]
pub(super) struct OtherNames {
    pub(super) aliases: Vec<String>,
    /// In place of the issuer's own name.
    pub(super) template: Option<IssuerTemplate>,
}

impl OtherNames {
    /// Whether a key that names `key_issuer` in the key set may serve a token of `issuer`.
    pub(super) fn serves(&self, key_issuer: &str, issuer: &str) -> bool {
        let of_all = self
            .template
            .as_ref()
            .is_some_and(|template| *template.text == *key_issuer);
        of_all || key_issuer == issuer
    }
}

/// All names of an issuer, as of now.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) own: String,
    pub(super) other: OtherNames,
}

impl Names {
    /// Whether claims are of this issuer. Compared code point by code point.
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

    /// The same, for what names an issuer and no tenant: answers that the browser brings.
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
