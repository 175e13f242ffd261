//! What the provider sends to clients.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use super::reply::{Content, Message};
use crate::HttpService;
use crate::error::{Result, protocol};

/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Posts the messages, each once.
///
/// # Errors
/// Returns the error of the last client that did not accept its message. All messages are sent.
pub(super) async fn send(service: &Arc<dyn HttpService>, messages: Vec<Message>) -> Result<()> {
    let mut result = Ok(());
    for message in messages {
        if let Err(error) = post(service, message).await {
            result = Err(error);
        }
    }
    result
}

async fn post(service: &Arc<dyn HttpService>, message: Message) -> Result<()> {
    let (id, what) = (&message.client_id, message.content.name());
    let request = message.request().map_err(|error| {
        protocol(format!(
            "the URL of the client {id:?} for a {what} is not a URL"
        ))
        .with_source(error)
    })?;
    let sent = tokio::time::timeout(PATIENCE, service.call(request)).await;
    let unanswered = || protocol(format!("the client {id:?} does not respond to its {what}"));
    match sent {
        Ok(Ok(response)) => match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            status => Err(protocol(format!(
                "the client {id:?} responds to its {what} with {status}"
            ))),
        },
        Ok(Err(error)) => Err(unanswered().with_source(error)),
        Err(_) => Err(unanswered()),
    }
}

impl Content {
    fn name(&self) -> &'static str {
        match self {
            Self::LogoutToken(_) => "logout token",
            Self::Ping { .. } => "ping",
        }
    }
}

impl Message {
    fn request(&self) -> Result<Request<Bytes>, http::Error> {
        let request = Request::post(&self.url);
        match &self.content {
            Content::LogoutToken(token) => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                let form = form.append_pair("logout_token", token).finish();
                request
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(Bytes::from(form))
            }
            Content::Ping { auth_req_id, token } => request
                .header(CONTENT_TYPE, "application/json")
                .header(AUTHORIZATION, format!("Bearer {}", token.expose()))
                .body(Bytes::from(
                    json!({ "auth_req_id": auth_req_id }).to_string(),
                )),
        }
    }
}
