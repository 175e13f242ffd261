//! Keycloak goes away for a while.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use browser::{Keycloak, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::site::{trusting, welcome, with_site_on};

/// The address of a server whose port changes.
#[derive(Clone)]
struct Forwarder {
    address: SocketAddr,
    target: Arc<Mutex<Option<String>>>,
}

impl Forwarder {
    async fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let this = Self {
            address: listener.local_addr()?,
            target: Arc::default(),
        };
        let target = Arc::clone(&this.target);
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                let to = target
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                tokio::spawn(async move {
                    if let Some(to) = to
                        && let Ok(mut to) = TcpStream::connect(to).await
                    {
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
        Ok(this)
    }

    fn lead_to(&self, url: &str) {
        let target = url.strip_prefix("http://").map(str::to_owned);
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_a_restart_of_keycloak() -> Result<()> {
    let forwarder = Forwarder::new().await?;
    let url = format!("http://{}", forwarder.address);
    let mut arguments = trusting()?;
    arguments.extend(["--option".to_owned(), format!("hostname={url}")]);
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Keycloak::start("browser-restart", &arguments)?;
    forwarder.lead_to(&server.url);
    arguments.push("--keep");
    with_site_on("restart", &url, async |site| {
        let browser = &site.browser;
        site.sign_in("ada").await?;
        server.stop()?;
        // What needs Keycloak says so, and the user stays who they are.
        site.open("/sessions").await?;
        browser
            .until_heading("Your account cannot be reached at present")
            .await?;
        site.open("/").await?;
        browser.until_heading(welcome("ada")).await?;

        let again = Keycloak::start("browser-restart", &arguments)?;
        forwarder.lead_to(&again.url);
        site.open("/sessions").await?;
        browser.until_heading("Sessions and devices").await?;
        browser.click("header form button").await?;
        browser.until_heading(welcome("")).await
    })
    .await?;
    server.stop()
}
