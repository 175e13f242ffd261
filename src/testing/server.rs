//! The HTTP server.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::reply::Reply;
use super::request::RecordedRequest;
use super::routes;
use super::state::Shared;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// Serves connections until the future is dropped.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropping the set ends the connections too.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let shared = shared.clone();
        let service = service_fn(move |request| {
            let shared = shared.clone();
            async move { Ok::<_, Infallible>(respond(&shared, request).await) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(async move {
            // A client that closes the connection early is no failure of the provider.
            let _ = connection.await;
        });
    }
}

async fn respond(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let reply = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => routes::respond(shared, RecordedRequest::new(head, body.to_bytes())).await,
        Err(_) => Reply::oauth_error(413, "invalid_request", "The body is too large"),
    };
    reply.into_response().map(Full::new)
}
