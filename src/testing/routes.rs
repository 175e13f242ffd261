//! Which endpoint responds to a request.

use http::Method;
use serde_json::json;

use super::defect::{Defect, OTHER_ISSUER};
use super::reply::Reply;
use super::request::RecordedRequest;
use super::state::{Shared, State};
use super::{
    authorize, discovery, introspect, logout, messages, pending, pushed, revoke, token_endpoint,
    userinfo,
};

/// Records a request and responds to it.
pub(super) async fn respond(shared: &Shared, request: RecordedRequest) -> Reply {
    let mut reply = {
        let mut state = shared.state();
        state.requests.push(request.clone());
        if state.defects.has(Defect::Unavailable) {
            return Reply::oauth_error(503, "temporarily_unavailable", "Unavailable");
        }
        route(&mut state, &request)
    };
    let messages = std::mem::take(&mut reply.messages);
    // As at Keycloak, a logout does not depend on whether the clients hear of it.
    let _ = messages::send(&shared.service, messages).await;
    reply
}

fn route(state: &mut State, request: &RecordedRequest) -> Reply {
    let path = request.path();
    // RFC 8414 section 3.1 puts the realm last.
    if path.strip_prefix("/.well-known/oauth-authorization-server") == Some(&*state.realm_path) {
        return get(request, || document(state));
    }
    let Some(path) = path.strip_prefix(&*state.realm_path) else {
        return Reply::json(404, &json!({ "error": "Realm does not exist" }));
    };
    match path {
        "/.well-known/openid-configuration" | "/.well-known/oauth-authorization-server" => {
            get(request, || document(state))
        }
        "/protocol/openid-connect/auth" => authorize::respond(state, request),
        "/protocol/openid-connect/auth/device" => pending::respond_to_device(state, request),
        "/device" => pending::device_page(state, request),
        "/protocol/openid-connect/ext/ciba/auth" => pending::respond_to_backchannel(state, request),
        "/protocol/openid-connect/ext/par/request" => pushed::respond(state, request),
        "/protocol/openid-connect/token" => token_endpoint::respond(state, request),
        "/protocol/openid-connect/token/introspect" => introspect::respond(state, request),
        "/protocol/openid-connect/revoke" => revoke::respond(state, request),
        "/protocol/openid-connect/userinfo" => userinfo::respond(state, request),
        "/protocol/openid-connect/logout" => logout::respond(state, request),
        "/protocol/openid-connect/certs" => get(request, || Reply::json(200, &state.keys.set())),
        _ => Reply::json(404, &json!({ "error": "HTTP 404 Not Found" })),
    }
}

fn document(state: &State) -> Reply {
    let mut document = discovery::document(&state.issuer);
    if state.defects.has(Defect::WrongDocument) {
        document["issuer"] = OTHER_ISSUER.into();
    }
    Reply::json(200, &document)
}

fn get(request: &RecordedRequest, reply: impl FnOnce() -> Reply) -> Reply {
    match *request.method() {
        Method::GET | Method::HEAD => reply(),
        _ => wrong_method(),
    }
}

pub(super) fn wrong_method() -> Reply {
    Reply::json(405, &json!({ "error": "HTTP 405 Method Not Allowed" }))
}
