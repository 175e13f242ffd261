//! Starts the example application, signs in, visits every page, and leaves pictures of them. It is
//! what `CI=true scripts/demo web` runs.
//!
//! The arguments are the folder for the pictures; the environment is that of the example.

use std::path::{Path, PathBuf};

use browser::{Browser, Error, LOOKS, Result, Trust};
use example_web::{Demo, PASSWORD};

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::args().nth(1).ok_or("usage: visit FOLDER")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    let demo = Demo::start("127.0.0.1:0").await?;
    print!("{demo}");
    let base = demo.server.base_url().to_owned();
    let serving = tokio::spawn(demo.server.run());
    let browser = Browser::start(&Trust::default()).await?;
    let visited = visit(&browser, &base, &folder).await;
    browser.quit().await?;
    serving.abort();
    let (pages, screenshots) = visited?;
    println!("screenshots: {}", folder.display());
    println!("web demo: {pages} pages, {screenshots} screenshots, ok");
    Ok(())
}

async fn visit(browser: &Browser, base: &str, folder: &Path) -> Result<(usize, usize), Error> {
    let mut screenshots = photograph(browser, folder, "welcome", base, "A safe harbour").await?;
    browser.open(&format!("{base}/login")).await?;
    browser.sign_in("ada", PASSWORD).await?;
    browser.until_heading("Hello, Ada Lovelace").await?;
    let pages = [
        ("home", "/", "Hello, Ada Lovelace"),
        ("profile", "/profile", "Profile"),
        ("sessions", "/sessions", "Sessions and devices"),
        ("album", "/album", "Album"),
        ("safe", "/safe", "Safe"),
        ("admin", "/admin", "Administration"),
        ("missing", "/nowhere", "There is no page /nowhere"),
        (
            "refused",
            "/callback?code=no&state=no",
            "You were not signed in",
        ),
    ];
    for (name, path, heading) in pages {
        let url = format!("{base}{path}");
        screenshots += photograph(browser, folder, name, &url, heading).await?;
    }
    browser.open(base).await?;
    browser.click("header form button").await?;
    browser.until_heading("A safe harbour").await?;
    Ok((pages.len() + 1, screenshots))
}

/// Opens a page and takes a picture of each of its looks; returns how many.
async fn photograph(
    browser: &Browser,
    folder: &Path,
    name: &str,
    url: &str,
    heading: &str,
) -> Result<usize> {
    browser.open(url).await?;
    browser.until_heading(heading).await?;
    for look in LOOKS {
        browser.look(look).await?;
        let file = folder.join(format!("{name}-{}.png", look.name));
        browser.screenshot(&file).await?;
    }
    Ok(LOOKS.len())
}
