//! The error for each refusal.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::jose::tests::sign;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::operation::Operation;
use crate::test_support::Reply;
use crate::uma::fault::{ObjectKind, grant, protection};
use crate::{Error, UmaFault};

const OP: Operation = Operation::new("uma.call", "POST", "/");

fn answer(status: u16, code: &str, said: &str) -> Error {
    let body = json!({ "error": code, "error_description": said }).to_string();
    let status = StatusCode::from_u16(status).unwrap();
    crate::call::response_error(&OP, status, &HeaderMap::new(), body.as_bytes())
}

#[track_caller]
fn says(error: &Error, fault: Option<UmaFault>, hint: &str) {
    assert_eq!(error.uma_fault(), fault, "{error}");
    assert!(
        error.hint().unwrap_or_default().starts_with(hint),
        "{error}"
    );
}

#[test]
fn each_refusal_of_the_protection_api_has_its_own_advice() {
    use ObjectKind::{Policy, Resource, Ticket};
    use UmaFault as F;
    for (about, status, code, said, fault, hint) in [
        (
            Resource,
            403,
            "invalid_bearer_token",
            "",
            None,
            "the server does not accept the token",
        ),
        (
            Resource,
            403,
            "invalid_clientId",
            "Client application [app] is not registered as a resource server.",
            Some(F::UnknownResourceServer),
            "check the audience, and that authorization is enabled for this client",
        ),
        (
            Resource,
            403,
            "invalid_scope",
            "Requires uma_protection scope.",
            Some(F::NoProtectionScope),
            "give the user the resource server's role uma_protection",
        ),
        (
            Ticket,
            403,
            "not_authorised",
            "",
            Some(F::NotOwner),
            "use a token of the resource's owner",
        ),
        (
            Resource,
            404,
            "not_found",
            "",
            Some(F::UnknownResource),
            "check the id or the name of the resource",
        ),
        (
            Ticket,
            404,
            "not_found",
            "",
            Some(F::UnknownTicket),
            "there is no such permission request",
        ),
        (
            Policy,
            404,
            "not_found",
            "",
            Some(F::UnknownPolicy),
            "there is no such policy",
        ),
        (
            Resource,
            409,
            "invalid_request",
            "",
            Some(F::AlreadyExists),
            "the object already exists",
        ),
        (
            Ticket,
            400,
            "invalid_scope",
            "Scope [x] is invalid",
            Some(F::UnknownScope),
            "check the name of the scope",
        ),
        (
            Ticket,
            400,
            "invalid_permission",
            "Requester does not exist",
            Some(F::UnknownRequester),
            "check the user's name or id",
        ),
        (
            Policy,
            400,
            "invalid_request",
            "Only resources with owner managed accessed can have policies with owner managed access",
            Some(F::NotOwnerManaged),
            "let the owner manage access",
        ),
        (
            Policy,
            500,
            "unknown_error",
            "",
            None,
            "check that every user, group, role and client",
        ),
    ] {
        let error = protection(answer(status, code, said), about);
        says(&error, fault, hint);
    }
}

#[test]
fn each_refusal_of_the_grant_has_its_own_advice() {
    let ended = sign(&json!({ "alg": "ES256" }), &json!({ "exp": 1 }));
    for (status, code, said, ticket, fault, hint) in [
        (
            400,
            "invalid_request",
            "Invalid resource server id: [nope]",
            None,
            UmaFault::UnknownResourceServer,
            "check the audience",
        ),
        (
            400,
            "invalid_ticket",
            "",
            Some(ended.as_str()),
            UmaFault::ExpiredTicket,
            "call the resource server again",
        ),
        (
            400,
            "invalid_ticket",
            "",
            Some("no ticket"),
            UmaFault::InvalidTicket,
            "pass the ticket unchanged",
        ),
        (
            403,
            "access_denied",
            "request_submitted",
            None,
            UmaFault::RequestSubmitted,
            "the owner was asked",
        ),
        (
            403,
            "access_denied",
            "not_authorized",
            None,
            UmaFault::NotAuthorized,
            "the policies do not allow the access",
        ),
    ] {
        let error = grant(answer(status, code, said), ticket);
        says(&error, Some(fault), hint);
    }
}

#[tokio::test]
async fn a_token_that_is_no_rpt_says_how_to_get_one() {
    let inactive = || Reply::json(200, r#"{"active":false}"#);
    let mock = Mock::with(Defects {
        script: Box::new(move |seen| seen.target.ends_with("/introspect").then(inactive)),
        ..Defects::default()
    })
    .await;
    let error = mock.oidc().introspect_rpt("t").await.unwrap_err();
    says(
        &error,
        Some(UmaFault::NotRpt),
        "the token is not a requesting party token",
    );
}

/// The page of a proxy does not mean that the resource does not exist.
#[tokio::test]
async fn a_deletion_that_never_happened_is_no_success() {
    let tries = AtomicUsize::new(0);
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            let base = document["issuer"].as_str().unwrap().to_owned();
            document["resource_registration_endpoint"] = json!(format!("{base}/resources"));
        }),
        script: Box::new(move |seen| {
            if seen.target.ends_with("/.well-known/uma2-configuration") {
                return None;
            }
            let status = match seen.target.as_str() {
                "/resources/x" if tries.fetch_add(1, Ordering::SeqCst) == 0 => 503,
                "/resources/x" => 404,
                _ => return None,
            };
            let page = vec![("Content-Type", "text/html".to_owned())];
            Some(Reply::Answer(status, page, "<h1>no route</h1>".to_owned()))
        }),
        ..Defects::default()
    })
    .await;
    let error = mock.oidc().uma().resource("x").delete().await.unwrap_err();
    assert!(
        error.status().is_some_and(|status| status == 404),
        "{error}"
    );
}
