//! Every page: who sees it, how it looks, and whether everybody can use it.

use std::path::{Path, PathBuf};

use browser::{Axe, Browser, LOOKS, Result};
use example_web::PASSWORD;

use crate::site::{NOBODY, Site, welcome, with_other, with_site};

struct Inspector {
    axe: Axe,
    folder: PathBuf,
    faults: Vec<String>,
}

impl Inspector {
    fn new() -> Result<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = target.join("screenshots");
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            axe: Axe::fetched(&target.join("axe-core"))?,
            folder,
            faults: Vec::new(),
        })
    }

    /// Waits for the page and looks at it in each look.
    async fn inspect(&mut self, browser: &Browser, name: &str, heading: &str) -> Result<()> {
        browser.until_heading(heading).await?;
        for look in LOOKS {
            browser.look(look).await?;
            let name = format!("{name}-{}", look.name);
            let file = self.folder.join(format!("{name}.png"));
            browser.screenshot(&file).await?;
            let found = self.axe.violations(browser).await?;
            self.faults
                .extend(found.iter().map(|fault| format!("{name}: {fault}")));
            if browser.is_too_wide().await? {
                self.faults.push(format!("{name} is too wide"));
            }
        }
        browser.look(LOOKS[0]).await
    }

    async fn pages(&mut self, site: &Site, who: &str, pages: &[(&str, &str)]) -> Result<()> {
        for (path, heading) in pages {
            site.open(path).await?;
            let page = path.split(['?', '/']).nth(1).unwrap_or_default();
            let page = if page.is_empty() { "home" } else { page };
            let name = format!("{who}-{page}");
            self.inspect(&site.browser, &name, heading).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn every_page_in_every_look() -> Result<()> {
    with_site("pages", async |site| {
        let mut inspector = Inspector::new()?;
        let pages = [
            ("/", NOBODY),
            ("/nowhere", "There is no page /nowhere"),
            ("/callback?code=no&state=no", "You were not signed in"),
        ];
        inspector.pages(site, "nobody", &pages).await?;

        site.sign_in("ada").await?;
        let pages = [
            ("/", welcome("ada")),
            ("/profile", "Profile"),
            ("/album", "Album"),
            ("/safe", "Safe"),
            ("/admin", "Administration"),
        ];
        inspector.pages(site, "ada", &pages).await?;
        // The page of the sessions has another one to show.
        with_other(async |other| {
            crate::site::sign_in(other, &site.base, "ada").await?;
            inspector
                .pages(site, "ada", &[("/sessions", "Sessions and devices")])
                .await?;
            site.browser.click("main form:not(td form) button").await?;
            other
                .until("the other browser to be signed out", async |other| {
                    other.open(&site.base).await?;
                    Ok((other.text("main h1").await? == NOBODY).then_some(()))
                })
                .await
        })
        .await?;
        site.browser.click("header form button").await?;
        site.browser.until_heading(NOBODY).await?;

        site.sign_in("bob").await?;
        let pages = [
            ("/admin", "You may not see this page"),
            ("/album", "The album is for friends"),
        ];
        inspector.pages(site, "bob", &pages).await?;
        println!("screenshots: {}", inspector.folder.display());
        assert_eq!(inspector.faults, [] as [String; 0]);
        Ok(())
    })
    .await
}

/// The first key leads past the navigation, and the focus can be seen.
#[tokio::test]
async fn the_keyboard_is_enough() -> Result<()> {
    with_site("keyboard", async |site| {
        site.open("/").await?;
        let driver = site.browser.driver();
        let press = async |key: thirtyfour::Key| -> Result<()> {
            Ok(driver.action_chain().send_keys(key).perform().await?)
        };
        press(thirtyfour::Key::Tab).await?;
        let focused = async || -> Result<(String, String)> {
            let element = driver.active_element().await?;
            let outline = element.css_value("outline-style").await?;
            Ok((element.text().await?, outline))
        };
        let (text, outline) = focused().await?;
        assert_eq!(
            (text.as_str(), outline.as_str()),
            ("Skip to the content", "solid")
        );
        press(thirtyfour::Key::Enter).await?;
        press(thirtyfour::Key::Tab).await?;
        assert_eq!(focused().await?.0, "Sign in or register");
        press(thirtyfour::Key::Enter).await?;
        site.browser.sign_in("ada", PASSWORD).await?;
        site.browser.until_heading(welcome("ada")).await
    })
    .await
}
