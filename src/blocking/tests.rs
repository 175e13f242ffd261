//! Calls that block, against a scripted server on a runtime of its own.

use tokio::runtime::Runtime;

use super::Wait;
use crate::test_support::{Reply, Server};

fn server() -> (Runtime, Server) {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Server::keycloak(|seen, _| {
        let users = seen.target.split_once("/users")?.1;
        Some(match users {
            query if query.contains("search=") => Reply::status(404),
            _ => Reply::json(200, r#"[{"username":"ada"},{"username":"bob"}]"#),
        })
    }));
    (runtime, server)
}

#[test]
fn calls_are_waited_for_from_any_thread() {
    let (_runtime, server) = server();
    let kc = server.client();
    kc.login().wait().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let kc = kc.clone();
            std::thread::spawn(move || kc.token().wait().unwrap().expose().to_owned())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), "t1");
    }
}

#[cfg(feature = "admin")]
#[test]
fn a_stream_is_an_iterator() {
    let (_runtime, server) = server();
    let users = server.client().realm("demo").users();
    let names = users.list().stream().wait();
    let names: Vec<_> = names.map(|user| user.unwrap().username.unwrap()).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert_eq!(users.list().wait().unwrap().len(), 2);
    // An error is an item.
    let mut missing = users.list().search("x").stream().wait();
    assert!(missing.next().unwrap().unwrap_err().is_not_found());
}

#[tokio::test]
async fn inside_a_runtime_it_is_an_error() {
    let kc = crate::Keycloak::builder("http://localhost:1").anonymous();
    let kc = kc.build().unwrap();
    let error = kc.login().wait().unwrap_err();
    assert!(error.is_config(), "{error}");
    assert!(
        error.hint().unwrap().contains("await the call there"),
        "{error}"
    );
    #[cfg(feature = "admin")]
    {
        let mut users = kc.realm("demo").users().list().stream().wait();
        assert!(users.next().unwrap().unwrap_err().is_config());
        assert!(users.next().is_none());
    }
}
