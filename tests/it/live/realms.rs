//! Realms as a whole: settings, export and import.

use keycloak_kit::representations::{
    BruteForceStrategy, ClientRepresentation, GroupRepresentation, PartialImportAction,
    PartialImportRepresentation, PartialImportResourceType, RealmRepresentation,
    RoleRepresentation, RolesRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::mail::MailServer;
use crate::support::version::version;
use crate::support::{TestRealm, server, sorted, texts};

#[tokio::test]
async fn create_read_change_delete() {
    let test = TestRealm::with("realm", RealmRepresentation::default().display_name("One")).await;
    let version = version().await;
    let read = test.realm.get().await.unwrap();
    assert_eq!(read.realm.as_deref(), Some(test.name.as_str()));
    assert_eq!(read.display_name.as_deref(), Some("One"));
    let strategy = Some(BruteForceStrategy::Linear).filter(|_| version.has("26.0.8"));
    let changed = test
        .realm
        .modify(|realm| {
            realm.display_name = Some("Zwei \"2\" é".to_owned());
            realm.access_token_lifespan = Some(120);
            realm.brute_force_strategy = strategy.clone();
            *realm = realm.clone().attribute("userProfileEnabled", "true");
            realm.supported_locales = Some(vec!["de".to_owned(), "en".to_owned()]);
            realm.internationalization_enabled = Some(true);
        })
        .await
        .unwrap();
    assert_eq!(changed.access_token_lifespan, Some(120));
    assert_eq!(changed.brute_force_strategy, strategy);

    let all = test
        .kc
        .realms()
        .list()
        .brief_representation(true)
        .await
        .unwrap();
    assert!(sorted(&all, |realm| &realm.realm).contains(&test.name));
    let again = RealmRepresentation::default().realm(&test.name);
    let conflict = test.kc.realms().create(&again).await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    test.realm.delete().await.unwrap();
    assert!(test.realm.find().await.unwrap().is_none());
}

#[tokio::test]
async fn a_realm_whose_name_needs_encoding() {
    let kc = server::admin();
    let name = format!("test é ü {}", std::process::id());
    let realm = RealmRepresentation::default().realm(&name).enabled(true);
    let id = kc.realms().create(&realm).await.unwrap();
    assert_eq!(id.as_str(), name);
    let realm = kc.realm(&id);
    assert_eq!(
        realm.get().await.unwrap().realm.as_deref(),
        Some(name.as_str())
    );
    kc.metadata(&name).await.expect("its issuer is escaped");
    realm.delete().await.unwrap();
}

#[tokio::test]
async fn mail_settings() {
    let mail = MailServer::start().await;
    let test = TestRealm::new("realm-mail").await;
    let mut settings = mail.settings();
    settings.insert("password".to_owned(), "hunter2".to_owned());
    settings.insert("user".to_owned(), "kc".to_owned());
    settings.insert("auth".to_owned(), "true".to_owned());
    let changed = test
        .realm
        .modify(|realm| realm.smtp_server = Some(settings.clone()))
        .await
        .expect("a masked password is no ignored edit");
    assert!(
        !format!("{changed:?}").contains("keycloak@example.org"),
        "keys only"
    );

    // The test message goes to whoever asks for it, who therefore needs an address.
    let operator = crate::support::accounts::person("operator");
    let operator = test.realm.users().create(&operator).await.unwrap();
    crate::support::accounts::grant(&test.realm, &operator, &["realm-admin"]).await;
    let kc = server::anonymous()
        .login_realm(&test.name)
        .password("operator", crate::support::accounts::PASSWORD)
        .build()
        .unwrap();
    let realm = kc.realm(&test.name);
    realm.test_smtp_connection(&mail.settings()).await.unwrap();
    assert_eq!(mail.recipients(), ["operator@example.org"]);
    let closed = texts([
        ("host", "127.0.0.1"),
        ("port", "1"),
        ("from", "a@b.example"),
    ]);
    let error = realm.test_smtp_connection(&closed).await.unwrap_err();
    assert!(error.is_server(), "{error}");
    test.delete().await;
}

#[tokio::test]
async fn partial_export_and_import() {
    let test = TestRealm::new("realm-export").await;
    test.role("reader").await;
    test.group("staff").await;
    test.client(ClientRepresentation::default().client_id("app"))
        .await;
    let export = test.realm.partial_export();
    let export = export
        .export_clients(true)
        .export_groups_and_roles(true)
        .await
        .unwrap();
    let clients = sorted(export.clients.as_ref().unwrap(), |c| &c.client_id);
    assert!(clients.contains(&"app".to_owned()), "{clients:?}");
    let groups = sorted(export.groups.as_ref().unwrap(), |g| &g.name);
    assert_eq!(groups, ["staff"]);
    let brief = test.realm.partial_export().await.unwrap();
    assert!(brief.clients.is_none() && brief.groups.is_none());

    let copy = TestRealm::new("realm-import").await;
    let import = |policy: &str| {
        let roles = [RoleRepresentation::default().name("reader")];
        PartialImportRepresentation::default()
            .if_resource_exists(policy)
            .clients([ClientRepresentation::default().client_id("app")])
            .groups([GroupRepresentation::default().name("staff").path("/staff")])
            .roles(RolesRepresentation::default().realm(roles))
            .users([UserRepresentation::default().username("ada")])
    };
    let result = copy.realm.partial_import(&import("SKIP")).await.unwrap();
    assert_eq!((result.added, result.skipped), (Some(4), Some(0)));
    let results = result.results.unwrap();
    assert_eq!(
        sorted(&results, |result| &result.resource_name),
        ["ada", "app", "reader", "staff"]
    );
    for result in &results {
        assert_eq!(result.action, Some(PartialImportAction::Added));
    }
    let of_ada = results
        .iter()
        .find(|result| result.resource_type == Some(PartialImportResourceType::User));
    let ada = copy.realm.user(of_ada.unwrap().id.clone().unwrap());
    assert_eq!(ada.get().await.unwrap().username.as_deref(), Some("ada"));
    let again = copy.realm.partial_import(&import("SKIP")).await.unwrap();
    assert_eq!((again.added, again.skipped), (Some(0), Some(4)));
    let over = copy.realm.partial_import(&import("OVERWRITE")).await;
    if !version().await.has("26.7.4") {
        // Before, the server made the group a second time before it deleted the first.
        assert!(over.unwrap_err().is_conflict());
        copy.delete().await;
        return test.delete().await;
    }
    assert_eq!(over.unwrap().overwritten, Some(4));
    let conflict = copy.realm.partial_import(&import("FAIL")).await;
    let conflict = conflict.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");
    copy.delete().await;
    test.delete().await;
}
