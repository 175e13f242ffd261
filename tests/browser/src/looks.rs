//! How a page is looked at.

use std::path::Path;

use data_encoding::BASE64;
use serde_json::json;

use crate::{Browser, Result};

/// A colour scheme and the size of a screen.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// How the files of this look are called.
    pub name: &'static str,
    scheme: &'static str,
    width: u32,
    height: u32,
    mobile: bool,
}

/// The looks that every page is seen in.
pub const LOOKS: [Look; 3] = [
    Look {
        name: "light",
        scheme: "light",
        width: 1280,
        height: 900,
        mobile: false,
    },
    Look {
        name: "dark",
        scheme: "dark",
        width: 1280,
        height: 900,
        mobile: false,
    },
    Look {
        name: "phone",
        scheme: "light",
        width: 390,
        height: 844,
        mobile: true,
    },
];

impl Browser {
    /// Shows the page in this look, until it is set to another.
    ///
    /// # Errors
    ///
    /// Returns an error if the browser refuses it.
    pub async fn look(&self, look: Look) -> Result<()> {
        let scheme = json!({ "name": "prefers-color-scheme", "value": look.scheme });
        let media = json!({ "features": [scheme] });
        self.devtools("Emulation.setEmulatedMedia", media).await?;
        let screen = json!({
            "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.mobile,
        });
        let command = "Emulation.setDeviceMetricsOverride";
        self.devtools(command, screen).await?;
        Ok(())
    }

    /// Writes the whole page as a PNG.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no picture or the file cannot be written.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.devtools("Page.captureScreenshot", parameters).await?;
        let data = answer["data"].as_str().ok_or("there is no picture")?;
        Ok(std::fs::write(file, BASE64.decode(data.as_bytes())?)?)
    }

    /// Whether the page is wider than the screen, so that it has to be moved to be read.
    ///
    /// # Errors
    ///
    /// Returns an error if the browser does not answer.
    pub async fn is_too_wide(&self) -> Result<bool> {
        let script = "return document.documentElement.scrollWidth > window.innerWidth";
        Ok(self.driver().execute(script, vec![]).await?.convert()?)
    }
}
