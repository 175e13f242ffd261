//! One request of an admin call: query, body, and the way out.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use url::Url;

use super::bodies::{self, Consent};
use super::call_response::CallResponse;
use super::unresolved;
use super::uploads::{Form, Upload};
use crate::http::operation::Operation;
use crate::http::options::CallOptions;
use crate::http::transport::Transport;
use crate::{Result, error};

/// A request under construction.
pub(crate) struct CallRequest<'a> {
    transport: &'a Transport,
    options: &'a CallOptions,
    consent: Consent,
    operation: &'static Operation,
    request: reqwest::Request,
}

impl<'a> CallRequest<'a> {
    pub(crate) fn new(
        transport: &'a Transport,
        options: &'a CallOptions,
        consent: Consent,
        operation: &'static Operation,
        url: Url,
    ) -> Result<Self> {
        let method = Method::from_bytes(operation.method.as_bytes())
            .map_err(|_| error::invalid_argument(operation, "the method is not one of HTTP"))?;
        Ok(Self {
            transport,
            options,
            consent,
            operation,
            request: reqwest::Request::new(method, url),
        })
    }

    /// Adds a parameter of the query, where it has a value.
    pub(crate) fn text(mut self, name: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            let mut query = self.request.url_mut().query_pairs_mut();
            query.append_pair(name, value);
        }
        self
    }

    /// Adds a parameter of the query that is a flag.
    pub(crate) fn flag(self, name: &'static str, value: Option<bool>) -> Self {
        self.text(
            name,
            value.map(|value| if value { "true" } else { "false" }),
        )
    }

    /// Adds a parameter of the query that is a number.
    pub(crate) fn number(self, name: &'static str, value: Option<impl Into<i64>>) -> Self {
        let value = value.map(|value| value.into().to_string());
        self.text(name, value.as_deref())
    }

    /// Adds a parameter of the query once for each value.
    pub(crate) fn list(self, name: &'static str, values: Option<&[String]>) -> Self {
        let values = values.unwrap_or_default();
        values
            .iter()
            .fold(self, |request, value| request.text(name, Some(value)))
    }

    /// Sends `body` as JSON.
    pub(crate) fn json<B: Serialize + ?Sized>(self, body: &B) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|failed| {
            let what = format!("the body cannot be written as JSON: {failed}");
            error::invalid_argument(self.operation, what)
        })?;
        Ok(self.bytes("application/json", body))
    }

    /// Sends `body` as `application/x-www-form-urlencoded`.
    pub(crate) fn form<B: Serialize + ?Sized>(mut self, body: &B) -> Result<Self> {
        let url = self.request.url().clone();
        let form = self
            .transport
            .http()
            .request(self.request.method().clone(), url)
            .form(body)
            .build()
            .map_err(|failed| error::transport(self.operation, failed))?;
        if let Some(content_type) = form.headers().get(CONTENT_TYPE) {
            self.request
                .headers_mut()
                .insert(CONTENT_TYPE, content_type.clone());
        }
        *self.request.body_mut() = form.body().and_then(|body| {
            let bytes = Bytes::copy_from_slice(body.as_bytes()?);
            Some(bytes.into())
        });
        Ok(self)
    }

    /// Sends a file and its fields as a multipart form.
    pub(crate) async fn upload(self, upload: &(impl Upload + Sync)) -> Result<Self> {
        let form = Form::of(upload).await?;
        Ok(self.bytes(&form.content_type, form.body))
    }

    /// Sends `body` as `media_type`.
    pub(crate) fn bytes(mut self, media_type: &str, body: impl Into<reqwest::Body>) -> Self {
        if let Ok(media_type) = HeaderValue::from_str(media_type) {
            self.request.headers_mut().insert(CONTENT_TYPE, media_type);
        }
        *self.request.body_mut() = Some(body.into());
        self
    }

    /// Accepts another media type than JSON: the server refuses with 406 what it cannot give.
    pub(crate) fn accept(mut self, media_type: &'static str) -> Self {
        self.request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static(media_type));
        self
    }

    /// Sends the request, unless the server would lose a part of its body.
    pub(crate) async fn send(self) -> Result<CallResponse> {
        let Self {
            transport,
            options,
            consent,
            operation,
            mut request,
        } = self;
        let mut options = options.clone();
        bodies::check(transport, operation, consent, &mut options, &mut request)
            .await
            .map_err(|refused| refused.or_operation(operation))?;
        let sent = operation.takes.and_then(|_| request.try_clone());
        match transport.execute(request, operation, &options).await {
            Ok(response) => Ok(CallResponse::new(operation, response)),
            Err(error) => {
                let sent = sent.as_ref().and_then(|sent| sent.body()?.as_bytes());
                let error = bodies::explained(transport, operation, &options, sent, error).await;
                Err(unresolved::explain(operation, sent, error))
            }
        }
    }
}
