//! Users by the hundred, with a report.

use std::collections::BTreeMap;

use keycloak_kit::ErrorKind;
use keycloak_kit::admin::{Existing, ImportOutcome, ImportReport, Progress};
use keycloak_kit::representations::{
    ClientRepresentation, CredentialRepresentation, RoleRepresentation, UserRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::{TestRealm, server, sorted};

fn user(number: usize) -> UserRepresentation {
    let name = format!("User-{number:04}");
    UserRepresentation::default()
        .email(format!("{name}@example.org"))
        .username(name)
        .enabled(true)
}

fn outcomes(report: &ImportReport) -> Vec<String> {
    let kind = |outcome: &ImportOutcome| match outcome {
        ImportOutcome::Created(_) => "created".to_owned(),
        ImportOutcome::Updated(_, changes) => format!("updated {changes}"),
        ImportOutcome::Unchanged(_) => "unchanged".to_owned(),
        ImportOutcome::Replaced(_) => "replaced".to_owned(),
        ImportOutcome::Skipped(_) => "skipped".to_owned(),
        ImportOutcome::AlreadyDone => "done".to_owned(),
        ImportOutcome::Failed(error) => format!("failed {:?}", error.kind()),
        ImportOutcome::NotStarted => "not started".to_owned(),
        other => panic!("{other:?}"),
    };
    let users = report.users().iter();
    users.map(|user| kind(user.outcome())).collect()
}

/// A thousand users, some of which cannot be imported: all others are, each in its place.
#[tokio::test]
async fn bad_users_do_not_keep_good_ones_out() {
    let test = TestRealm::new("import").await;
    test.user("there").await;
    let mut users: Vec<_> = (0..1000).map(user).collect();
    users[3] = UserRepresentation::default().username("THERE");
    users[250] = user(250).email("there@example.org");
    users[251] = user(251).groups(["/nowhere"]);
    users[252] = user(252).client_roles([("no-client", ["x"])]);
    users[253] = user(253).realm_roles(["new-role"]);
    users[600] = UserRepresentation::default().email("nameless@example.org");
    users[999] = user(0);
    let mut last: Option<Progress> = None;
    let report = test
        .realm
        .import_users(users.clone())
        .on_progress(|progress| {
            assert!(last.is_none_or(|last| last.done <= progress.done));
            last = Some(progress);
        })
        .await;
    let failures: BTreeMap<usize, String> = report
        .users()
        .iter()
        .enumerate()
        .filter_map(|(index, user)| match user.outcome() {
            ImportOutcome::Failed(error) => Some((index, error.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(
        failures.keys().copied().collect::<Vec<_>>(),
        [250, 251, 252, 600, 999]
    );
    for (index, says) in [
        (250, "that of user \"there\""),
        (251, "no group \"/nowhere\""),
        (252, "no client \"no-client\""),
        (600, "username must be set"),
        (999, "user 0 of this import"),
    ] {
        assert!(failures[&index].contains(says), "{}", failures[&index]);
    }
    let counts = report.counts();
    assert_eq!((counts.created, counts.skipped, counts.failed), (994, 1, 5));
    assert!(report.stopped_by().is_none());
    assert_eq!(
        report.to_string(),
        "1000 users: 994 created, 1 skipped, 5 failed"
    );
    let last = last.unwrap();
    assert_eq!((last.done, last.failed, last.total), (1000, 5, Some(1000)));
    for (given, imported) in users.iter().zip(report.users()) {
        let given = given.username.as_deref().unwrap_or_default();
        assert_eq!(imported.username(), given, "in the order they were given");
    }
    assert_eq!(test.realm.users().count().await.unwrap(), 995);
    let made = test.realm.roles().find_by_name("new-role").await;
    assert!(made.unwrap().is_some(), "the server makes unknown roles");
    let id = report.users()[998].id().unwrap();
    let read = test.realm.user(id).get().await.unwrap();
    assert_eq!(read.username.as_deref(), Some("user-0998"));
    test.delete().await;
}

#[tokio::test]
async fn what_becomes_of_users_that_are_there() {
    let test = TestRealm::new("import-existing").await;
    test.role("reader").await;
    test.group("staff").await;
    let web = test
        .client(ClientRepresentation::default().client_id("web"))
        .await;
    let editor = RoleRepresentation::default().name("editor");
    web.roles().create(&editor).await.unwrap();
    let import = async |users: &[UserRepresentation], existing| {
        let import = test.realm.import_users(users.to_vec());
        import.existing(existing).chunk(2).at_once(2).await
    };
    let users: Vec<_> = (0..3).map(user).collect();
    let first = import(&users, Existing::Skip).await;
    assert_eq!(outcomes(&first), ["created"; 3]);
    let ids = |report: &ImportReport| -> Vec<String> {
        let users = report.users().iter();
        users.map(|user| user.id().unwrap().to_string()).collect()
    };
    let skipped = import(&users, Existing::Skip).await;
    assert_eq!(outcomes(&skipped), ["skipped"; 3]);
    assert_eq!(ids(&skipped), ids(&first));

    let mut wanted = users.clone();
    wanted[1] = user(1)
        .first_name("Ada")
        .groups(["/staff"])
        .realm_roles(["reader"])
        .client_roles([("web", ["editor"])]);
    let updated = import(&wanted, Existing::Update).await;
    assert_eq!(
        outcomes(&updated),
        [
            "unchanged",
            "updated firstName: not set -> \"Ada\"",
            "unchanged"
        ]
    );
    assert_eq!(ids(&updated), ids(&first));
    let ada = test.realm.user(updated.users()[1].id().unwrap());
    let groups = ada.groups().list().await.unwrap();
    assert_eq!(sorted(&groups, |group| &group.name), ["staff"]);
    let roles = ada.role_mappings().get().await.unwrap();
    assert!(sorted(&roles.realm_mappings.unwrap(), |r| &r.name).contains(&"reader".to_owned()));
    assert!(roles.client_mappings.unwrap().contains_key("web"));

    let failed = import(&users, Existing::Fail).await;
    assert_eq!(outcomes(&failed), ["failed Conflict"; 3]);
    let replaced = import(&users, Existing::Replace).await;
    assert_eq!(outcomes(&replaced), ["replaced"; 3]);
    assert!(ids(&replaced).iter().all(|id| !ids(&first).contains(id)));
    test.delete().await;
}

#[tokio::test]
async fn one_by_one_the_user_profile_is_checked_and_roles_are_given() {
    let test = TestRealm::new("import-single").await;
    test.role("reader").await;
    test.automation("importer", &["manage-users", "view-clients", "view-realm"])
        .await;
    let kc = test.as_automation("importer").build().unwrap();
    let realm = kc.realm(&test.name);
    let users = [
        user(0).realm_roles(["reader"]),
        user(1).email("no address"),
        user(2),
    ];
    let report = realm.import_users(users.clone()).one_by_one().await;
    assert_eq!(
        outcomes(&report),
        ["created", "failed Validation", "created"]
    );
    let (_, error) = report.failures().next().unwrap();
    assert_eq!(error.field_errors()[0].field.as_deref(), Some("email"));
    let first = test.realm.user(report.users()[0].id().unwrap());
    let roles = first.role_mappings().realm().list().await.unwrap();
    assert!(sorted(&roles, |role| &role.name).contains(&"reader".to_owned()));
    let again = realm.import_users(users).one_by_one().await;
    assert_eq!(
        outcomes(&again),
        ["skipped", "failed Validation", "skipped"]
    );

    // Importing them together needs more than this one may.
    let report = realm.import_users((10..500).map(user)).at_once(1).await;
    let error = report.stopped_by().unwrap();
    assert!(error.is_forbidden(), "{error}");
    let counts = report.counts();
    assert_eq!((counts.failed, counts.not_started), (100, 390));
    test.delete().await;
}

#[tokio::test]
async fn an_import_that_was_stopped_goes_on() {
    let test = TestRealm::new("import-resume").await;
    let users: Vec<_> = (0..300).map(user).collect();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut stop = Some(stop);
    let report = test
        .realm
        .import_users(users.clone())
        .chunk(20)
        .at_once(2)
        .on_progress(|progress| {
            if let Some(stop) = stop.take_if(|_| progress.done >= 60) {
                stop.send(()).unwrap();
            }
        })
        .stop_when(async { stopped.await.unwrap() })
        .await;
    let counts = report.counts();
    assert_eq!(counts.created + counts.not_started, 300, "{report}");
    assert!((60..=120).contains(&counts.created), "{report}");
    assert!(report.stopped_by().is_none());

    let rest = test.realm.import_users(users).already_done(report.done());
    let rest = rest.existing(Existing::Fail).await;
    let then = rest.counts();
    assert_eq!(then.already_done, counts.created);
    assert_eq!(then.created, counts.not_started);
    assert_eq!(rest.done().count(), 300);
    assert_eq!(test.realm.users().count().await.unwrap(), 300);
    test.delete().await;
}

#[tokio::test]
async fn passwords_work_and_a_wrong_realm_ends_the_import() {
    let test = TestRealm::new("import-login").await;
    test.login_client("app").await;
    let ada =
        crate::support::accounts::person("ada").credentials([CredentialRepresentation::password(
            crate::support::accounts::PASSWORD,
        )]);
    let report = test.realm.import_users([ada]).await;
    assert_eq!(outcomes(&report), ["created"]);
    test.login("app", "ada").await;

    let nowhere = server::admin().realm("no-such-realm");
    let report = nowhere.import_users((0..1000).map(user)).await;
    assert_eq!(
        report.stopped_by().map(keycloak_kit::Error::kind),
        Some(ErrorKind::NotFound)
    );
    let counts = report.counts();
    assert_eq!(counts.failed + counts.not_started, 1000);
    test.delete().await;
}
