//! What an edit will change, before it does.

use futures_util::FutureExt;
use keycloak_kit::representations::ClientRepresentation;
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::TestRealm;

#[tokio::test]
async fn changes_are_listed_and_nothing_is_written() {
    let test = TestRealm::new("preview").await;
    let (_, ada) = test.user("ada").await;
    let changes = ada
        .modify(|user| {
            user.enabled = Some(false);
            user.last_name = Some("King".to_owned());
            user.first_name = Some("Ada".to_owned());
        })
        .changes()
        .await
        .unwrap();
    assert_eq!(
        changes.to_string(),
        "enabled: true -> false\nlastName: \"Lovelace\" -> \"King\""
    );
    let enabled = changes.get("enabled").unwrap();
    assert_eq!(
        (enabled.from(), enabled.to()),
        (Some(json!(true)), Some(json!(false)))
    );
    assert!(changes.get("firstName").is_none(), "as it was");
    let read = ada.get().await.unwrap();
    assert_eq!(read.enabled, Some(true));
    assert_eq!(read.last_name.as_deref(), Some("Lovelace"));

    let preview = ada.modify(|user| user.enabled = Some(false)).preview();
    let preview = preview.await.unwrap();
    assert_eq!(preview.changes().len(), 1);
    assert_eq!(preview.wanted().enabled, Some(false));
    assert_eq!(preview.apply().await.unwrap().enabled, Some(false));
    assert_eq!(ada.get().await.unwrap().enabled, Some(false));

    let nothing = ada.modify(|user| user.enabled = Some(false)).preview();
    let nothing = nothing.await.unwrap();
    assert!(nothing.changes().is_empty());
    nothing.apply().await.unwrap();
    test.delete().await;
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let test = TestRealm::new("preview-secrets").await;
    let client = ClientRepresentation::default()
        .client_id("app")
        .secret("hunter1");
    let client = test.client(client).await;
    let preview = client
        .modify(|client| {
            client.secret = Some("hunter2".into());
            client.name = Some("App".to_owned());
        })
        .preview()
        .await
        .unwrap();
    let changes = preview.changes();
    for shown in [
        format!("{changes}"),
        format!("{preview:?}"),
        format!(
            "{:?}",
            changes
                .iter()
                .map(|c| (c.from(), c.to()))
                .collect::<Vec<_>>()
        ),
    ] {
        assert!(!shown.contains("hunter"), "{shown}");
    }
    assert_eq!(
        changes.to_string(),
        "name: not set -> \"App\"\nsecret: \"***\" -> \"***\""
    );
    preview.apply().await.unwrap();
    let secret = client.secret().get().await.unwrap().value.unwrap();
    assert_eq!(secret.expose(), "hunter2");
    test.delete().await;
}

#[tokio::test]
async fn what_changed_since_the_preview_is_not_overwritten() {
    let test = TestRealm::new("preview-stale").await;
    let (id, ada) = test.user("ada").await;
    let preview = ada.modify(|user| user.enabled = Some(false)).preview();
    let preview = preview.await.unwrap();
    // Another client: edits of one client take turns.
    let other = crate::support::server::admin().realm(&test.name).user(&id);
    other
        .modify(|user| user.last_name = Some("King".to_owned()))
        .await
        .unwrap();
    let error = preview.apply().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert!(error.to_string().contains("lastName"), "{error}");
    assert_eq!(ada.get().await.unwrap().enabled, Some(true));
    test.delete().await;
}

#[tokio::test]
async fn another_edit_waits_for_the_preview() {
    let test = TestRealm::new("preview-turns").await;
    let (_, ada) = test.user("ada").await;
    let preview = ada.modify(|user| user.enabled = Some(false)).preview();
    let preview = preview.await.unwrap();
    let edit = ada.modify(|user| user.last_name = Some("King".to_owned()));
    let mut edit = Box::pin(edit.into_future());
    assert!((&mut edit).now_or_never().is_none());
    preview.apply().await.unwrap();
    let both = edit.await.unwrap();
    assert_eq!(both.enabled, Some(false), "what was applied before is kept");
    assert_eq!(both.last_name.as_deref(), Some("King"));
    test.delete().await;
}
