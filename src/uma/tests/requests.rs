//! All permissions reach the server: they are counted before they are sent, and split if necessary.

use serde_json::{Value, json};
use url::form_urlencoded;

use crate::UmaFault;
use crate::jose::tests::sign;
use crate::oidc::ParameterLimits;
use crate::oidc::tests::mock::{Defects, Mock};
use crate::test_support::{Reply, Seen};

fn asked(seen: &Seen) -> Vec<String> {
    form_urlencoded::parse(seen.body.as_bytes())
        .filter(|(name, _)| name == "permission")
        .map(|(_, value)| value.into_owned())
        .collect()
}

fn length(values: &[String]) -> usize {
    values
        .iter()
        .map(|value| value.encode_utf16().count())
        .sum()
}

/// Grants every permission, unless its name starts with `no`; fails if one starts with `fail`. The
/// server does not see parameters that are too long, and then grants everything, like Keycloak.
fn decide(seen: &Seen) -> Reply {
    let mut wanted = asked(seen);
    if length(&wanted) > 4_000 {
        wanted = vec!["everything".to_owned()];
    }
    if wanted.iter().any(|one| one.starts_with("fail")) {
        return Reply::status(503);
    }
    let granted: Vec<Value> = wanted
        .iter()
        .filter(|one| !one.starts_with("no"))
        .map(|one| {
            let (name, scopes) = one.split_once('#').unwrap_or((one, ""));
            let scopes: Vec<&str> = scopes.split(',').filter(|s| !s.is_empty()).collect();
            json!({ "rsid": format!("id of {name}"), "rsname": name, "scopes": scopes })
        })
        .collect();
    if granted.is_empty() {
        let denied = r#"{"error":"access_denied","error_description":"not_authorized"}"#;
        return Reply::json(403, denied);
    }
    if seen.form("response_mode") == Some("decision") {
        return Reply::json(200, r#"{"result":true}"#);
    }
    if seen.form("response_mode") == Some("permissions") {
        return Reply::json(200, Value::from(granted).to_string());
    }
    let claims = json!({ "sub": "1", "authorization": { "permissions": granted } });
    let token = sign(&json!({ "alg": "ES256" }), &claims);
    let answer = json!({ "access_token": token, "token_type": "Bearer" });
    Reply::json(200, answer.to_string())
}

async fn server() -> Mock {
    Mock::with(Defects {
        script: Box::new(|seen| seen.is_token_request().then(|| decide(seen))),
        ..Defects::default()
    })
    .await
}

fn names(stem: &str, number: usize) -> Vec<String> {
    (0..number).map(|n| format!("{stem}-{n:0>60}")).collect()
}

#[tokio::test]
async fn long_questions_are_asked_in_parts() {
    let mock = server().await;
    let oidc = mock.oidc();
    let wanted = names("album", 150);
    let status = oidc.has_access("t", &wanted).await.unwrap();
    assert!(status.authorized, "{status:?}");
    let parts: Vec<Vec<String>> = {
        let seen = mock.server.seen();
        let posts = seen.iter().filter(|seen| seen.is_token_request());
        posts.map(asked).collect()
    };
    assert_eq!(parts.concat(), wanted);
    assert!(parts.len() > 2 && parts.iter().all(|part| length(part) <= 4_000));

    let ask = |wanted: &[String]| {
        let request = oidc.permissions("t");
        wanted.iter().fold(request, |all, one| all.permission(one))
    };
    assert_eq!(ask(&wanted).list().await.unwrap().len(), 150);
    assert_eq!(ask(&wanted).limit(70).list().await.unwrap().len(), 70);
    // A denied part is empty; if all parts are denied, the result is a denial.
    let denied = names("no", 150);
    let mixed = [denied.clone(), names("album", 1)].concat();
    assert_eq!(ask(&mixed).list().await.unwrap().len(), 1);
    assert!(ask(&mixed).decision().await.unwrap());
    assert!(!ask(&denied).decision().await.unwrap());
    let error = ask(&denied).list().await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::NotAuthorized), "{error}");
    let status = oidc.has_access("t", &mixed).await.unwrap();
    assert_eq!(status.missing.len(), 150);
    // A failing part fails the whole call, whether first or last.
    for wanted in [
        [names("album", 150), names("fail", 1)].concat(),
        [names("fail", 1), names("album", 150)].concat(),
    ] {
        ask(&wanted).list().await.unwrap_err();
        ask(&wanted).decision().await.unwrap_err();
        oidc.has_access("t", &wanted).await.unwrap_err();
    }
}

#[tokio::test]
async fn many_short_permissions_are_asked_in_parts_too() {
    let mock = server().await;
    let wanted = vec!["a"; 2_000];
    let status = mock.oidc().has_access("t", wanted).await.unwrap();
    assert!(status.authorized);
    assert_eq!(mock.posts("/token"), 3);
}

#[tokio::test]
async fn one_permission_is_split_by_its_scopes() {
    let mock = server().await;
    let oidc = mock.oidc();
    let scopes = names("scope", 100);
    let wanted = format!("album#{}", scopes.join(","));
    let granted = oidc.permissions("t").permission(&wanted).list().await;
    let granted = granted.unwrap();
    assert_eq!(granted.len(), 1, "each resource once");
    assert_eq!(granted[0].scopes, scopes);
    assert!(oidc.has_access("t", [&wanted]).await.unwrap().authorized);
}

#[tokio::test]
async fn what_cannot_be_split_is_not_sent() {
    let mock = server().await;
    let oidc = mock.oidc();
    let ask = || oidc.permissions("t");
    let long = "x".repeat(4_001);
    let fits = "x".repeat(4_000);
    // Two UTF-16 units each, which the server counts.
    let wide = "\u{1F600}".repeat(2_001);
    let path = format!("/vault/{}", "a".repeat(3_995));
    let few = names("album", 60);
    let many = names("album", 65);
    let rpt_of = |wanted: &[String]| {
        let request = ask();
        let request = wanted.iter().fold(request, |all, one| all.permission(one));
        request.rpt()
    };
    let errors = [
        ("4001", ask().permission(&long).list().await.unwrap_err()),
        ("4002", ask().permission(&wide).list().await.unwrap_err()),
        (
            "4002",
            ask()
                .permission(&path)
                .by_matching_uri()
                .decision()
                .await
                .unwrap_err(),
        ),
        ("4001", oidc.has_access("t", [&long]).await.unwrap_err()),
        (
            "4003",
            ask()
                .permission(format!("a#{long}"))
                .decision()
                .await
                .unwrap_err(),
        ),
        ("4290", rpt_of(&many).await.unwrap_err()),
        ("4001", ask().ticket(&*long).rpt().await.unwrap_err()),
        ("4001", ask().ticket(&*long).decision().await.unwrap_err()),
        ("4001", ask().upgrade(&*long).rpt().await.unwrap_err()),
        (
            "4001",
            ask().claim_token(&*long).decision().await.unwrap_err(),
        ),
        ("4001", ask().audience(&long).list().await.unwrap_err()),
        ("4001", ask().scope(&long).rpt().await.unwrap_err()),
        ("4001", ask().param("pct", &*long).rpt().await.unwrap_err()),
    ];
    for (length, error) in errors {
        let said = error.to_string();
        assert!(error.is_config(), "{said}");
        assert!(
            said.contains(length) && said.contains("4000"),
            "{length}: {said}"
        );
    }
    let claims = json!({ "why": [long] });
    let error = ask().claims(&claims).decision().await.unwrap_err();
    assert!(error.to_string().contains("claim_token"), "{error}");
    let two = ask().param("pct", &*fits).param("pct", "x").list().await;
    assert!(two.unwrap_err().to_string().contains("4001"));
    assert_eq!(mock.posts("/token"), 0);

    assert!(oidc.has_access("t", [&fits]).await.unwrap().authorized);
    let fits = "\u{1F600}".repeat(2_000);
    assert!(oidc.has_access("t", [&fits]).await.unwrap().authorized);
    assert_eq!(rpt_of(&few).await.unwrap().permissions().unwrap().len(), 60);
}

#[tokio::test]
async fn the_limit_is_the_servers() {
    let mock = server().await;
    let limits = ParameterLimits::keycloak().each(100);
    let oidc = mock.builder().parameter_limits(limits).build().unwrap();
    let status = oidc.has_access("t", names("album", 3)).await.unwrap();
    assert!(status.authorized);
    assert_eq!(mock.posts("/token"), 3);
    let limits = ParameterLimits::keycloak().parameter("ticket", 20_000);
    let oidc = mock.builder().parameter_limits(limits).build().unwrap();
    let ticket = oidc.permissions("t").ticket("x".repeat(10_000));
    assert!(!ticket.decision().await.unwrap());
    assert_eq!(mock.posts("/token"), 4);
}

/// The response is about other resources than requested.
#[tokio::test]
async fn what_is_granted_is_what_was_asked_for() {
    let mock = server().await;
    // A server with a smaller limit than the configured one.
    let limits = ParameterLimits::unlimited();
    let oidc = mock.builder().parameter_limits(limits).build().unwrap();
    let wanted = names("no", 150);
    let ask = || {
        let request = oidc.permissions("t");
        wanted.iter().fold(request, |all, one| all.permission(one))
    };
    for error in [
        ask().list().await.unwrap_err(),
        ask().rpt().await.unwrap_err(),
        oidc.has_access("t", &wanted).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("not requested"), "{error}");
    }
    // In these cases other resources are allowed.
    ask().by_uri().list().await.unwrap();
    ask().upgrade("r").rpt().await.unwrap();
    ask().permission("#view").list().await.unwrap();
}

#[tokio::test]
async fn control_characters_are_not_left_to_the_server() {
    let mock = server().await;
    let oidc = mock.oidc();
    for wanted in ["al\u{1}bum", "album#vi\u{7f}ew"] {
        let error = oidc.has_access("t", [wanted]).await.unwrap_err();
        assert!(error.is_config(), "{error}");
    }
    assert_eq!(mock.posts("/token"), 0);
}
