//! The user profile of a realm.

use keycloak_kit::representations::{
    UPAttribute, UPAttributePermissions, UPGroup, UnmanagedAttributePolicy,
};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::accounts::person;
use crate::support::{TestRealm, sorted};

#[tokio::test]
async fn a_declared_attribute_is_kept_and_checked() {
    let test = TestRealm::new("profile").await;
    let profile = test.realm.user_profile();
    let before = profile.get().await.unwrap();
    assert_eq!(
        sorted(before.attributes.as_ref().unwrap(), |a| &a.name),
        ["email", "firstName", "lastName", "username"]
    );
    let team = UPAttribute::default()
        .name("team")
        .display_name("Team")
        .group("work")
        .permissions(
            UPAttributePermissions::default()
                .view(["admin", "user"])
                .edit(["admin"]),
        )
        .validations([("length", json!({ "max": 5 }))]);
    let changed = profile
        .modify(|config| {
            let groups = config.groups.get_or_insert_default();
            groups.push(UPGroup::default().name("work").display_header("Work"));
            config.attributes.get_or_insert_default().push(team);
        })
        .await
        .unwrap();
    assert_eq!(changed.attributes.as_ref().unwrap().len(), 5);

    let ada = person("ada").attribute("team", ["core"]);
    let id = test.realm.users().create(&ada).await.unwrap();
    let user = test.realm.user(&id).get().await.unwrap();
    assert_eq!(user.attributes.unwrap()["team"], ["core"]);
    let bob = person("bob").attribute("team", ["toolong"]);
    let error = test.realm.users().create(&bob).await.unwrap_err();
    assert!(error.is_validation(), "{error}");
    assert_eq!(error.field_errors()[0].field.as_deref(), Some("team"));

    let metadata = profile.metadata().await.unwrap();
    let names = sorted(&metadata.attributes.unwrap(), |a| &a.name);
    assert!(names.contains(&"team".to_owned()), "{names:?}");
    let user = test.realm.user(&id).get().user_profile_metadata(true).await;
    let metadata = user.unwrap().user_profile_metadata.unwrap();
    assert!(metadata.attributes.unwrap().len() >= 5);

    // The whole configuration as it was read takes the place of what is there.
    let after = profile.update(&before).await.unwrap();
    assert_eq!(after.attributes.unwrap().len(), 4);
    assert_eq!(
        after.unmanaged_attribute_policy,
        None::<UnmanagedAttributePolicy>
    );
    test.delete().await;
}

/// What the server keeps of a new user's attributes, `create_checked` lets through, and nothing else.
#[tokio::test]
async fn an_attribute_that_would_be_dropped_is_refused() {
    let test = TestRealm::new("profile-checked").await;
    let users = test.realm.users();
    let may_edit = |name: &str, who: &[&str]| {
        let permissions = UPAttributePermissions::default()
            .view(["admin", "user"])
            .edit(who.iter().copied());
        UPAttribute::default().name(name).permissions(permissions)
    };
    let own = [
        may_edit("team", &["admin"]),
        may_edit("theirs", &["user"]),
        UPAttribute::default().name("plain"),
    ];
    let profile = test.realm.user_profile();
    profile
        .modify(|config| config.attributes.get_or_insert_default().extend(own))
        .await
        .unwrap();
    let mut number = 0;
    let mut agrees = async |name: &str, kept: bool| {
        number += 1;
        let user = person(&format!("user{number}")).attribute(name, ["de"]);
        let id = users.create(&user).await.unwrap();
        let attributes = test.realm.user(&id).get().await.unwrap().attributes;
        let is_there = attributes.is_some_and(|all| all.contains_key(name));
        assert_eq!(is_there, kept, "{name}");

        let user = person(&format!("checked{number}")).attribute(name, ["de"]);
        let checked = users.create_checked(&user).await;
        assert_eq!(checked.is_ok(), kept, "{name}: {checked:?}");
        let user = person(&format!("ensured{number}")).attribute(name, ["de"]);
        let ensured = users.ensure(&user).await;
        assert_eq!(ensured.is_ok(), kept, "{name}: {ensured:?}");
        if let Err(refused) = checked {
            assert!(refused.is_config() && refused.to_string().contains(name));
            let found = users.find_by_username(format!("checked{number}")).await;
            assert!(found.unwrap().is_none());
        }
    };
    agrees("team", true).await;
    agrees("theirs", false).await;
    agrees("plain", false).await;
    agrees("undeclared", false).await;
    agrees("locale", false).await;
    test.realm
        .modify(|realm| {
            realm.internationalization_enabled = Some(true);
            realm.supported_locales = Some(vec!["de".into(), "en".into()]);
        })
        .await
        .unwrap();
    agrees("locale", true).await;
    profile
        .modify(|config| {
            config.unmanaged_attribute_policy = Some(UnmanagedAttributePolicy::AdminEdit)
        })
        .await
        .unwrap();
    agrees("undeclared", true).await;
    agrees("theirs", false).await;
    test.delete().await;
}
