//! Chromium, driven by Debian's chromedriver.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ring::digest;
use serde_json::{Value, json};
use thirtyfour::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Result;

/// How long a condition may take to come true. Long: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(50);

/// Which certificates the browser accepts besides the usual ones.
#[derive(Debug, Clone, Default)]
pub struct Trust(Option<String>);

impl Trust {
    /// Accepts certificates of the authority with this public key, DER-encoded as a certificate has
    /// it.
    #[must_use]
    pub fn in_authority(public_key: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, public_key);
        Self(Some(BASE64.encode(hash.as_ref())))
    }
}

/// A browser with a profile of its own.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    chromedriver: Child,
    profile: PathBuf,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Errors
    ///
    /// Returns an error if chromedriver or Chromium cannot be started.
    pub async fn start(trust: &Trust) -> Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);

        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("keycloak-kit-chromium-{}-{number}", std::process::id());
        let profile = std::env::temp_dir().join(name);
        let mut chromedriver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("chromedriver: {error}; scripts/setup browser installs it"))?;
        let port = port_of(&mut chromedriver).await?;
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            "--window-size=1280,900",
        ] {
            capabilities.add_arg(argument)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.display()))?;
        if let Some(hash) = &trust.0 {
            capabilities.add_arg(&format!("--ignore-certificate-errors-spki-list={hash}"))?;
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await?;
        Ok(Self {
            driver,
            chromedriver,
            profile,
        })
    }

    /// Ends the browser and forgets its profile.
    ///
    /// # Errors
    ///
    /// Returns an error if the browser does not answer; its processes are gone nevertheless.
    pub async fn quit(mut self) -> Result<()> {
        let quit = self.driver.quit().await;
        self.chromedriver.kill().await?;
        // A helper process may still write to it; it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.profile);
        Ok(quit?)
    }

    /// Returns the driver, for what has no shorter name here.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Opens a URL and waits until the page has loaded.
    ///
    /// # Errors
    ///
    /// Returns an error if the page cannot be loaded.
    pub async fn open(&self, url: &str) -> Result<()> {
        Ok(self.driver.goto(url).await?)
    }

    /// Returns the URL of the page.
    ///
    /// # Errors
    ///
    /// Returns an error if the browser does not answer.
    pub async fn url(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.into())
    }

    /// Sends a command of the DevTools protocol.
    ///
    /// # Errors
    ///
    /// Returns an error if the browser refuses it.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        Ok(self.driver.cdp().send_raw(command, parameters).await?)
    }

    /// Waits until a condition holds. What fails while a page is being replaced counts as not yet.
    ///
    /// # Errors
    ///
    /// Returns an error that shows the page if the condition does not come true.
    pub async fn until<T>(
        &self,
        what: &str,
        condition: impl AsyncFn(&Self) -> Result<Option<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        loop {
            if let Ok(Some(value)) = condition(self).await {
                return Ok(value);
            }
            if begun.elapsed() > PATIENCE {
                let url = self.url().await.unwrap_or_default();
                let text = self.text("body").await.unwrap_or_default();
                return Err(format!("waited in vain for {what}, at {url}:\n{text}").into());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits for the page with this heading.
    ///
    /// # Errors
    ///
    /// Same as [`until`](Self::until).
    pub async fn until_heading(&self, heading: &str) -> Result<()> {
        self.until(heading, async |browser| {
            Ok((browser.text("main h1").await? == heading).then_some(()))
        })
        .await
    }

    /// Waits for a page with this text.
    ///
    /// # Errors
    ///
    /// Same as [`until`](Self::until).
    pub async fn until_text(&self, text: &str) -> Result<()> {
        self.until(text, async |browser| {
            Ok(browser.text("body").await?.contains(text).then_some(()))
        })
        .await
    }

    /// Waits for an element.
    ///
    /// # Errors
    ///
    /// Same as [`until`](Self::until).
    pub async fn until_there(&self, selector: &str) -> Result<()> {
        self.until(selector, async |browser| {
            let found = browser.driver.find(By::Css(selector)).await?;
            Ok(found.is_displayed().await?.then_some(()))
        })
        .await
    }

    /// Returns the text of the first such element.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none.
    pub async fn text(&self, selector: &str) -> Result<String> {
        Ok(self.driver.find(By::Css(selector)).await?.text().await?)
    }

    /// Clicks the first such element, once it is there.
    ///
    /// # Errors
    ///
    /// Same as [`until`](Self::until).
    pub async fn click(&self, selector: &str) -> Result<()> {
        self.until_there(selector).await?;
        Ok(self.driver.find(By::Css(selector)).await?.click().await?)
    }

    /// Writes into the first such field, once it is there.
    ///
    /// # Errors
    ///
    /// Same as [`until`](Self::until).
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.until_there(selector).await?;
        let field = self.driver.find(By::Css(selector)).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Signs in on Keycloak's page, once it is there.
    ///
    /// # Errors
    ///
    /// Same as [`until`](Self::until).
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<()> {
        self.until_there("#password").await?;
        // Where Keycloak knows who signs in again, it asks for the password alone.
        if let Ok(field) = self.driver.find(By::Css("#username")).await
            && field.is_displayed().await?
            && field.is_enabled().await?
            && field.attr("readonly").await?.is_none()
        {
            self.fill("#username", username).await?;
        }
        self.fill("#password", password).await?;
        self.click("#kc-login").await
    }

    /// Returns the cookies that the browser sends to a URL.
    ///
    /// # Errors
    ///
    /// Returns an error if the browser does not answer.
    pub async fn cookies(&self, url: &str) -> Result<Vec<Value>> {
        let parameters = json!({ "urls": [url] });
        let mut answer = self.devtools("Network.getCookies", parameters).await?;
        Ok(serde_json::from_value(answer["cookies"].take())?)
    }
}

/// The port that chromedriver has chosen, which it prints.
async fn port_of(chromedriver: &mut Child) -> Result<u16> {
    let stdout = chromedriver.stdout.take().ok_or("chromedriver is mute")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            let port = port.trim_end_matches('.').parse();
            // The pipe may not fill up.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            if let Ok(port) = port {
                return Ok(port);
            }
            return Err(format!("chromedriver printed: {line}").into());
        }
    }
    Err("chromedriver ended".into())
}
