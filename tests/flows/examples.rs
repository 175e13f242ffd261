//! The examples, run as a reader would.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use keycloak_kit::jose::{SignatureAlgorithm, SigningKey};
use serde_json::json;

use crate::support::browser::{Back, Browser, Page};
use crate::support::realm::Realm;
use crate::support::resource_server::ResourceServer;
use crate::support::{CALLBACK, PASSWORD, SECRET};

pub(crate) fn example(realm: &Realm, client_id: &str, name: &str, arguments: &[&str]) -> Child {
    let mut command = client_command(realm, client_id, name, arguments);
    command.env("OIDC_CLIENT_SECRET", SECRET).spawn().unwrap()
}

fn client_command(realm: &Realm, client_id: &str, name: &str, arguments: &[&str]) -> Command {
    let mut command = command(name, arguments);
    command
        .env("OIDC_ISSUER", realm.issuer())
        .env("OIDC_CLIENT_ID", client_id)
        .env("OIDC_REDIRECT_URI", CALLBACK)
        .stdin(Stdio::piped());
    command
}

fn registration_example(realm: &Realm, token: &str) -> Child {
    let mut command = command("oidc_registration", &[&realm.name]);
    command
        .env("KEYCLOAK_URL", realm.kc.base_url())
        .env("REGISTRAR_SECRET", SECRET)
        .env("INITIAL_ACCESS_TOKEN", token);
    command.spawn().unwrap()
}

fn command(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--example", name]);
    // With the features of this binary nothing is compiled anew.
    if cfg!(feature = "schemars") {
        command.arg("--all-features");
    } else if cfg!(not(feature = "admin")) {
        command.args([
            "--no-default-features",
            "--features",
            "default-tls,oidc,tracing",
        ]);
    }
    command
        .arg("--")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) async fn output(child: Child) -> String {
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await;
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        !text.contains("eyJ") || text.contains("log out: "),
        "a token is shown: {text}"
    );
    text
}

/// The first line, and the rest of the output later.
pub(crate) async fn first_line(
    child: &mut Child,
) -> (String, BufReader<std::process::ChildStdout>) {
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        (line.trim().to_owned(), reader)
    })
    .await
    .unwrap()
}

pub(crate) async fn rest(mut reader: BufReader<std::process::ChildStdout>) -> String {
    tokio::task::spawn_blocking(move || std::io::read_to_string(&mut reader).unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn uma_examples_run() {
    let server = ResourceServer::new("uma-examples").await;
    let arguments = ["ada", PASSWORD, "bob", PASSWORD];
    let shown = output(example(
        &server.realm,
        "app",
        "uma_resource_server",
        &arguments,
    ))
    .await;
    for line in [
        "owner:     Some(\"ada\")",
        "requested: true",
        "grant:     Some(\"bob\") may Some(\"view\")",
        "rpt:       Some([\"view\"])",
        "missing:   1",
        "GET /diaries/1: Granted",
        "PUT /diaries/1: Denied",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let shown = output(example(&server.realm, "app", "uma_permissions", &arguments)).await;
    for line in [
        "by type:  3",
        "by uri:   1",
        "by name:  1",
        "renamed:  top shelf",
        "policies: 1",
        "waiting:  0",
        "granted:  1",
        "decision: true",
        "edit:     false",
        "by uri:   [\"view\"]",
        "upgraded: true",
        "left:     0",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let album = keycloak_kit::uma::Resource::new("album").scopes(["view", "edit"]);
    server.uma.resources().create(&album).await.unwrap();
    server.allow("view", "album", &["view"], &["ada"]).await;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("authorization.json");
    std::fs::write(&file, server.get(&["settings"]).await.to_string()).unwrap();
    let arguments = [file.to_str().unwrap(), "ada", PASSWORD];
    let shown = output(example(
        &server.realm,
        "app",
        "uma_local_decisions",
        &arguments,
    ))
    .await;
    assert!(shown.contains("users view (user): Permit"), "{shown}");
    assert!(shown.contains("album: Permit [\"view\"]"), "{shown}");
    server.realm.delete().await;
}

/// Opens the address of the first line, logs in, and pastes where the browser ends.
async fn log_in_and_paste(mut child: Child) -> String {
    let (line, reader) = first_line(&mut child).await;
    let url = line.strip_prefix("open ").unwrap();
    let back = Browser::new(CALLBACK).login_and_return(url).await;
    let mut pasted = child.stdin.take().unwrap();
    writeln!(pasted, "{}", back.url()).unwrap();
    let shown = rest(reader).await;
    assert!(child.wait().unwrap().success(), "{shown}");
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_with_keys_and_answers_run() {
    let realm = Realm::new("more-examples").await;
    let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("example-key.pem");
    std::fs::write(&file, &pem).unwrap();
    let key = SigningKey::from_pem(SignatureAlgorithm::Es256, &pem).unwrap();
    let key = key.with_kid("one");
    let jwks = json!({ "keys": [key.public_jwk().unwrap().to_json()] }).to_string();
    let attributes = json!({
        "use.jwks.string": "true", "jwks.string": jwks,
        "require.pushed.authorization.requests": "true",
        "request.object.signature.alg": "ES256",
    });
    let bank = json!({ "clientAuthenticatorType": "client-jwt", "attributes": attributes });
    realm.client("bank", bank).await;
    let signed = client_command(&realm, "bank", "oidc_signed_login", &[])
        .env("OIDC_PRIVATE_KEY_FILE", &file)
        .env("OIDC_PRIVATE_KEY_ALGORITHM", "ES256")
        .env("OIDC_PRIVATE_KEY_ID", "one")
        .spawn();
    let shown = log_in_and_paste(signed.unwrap()).await;
    assert!(shown.contains("good for Some(60s)"), "{shown}");
    assert!(shown.contains(r#"user:    Some(String("ada"))"#), "{shown}");

    realm
        .client("old", json!({ "implicitFlowEnabled": true }))
        .await;
    let shown = log_in_and_paste(example(&realm, "old", "oidc_legacy_answer", &[])).await;
    assert_eq!(shown, "at once: true\nthe same user: true\n");

    let trusted = "https://trusted.example";
    crate::exchange::trust(&realm, trusted, &key).await;
    let arguments = [trusted, "ada-there"];
    let bearer = client_command(&realm, "app", "oidc_jwt_bearer", &arguments)
        .env("OIDC_CLIENT_SECRET", SECRET)
        .env("TRUSTED_KEY_FILE", &file)
        .env("TRUSTED_KEY_ID", "one")
        .spawn();
    assert_eq!(output(bearer.unwrap()).await, "user: Some(\"ada\")\n");

    let uuid = realm.client("listening", json!({})).await;
    let mut child = example(&realm, "listening", "oidc_logout_tokens", &[]);
    let (line, reader) = first_line(&mut child).await;
    let mut client = realm.get(&["clients", &uuid]).await;
    client["attributes"]["backchannel.logout.url"] =
        json!(line.strip_prefix("listening on ").unwrap());
    client["attributes"]["backchannel.logout.session.required"] = json!("true");
    realm.put(&["clients", &uuid], &client).await;
    let listening = realm.oidc("listening").build().unwrap();
    let tokens = listening.password("ada", PASSWORD).await.unwrap();
    let sid = tokens.id_token().unwrap().session_id();
    let id = realm.user_id("ada").await;
    realm.post(&["users", &id, "logout"], &json!({})).await;
    assert_eq!(rest(reader).await, format!("ended: {sid:?}\n"));
    assert!(child.wait().unwrap().success());
    realm.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_runs() {
    let realm = Realm::new("examples").await;
    let attributes = json!({
        "standard.token.exchange.enabled": "true",
        "oauth2.device.authorization.grant.enabled": "true",
        "oauth2.device.polling.interval": "1",
    });
    let mappers = json!([{
        "name": "audience app", "protocol": "openid-connect",
        "protocolMapper": "oidc-audience-mapper",
        "config": { "included.client.audience": "app", "access.token.claim": "true" },
    }]);
    realm
        .client(
            "app",
            json!({ "attributes": attributes, "protocolMappers": mappers }),
        )
        .await;

    let machine = output(example(&realm, "app", "oidc_machine", &["app"])).await;
    assert!(
        machine.contains("active:     true") && machine.contains("revoked"),
        "{machine}"
    );
    let bound = output(example(
        &realm,
        "app",
        "oidc_bound_tokens",
        &["ada", PASSWORD],
    ))
    .await;
    assert!(
        bound.contains("scheme:  DPoP") && bound.contains("ada"),
        "{bound}"
    );
    let shared = output(example(
        &realm,
        "app",
        "oidc_session_store",
        &["ada", PASSWORD],
    ))
    .await;
    assert!(shared.contains("shared: true"), "{shared}");

    // As its first lines say.
    let mut command = command("oidc_login", &["master", "admin-cli", "admin", "admin"]);
    command.env("KEYCLOAK_URL", realm.kc.base_url());
    let login = output(command.spawn().unwrap()).await;
    assert!(
        login.contains("name:    Some(String(\"admin\"))") && login.contains("ended:   "),
        "{login}"
    );

    crate::account::give_default_roles(&realm).await;
    let account = output(example(&realm, "app", "oidc_account", &["ada", PASSWORD])).await;
    assert!(
        account.contains("refused:      Some(\"email\")")
            && account.contains("renamed:      Some(\"Augusta Ada\")")
            && account.contains("device:       Some(")
            && account.contains("consent:      false")
            && account.contains("sessions now: 1"),
        "{account}"
    );
    let token = crate::registration::initial_access_token(&realm, 3).await;
    crate::registration::token_with_role(&realm, "registrar", "create-client").await;
    let registered = output(registration_example(&realm, &token)).await;
    for line in [
        "Monthly reports",
        "deleted",
        "by bearer:  Some(\"Reports\")",
        "anonymous:  Forbidden",
        "adapter:    Some(String(\"web\"))",
        "saml:       https://sp.example",
    ] {
        assert!(registered.contains(line), "{line}: {registered}");
    }

    let mut device = example(&realm, "app", "oidc_device", &[]);
    let (line, reader) = first_line(&mut device).await;
    let (uri, code) = line
        .strip_prefix("open ")
        .unwrap()
        .split_once(" and enter ")
        .unwrap();
    let mut browser = Browser::new("https://nowhere.example");
    let page = browser
        .login(&format!("{uri}?user_code={code}"), "ada", PASSWORD)
        .await;
    browser.submit(&page, &[("accept", "Yes")]).await;
    let greeting = rest(reader).await;
    assert!(greeting.starts_with("hello, Some("), "{greeting}");

    let caller = realm.oidc("app").build().unwrap();
    let token = caller.password("ada", PASSWORD).await.unwrap();
    let mut service = example(&realm, "app", "oidc_service", &["app"]);
    let mut requests = service.stdin.take().unwrap();
    for bearer in [token.access_token().expose(), "made-up"] {
        writeln!(requests, "Authorization: Bearer {bearer}").unwrap();
    }
    drop(requests);
    let answers = output(service).await;
    assert!(
        answers.starts_with("200 hello, Some(\"ada\")\n401 "),
        "{answers}"
    );

    let mut login = example(&realm, "app", "oidc_browser_login", &[]);
    let (line, reader) = first_line(&mut login).await;
    let url = line.strip_prefix("open ").unwrap();
    let parsed = url::Url::parse(url).unwrap();
    let home = parsed
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap()
        .1;
    let Page::Back(Back::Url(back)) = Browser::new(&home).login(url, "ada", PASSWORD).await else {
        panic!("the browser is not back");
    };
    reqwest::get(back).await.unwrap();
    let shown = rest(reader).await;
    assert!(
        shown.contains("ada@example.org") && shown.contains("log out: http"),
        "{shown}"
    );
    for child in [&mut device, &mut login] {
        assert!(child.wait().unwrap().success());
    }
    realm.delete().await;
}
