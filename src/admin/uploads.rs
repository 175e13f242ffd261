//! Multipart forms: a file, and fields about it.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, TryStreamExt};
use reqwest::multipart;

use crate::{Result, Secret, error};

/// A certificate or key store for
/// [`certificate.upload`](super::handles::ClientCertificate::upload).
///
/// ```
/// use keycloak_kit::admin::uploads::KeyStoreUpload;
///
/// # fn read() -> std::io::Result<()> {
/// let store = KeyStoreUpload::new("PKCS12", std::fs::read("keys.p12")?)
///     .key_alias("signing")
///     .store_password("s3cret");
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct KeyStoreUpload {
    /// `JKS`, `PKCS12`, `BCFKS`, `Certificate PEM`, `Public Key PEM` or `JSON Web Key Set`.
    pub keystore_format: String,
    /// The file.
    pub file: Bytes,
    /// The alias of the key in the store.
    pub key_alias: Option<String>,
    /// The key's password.
    pub key_password: Option<Secret>,
    /// The store's password.
    pub store_password: Option<Secret>,
}

impl KeyStoreUpload {
    /// Creates an upload of a file in one of Keycloak's key store formats; see
    /// [`keystore_format`](Self::keystore_format).
    pub fn new(keystore_format: impl Into<String>, file: impl Into<Bytes>) -> Self {
        Self {
            keystore_format: keystore_format.into(),
            file: file.into(),
            key_alias: None,
            key_password: None,
            store_password: None,
        }
    }

    /// Sets the alias of the key in the store.
    #[must_use]
    pub fn key_alias(mut self, alias: impl Into<String>) -> Self {
        self.key_alias = Some(alias.into());
        self
    }

    /// Sets the key's password.
    #[must_use]
    pub fn key_password(mut self, password: impl Into<Secret>) -> Self {
        self.key_password = Some(password.into());
        self
    }

    /// Sets the store's password.
    #[must_use]
    pub fn store_password(mut self, password: impl Into<Secret>) -> Self {
        self.store_password = Some(password.into());
        self
    }
}

/// The metadata file of an identity provider for
/// [`import_config_file`](super::handles::IdentityProviders::import_config_file).
#[derive(Clone)]
#[non_exhaustive]
pub struct IdentityProviderFileUpload {
    /// The provider's kind, such as `saml` or `oidc`.
    pub provider_id: String,
    /// The file.
    pub file: Bytes,
}

impl IdentityProviderFileUpload {
    /// Creates an upload of the metadata of a provider of this kind.
    pub fn new(provider_id: impl Into<String>, file: impl Into<Bytes>) -> Self {
        Self {
            provider_id: provider_id.into(),
            file: file.into(),
        }
    }
}

/// A file without other fields.
#[derive(Clone)]
#[non_exhaustive]
pub struct FileUpload {
    /// The file.
    pub file: Bytes,
}

impl FileUpload {
    /// Creates an upload of the file.
    pub fn new(file: impl Into<Bytes>) -> Self {
        Self { file: file.into() }
    }
}

/// A form with a file.
pub(crate) trait Upload {
    /// Returns the text fields and the file.
    fn fields(&self) -> (Vec<(&'static str, &str)>, &Bytes);
}

impl Upload for KeyStoreUpload {
    fn fields(&self) -> (Vec<(&'static str, &str)>, &Bytes) {
        let mut fields = vec![("keystoreFormat", self.keystore_format.as_str())];
        fields.extend(self.key_alias.as_deref().map(|value| ("keyAlias", value)));
        fields.extend(
            self.key_password
                .as_ref()
                .map(|value| ("keyPassword", value.expose())),
        );
        fields.extend(
            self.store_password
                .as_ref()
                .map(|value| ("storePassword", value.expose())),
        );
        (fields, &self.file)
    }
}

impl Upload for IdentityProviderFileUpload {
    fn fields(&self) -> (Vec<(&'static str, &str)>, &Bytes) {
        (vec![("providerId", self.provider_id.as_str())], &self.file)
    }
}

impl Upload for FileUpload {
    fn fields(&self) -> (Vec<(&'static str, &str)>, &Bytes) {
        (Vec::new(), &self.file)
    }
}

/// An encoded form. Unlike reqwest's it can be sent again if an attempt fails.
pub(crate) struct Form {
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl Form {
    pub(crate) fn of(upload: &impl Upload) -> Result<Self> {
        let (fields, file) = upload.fields();
        let mut form = multipart::Form::new();
        for (name, value) in fields {
            form = form.text(name, value.to_owned());
        }
        let part = multipart::Part::stream(file.clone()).file_name("file");
        let form = form.part("file", part);
        let content_type = format!("multipart/form-data; boundary={}", form.boundary());
        let body = form
            .into_stream()
            .try_fold(BytesMut::new(), |mut all, chunk| async move {
                all.extend_from_slice(&chunk);
                Ok(all)
            })
            // Everything is in memory.
            .now_or_never()
            .ok_or_else(|| error::config("the form cannot be written"))?
            .map_err(|failed| error::config("the form cannot be written").with_source(failed))?
            .freeze();
        Ok(Self { content_type, body })
    }
}

/// Shows only the length of a file, which may be a key store.
macro_rules! debug_without_file {
    ($($upload:ident { $($shown:ident),* };)*) => {$(
        impl fmt::Debug for $upload {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($upload))
                    $(.field(stringify!($shown), &self.$shown))*
                    .field("length", &self.file.len())
                    .finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_file! {
    KeyStoreUpload { keystore_format, key_alias };
    IdentityProviderFileUpload { provider_id };
    FileUpload {};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_shown() {
        let file = || b"hunter2".to_vec();
        let store = KeyStoreUpload::new("PKCS12", file()).store_password("hunter2");
        let shown = format!(
            "{store:?} {:?} {:?}",
            IdentityProviderFileUpload::new("oidc", file()),
            FileUpload::new(file())
        );
        assert!(
            shown.contains("PKCS12") && shown.contains("length: 7"),
            "{shown}"
        );
        assert!(
            !shown.contains("hunter2") && !shown.contains("104"),
            "{shown}"
        );
    }
}
