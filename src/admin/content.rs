//! Responses that are neither JSON nor text.

use bytes::Bytes;

/// A file from the server: its bytes and their media type.
///
/// ```
/// # use keycloak_kit::admin::Content;
/// # fn save(archive: Content) -> std::io::Result<()> {
/// let name = match archive.media_type() {
///     Some("application/zip") => "adapter.zip",
///     _ => "adapter.txt",
/// };
/// std::fs::write(name, archive.bytes())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    media_type: Option<String>,
    bytes: Bytes,
}

impl Content {
    pub(crate) fn new(headers: &http::HeaderMap, bytes: Bytes) -> Self {
        let media_type = headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .map(|value| value.trim().to_ascii_lowercase());
        Self { media_type, bytes }
    }

    /// The media type without parameters, in lower case: `application/zip`.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The raw bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes without copying them.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The bytes as text, if they are UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The file may be a key store.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("media_type", &self.media_type)
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .finish()
    }
}
