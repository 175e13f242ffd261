//! The client certificate of a request.

use std::fmt;

use data_encoding::BASE64;
use http::HeaderName;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// A certificate longer than this is refused.
const MAX_CERTIFICATE: usize = 64 * 1024;

/// The client certificate that TLS verified, in DER: a server puts it into the extensions of the
/// request, where a [`Guard`](super::Guard) finds it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate(Vec<u8>);

impl ClientCertificate {
    /// Creates it from DER.
    #[must_use]
    pub fn from_der(der: impl Into<Vec<u8>>) -> Self {
        Self(der.into())
    }

    /// Returns the certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientCertificate")
            .field(&format_args!("{} bytes", self.0.len()))
            .finish()
    }
}

/// A header in which a proxy that ends TLS passes the client's certificate on.
///
/// # Security
///
/// Anybody can send such a header. Name it only if the proxy removes what callers send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateHeader {
    name: HeaderName,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    ByteSequence,
    Pem,
}

impl CertificateHeader {
    /// The header `Client-Cert` of RFC 9440.
    #[must_use]
    pub fn client_cert() -> Self {
        Self {
            name: HeaderName::from_static("client-cert"),
            form: Form::ByteSequence,
        }
    }

    /// A header with the certificate in PEM, percent-encoded, as nginx writes it from
    /// `$ssl_client_escaped_cert`.
    #[must_use]
    pub fn escaped_pem(name: HeaderName) -> Self {
        Self {
            name,
            form: Form::Pem,
        }
    }

    /// Reads the certificate; an error if the header is there and is not one certificate.
    pub(super) fn read(&self, request: &Parts) -> Result<Option<ClientCertificate>, &'static str> {
        const WRONG: &str = "the header with the client certificate cannot be read";
        let mut values = request.headers.get_all(&self.name).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let text = value.to_str().map_err(|_| WRONG)?.trim();
        if values.next().is_some() || text.len() > MAX_CERTIFICATE {
            return Err(WRONG);
        }
        if text.is_empty() {
            return Ok(None);
        }
        let der = match self.form {
            Form::ByteSequence => {
                let inside = text
                    .strip_prefix(':')
                    .and_then(|text| text.strip_suffix(':'));
                BASE64
                    .decode(inside.ok_or(WRONG)?.as_bytes())
                    .map_err(|_| WRONG)?
            }
            Form::Pem => {
                let pem: Vec<u8> = percent_decode_str(text).collect();
                let mut all = CertificateDer::pem_slice_iter(&pem);
                let first = all.next().and_then(Result::ok).ok_or(WRONG)?;
                first.as_ref().to_vec()
            }
        };
        Ok(Some(ClientCertificate(der)))
    }
}
