//! How a client names and authenticates itself at an OAuth endpoint.

use url::form_urlencoded::byte_serialize;

use crate::Secret;

#[derive(Debug, Clone)]
pub(crate) struct ClientAuth {
    pub(crate) id: String,
    /// None for a public client.
    pub(crate) secret: Option<Secret>,
    /// Send the secret in the form instead of the `Authorization` header.
    pub(crate) in_form: bool,
}

impl ClientAuth {
    #[cfg(any(test, feature = "oidc"))]
    pub(crate) fn public(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            in_form: false,
        }
    }

    pub(crate) fn confidential(id: impl Into<String>, secret: Secret) -> Self {
        Self {
            id: id.into(),
            secret: Some(secret),
            in_form: false,
        }
    }

    /// Adds header or form members.
    pub(crate) fn apply<'a>(
        &'a self,
        request: reqwest::RequestBuilder,
        form: &mut Vec<(&'a str, &'a str)>,
    ) -> reqwest::RequestBuilder {
        match &self.secret {
            None => form.push(("client_id", &self.id)),
            Some(secret) if self.in_form => {
                form.push(("client_id", &self.id));
                form.push(("client_secret", secret.expose()));
            }
            Some(secret) => {
                // RFC 6749 section 2.3.1: form-urlencoded before Basic joins them with a colon.
                return request.basic_auth(encoded(&self.id), Some(encoded(secret.expose())));
            }
        }
        request
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_form_urlencoded_first_and_sensitive() {
        let auth = ClientAuth::confidential("a:b", "p:q%2B+ /é&=?".into());
        let mut form = Vec::new();
        let request = reqwest::Client::new().post("http://h");
        let request = auth.apply(request, &mut form).build().unwrap();
        let header = &request.headers()["authorization"];
        assert!(form.is_empty() && header.is_sensitive());
        // base64 of "a%3Ab:p%3Aq%252B%2B+%2F%C3%A9%26%3D%3F"
        assert_eq!(
            header.to_str().unwrap(),
            "Basic YSUzQWI6cCUzQXElMjUyQiUyQislMkYlQzMlQTklMjYlM0QlM0Y="
        );
    }

    #[test]
    fn form_and_public_clients() {
        let mut auth = ClientAuth::confidential("web", "s".into());
        auth.in_form = true;
        let mut form = Vec::new();
        let request = auth.apply(reqwest::Client::new().post("http://h"), &mut form);
        assert!(request.build().unwrap().headers().is_empty());
        assert_eq!(form, [("client_id", "web"), ("client_secret", "s")]);
        let auth = ClientAuth::public("spa");
        let mut form = Vec::new();
        auth.apply(reqwest::Client::new().post("http://h"), &mut form)
            .build()
            .unwrap();
        assert_eq!(form, [("client_id", "spa")]);
    }
}
