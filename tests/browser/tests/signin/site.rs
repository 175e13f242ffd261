//! The application with a realm of its own, served over TLS.

use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use browser::{Browser, Keycloak, Result, Trust};
use example_web::{Authority, Provisioned, Server, Settings, application, provision};
use futures_util::FutureExt;
use keycloak_kit::ClientOptions;
use tokio::task::JoinHandle;

/// How recent a login must be for the page `/safe`.
pub(crate) const RECENT: Duration = Duration::from_secs(15);

/// The application, its realm, and a browser.
pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) realm: Provisioned,
    pub(crate) browser: Browser,
    serving: JoinHandle<()>,
}

/// The authority of this process's servers.
fn authority() -> Result<&'static Authority> {
    static AUTHORITY: OnceLock<Result<Authority, String>> = OnceLock::new();
    let made = AUTHORITY.get_or_init(|| Authority::new().map_err(|error| error.to_string()));
    Ok(made.as_ref().map_err(String::as_str)?)
}

/// Arguments with which a Keycloak trusts the applications: it sends them logout tokens.
pub(crate) fn trusting() -> Result<Vec<String>> {
    static FILE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let name = format!("authority-{}.pem", std::process::id());
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let pem = authority().map_err(|error| error.to_string())?.pem();
        std::fs::write(&file, pem).map_err(|error| error.to_string())?;
        Ok(file)
    });
    let file = file.as_ref().map_err(String::as_str)?;
    let option = format!("truststore-paths={}", file.display());
    Ok(vec!["--option".to_owned(), option])
}

/// The server of most tests.
fn keycloak() -> Result<&'static Keycloak> {
    static KEYCLOAK: OnceLock<Result<Keycloak, String>> = OnceLock::new();
    let started = KEYCLOAK.get_or_init(|| {
        let start = || {
            let arguments = trusting()?;
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            Keycloak::start("browser", &arguments)
        };
        start().map_err(|error| error.to_string())
    });
    Ok(started.as_ref().map_err(String::as_str)?)
}

pub(crate) fn trust() -> Result<Trust> {
    Ok(Trust::in_authority(&authority()?.public_key()))
}

impl Site {
    async fn new(label: &str, keycloak: &str) -> Result<Self> {
        // To make a realm is to make keys, which takes long where much else is going on.
        let patient = ClientOptions::new()
            .timeout(Duration::from_secs(180))
            .deadline(Duration::from_secs(300));
        let kc = keycloak_kit::Keycloak::builder(keycloak)
            .password("admin", "admin")
            .options(patient)
            .build()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let base = format!("https://{}", listener.local_addr()?);
        let realm = provision(&kc, &format!("browser-{label}"), &base).await?;
        let settings = Settings {
            base_url: base.clone(),
            recent: RECENT,
            provider: kc.base_url().to_owned(),
        };
        let app = application(realm.oidc.clone(), &settings)?;
        let server = Server::tls(listener, base.clone(), app, authority()?)?;
        let serving = tokio::spawn(async move {
            if let Err(error) = server.run().await {
                eprintln!("the application: {error}");
            }
        });
        let browser = Browser::start(&trust()?).await?;
        Ok(Self {
            base,
            realm,
            browser,
            serving,
        })
    }

    pub(crate) async fn open(&self, path: &str) -> Result<()> {
        self.browser.open(&format!("{}{path}", self.base)).await
    }

    /// Signs in and arrives at the first page.
    pub(crate) async fn sign_in(&self, username: &str) -> Result<()> {
        sign_in(&self.browser, &self.base, username).await
    }
}

/// Signs in and arrives at the first page.
pub(crate) async fn sign_in(browser: &Browser, base: &str, username: &str) -> Result<()> {
    browser.open(&format!("{base}/login")).await?;
    browser.sign_in(username, example_web::PASSWORD).await?;
    browser.until_heading(welcome(username)).await
}

/// The heading of the first page.
pub(crate) fn welcome(username: &str) -> &'static str {
    match username {
        "ada" => "Hello, Ada Lovelace",
        "bob" => "Hello, Bob Example",
        _ => "A safe harbour",
    }
}

/// The heading of the first page for nobody.
pub(crate) const NOBODY: &str = "A safe harbour";

/// Runs a test with a site of its own; the browser ends also where the test fails.
pub(crate) async fn with_site(
    label: &str,
    test: impl AsyncFnOnce(&Site) -> Result<()>,
) -> Result<()> {
    with_site_on(label, &keycloak()?.url, test).await
}

/// As [`with_site`], on another server.
pub(crate) async fn with_site_on(
    label: &str,
    keycloak: &str,
    test: impl AsyncFnOnce(&Site) -> Result<()>,
) -> Result<()> {
    let site = Site::new(label, keycloak).await?;
    let outcome = AssertUnwindSafe(test(&site)).catch_unwind().await;
    site.browser.quit().await?;
    site.serving.abort();
    match outcome {
        Ok(Ok(())) => Ok(site.realm.realm.delete().await?),
        Ok(Err(error)) => Err(error),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Runs a part of a test with a second browser.
pub(crate) async fn with_other<T>(part: impl AsyncFnOnce(&Browser) -> Result<T>) -> Result<T> {
    let browser = Browser::start(&trust()?).await?;
    let outcome = AssertUnwindSafe(part(&browser)).catch_unwind().await;
    browser.quit().await?;
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
