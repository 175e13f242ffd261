//! The expected issuer of a realm, and the addresses at which its endpoints are reached.

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use super::provider::{self, ProviderId};
use crate::error::{Result, config, protocol};
use crate::http::addresses::Addresses;
use crate::http::base::BaseUrl;

/// The placeholder for the tenant in the issuer of a multi-tenant provider.
pub(crate) const TENANT: &str = "{tenantid}";

/// The expected issuer of every realm.
#[derive(Debug, Clone)]
pub(crate) struct IssuerRule {
    addresses: Addresses,
    /// The login realm and its issuer, if the full issuer was given.
    login: Option<(String, String)>,
    /// The issuer in the document of a provider that has one issuer per tenant.
    template: Option<Arc<str>>,
}

impl IssuerRule {
    fn of(base: BaseUrl, public: Option<BaseUrl>, login: Option<(String, String)>) -> Self {
        Self {
            addresses: Addresses::new(base, public),
            login,
            template: None,
        }
    }

    /// Creates the rule. `issuer` is the public base URL, or the full issuer of the login realm.
    pub(crate) fn new(base: BaseUrl, issuer: Option<&str>, login_realm: &str) -> Result<Self> {
        let Some(issuer) = issuer else {
            return Ok(Self::of(base, None, None));
        };
        let text = issuer.strip_suffix('/').unwrap_or(issuer);
        if text.ends_with("/realms") {
            return Err(config(
                "the issuer ends with /realms: add the realm, or remove /realms",
            ));
        }
        let Some((public, realm)) = text.rsplit_once("/realms/") else {
            let public = Some(BaseUrl::parse("issuer", text)?);
            return Ok(Self::of(base, public, None));
        };
        let public = Some(BaseUrl::parse("issuer", public)?);
        if !names(realm, login_realm) {
            return Err(config(format!(
                "the issuer does not belong to the login realm {login_realm:?}: pass the issuer of \
                 that realm or the public base URL, or set login_realm"
            )));
        }
        Ok(Self::of(
            base,
            public,
            Some((login_realm.to_owned(), text.to_owned())),
        ))
    }

    /// Creates the rule for one issuer, whose origin is reached at `base` if that is given.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn of_issuer(issuer: &str, base: Option<BaseUrl>) -> Result<Self> {
        let origin = provider::parse(issuer)?.origin().ascii_serialization();
        let public = BaseUrl::parse("issuer", &origin)?;
        let (base, public) = match base {
            Some(base) => (base, Some(public)),
            None => (public, None),
        };
        Ok(Self::of(base, public, None))
    }

    /// Accepts documents that have this template in place of an issuer.
    #[cfg_attr(not(feature = "oidc"), allow(dead_code))]
    pub(crate) fn template(mut self, template: Option<Arc<str>>) -> Self {
        self.template = template;
        self
    }

    /// Returns whether a document may name `issuer` when `expected` was requested.
    pub(super) fn is_of(&self, issuer: &str, expected: &str) -> bool {
        match &self.template {
            Some(template) => **template == *issuer,
            None => expected == issuer,
        }
    }

    pub(crate) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Compares issuers code point by code point (OpenID Connect Discovery 1.0 section 4.3).
    pub(crate) fn check(&self, provider: &ProviderId, issuer: &str) -> Result<()> {
        let realm = match provider {
            ProviderId::Uma(owner) => return self.check(owner, issuer),
            ProviderId::Realm(realm) => realm,
            ProviderId::Issuer(expected) if self.is_of(issuer, expected) => return Ok(()),
            ProviderId::Issuer(expected) => {
                let shown = crate::error::clean(issuer);
                let expected = self.template.as_deref().unwrap_or(expected);
                let hint = if issuer.contains(TENANT) {
                    "the provider has one issuer per tenant: set the tenants that may log in with \
                     issuer_template"
                } else {
                    "write the issuer exactly as the provider does; if the provider has a different \
                     address inside your network, keep the issuer and set base_url"
                };
                return Err(protocol(format!(
                    "the provider's issuer is {shown:?}, expected {expected:?}"
                ))
                .with_hint(hint));
            }
        };
        let full = self.login.as_ref().filter(|(login, _)| login == realm);
        let base = self.addresses.public().as_str();
        let good = match full {
            Some((_, expected)) => issuer == expected,
            None => issuer
                .strip_prefix(base)
                .and_then(|rest| rest.strip_prefix("/realms/"))
                .is_some_and(|segment| names(segment, realm)),
        };
        if good {
            return Ok(());
        }
        let expected = match full {
            Some((_, expected)) => expected.clone(),
            None => format!("{base}/realms/{realm}"),
        };
        let shown = crate::error::clean(issuer);
        Err(protocol(format!(
            "the server's issuer is {shown:?}, expected {expected:?}"
        ))
        .with_hint(
            "if that is the server's public address, pass it to issuer(..) and keep the internal \
             base URL; otherwise the base URL belongs to another server",
        ))
    }
}

/// Returns whether a raw path segment is the name of the realm. Servers leave more characters
/// unescaped than this crate does.
fn names(segment: &str, realm: &str) -> bool {
    !segment.contains(['/', '?', '#'])
        && percent_decode_str(segment)
            .decode_utf8()
            .is_ok_and(|name| name == realm)
}
