//! The protection API: resources, permission tickets, policies of owners.

use keycloak_kit::uma::{OwnerPolicy, Resource, TicketPermission};
use keycloak_kit::{AccessToken, ErrorKind, UmaFault};
use serde_json::json;

use crate::support::resource_server::ResourceServer;
use crate::support::{PASSWORD, SECRET};

fn album() -> Resource {
    Resource::new("album 1")
        .display_name("Holidays")
        .uri("/albums/1")
        .uri("/holidays/*")
        .type_("urn:photos:album")
        .scopes(["view", "edit"])
        .icon_uri("https://photos.example/1.png")
        .attribute("year", "2026")
        .attribute("year", "2027")
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

#[tokio::test]
async fn the_protection_api_token_is_kept_and_replaced() {
    let server = ResourceServer::new("pat").await;
    let uma = &server.uma;
    let endpoints = uma.metadata().await.unwrap();
    assert!(
        endpoints
            .resource_registration_endpoint
            .as_deref()
            .unwrap()
            .ends_with("/authz/protection/resource_set")
    );
    let first = uma.token().await.unwrap();
    uma.resources().create(&album()).await.unwrap();
    let second = uma.token().await.unwrap();
    assert_eq!(first.expose(), second.expose());

    // The server refuses what is older than the next second; in that, one call gets another token
    // and its answer.
    let claims = keycloak_kit::jose::decode_unverified(first.expose()).unwrap();
    let next = claims.claims()["iat"].as_u64().unwrap() + 1;
    let client = ["clients", &server.uuid];
    let mut changed = server.realm.get(&client).await;
    changed["notBefore"] = next.into();
    server.realm.put(&client, &changed).await;
    while std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() < next {
        tokio::task::yield_now().await;
    }
    assert_eq!(uma.resources().list().await.unwrap().len(), 1);
    assert_ne!(uma.token().await.unwrap().expose(), first.expose());

    // A user's session is a source too, and the user is the owner.
    let tokens = uma.oidc().password("ada", PASSWORD).await.unwrap();
    let of_ada = uma.with_token_source(uma.oidc().session(tokens));
    let hers = Resource::new("hers");
    let hers = of_ada.resources().create(&hers).await.unwrap();
    assert_eq!(hers.owner.unwrap().name.as_deref(), Some("ada"));

    let error = uma
        .with_token(AccessToken::new("no token"))
        .unwrap()
        .resources()
        .list()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");

    // A client without authorization has nothing to protect.
    server.realm.client("plain", json!({})).await;
    let plain = server.realm.kc.uma(&server.realm.name, "plain");
    let plain = plain.client_secret(SECRET).build().unwrap();
    let error = plain.resources().list().await.unwrap_err();
    let fault = UmaFault::UnknownResourceServer;
    assert_eq!(error.uma_fault(), Some(fault), "{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    server.realm.delete().await;
}

#[tokio::test]
async fn resources_are_created_read_changed_and_deleted() {
    let server = ResourceServer::new("resources").await;
    let uma = &server.uma;
    let made = uma.resources().create(&album()).await.unwrap();
    let id = made.id.clone().unwrap();
    let owner = made.owner.clone().unwrap();
    assert_eq!(owner.name.as_deref(), Some("app"));
    let read = uma.resource(&id).get().await.unwrap();
    for resource in [&made, &read] {
        assert_eq!(sorted(resource.scopes.clone()), ["edit", "view"]);
        assert_eq!(sorted(resource.uris.clone()), ["/albums/1", "/holidays/*"]);
        assert_eq!(resource.display_name.as_deref(), Some("Holidays"));
        assert_eq!(resource.type_.as_deref(), Some("urn:photos:album"));
        assert_eq!(resource.icon_uri, album().icon_uri);
        assert_eq!(
            sorted(resource.attributes["year"].clone()),
            ["2026", "2027"]
        );
    }
    let changed = Resource::new("album one")
        .scopes(["view", "print"])
        .attribute("k", "v");
    uma.resource(&id).update(&changed).await.unwrap();
    let read = uma.resource(&id).get().await.unwrap();
    assert_eq!(read.name, "album one");
    assert_eq!(sorted(read.scopes), ["print", "view"]);
    assert_eq!(read.attributes["k"], ["v"]);
    assert!(read.display_name.is_none() && read.uris.is_empty());

    let again = Resource::new("album one");
    let error = uma.resources().create(&again).await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::AlreadyExists), "{error}");
    assert!(error.is_conflict());
    let error = uma
        .resources()
        .create(&Resource::new(""))
        .await
        .unwrap_err();
    assert!(error.is_config(), "{error}");

    uma.resource(&id).delete().await.unwrap();
    let unknown = uma.resource(&id);
    for error in [
        unknown.get().await.unwrap_err(),
        unknown.update(&again).await.unwrap_err(),
        unknown.delete().await.unwrap_err(),
        uma.resource("no-such").get().await.unwrap_err(),
    ] {
        assert_eq!(
            error.uma_fault(),
            Some(UmaFault::UnknownResource),
            "{error}"
        );
        assert!(error.is_not_found());
    }
    let error = uma.resource("..").get().await.unwrap_err();
    assert!(error.is_config(), "{error}");

    // What is a user's another user can neither change nor delete, since 26.7.
    if server.realm.is_since((26, 7)).await {
        let diary = Resource::new("diary").scopes(["view"]);
        let of_ada = server.of("ada").await;
        let diary = of_ada.resources().create(&diary).await.unwrap().id.unwrap();
        let stranger = server.of("bob").await.resource(&diary);
        for error in [
            stranger.update(&again).await.unwrap_err(),
            stranger.delete().await.unwrap_err(),
        ] {
            assert_eq!(error.uma_fault(), Some(UmaFault::NotOwner), "{error}");
            assert!(error.is_forbidden());
        }
        let kept = of_ada.resource(&diary).get().await.unwrap();
        assert_eq!(kept.name, "diary");
    }
    server.realm.delete().await;
}

#[tokio::test]
async fn resources_are_found_by_every_filter() {
    let server = ResourceServer::new("search").await;
    let uma = &server.uma;
    let first = uma.resources().create(&album()).await.unwrap().id.unwrap();
    let other = Resource::new("album 12")
        .scopes(["print"])
        .uri("/albums/{id}/pages");
    let other = uma.resources().create(&other).await.unwrap().id.unwrap();
    let of_ada = server.of("ada").await;
    let diary = Resource::new("diary").scopes(["view"]);
    let diary = of_ada.resources().create(&diary).await.unwrap();
    assert_eq!(diary.owner.unwrap().name.as_deref(), Some("ada"));
    let diary = diary.id.unwrap();
    let ada = server.user_id("ada").await;

    let list = || uma.resources().list();
    for (query, wanted) in [
        (list().name("album"), vec![&first, &other]),
        (list().exact_name("album 1"), vec![&first]),
        (list().uri("/albums/1"), vec![&first]),
        (list().uri("/albums/7/pages").matching_uri(), vec![&other]),
        (list().uri("/albums/7/pages"), vec![]),
        (list().owner("ada"), vec![&diary]),
        (list().owner(&ada), vec![&diary]),
        (list().owner("app"), vec![&first, &other]),
        (list().type_("urn:photos:album"), vec![&first]),
        (list().scope("view"), vec![&first, &diary]),
        (list().scope("view").owner("ada"), vec![&diary]),
        (list().name("no such"), vec![]),
    ] {
        let shown = format!("{query:?}");
        let ids = sorted(query.clone().ids().await.unwrap());
        let whole = query.await.unwrap();
        let whole = sorted(whole.into_iter().filter_map(|r| r.id).collect());
        let wanted = sorted(wanted.into_iter().cloned().collect());
        assert_eq!((&ids, &whole), (&wanted, &wanted), "{shown}");
    }

    for number in 0..7 {
        let resource = Resource::new(format!("page {number}"));
        uma.resources().create(&resource).await.unwrap();
    }
    for size in [1, 3, 10, 100] {
        let mut stream = uma.resources().list().max(size).stream();
        let mut names = Vec::new();
        while let Some(resource) = stream.next().await {
            names.push(resource.unwrap().name);
        }
        let mut names = sorted(names);
        names.dedup();
        assert_eq!(names.len(), 10, "pages of {size}: {names:?}");
    }
    let rest = uma.resources().list().first(8).max(5).ids().await.unwrap();
    assert_eq!(rest.len(), 2);
    server.realm.delete().await;
}

#[tokio::test]
async fn requests_are_submitted_granted_denied_and_deleted() {
    let server = ResourceServer::new("tickets").await;
    let of_ada = server.of("ada").await;
    let diary = Resource::new("diary")
        .scopes(["view", "edit"])
        .owner_managed_access(true);
    let diary = of_ada.resources().create(&diary).await.unwrap().id.unwrap();
    let oidc = server.uma.oidc();
    let bob = server.login("bob").await;

    let wanted = TicketPermission::new(&diary)
        .scopes(["view"])
        .claim("why", "curious");
    let ticket = server.uma.permission_ticket([wanted]).await.unwrap();
    assert!(!format!("{ticket:?}").contains("eyJ"));
    let refused = |submit| {
        oidc.permissions(&bob)
            .ticket(&ticket)
            .submit_request(submit)
            .rpt()
    };
    let error = refused(false).await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::NotAuthorized), "{error}");
    assert_eq!(of_ada.tickets().count().await.unwrap(), 0);
    let error = refused(true).await.unwrap_err();
    assert_eq!(
        error.uma_fault(),
        Some(UmaFault::RequestSubmitted),
        "{error}"
    );
    assert!(error.is_forbidden());

    let waiting = of_ada
        .tickets()
        .granted(false)
        .requester("bob")
        .with_names()
        .await
        .unwrap();
    let [asked] = &waiting[..] else {
        panic!("{waiting:?}");
    };
    assert_eq!(asked.requester_name.as_deref(), Some("bob"));
    assert_eq!(asked.scope_name.as_deref(), Some("view"));
    assert_eq!(asked.resource.as_deref(), Some(diary.as_str()));
    let handle = of_ada.ticket(&asked.id);
    let of_bob = server.of("bob").await;
    let error = of_bob.ticket(&asked.id).grant().await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::NotOwner), "{error}");

    handle.grant().await.unwrap();
    // The server takes a ticket again until it expires.
    for _ in 0..2 {
        let rpt = oidc.permissions(&bob).ticket(&ticket).await.unwrap();
        let permissions = rpt.permissions().unwrap();
        assert_eq!(permissions[0].resource_id.as_ref(), Some(&diary));
        assert_eq!(permissions[0].scopes, ["view"]);
    }
    assert_eq!(
        of_ada
            .tickets()
            .resource(&diary)
            .granted(true)
            .count()
            .await
            .unwrap(),
        1
    );
    for (query, found) in [
        (of_ada.tickets().scope("view"), 1),
        (of_ada.tickets().scope("edit"), 0),
        (of_ada.tickets().owner("ada"), 1),
        (of_ada.tickets().owner("bob"), 0),
        (of_ada.tickets().first(0).max(1), 1),
        (of_ada.tickets().first(1).max(1), 0),
    ] {
        let shown = format!("{query:?}");
        assert_eq!(query.await.unwrap().len(), found, "{shown}");
    }
    handle.deny().await.unwrap();
    let error = refused(false).await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::NotAuthorized), "{error}");
    assert_eq!(of_ada.tickets().count().await.unwrap(), 0);
    for error in [
        handle.grant().await.unwrap_err(),
        handle.delete().await.unwrap_err(),
    ] {
        assert_eq!(error.uma_fault(), Some(UmaFault::UnknownTicket), "{error}");
    }

    let made = of_ada
        .tickets()
        .create(&diary, "edit", "eve", true)
        .await
        .unwrap();
    assert!(made.granted);
    let eve = server.login("eve").await;
    let status = oidc
        .has_access(&eve, [format!("{diary}#edit")])
        .await
        .unwrap();
    assert!(status.authorized, "{status:?}");
    let tickets = of_ada.tickets();
    for (attempt, fault, kind) in [
        (
            tickets.create(&diary, "edit", "eve", true).await,
            UmaFault::AlreadyExists,
            ErrorKind::Conflict,
        ),
        (
            tickets.create(&diary, "zip", "eve", true).await,
            UmaFault::UnknownScope,
            ErrorKind::Validation,
        ),
        (
            tickets.create("no-such", "edit", "eve", true).await,
            UmaFault::UnknownResource,
            ErrorKind::NotFound,
        ),
        (
            tickets.create(&diary, "edit", "nobody", true).await,
            UmaFault::UnknownRequester,
            ErrorKind::Validation,
        ),
        (
            of_bob.tickets().create(&diary, "view", "eve", true).await,
            UmaFault::NotOwner,
            ErrorKind::Forbidden,
        ),
    ] {
        let error = attempt.unwrap_err();
        assert_eq!(
            (error.uma_fault(), error.kind()),
            (Some(fault), kind),
            "{error}"
        );
    }
    of_ada.ticket(&made.id).delete().await.unwrap();
    let status = oidc.has_access(&eve, [format!("{diary}#edit")]).await;
    assert!(!status.unwrap().authorized);
    server.realm.delete().await;
}

#[tokio::test]
async fn tickets_are_for_what_is_there() {
    let server = ResourceServer::new("ticket-faults").await;
    let uma = &server.uma;
    let album = uma.resources().create(&album()).await.unwrap().id.unwrap();
    let other = Resource::new("other").scopes(["print"]);
    let other = uma.resources().create(&other).await.unwrap().id.unwrap();
    let both = [
        TicketPermission::new(&album).scopes(["view", "edit"]),
        TicketPermission::new(&other).scopes(["print"]),
    ];
    let ticket = uma.permission_ticket(both).await.unwrap();
    let claims = keycloak_kit::jose::decode_unverified(ticket.expose()).unwrap();
    assert_eq!(claims.claims()["permissions"].as_array().unwrap().len(), 2);
    for (wanted, fault) in [
        (
            TicketPermission::new("no-such").scopes(["view"]),
            UmaFault::UnknownResource,
        ),
        (
            TicketPermission::new(&album).scopes(["zip"]),
            UmaFault::UnknownScope,
        ),
        // A scope of the resource server, but not of this resource.
        (
            TicketPermission::new(&album).scopes(["print"]),
            UmaFault::UnknownScope,
        ),
    ] {
        let error = uma.permission_ticket([wanted]).await.unwrap_err();
        assert_eq!(error.uma_fault(), Some(fault), "{error}");
    }
    assert!(uma.permission_ticket([]).await.unwrap_err().is_config());

    // What its owner does not manage takes neither requests nor policies.
    let of_ada = server.of("ada").await;
    let locked = Resource::new("locked").scopes(["view"]);
    let locked = of_ada
        .resources()
        .create(&locked)
        .await
        .unwrap()
        .id
        .unwrap();
    let policy = OwnerPolicy::new("friends").scope("view").user("bob");
    for error in [
        of_ada
            .tickets()
            .create(&locked, "view", "bob", true)
            .await
            .unwrap_err(),
        of_ada
            .policies()
            .create(&locked, &policy)
            .await
            .unwrap_err(),
    ] {
        let fault = (error.uma_fault(), error.kind());
        let wanted = (Some(UmaFault::NotOwnerManaged), ErrorKind::Validation);
        assert_eq!(fault, wanted, "{error}");
    }
    server.realm.delete().await;
}

#[tokio::test]
async fn owners_make_policies_for_their_resources() {
    let server = ResourceServer::new("policies").await;
    let of_ada = server.of("ada").await;
    let of_bob = server.of("bob").await;
    let diary = Resource::new("diary")
        .scopes(["view", "edit"])
        .owner_managed_access(true);
    let diary = of_ada.resources().create(&diary).await.unwrap().id.unwrap();
    let friends = OwnerPolicy::new("friends")
        .description("close ones")
        .scope("view")
        .user("bob");
    let made = of_ada.policies().create(&diary, &friends).await.unwrap();
    let id = made.id.clone().unwrap();
    assert_eq!(
        (made.users, made.scopes),
        (vec!["bob".to_owned()], vec!["view".to_owned()])
    );
    let bob = server.login("bob").await;
    let wanted = [format!("{diary}#view"), format!("{diary}#edit")];
    let status = server.uma.oidc().has_access(&bob, &wanted).await.unwrap();
    assert_eq!(
        status.missing.into_iter().collect::<Vec<_>>(),
        [wanted[1].clone()]
    );

    let changed = OwnerPolicy::new("close friends")
        .scope("view")
        .scope("edit")
        .user("bob");
    of_ada.policy(&id).update(&changed).await.unwrap();
    let read = of_ada.policy(&id).get().await.unwrap();
    assert_eq!(
        (read.name.as_str(), sorted(read.scopes)),
        ("close friends", vec!["edit".to_owned(), "view".to_owned()])
    );
    let status = server.uma.oidc().has_access(&bob, &wanted).await.unwrap();
    assert!(status.authorized, "{status:?}");
    let list = || of_ada.policies();
    for (query, found) in [
        (list(), 1),
        (
            list()
                .resource(&diary)
                .scope("edit")
                .name("close")
                .first(0)
                .max(5),
            1,
        ),
        (list().name("strangers"), 0),
        (of_bob.policies(), 0),
    ] {
        assert_eq!(query.await.unwrap().len(), found);
    }

    let new = |name: &str| OwnerPolicy::new(name).scope("view").user("bob");
    for (attempt, fault, kind) in [
        (
            of_bob.policies().create(&diary, &new("x")).await,
            UmaFault::NotOwner,
            ErrorKind::Forbidden,
        ),
        (
            server.uma.policies().create(&diary, &new("x")).await,
            UmaFault::NotOwner,
            ErrorKind::Forbidden,
        ),
        (
            list().create("no-such", &new("x")).await,
            UmaFault::UnknownResource,
            ErrorKind::NotFound,
        ),
        (
            list().create(&diary, &new("x").scope("zip")).await,
            UmaFault::UnknownScope,
            ErrorKind::Validation,
        ),
        (
            list().create(&diary, &new("close friends")).await,
            UmaFault::AlreadyExists,
            ErrorKind::Conflict,
        ),
    ] {
        let error = attempt.unwrap_err();
        assert_eq!(
            (error.uma_fault(), error.kind()),
            (Some(fault), kind),
            "{error}"
        );
    }
    let group = serde_json::json!({ "name": "family" });
    server.realm.post(&["groups"], &group).await;
    let role = serde_json::json!({ "name": "friend" });
    server.realm.post(&["roles"], &role).await;
    let family = OwnerPolicy::new("family")
        .scope("view")
        .group("/family")
        .role("friend")
        .client("app");
    let made = of_ada.policies().create(&diary, &family).await.unwrap();
    let read = of_ada.policy(made.id.unwrap()).get().await.unwrap();
    assert_eq!(
        (read.groups, read.roles, read.clients),
        (
            vec!["/family".to_owned()],
            vec!["friend".to_owned()],
            vec!["app".to_owned()]
        )
    );
    of_ada.policy(&id).delete().await.unwrap();
    let error = of_ada.policy(&id).get().await.unwrap_err();
    assert_eq!(error.uma_fault(), Some(UmaFault::UnknownPolicy), "{error}");
    server.realm.delete().await;
}
