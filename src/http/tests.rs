//! Whole calls against a scripted server.

mod auth;
mod limits;
mod raw;
mod retry;
mod service;
#[cfg(feature = "default-tls")]
mod tls;
#[cfg(feature = "tracing")]
mod traces;

use bytes::Bytes;
use http::Method;

use super::options::CallOptions;
use super::request::HttpRequest;
use crate::error::Result;
use crate::operation::Operation;
use crate::{Keycloak, Response};

const OP: Operation = Operation::new("realm.user", "GET", "/admin/realms/{realm}/users/{user-id}");

/// One admin call, as the generated client makes it.
async fn call(kc: &Keycloak, method: Method) -> Result<Response<Bytes>> {
    call_with(kc, method, &CallOptions::default()).await
}

async fn call_with(
    kc: &Keycloak,
    method: Method,
    options: &CallOptions,
) -> Result<Response<Bytes>> {
    let url = format!("{}/admin/realms/demo/users/1", kc.base_url());
    let request = HttpRequest::new(method, url.parse().unwrap());
    let (parts, body) = kc
        .authorized
        .execute(request, &OP, options)
        .await?
        .into_parts();
    Ok(Response::new(parts.status, parts.headers, body))
}
