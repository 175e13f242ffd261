//! Two processes of one application: each has its own sign-in, and they share their stores.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use futures_util::future::join;
use http::Request;
use serde_json::json;
use tower_sessions::{Session, SessionStore as _};

use super::logout::{FORM, logout_token, tell};
use super::{App, Browser, router};
use crate::BoxFuture;
use crate::error::Result;
use crate::oidc::{LoginStore as _, ReplayStore as _};
use crate::web::signin::shared::Shared;
use crate::web::{SessionIndex as _, SharedEntry, SharedSessions, SharedStore, SignIn};

#[derive(Debug, Default)]
struct Memory(Mutex<HashMap<String, (SharedEntry, SystemTime)>>);

impl Memory {
    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn bytes(&self) -> Vec<u8> {
        let all = self.0.lock().unwrap();
        let values = all.values().flat_map(|(entry, _)| entry.value().to_vec());
        values
            .chain(all.keys().flat_map(|key| key.bytes()))
            .collect()
    }
}

impl SharedStore for Memory {
    fn load<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<SharedEntry>>>> {
        let all = self.0.lock().unwrap();
        let find = |key: &String| {
            let (entry, expires) = all.get(key)?;
            (*expires > SystemTime::now()).then(|| entry.clone())
        };
        Box::pin(std::future::ready(Ok(keys.iter().map(find).collect())))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<u64>,
        entry: Option<SharedEntry>,
        keep: Duration,
    ) -> BoxFuture<'a, Result<bool>> {
        let mut all = self.0.lock().unwrap();
        let now = SystemTime::now();
        let found = all.get(key).filter(|(_, expires)| *expires > now);
        let fits = found.map(|(entry, _)| entry.version()) == expected;
        if fits {
            match entry {
                Some(entry) => drop(all.insert(key.to_owned(), (entry, now + keep))),
                None => drop(all.remove(key)),
            }
        }
        Box::pin(std::future::ready(Ok(fits)))
    }
}

/// Two processes, and what they share.
async fn two() -> (App, App, Arc<Memory>) {
    let store = Arc::new(Memory::default());
    let one = App::with(|signin| signin.shared(store.clone())).await;
    let other = App {
        router: router(&one.mock, &one.store, |signin| signin.shared(store.clone())),
        store: one.store.clone(),
        ..App::start().await
    };
    (one, other, store)
}

#[tokio::test]
async fn a_login_begins_in_one_process_and_ends_in_another() {
    let (one, other, store) = two().await;
    let mut browser = Browser::default();
    let started = one
        .open(&mut browser, "/login?return_to=/there")
        .await
        .is(303);
    let answer = one.answer(&started);
    // The store has neither the key of the cookie nor what the login needs.
    let key = browser.cookies.values().next().unwrap();
    let shown = String::from_utf8_lossy(&store.bytes()).into_owned();
    for secret in [key.as_str(), "verifier", &started.query()["state"]] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let again = browser.clone();
    let page = other.open(&mut browser, &answer).await.is(200);
    assert!(page.body.contains("/there"), "{}", page.body);
    one.open(&mut again.clone(), &answer).await.is(400);
    assert_eq!(one.who(&mut browser).await, "ada");
    assert_eq!(other.who(&mut browser).await, "ada");
    let shown = String::from_utf8_lossy(&store.bytes()).into_owned();
    for secret in ["eyJ", "access_token", "ada"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    // The tokens are there only.
    assert!(one.record(&browser).await["tokens"].is_null());
}

#[tokio::test]
async fn two_processes_refresh_once() {
    let (one, other, _) = two().await;
    one.says(|says| says.expires_in = 1);
    let browser = one.signed_in().await;
    one.says(|says| says.expires_in = 300);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let (mut here, mut there) = (browser.clone(), browser.clone());
    let said = join(
        one.open(&mut here, "/token"),
        other.open(&mut there, "/token"),
    )
    .await;
    assert_eq!(
        (said.0.body, said.1.body),
        ("openid notes".into(), "openid notes".into())
    );
    assert_eq!(one.mock.posts("/token"), 2);
}

#[tokio::test]
async fn a_logout_token_that_one_process_receives_ends_the_session_in_the_other() {
    let (one, other, _) = two().await;
    let mut browser = one.signed_in().await;
    assert_eq!(other.who(&mut browser).await, "ada");
    let token = logout_token(&one, &json!({ "sid": "s1" }));
    tell(&one, &token).await.is(200);
    assert_eq!(other.who(&mut browser.clone()).await, "nobody");
    assert_eq!(one.who(&mut browser).await, "nobody");
    // Used once in all processes.
    tell(&other, &token).await.is(400);
    // One that comes while the login is running in the other process.
    let mut browser = Browser::default();
    let started = other.open(&mut browser, "/login").await;
    let answer = one.answer(&started);
    other.open(&mut browser, &answer).await.is(200);
    assert_eq!(other.who(&mut browser).await, "nobody");
}

#[tokio::test]
async fn the_end_of_all_sessions_of_a_user_leaves_later_ones() {
    let (one, other, _) = two().await;
    one.says(|says| says.issued_ago = 20);
    let mut before = one.signed_in().await;
    one.says(|says| says.issued_ago = 0);
    let mut later = one.signed_in().await;
    assert_eq!(other.who(&mut later).await, "ada");
    let about = json!({ "sub": "ada", "iat": super::now() - 10 });
    tell(&one, &logout_token(&one, &about)).await.is(200);
    for app in [&one, &other, &one] {
        assert_eq!(app.who(&mut before).await, "nobody");
        assert_eq!(app.who(&mut later).await, "ada");
    }
}

#[tokio::test]
async fn a_logout_in_one_process_ends_the_session_and_its_tokens_in_the_other() {
    let (one, other, store) = two().await;
    let mut browser = one.signed_in().await;
    assert_eq!(other.who(&mut browser).await, "ada");
    let kept = one.stored(&browser).await;
    let before = store.len();
    let copy = browser.clone();
    let token = one.open(&mut browser, "/form").await.body;
    let request = Request::post("/logout").header(FORM.0, FORM.1);
    let form = format!("form_token={token}");
    let sent = other.send_form(&mut browser, request, &form).await;
    assert_eq!(sent.query()["id_token_hint"].split('.').count(), 3);
    // The tokens are gone, and a note is there.
    assert_eq!(store.len(), before);
    one.store.save(&kept).await.unwrap();
    assert_eq!(one.who(&mut copy.clone()).await, "nobody");
}

#[tokio::test]
async fn sessions_in_a_shared_store() {
    let memory = Arc::new(Memory::default());
    let sessions = SharedSessions::new(memory.clone(), super::keys());
    let first = Session::new(None, Arc::new(sessions.clone()), None);
    first.insert("cart", "hunter2").await.unwrap();
    first.save().await.unwrap();
    let id = first.id().unwrap();
    let shown = String::from_utf8_lossy(&memory.bytes()).into_owned();
    for secret in ["hunter2", "cart", &id.to_string()] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let mut record = sessions.load(&id).await.unwrap().unwrap();
    assert_eq!((record.id, &record.data["cart"]), (id, &json!("hunter2")));
    // An id that is there already is not taken for another.
    sessions.create(&mut record).await.unwrap();
    assert_ne!(record.id, id);
    record.id = id;
    record.data.insert("cart".into(), json!(7));
    sessions.save(&record).await.unwrap();
    assert_eq!(sessions.load(&id).await.unwrap().unwrap().data["cart"], 7);
    sessions.delete(&id).await.unwrap();
    // A slower request does not bring it back.
    sessions.save(&record).await.unwrap();
    assert!(sessions.load(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_kept_in_a_shared_store() {
    let store = Arc::new(Memory::default());
    let shared = Shared {
        store: store.clone(),
        keys: super::keys(),
    };
    let (early, hour) = (SystemTime::UNIX_EPOCH, Duration::from_secs(3600));
    let late = early + Duration::from_secs(1_800_000_000);
    let keys = ["a".to_owned(), "b".to_owned()];
    shared.end("a", late, hour).await.unwrap();
    shared.end("a", early, hour).await.unwrap();
    shared.end("b", late, Duration::ZERO).await.unwrap();
    assert_eq!(shared.ended(&keys).await.unwrap(), [Some(late), None]);
    let soon = SystemTime::now() + hour;
    assert!(shared.first_use("id", soon).await.unwrap());
    assert!(!shared.first_use("id", soon).await.unwrap());
    assert!(shared.take("unknown").await.unwrap().is_none());
    assert!(shared.tokens("unknown", hour).remove().await.is_ok());
    let shown = format!("{:?}", SharedEntry::new(1, b"hunter2".to_vec()));
    assert_eq!(shown, "SharedEntry { version: 1, bytes: 7 }");
    let app = App::start().await;
    let signin = SignIn::new(app.mock.oidc()).base_url("https://app.example");
    let refused = signin.shared(store).build().unwrap_err();
    assert!(refused.to_string().contains("SignInBuilder::keys"));
}
