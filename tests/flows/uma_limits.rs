//! Questions that are longer than the server takes: it never answers another one.

use keycloak_kit::UmaFault;
use keycloak_kit::uma::{Resource, TicketPermission};
use serde_json::json;

use crate::support::resource_server::ResourceServer;
use crate::support::{CALLBACK, PASSWORD};

const NUMBER: usize = 130;

fn name(number: usize) -> String {
    format!("album-{number:0>40}")
}

/// Ada may view all albums but the last, and `shelf`.
async fn albums(label: &str, number: usize) -> (ResourceServer, Vec<String>) {
    let server = ResourceServer::new(label).await;
    let mut ids = Vec::new();
    for number in 0..number {
        let resource = Resource::new(name(number)).scopes(["view"]);
        let made = server.uma.resources().create(&resource).await.unwrap();
        ids.push(made.id.unwrap());
    }
    let shelf = Resource::new("shelf").uri("/shelf").scopes(["view"]);
    server.uma.resources().create(&shelf).await.unwrap();
    let ada = server.user_id("ada").await;
    let policy = json!({ "name": "ada", "users": [ada] });
    server.post(&["policy", "user"], &policy).await;
    let mut all: Vec<&str> = ids.iter().take(number - 1).map(String::as_str).collect();
    all.push("shelf");
    let permission = json!({ "name": "albums", "resources": all, "policies": ["ada"] });
    server.post(&["permission", "resource"], &permission).await;
    (server, ids)
}

#[tokio::test]
async fn long_questions_have_the_answers_of_their_parts() {
    let (server, ids) = albums("parts", NUMBER).await;
    let oidc = server.uma.oidc();
    let ada = server.login("ada").await;
    for wanted in [ids.clone(), (0..NUMBER).map(name).collect()] {
        let status = oidc.has_access(&ada, &wanted).await.unwrap();
        assert!(status.logged_in && !status.authorized);
        assert_eq!(Vec::from_iter(status.missing), [wanted[NUMBER - 1].clone()]);
        let status = oidc.has_access(&ada, &wanted[..NUMBER - 1]).await.unwrap();
        assert!(status.authorized, "{status:?}");
        let ask = || {
            let question = oidc.permissions(&ada);
            wanted.iter().fold(question, |all, one| all.permission(one))
        };
        assert_eq!(ask().list().await.unwrap().len(), NUMBER - 1);
        assert!(ask().decision().await.unwrap());
        let error = ask().rpt().await.unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("4000"),
            "{error}"
        );
    }
    // As many as fit.
    let fits = ids.iter().take(4_000 / ids[0].len());
    let rpt = fits.fold(oidc.permissions(&ada), |all, one| all.permission(one));
    let granted = rpt.rpt().await.unwrap().permissions().unwrap();
    assert_eq!(granted.len(), 4_000 / ids[0].len());
    // Bob may view nothing; none of the parts is a failure.
    let bob = server.login("bob").await;
    let none = ids
        .iter()
        .fold(oidc.permissions(&bob), |all, one| all.permission(one));
    assert!(!none.decision().await.unwrap());
    // One part that fails fails all.
    let mut wanted = ids.clone();
    wanted.push("shelf#no-such-scope".to_owned());
    let error = oidc.has_access(&ada, &wanted).await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::UnknownScope), "{error}");
    // Far more fields than a form may have.
    let many = vec!["shelf"; 1_200];
    assert!(oidc.has_access(&ada, many).await.unwrap().authorized);

    // An upgrade loses nothing.
    let some = ids.iter().take(40);
    let some = some.fold(oidc.permissions(&ada), |all, one| all.permission(one));
    let rpt = some.rpt().await.unwrap();
    let length = rpt.access_token().expose().len();
    assert!(length > 4_000);
    let more = oidc.permissions(&ada).permission(&ids[50]);
    let error = more.upgrade(rpt.access_token()).rpt().await.unwrap_err();
    let said = error.to_string();
    assert!(
        error.is_config() && said.contains(&length.to_string()),
        "{said}"
    );
    assert!(said.contains("rpt") && said.contains("4000"), "{said}");

    // Nor does a ticket.
    let wanted = ids.iter().take(60);
    let wanted = wanted.map(|id| TicketPermission::new(id).scopes(["view"]));
    let ticket = server.uma.permission_ticket(wanted).await.unwrap();
    let length = ticket.expose().len();
    assert!(length > 4_000);
    let error = oidc.permissions(&ada).ticket(&ticket).rpt().await;
    let error = error.unwrap_err();
    let said = error.to_string();
    assert!(
        error.is_config() && said.contains(&length.to_string()),
        "{said}"
    );
    server.realm.delete().await;
}

#[tokio::test]
async fn a_path_that_is_too_long_is_no_yes() {
    let server = ResourceServer::new("path").await;
    for (name, uri) in [("vault", "/vault/*"), ("shelf", "/shelf")] {
        let resource = Resource::new(name).uri(uri).scopes(["view"]);
        server.uma.resources().create(&resource).await.unwrap();
    }
    server.allow("shelf", "shelf", &["view"], &["ada"]).await;
    let oidc = server.uma.oidc();
    let ada = server.login("ada").await;
    let ask = |path: String| {
        let question = oidc.permissions(&ada).permission(path);
        question.by_matching_uri().decision()
    };
    let path = |length: usize, fill: &str| {
        let left = length - "/vault/".len();
        format!("/vault/{}", fill.repeat(left / fill.encode_utf16().count()))
    };
    assert!(!ask(path(20, "a")).await.unwrap());
    assert!(!ask(path(4_000, "a")).await.unwrap());
    assert!(!ask(path(3_999, "\u{1F600}")).await.unwrap());
    for fill in ["a", "\u{1F600}"] {
        let error = ask(path(4_001, fill)).await.unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("4001"),
            "{error}"
        );
    }
    server.realm.delete().await;
}

/// Claims that are left out turn a policy with negative logic into a yes.
#[tokio::test]
async fn claims_that_are_too_long_are_no_yes() {
    let server = ResourceServer::new("claims-long").await;
    let vault = Resource::new("vault").scopes(["open"]);
    server.uma.resources().create(&vault).await.unwrap();
    let policy = json!({
        "name": "blocked", "targetClaim": "state", "pattern": "blocked.*",
        "targetContextAttributes": true, "logic": "NEGATIVE",
    });
    server.post(&["policy", "regex"], &policy).await;
    let permission = json!({
        "name": "open", "resources": ["vault"], "scopes": ["open"], "policies": ["blocked"],
    });
    server.post(&["permission", "scope"], &permission).await;
    let oidc = server.uma.oidc();
    let ada = server.login("ada").await;
    let ask = |padding: usize| {
        let state = format!("blocked{}", "x".repeat(padding));
        let question = oidc.permissions(&ada).permission("vault#open");
        question.claims(&json!({ "state": [state] })).decision()
    };
    assert!(!ask(0).await.unwrap());
    assert!(!ask(2_900).await.unwrap());
    let error = ask(3_100).await.unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("claim_token"),
        "{error}"
    );
    server.realm.delete().await;
}

/// Without their scopes and audiences grants give more than was asked for.
#[tokio::test]
async fn grants_are_not_widened() {
    let server = ResourceServer::new("widened").await;
    let oidc = server.uma.oidc();
    let tokens = oidc.password("ada", PASSWORD).await.unwrap();
    let long = "x".repeat(4_001);
    for error in [
        oidc.refresh(&tokens).scope(&long).await.unwrap_err(),
        oidc.password("ada", PASSWORD)
            .without_openid()
            .scope(&long)
            .await
            .unwrap_err(),
        oidc.exchange_token(tokens.access_token())
            .audience(&long)
            .await
            .unwrap_err(),
        oidc.device()
            .without_openid()
            .scope(&long)
            .await
            .unwrap_err(),
        oidc.authorize()
            .redirect_uri(CALLBACK)
            .acr_values(&long)
            .start()
            .await
            .unwrap_err(),
    ] {
        assert!(
            error.is_config() && error.to_string().contains("4001"),
            "{error}"
        );
    }
    // What the server takes, it is asked: it does not know this scope.
    let fits = format!("openid {}", "x".repeat(3_993));
    let error = oidc
        .password("ada", PASSWORD)
        .scope(fits)
        .await
        .unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_scope"), "{error}");
    server.realm.delete().await;
}
