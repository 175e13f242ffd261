//! Events as they happen: many writers, a reader that is killed and resumed.

use std::collections::HashSet;
use std::time::Duration;

use keycloak_kit::ErrorKind;
use keycloak_kit::admin::{EventCursor, EventStream};
use keycloak_kit::representations::{AdminEventRepresentation, GroupRepresentation};
use pretty_assertions::assert_eq;

use crate::support::TestRealm;

const WRITERS: usize = 8;
const WRITES: usize = 15;

/// Reads until there is nothing more for the moment, in several lives of the reader: each is killed
/// after a few events, and the next one begins where the saved cursor says.
async fn read(
    follow: impl Fn(EventCursor) -> EventStream<AdminEventRepresentation>,
    saved: &mut String,
    given: &mut Vec<String>,
) {
    loop {
        let mut events = follow(serde_json::from_str(saved).unwrap()).until_now();
        let life = given.len() % 7 + 1;
        for _ in 0..life {
            let Some(event) = events.next().await else {
                *saved = serde_json::to_string(events.cursor()).unwrap();
                return;
            };
            given.push(event.unwrap().resource_path.unwrap());
            *saved = serde_json::to_string(events.cursor()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_reader_that_is_killed_and_resumed_gets_each_event_of_eight_writers_once() {
    let test = TestRealm::new("follow").await;
    let config = test.realm.events().config();
    config
        .modify(|config| config.admin_events_enabled = Some(true))
        .await
        .unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let groups = test.realm.groups();
            tokio::spawn(async move {
                for number in 0..WRITES {
                    let group = GroupRepresentation::default().name(format!("{writer} {number}"));
                    groups.create(&group).await.unwrap();
                }
            })
        })
        .collect();
    let events = test.realm.admin_events();
    let follow = |since: EventCursor| {
        events
            .list()
            .resource_types(["GROUP"])
            .max(10)
            .follow(since)
            .window(Duration::from_secs(5))
    };
    let mut saved = serde_json::to_string(&EventCursor::beginning()).unwrap();
    let mut given = Vec::new();
    let mut writers_done = false;
    while !writers_done {
        writers_done = writers.iter().all(tokio::task::JoinHandle::is_finished);
        read(follow, &mut saved, &mut given).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(given.len(), WRITERS * WRITES);
    let distinct: HashSet<_> = given.iter().collect();
    assert_eq!(distinct.len(), given.len(), "none came twice");
    test.delete().await;
}

#[tokio::test]
async fn a_stream_waits_for_what_happens_next() {
    let test = TestRealm::new("follow-next").await;
    let mut events = test
        .realm
        .events()
        .follow(EventCursor::latest())
        .every(Duration::from_millis(20));
    let off = events.next().await.unwrap().unwrap_err();
    assert_eq!(off.kind(), ErrorKind::Conflict);
    let config = test.realm.events().config();
    config
        .modify(|config| config.events_enabled = Some(true))
        .await
        .unwrap();
    test.login_client("app").await;
    test.user("ada").await;
    for number in 0..3 {
        let oidc = test.realm.oidc("app").build().unwrap();
        let wrong = format!("wrong {number}");
        let ((), event) = tokio::join!(
            async {
                oidc.password("ada", wrong.as_str()).await.unwrap_err();
            },
            events.next()
        );
        assert_eq!(
            event.unwrap().unwrap().type_.as_deref(),
            Some("LOGIN_ERROR")
        );
    }
    test.delete().await;
}
