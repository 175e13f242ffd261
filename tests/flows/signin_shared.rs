//! Two applications with one sign-in each, in two processes or as these would be: they share a
//! session store and a store of the sign-in, and each has connections of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use fred::interfaces::ClientLike as _;
use futures_util::future::join;
use keycloak_kit::oidc::Oidc;
use keycloak_kit::web::{
    PostgresStore, RedisStore, SessionKey, SessionKeys, SharedEntry, SharedSessions, SharedStore,
    SignIn,
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::net::TcpListener;
use tower_sessions::{MemoryStore, SessionManagerLayer, SessionStore};

use crate::signin::{browser, go_on, home, shown, userinfo};
use crate::support::PASSWORD;
use crate::support::realm::Realm;
use crate::support::server;
use crate::support::stores::Server;

async fn postgres(port: u16) -> PostgresStore {
    let options = PgConnectOptions::new()
        .host("127.0.0.1")
        .port(port)
        .username("app")
        .database("postgres");
    let mut pool = None;
    // Until the server listens.
    for _ in 0..600 {
        let connected = PgPoolOptions::new().connect_with(options.clone()).await;
        pool = connected.ok();
        if pool.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let pool: PgPool = pool.expect("PostgreSQL does not start");
    PostgresStore::new(pool)
}

async fn redis(server: &Server) -> RedisStore<fred::clients::Client> {
    let config = fred::types::config::Config {
        fail_fast: false,
        server: fred::types::config::ServerConfig::new_centralized("127.0.0.1", server.port),
        ..Default::default()
    };
    // It tries again until the server listens.
    let policy = fred::types::config::ReconnectPolicy::new_constant(600, 100);
    let client = fred::types::Builder::from_config(config)
        .set_policy(policy)
        .build()
        .unwrap();
    client.connect();
    client.wait_for_connect().await.unwrap();
    RedisStore::new(client)
}

async fn keeps_and_swaps(store: &impl SharedStore) {
    let (hour, short) = (Duration::from_secs(3600), Duration::from_millis(1));
    let keys = ["b".to_owned(), "none".to_owned(), "a".to_owned()];
    let entry = |version, value: &[u8]| SharedEntry::new(version, value.to_vec());
    let swap = async |key: &str, expected, entry: Option<SharedEntry>, keep| {
        let swapped = store.compare_and_swap(key, expected, entry, keep);
        swapped.await.unwrap()
    };
    let (first, second) = (entry(1, b"\0\xff"), entry(u64::MAX - 1, b""));
    assert!(swap("a", None, None, hour).await);
    assert!(!swap("a", Some(1), Some(second.clone()), hour).await);
    assert!(swap("a", None, Some(first.clone()), hour).await);
    assert!(!swap("a", None, Some(second.clone()), hour).await);
    assert!(!swap("a", None, None, hour).await);
    assert!(swap("b", None, Some(second.clone()), hour).await);
    let found = store.load(&keys).await.unwrap();
    assert_eq!(found, [Some(second.clone()), None, Some(first)]);
    assert!(!swap("a", Some(2), Some(second.clone()), hour).await);
    assert!(swap("a", Some(1), Some(second.clone()), hour).await);
    assert!(!swap("a", Some(1), None, hour).await);
    assert!(swap("a", Some(u64::MAX - 1), None, hour).await);
    assert!(swap("b", Some(u64::MAX - 1), Some(entry(3, b"x")), short).await);
    // It has expired once it cannot be seen, and then there is room for another.
    while store.load(&keys).await.unwrap()[0].is_some() {
        tokio::task::yield_now().await;
    }
    assert!(!swap("b", Some(3), Some(second.clone()), hour).await);
    assert!(swap("b", None, Some(second), hour).await);
    // Of many at once one is first.
    let all = (0..20).map(|number| swap("c", None, Some(entry(number, b"x")), hour));
    let done = futures_util::future::join_all(all).await;
    assert_eq!(done.into_iter().filter(|done| *done).count(), 1);
}

#[tokio::test]
async fn signin_store_in_postgres() {
    let server = Server::postgres();
    let (store, other) = (postgres(server.port).await, postgres(server.port).await);
    let made = join(store.migrate(), other.migrate()).await;
    made.0.unwrap();
    made.1.unwrap();
    store.migrate().await.unwrap();
    keeps_and_swaps(&store).await;
    let entry = Some(SharedEntry::new(1, Vec::new()));
    let kept = store.compare_and_swap("gone", None, entry, Duration::ZERO);
    assert!(kept.await.unwrap());
    assert_eq!(other.remove_expired().await.unwrap(), 1);
    drop(server);
    let failed = store.load(&["a".into()]).await.unwrap_err();
    assert_eq!(failed.kind(), keycloak_kit::ErrorKind::Unavailable);
}

#[tokio::test]
async fn signin_store_in_redis() {
    let server = Server::redis();
    keeps_and_swaps(&redis(&server).await).await;
}

/// Each application is a process of its own: this test binary, with the test `signin_process` alone.
#[tokio::test]
async fn signin_of_two_processes_by_postgres() {
    let server = Server::postgres();
    let realm = realm("postgres").await;
    // Both are known by the address of the first.
    let base = listener().await.1;
    realm.app(client(&base)).await;
    let port = base.rsplit(':').next().unwrap();
    let keycloak = server::server();
    let [(_one, a), (_two, b)] = [port, "0"].map(|port| {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["signin_shared::signin_process", "--exact", "--ignored"])
            .arg("--nocapture")
            .env("KEYCLOAK_URL", &keycloak.url)
            .env("KEYCLOAK_ADMIN_USERNAME", &keycloak.username)
            .env("KEYCLOAK_ADMIN_PASSWORD", &keycloak.password)
            .env("SIGNIN_REALM", &realm.name)
            .env("SIGNIN_BASE", &base)
            .env("SIGNIN_PORT", port)
            .env("SIGNIN_POSTGRES", server.port.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let address = said.lines().find_map(|line| {
            let line = line.unwrap();
            let (_, address) = line.split_once("listens at ")?;
            Some(address.to_owned())
        });
        (Process(child), address.expect("the process listens"))
    });
    assert_eq!(a, base);
    two_applications(realm, &a, &b).await;
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "a process of signin_of_two_processes_by_postgres"]
async fn signin_process() {
    let set = |name: &str| std::env::var(name).unwrap();
    let store = postgres(set("SIGNIN_POSTGRES").parse().unwrap()).await;
    store.migrate().await.unwrap();
    let realm = Realm {
        kc: server::builder().build().unwrap(),
        name: set("SIGNIN_REALM"),
    };
    let oidc = realm.oidc("app").build().unwrap();
    let sessions = SharedSessions::new(store.clone(), keys());
    let app = application(oidc, &set("SIGNIN_BASE"), store, sessions);
    let address = format!("127.0.0.1:{}", set("SIGNIN_PORT"));
    let listener = TcpListener::bind(address).await.unwrap();
    println!("listens at http://{}", listener.local_addr().unwrap());
    axum::serve(listener, app).await.unwrap();
}

#[tokio::test]
async fn signin_of_two_applications_by_redis() {
    let server = Server::redis();
    let realm = realm("redis").await;
    let (one, a) = listener().await;
    let (two, b) = listener().await;
    realm.app(client(&a)).await;
    let sessions = MemoryStore::default();
    for listener in [one, two] {
        let oidc = realm.oidc("app").build().unwrap();
        let app = application(oidc, &a, redis(&server).await, sessions.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
    }
    two_applications(realm, &a, &b).await;
}

fn keys() -> SessionKeys {
    SessionKeys::new(SessionKey::from_bytes([7; 32]).unwrap())
}

fn application(
    oidc: Oidc,
    base: &str,
    store: impl SharedStore,
    sessions: impl SessionStore + Clone,
) -> Router {
    let signin = SignIn::new(oidc)
        .base_url(base)
        .keys(keys())
        .shared(store)
        .build()
        .unwrap();
    Router::new()
        .route("/", get(home))
        .route("/scope", get(userinfo))
        .merge(signin.routes())
        .layer(signin.layer())
        .layer(SessionManagerLayer::new(sessions).with_secure(false))
}

/// With a refresh token that is used twice the session would end.
async fn realm(label: &str) -> Realm {
    let realm = json!({
        "accessTokenLifespan": 1, "revokeRefreshToken": true, "refreshTokenMaxReuse": 0,
        "eventsEnabled": true, "enabledEventTypes": ["REFRESH_TOKEN", "REFRESH_TOKEN_ERROR"],
    });
    Realm::with(&format!("signin-{label}"), realm).await
}

/// Browsers come back to the first application, and the logout tokens come to it too.
fn client(base: &str) -> Value {
    json!({
        "redirectUris": [format!("{base}/*")],
        "attributes": {
            "backchannel.logout.url": format!("{base}/backchannel-logout"),
            "backchannel.logout.session.required": "true",
        },
    })
}

async fn two_applications(realm: Realm, a: &str, b: &str) {
    // A login that begins in the second, and ends in the first.
    let mut ada = browser();
    let page = ada.login(&format!("{b}/login"), "ada", PASSWORD).await;
    let hello = "hello, ada";
    assert!(go_on(&mut ada, a, page).await.starts_with(hello));
    let page = shown(&mut ada, &format!("{b}/")).await;
    assert!(page.starts_with(hello), "{page}");

    // Both need a refresh at once.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let before = refreshes(&realm).await;
    realm.change(json!({ "accessTokenLifespan": 300 })).await;
    let mut there = ada.clone();
    let (here, scope) = (format!("{a}/scope"), format!("{b}/scope"));
    let said = join(shown(&mut ada, &here), shown(&mut there, &scope)).await;
    for said in [said.0, said.1] {
        assert!(said.contains("openid"), "{said}");
    }
    assert_eq!(refreshes(&realm).await - before, 1);

    // The logout token comes to the first, before Keycloak answers.
    let id = realm.user_id("ada").await;
    realm.post(&["users", &id, "logout"], &json!({})).await;
    let mut there = ada.clone();
    assert_eq!(shown(&mut there, &format!("{b}/")).await, "nobody");
    assert_eq!(shown(&mut ada, &format!("{a}/")).await, "nobody");
    realm.delete().await;
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}

async fn refreshes(realm: &Realm) -> usize {
    let events = realm.get(&["events"]).await;
    let events = events.as_array().unwrap();
    let failed = events.iter().filter(|e| e["type"] != "REFRESH_TOKEN");
    assert_eq!(failed.count(), 0, "{events:?}");
    events.len()
}
