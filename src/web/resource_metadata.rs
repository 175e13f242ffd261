//! What a service publishes about itself (RFC 9728).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde_json::{Map, Value, json};
use url::Url;

use super::guard::Guard;
use crate::error::{Result, config};
use crate::jose::SigningKey;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The metadata of a protected resource (RFC 9728): which servers issue its tokens, and how tokens are
/// sent. A client that is refused finds it by the challenge
/// ([`GuardBuilder::resource_metadata`](super::GuardBuilder::resource_metadata)).
///
/// ```
/// use keycloak_kit::web::ResourceMetadata;
///
/// # fn main() -> keycloak_kit::Result<()> {
/// let metadata = ResourceMetadata::new("https://api.example.org/v1")?
///     .authorization_server("https://sso.example.org/realms/demo")
///     .scopes(["notes", "reports:read"]);
/// assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource/v1");
/// assert_eq!(metadata.url(), "https://api.example.org/.well-known/oauth-protected-resource/v1");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ResourceMetadata {
    resource: Url,
    members: Map<String, Value>,
}

impl ResourceMetadata {
    /// Creates the metadata of the service at `resource`, its identifier: an `https` URL without a
    /// fragment (section 1.2).
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config) if `resource` is not
    /// such a URL; `http` is accepted for a loopback address.
    pub fn new(resource: &str) -> Result<Self> {
        let wrong = |why: &str| config(format!("the identifier of the resource {why}"));
        let url = Url::parse(resource).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        let loopback = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if !(url.scheme() == "https" && url.has_host() || url.scheme() == "http" && loopback) {
            return Err(wrong("is not an https URL"));
        }
        if url.fragment().is_some() || url.query().is_some() {
            return Err(wrong("has a query or a fragment"));
        }
        let mut members = Map::new();
        members.insert("resource".into(), resource.into());
        members.insert("bearer_methods_supported".into(), json!(["header"]));
        Ok(Self {
            resource: url,
            members,
        })
    }

    /// Adds a server that issues tokens for the service: its issuer.
    #[must_use]
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.push("authorization_servers", issuer.into());
        self
    }

    /// Names scopes that the service knows.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        for scope in scopes {
            self.push("scopes_supported", scope.into());
        }
        self
    }

    /// Says what a guard takes: DPoP proofs, and whether it takes nothing else.
    #[must_use]
    pub fn of_guard(mut self, guard: &Guard) -> Self {
        if let Some(names) = guard.settings.dpop_algorithms() {
            self = self.member("dpop_signing_alg_values_supported", json!(names));
        }
        if guard.settings.dpop_required {
            self = self.member("dpop_bound_access_tokens_required", true);
        }
        self
    }

    /// Sets another member of section 2, such as `resource_name` or `resource_documentation`.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }

    /// Signs what was set so far (`signed_metadata`, section 2.2), in the name of `issuer`.
    ///
    /// # Errors
    ///
    /// Returns an error if the key cannot sign.
    pub fn signed(mut self, key: &SigningKey, issuer: &str) -> Result<Self> {
        let mut claims = self.members.clone();
        claims.remove("signed_metadata");
        claims.insert("iss".into(), issuer.into());
        let signed = key.sign(&json!({ "typ": "JWT" }), &Value::Object(claims))?;
        self.members.insert("signed_metadata".into(), signed.into());
        Ok(self)
    }

    /// Returns the path at which the service serves it (section 3.1).
    #[must_use]
    pub fn path(&self) -> String {
        match self.resource.path() {
            "/" => WELL_KNOWN.to_owned(),
            path => format!("{WELL_KNOWN}{path}"),
        }
    }

    /// Returns the URL at which clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = self.resource.clone();
        url.set_path(&self.path());
        url.to_string()
    }

    /// Returns the document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.members.clone())
    }

    /// Returns the response that serves it.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.to_json().to_string()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
        response
    }

    fn push(&mut self, name: &str, value: String) {
        let list = self.members.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(value.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::SignatureAlgorithm;
    use crate::jose::jws::Jws;
    use crate::web::{PublicAddress, tests};

    #[test]
    fn the_document_has_its_members() {
        let address = PublicAddress::fixed("https://api.example").unwrap();
        let guard = tests::builder()
            .public_address(address)
            .require_dpop()
            .build()
            .unwrap();
        let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        let metadata = ResourceMetadata::new("https://api.example")
            .unwrap()
            .authorization_server("https://h/realms/demo")
            .scopes(["notes", "admin"])
            .of_guard(&guard)
            .member("resource_name", "Notes")
            .signed(&key, "https://api.example")
            .unwrap();
        assert_eq!(metadata.path(), "/.well-known/oauth-protected-resource");
        let document = metadata.to_json();
        assert_eq!(
            document["authorization_servers"],
            json!(["https://h/realms/demo"])
        );
        assert_eq!(document["scopes_supported"], json!(["notes", "admin"]));
        assert_eq!(document["dpop_bound_access_tokens_required"], true);
        assert!(
            document["dpop_signing_alg_values_supported"]
                .as_array()
                .unwrap()
                .len()
                > 5
        );
        let signed = Jws::parse(document["signed_metadata"].as_str().unwrap()).unwrap();
        let claims = signed.unverified_claims().unwrap();
        assert_eq!(claims["iss"], "https://api.example");
        assert_eq!(claims["resource"], "https://api.example");
        assert!(!claims.contains_key("signed_metadata"));
        let response = metadata.to_response();
        assert_eq!(response.headers()["content-type"], "application/json");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body, document);
    }

    #[test]
    fn identifiers_that_are_none_are_refused() {
        for wrong in [
            "api",
            "http://api.example",
            "https://a/#x",
            "https://a/?x",
            "ftp://localhost",
        ] {
            assert!(
                ResourceMetadata::new(wrong).unwrap_err().is_config(),
                "{wrong}"
            );
        }
        assert!(ResourceMetadata::new("http://127.0.0.1:80/x").is_ok());
    }
}
