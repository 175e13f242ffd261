//! The UMA grant, what is made of its answers, and introspection of RPTs.

use keycloak_kit::uma::{Resource, TicketPermission};
use keycloak_kit::{ErrorKind, UmaFault};
use serde_json::json;

use crate::support::realm::Realm;
use crate::support::resource_server::ResourceServer;

/// Ada may view and edit `album`, and view `shelf`; `vault` is nobody's.
async fn photos(label: &str) -> ResourceServer {
    let server = ResourceServer::new(label).await;
    let resources = server.uma.resources();
    for (name, uri, scopes) in [
        ("album", "/albums/{id}", &["view", "edit"][..]),
        ("shelf", "/shelf", &["view"]),
        ("vault", "/vault", &["open"]),
    ] {
        let resource = Resource::new(name).uri(uri).scopes(scopes.iter().copied());
        resources.create(&resource).await.unwrap();
    }
    server
        .allow("album", "album", &["view", "edit"], &["ada"])
        .await;
    server
        .allow("shelf", "shelf", &["view"], &["ada", "bob"])
        .await;
    server
}

async fn id_of(server: &ResourceServer, name: &str) -> String {
    let list = server.uma.resources().list().exact_name(name);
    list.ids().await.unwrap().remove(0)
}

#[tokio::test]
async fn permissions_in_every_form_and_response_mode() {
    let server = photos("grant").await;
    let oidc = server.uma.oidc();
    let ada = server.login("ada").await;
    let id = id_of(&server, "album").await;
    let ask = || oidc.permissions(&ada);
    for (question, wanted) in [
        (
            ask().permission("album"),
            vec![("album", vec!["edit", "view"])],
        ),
        (ask().permission(&id), vec![("album", vec!["edit", "view"])]),
        (
            ask().permission("album#view"),
            vec![("album", vec!["view"])],
        ),
        (
            ask().permission(format!("{id}#edit")),
            vec![("album", vec!["edit"])],
        ),
        (
            ask().permission("album#view,edit"),
            vec![("album", vec!["edit", "view"])],
        ),
        (
            ask().permission("album#view").permission("shelf#view"),
            vec![("album", vec!["view"]), ("shelf", vec!["view"])],
        ),
        (
            ask().permission("#view"),
            vec![("album", vec!["view"]), ("shelf", vec!["view"])],
        ),
        (ask().permission("#edit"), vec![("album", vec!["edit"])]),
        (
            ask().permission("#view,edit"),
            vec![("album", vec!["edit", "view"]), ("shelf", vec!["view"])],
        ),
        (
            ask().permission(format!("{id}#view,edit")),
            vec![("album", vec!["edit", "view"])],
        ),
        (
            ask().audience("app").permission("shelf#view"),
            vec![("shelf", vec!["view"])],
        ),
        (
            ask().permission("/shelf#view").by_uri(),
            vec![("shelf", vec!["view"])],
        ),
        (
            ask().permission("/albums/7#edit").by_matching_uri(),
            vec![("album", vec!["edit"])],
        ),
        (
            ask(),
            vec![("album", vec!["edit", "view"]), ("shelf", vec!["view"])],
        ),
    ] {
        let shown = format!("{question:?}");
        let mut granted: Vec<(String, Vec<String>)> = question
            .list()
            .await
            .unwrap_or_else(|error| panic!("{shown}: {error}"))
            .into_iter()
            .map(|one| {
                let mut scopes = one.scopes;
                scopes.sort();
                (one.resource_name.unwrap(), scopes)
            })
            .collect();
        granted.sort();
        let wanted: Vec<(String, Vec<String>)> = wanted
            .into_iter()
            .map(|(name, scopes)| (name.into(), scopes.into_iter().map(Into::into).collect()))
            .collect();
        assert_eq!(granted, wanted, "{shown}");
    }
    let nameless = ask()
        .permission("shelf")
        .without_resource_names()
        .list()
        .await
        .unwrap();
    assert!(nameless[0].resource_name.is_none() && nameless[0].resource_id.is_some());
    assert!(ask().permission("album#edit").decision().await.unwrap());
    let bob = server.login("bob").await;
    assert!(
        !oidc
            .permissions(&bob)
            .permission("album#edit")
            .decision()
            .await
            .unwrap()
    );
    for (question, fault, kind) in [
        (
            ask().permission("nope#view"),
            UmaFault::UnknownResource,
            ErrorKind::NotFound,
        ),
        (
            ask().permission("/nope").by_uri(),
            UmaFault::UnknownResource,
            ErrorKind::NotFound,
        ),
        (
            ask().permission("album#zip"),
            UmaFault::UnknownScope,
            ErrorKind::Validation,
        ),
        (
            ask().permission("vault#open"),
            UmaFault::NotAuthorized,
            ErrorKind::Forbidden,
        ),
        (
            ask().audience("nobody"),
            UmaFault::UnknownResourceServer,
            ErrorKind::NotFound,
        ),
        (
            ask().ticket("no.ticket.AAAA"),
            UmaFault::InvalidTicket,
            ErrorKind::Unauthorized,
        ),
    ] {
        let error = question.decision().await;
        let error = match error {
            Err(error) => error,
            Ok(decision) => {
                assert!(!decision && fault == UmaFault::NotAuthorized);
                ask().permission("vault#open").rpt().await.unwrap_err()
            }
        };
        assert_eq!(
            (error.uma_fault(), error.kind()),
            (Some(fault), kind),
            "{error}"
        );
    }
    let error = oidc.permissions("no token").list().await.unwrap_err();
    assert!(
        error.is_unauthorized() && error.uma_fault().is_none(),
        "{error}"
    );
    server.realm.delete().await;
}

/// The vault opens to whoever says why.
#[tokio::test]
async fn pushed_claims_decide() {
    let server = photos("claims").await;
    let policy = json!({
        "name": "says why", "targetClaim": "why", "pattern": ".*audit.*",
        "targetContextAttributes": true,
    });
    server.post(&["policy", "regex"], &policy).await;
    let permission = json!({
        "name": "open the vault", "resources": ["vault"], "scopes": ["open"],
        "policies": ["says why"],
    });
    server.post(&["permission", "scope"], &permission).await;
    let oidc = server.uma.oidc();
    let ada = server.login("ada").await;
    let ask = || oidc.permissions(&ada).permission("vault#open");
    let audit = json!({ "why": ["audit"] });
    let idle = json!({ "why": ["curious"] });
    assert!(ask().claims(&audit).decision().await.unwrap());
    assert!(!ask().claims(&idle).decision().await.unwrap());
    assert!(!ask().decision().await.unwrap());

    let vault = id_of(&server, "vault").await;
    for (why, granted) in [
        (Some("audit"), true),
        (Some("curious"), false),
        (None, false),
    ] {
        let mut wanted = TicketPermission::new(&vault).scopes(["open"]);
        if let Some(why) = why {
            wanted = wanted.claim("why", why);
        }
        let ticket = server.uma.permission_ticket([wanted]).await.unwrap();
        let asked = oidc.permissions(&ada).ticket(&ticket).submit_request(false);
        let asked = asked.await;
        assert_eq!(asked.is_ok(), granted, "{why:?}: {asked:?}");
    }

    // An ID token of the user says who asks, too.
    let tokens = oidc
        .password("ada", crate::support::PASSWORD)
        .scope("openid")
        .await
        .unwrap();
    let id_token = tokens.id_token().unwrap().expose();
    let asked = oidc.permissions(&ada).permission("album#view");
    assert!(asked.claim_token(id_token).decision().await.unwrap());
    let asked = oidc.permissions(&ada).permission("album#view");
    let wrong = asked.claim_token("no.id.token").decision().await;
    assert!(!matches!(wrong, Ok(true)), "{wrong:?}");
    // It decides alone: the server does not look at the access token then.
    let asked = oidc.permissions("no.access.token").permission("album#view");
    let alone = asked.claim_token(id_token).decision().await;
    assert!(alone.unwrap());
    server.realm.delete().await;
}

#[tokio::test]
async fn rpts_are_upgraded_limited_and_introspected() {
    let server = photos("rpt").await;
    let oidc = server.uma.oidc();
    let ada = server.login("ada").await;
    let rpt = oidc
        .permissions(&ada)
        .permission("shelf#view")
        .await
        .unwrap();
    assert!(!rpt.is_upgraded() && rpt.refresh_token().is_some());
    let shown = format!("{rpt:?}");
    assert!(!shown.contains("eyJ"), "{shown}");
    let more = oidc
        .permissions(&ada)
        .permission("album#view")
        .upgrade(rpt.access_token())
        .await
        .unwrap();
    assert!(more.is_upgraded());
    let names = |rpt: &keycloak_kit::uma::Rpt| {
        let list = rpt.permissions().unwrap();
        let mut names: Vec<_> = list.into_iter().filter_map(|p| p.resource_name).collect();
        names.sort();
        names
    };
    assert_eq!(names(&more), ["album", "shelf"]);
    let limited = oidc
        .permissions(&ada)
        .permission("album#view")
        .upgrade(rpt.access_token())
        .limit(1)
        .await
        .unwrap();
    assert_eq!(names(&limited), ["album"]);

    let verifier = oidc
        .access_token_verifier()
        .audience("app")
        .build()
        .unwrap();
    let claims = verifier.verify(more.access_token().expose()).await.unwrap();
    assert_eq!(claims.permissions().len(), 2);

    let known = oidc.introspect_rpt(more.access_token()).await.unwrap();
    assert_eq!(known.permissions().len(), 2);
    assert!(known.introspection().is_active());
    for not_one in [ada.expose(), "no token", ""] {
        let error = oidc.introspect_rpt(not_one).await.unwrap_err();
        assert_eq!(error.uma_fault(), Some(UmaFault::NotRpt), "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidToken);
    }
    server.realm.delete().await;
}

#[tokio::test]
async fn access_is_each_permission_asked_for() {
    let server = photos("access").await;
    let oidc = server.uma.oidc();
    let bob = server.login("bob").await;
    let id = id_of(&server, "shelf").await;
    let good = oidc
        .has_access(&bob, ["shelf#view", "shelf"])
        .await
        .unwrap();
    assert!(good.logged_in && good.authorized && good.missing.is_empty());
    let anywhere = oidc.has_access(&bob, ["#view"]).await.unwrap();
    assert!(anywhere.authorized, "{anywhere:?}");
    let anywhere = oidc.has_access(&bob, ["#edit"]).await.unwrap();
    assert!(!anywhere.authorized, "{anywhere:?}");
    let by_id = oidc.has_access(&bob, [format!("{id}#view")]).await.unwrap();
    assert!(by_id.authorized);
    let some = oidc
        .has_access(&bob, ["shelf#view", "album#view,edit"])
        .await
        .unwrap();
    assert!(some.logged_in && !some.authorized);
    assert_eq!(Vec::from_iter(some.missing), ["album#edit", "album#view"]);
    let none = oidc.has_access(&bob, ["vault#open"]).await.unwrap();
    assert!(none.logged_in && !none.authorized);

    // The owner granted one scope; asked for the other, the server's decision is yes.
    let of_ada = server.of("ada").await;
    let diary = Resource::new("diary")
        .scopes(["view", "edit"])
        .owner_managed_access(true);
    let diary = of_ada.resources().create(&diary).await.unwrap().id.unwrap();
    of_ada
        .tickets()
        .create(&diary, "view", "bob", true)
        .await
        .unwrap();
    let status = oidc.has_access(&bob, ["diary#edit"]).await.unwrap();
    assert!(!status.authorized, "{status:?}");
    assert_eq!(Vec::from_iter(status.missing), ["diary#edit"]);

    for refused in ["no token", ""] {
        let status = oidc.has_access(refused, ["shelf#view"]).await.unwrap();
        assert!(!status.logged_in && !status.authorized, "{status:?}");
        assert_eq!(Vec::from_iter(status.missing), ["shelf#view"]);
    }
    // What is no decision is an error.
    let error = oidc.has_access(&bob, ["nope#view"]).await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::UnknownResource));
    let stranger = server
        .realm
        .oidc("app")
        .client_secret("wrong")
        .build()
        .unwrap();
    // The client takes part in a question with claims only.
    let asked = stranger.permissions(&bob).permission("shelf");
    let asked = asked.claims(&json!({ "why": ["audit"] })).decision();
    let error = asked.await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    let status = stranger.has_access(&bob, ["shelf"]).await.unwrap();
    assert!(status.authorized);
    assert!(
        oidc.has_access(&bob, [""; 0])
            .await
            .unwrap_err()
            .is_config()
    );
    server.realm.delete().await;
}

#[tokio::test]
async fn an_expired_ticket_is_told_from_a_wrong_one() {
    let server = ResourceServer::new("expired").await;
    let album = Resource::new("album").scopes(["view"]);
    let album = server
        .uma
        .resources()
        .create(&album)
        .await
        .unwrap()
        .id
        .unwrap();
    let bob = server.login("bob").await;
    // A ticket lives as long as the protection API token that it is made with.
    server
        .realm
        .change(json!({ "accessTokenLifespan": 15 }))
        .await;
    let short = server.realm.kc.uma(&server.realm.name, "app");
    let short = short.client_secret(crate::support::SECRET).build().unwrap();
    let wanted = TicketPermission::new(&album).scopes(["view"]);
    let ticket = short.permission_ticket([wanted]).await.unwrap();
    let until_it_ends = async {
        loop {
            let answer = server.uma.oidc().permissions(&bob).ticket(&ticket).await;
            let fault = answer.unwrap_err().uma_fault();
            if fault != Some(UmaFault::RequestSubmitted) {
                break fault;
            }
        }
    };
    let fault = tokio::time::timeout(std::time::Duration::from_secs(120), until_it_ends).await;
    assert_eq!(fault.unwrap(), Some(UmaFault::ExpiredTicket));
    server.realm.delete().await;
}

#[tokio::test]
async fn users_without_the_role_are_told() {
    let realm = Realm::new("no-role").await;
    realm
        .client("app", json!({ "authorizationServicesEnabled": true }))
        .await;
    let oidc = realm.oidc("app").build().unwrap();
    let ada = oidc
        .password("ada", crate::support::PASSWORD)
        .await
        .unwrap();
    let of_ada = oidc.uma().with_token(ada.access_token().clone()).unwrap();
    let error = of_ada.resources().list().await.unwrap_err();
    assert_eq!(
        error.uma_fault(),
        Some(UmaFault::NoProtectionScope),
        "{error}"
    );
    assert!(error.to_string().contains("uma_protection"), "{error}");
    realm.delete().await;
}
