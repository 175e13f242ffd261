//! Requests by path and method, decided by a real server.

use std::time::Duration;

use keycloak_kit::uma::{Access, PathRule, Resource};
use keycloak_kit::{Method, UmaFault};

use crate::support::resource_server::ResourceServer;

#[tokio::test]
async fn paths_are_denied_unless_a_rule_and_the_server_allow_them() {
    let server = ResourceServer::new("enforcer").await;
    let found = server.album(&["/albums/{id}", "/holidays/*"]).await;

    let methods = [
        (Method::GET, "view"),
        (Method::PUT, "edit"),
        (Method::DELETE, "delete"),
    ];
    let oidc = server.uma.oidc();
    let builder = || {
        oidc.path_enforcer()
            .rule(PathRule::new("/health").open())
            .rule(PathRule::new("/albums/new").method(Method::POST, ["album#edit"]))
            .rules(
                found
                    .iter()
                    .flat_map(|r| PathRule::of_resource(r, &methods)),
            )
    };
    let enforcer = builder()
        .cache(100, Duration::from_secs(600))
        .build()
        .unwrap();
    let (ada, bob) = (server.login("ada").await, server.login("bob").await);
    let (ada, bob) = (Some(ada.expose()), Some(bob.expose()));
    let refused = Some("no token");
    for (method, path, bearer, wanted) in [
        (Method::GET, "/health", None, Access::Granted),
        (Method::GET, "/albums/7", ada, Access::Granted),
        (Method::GET, "/albums/7?x=1", bob, Access::Granted),
        (Method::GET, "/holidays/a/b", bob, Access::Granted),
        (Method::PUT, "/albums/7", ada, Access::Granted),
        (Method::PUT, "/albums/7", bob, Access::Denied),
        (Method::POST, "/albums/new", ada, Access::Granted),
        (Method::POST, "/albums/new", bob, Access::Denied),
        (Method::GET, "/albums/7", None, Access::NotLoggedIn),
        (Method::GET, "/albums/7", refused, Access::NotLoggedIn),
        // The more precise rule decides alone, and it has no GET.
        (Method::GET, "/albums/new", ada, Access::Denied),
        // A scope that the resource does not have.
        (Method::DELETE, "/albums/7", ada, Access::Denied),
        (Method::PATCH, "/albums/7", ada, Access::Denied),
        (Method::GET, "/elsewhere", ada, Access::Denied),
        (Method::GET, "/elsewhere", None, Access::Denied),
        (Method::GET, "/albums/../health", ada, Access::Denied),
        (Method::GET, "/albums/%2e%2e", ada, Access::Denied),
    ] {
        let access = enforcer.check(&method, path, bearer).await.unwrap();
        assert_eq!(access, wanted, "{method} {path} {}", bearer.is_some());
    }

    // What was decided stays so until it is forgotten; without a cache each request asks.
    let uncached = builder().cache(100, Duration::ZERO).build().unwrap();
    let id = found[0].id.as_deref().unwrap();
    let view_only = Resource::new("album").uri("/albums/{id}").scopes(["edit"]);
    server.uma.resource(id).update(&view_only).await.unwrap();
    let get = Method::GET;
    let kept = enforcer.check(&get, "/albums/7", bob).await.unwrap();
    assert_eq!(kept, Access::Granted);
    enforcer.forget();
    // A scope that the resource does not have any more: to older servers the resource is unknown
    // then.
    let known = server.realm.is_since((26, 0)).await;
    for enforcer in [&uncached, &enforcer] {
        match enforcer.check(&get, "/albums/7", bob).await {
            Ok(access) => assert!(known && access == Access::Denied, "{access:?}"),
            Err(error) => {
                assert!(!known, "{error}");
                assert_eq!(error.uma_fault(), Some(UmaFault::UnknownResource));
            }
        }
    }

    // A resource that is gone is no decision.
    server.uma.resource(id).delete().await.unwrap();
    for _ in 0..2 {
        let error = uncached.check(&get, "/albums/7", bob).await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
    }
    for rules in [["/albums/{a}", "/albums/{b}"], ["/albums", "no pattern"]] {
        let rules = rules.into_iter().map(PathRule::new);
        let error = oidc.path_enforcer().rules(rules).build().unwrap_err();
        assert!(error.is_config(), "{error}");
    }
    server.realm.delete().await;
}
