//! What the provider sends to clients.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};

use super::reply::Message;
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
    let id = message.client_id;
    let request = Request::post(&message.url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(message.body));
    let request = request.map_err(|error| {
        protocol(format!(
            "the back-channel logout URL of the client {id:?} is not a URL"
        ))
        .with_source(error)
    })?;
    let sent = tokio::time::timeout(PATIENCE, service.call(request)).await;
    let unanswered = || {
        protocol(format!(
            "the client {id:?} does not respond to its logout token"
        ))
    };
    match sent {
        Ok(Ok(response)) => match response.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            status => Err(protocol(format!(
                "the client {id:?} responds to its logout token with {status}"
            ))),
        },
        Ok(Err(error)) => Err(unanswered().with_source(error)),
        Err(_) => Err(unanswered()),
    }
}
