//! Responses of the provider.

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::Secret;
use crate::html::escaped;

/// A response, and the messages that the provider sends before it.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: StatusCode,
    headers: Vec<(header::HeaderName, String)>,
    body: String,
    pub(super) messages: Vec<Message>,
    pub(super) page: Page,
}

/// What a response means to a test without a browser.
#[derive(Debug, Clone)]
pub(super) enum Page {
    /// It waits for a user, or is not for browsers.
    Plain,
    /// Sends the browser to this URL, or makes it post this form.
    Back(String),
    /// Shows an error.
    Problem(String),
}

/// What the provider posts to a client.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) client_id: String,
    pub(super) url: String,
    pub(super) content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    LogoutToken(String),
    /// That a backchannel login was decided (CIBA section 10.2).
    Ping {
        auth_req_id: String,
        token: Secret,
    },
}

impl Reply {
    fn new(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: vec![
                (header::CONTENT_TYPE, content_type.to_owned()),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ],
            body,
            messages: Vec::new(),
            page: Page::Plain,
        }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(super) fn html(status: u16, body: &str) -> Self {
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Test provider\
             </title></head><body>{body}</body></html>"
        );
        Self::new(status, "text/html;charset=utf-8", page)
    }

    /// An error of RFC 6749 section 5.2.
    pub(super) fn oauth_error(status: u16, code: &str, description: &str) -> Self {
        let body = json!({ "error": code, "error_description": description });
        Self::json(status, &body)
    }

    /// A response without a body.
    pub(super) fn empty(status: u16) -> Self {
        let mut reply = Self::new(status, "text/plain", String::new());
        reply.headers.remove(0);
        reply
    }

    pub(super) fn redirect(url: &Url) -> Self {
        let mut reply = Self::empty(302).with(header::LOCATION, url.as_str());
        reply.page = Page::Back(url.as_str().to_owned());
        reply
    }

    /// A page that posts the parameters to the client (OAuth 2.0 Form Post Response Mode).
    pub(super) fn form_post(url: &Url, params: &[(&str, &str)], encoded: String) -> Self {
        let mut fields = String::new();
        for (name, value) in params {
            let (name, value) = (escaped(name), escaped(value));
            fields.push_str(&format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"
            ));
        }
        let action = escaped(url.as_str());
        let form = format!(
            "<form method=\"post\" action=\"{action}\">{fields}<input type=\"submit\" \
             value=\"Continue\"></form><script>document.forms[0].submit()</script>"
        );
        let mut reply = Self::html(200, &form);
        reply.page = Page::Back(encoded);
        reply
    }

    pub(super) fn error_page(status: u16, problem: &str) -> Self {
        let text = format!(
            "<h1>We are sorry...</h1><p id=\"kc-error-message\">{}</p>",
            escaped(problem)
        );
        let mut reply = Self::html(status, &text);
        reply.page = Page::Problem(problem.to_owned());
        reply
    }

    pub(super) fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn with_messages(mut self, messages: Vec<Message>) -> Self {
        self.messages = messages;
        self
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            // What the client sent, such as a state with a line break, may not be a header.
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The token is not shown.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.client_id)
    }
}
