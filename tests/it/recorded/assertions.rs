//! What must compile, beside what the table of calls has the compiler check already.

use std::future::{Future, IntoFuture};

use keycloak_kit::ItemStream;
use keycloak_kit::admin::bulk;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::{ClientUuid, UserId};
use keycloak_kit::representations::UserRepresentation;
use keycloak_kit::{BoxFuture, Result};

const _: () = {
    const fn shared<T: Clone + Send + Sync + Unpin + 'static>() {}
    const fn moved<T: Send + Unpin + 'static>() {}
    shared::<UserId>();
    shared::<ClientUuid>();
    moved::<ItemStream<UserRepresentation>>();
    moved::<BoxFuture<'static, Result<Vec<UserRepresentation>>>>();
};

#[test]
fn a_handle_tells_what_it_was_made_with() {
    let kc = keycloak_kit::Keycloak::builder("http://localhost").anonymous();
    let realm = kc.build().unwrap().realm("demo");
    assert_eq!(realm.realm_name().as_str(), "demo");
    assert_eq!(realm.user("42").user_id().as_str(), "42");
    assert_eq!(realm.role("reader").role_name().as_str(), "reader");
    let client = realm.client(ClientUuid::new("7"));
    assert_eq!(client.client_uuid().as_str(), "7");
}

/// Never called: the compiler checks it.
#[allow(dead_code, reason = "compiling it is the test")]
fn futures_can_be_moved_between_tasks(realm: Realm) {
    fn moved(_: impl IntoFuture<IntoFuture: Send>) {}
    fn call(_: impl IntoFuture<IntoFuture: Send + 'static> + Clone + Send + Sync + 'static) {}
    fn lasting(_: impl Future + Send + 'static) {}
    // With parameters of its own or without, a call is a value of the same shape.
    call(realm.user("id").find());
    call(realm.group("id").get());
    call(realm.group("id").members());
    call(realm.users().create(&UserRepresentation::default()));
    call(realm.user("id").update(&UserRepresentation::default()));
    drop(tokio::spawn(realm.group("id").get().send()));
    drop(tokio::spawn(realm.group("id").members().into_future()));
    moved(bulk(["a", "b"], |id| realm.group(id).get()).into_future());
    moved(bulk(["a", "b"], |id| realm.group(id).members()).into_future());
    let user = realm.user("id");
    lasting(user.modify(|user| user.enabled = Some(true)).into_future());
    moved(user.modify(|user| user.enabled = None).preview());
    moved(user.assign_roles(["reader"]).into_future());
    let (users, wanted) = (realm.users(), UserRepresentation::default());
    moved(users.ensure(&wanted).into_future());
    moved(users.find_by_username("ada"));
    lasting(realm.import_users([wanted]).into_future());
    lasting(realm.groups().tree().all());
    let calls = bulk(0..10, |_| async { Ok::<_, keycloak_kit::Error>(()) });
    lasting(calls.into_future());
    moved(realm.client_by_client_id("web"));
    lasting(realm.users().list().search("ada").send());
    lasting(realm.users().list().all());
    lasting(async move { realm.users().create(&UserRepresentation::default()).await });
}
