//! Claims about the user that ID tokens and userinfo answers have in common (OpenID Connect Core 1.0
//! section 5.1). Providers write some of them as other JSON types than the standard has.

use serde_json::{Map, Value};

/// A claim as text; nothing where it is something else.
pub(super) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Whether a claim says yes: `true`, or the text `true` of providers that write all claims as text.
pub(super) fn is_true(claims: &Map<String, Value>, name: &str) -> bool {
    match claims.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// Getters for a type that has `claims()`.
macro_rules! getters {
    ($type:ident) => {
        /// Claims about the user. One of another JSON type than the standard has, such as a list,
        /// is absent here and in [`claims`](Self::claims) as it came.
        impl $type {
            /// The user name (`preferred_username`). It can change, and be given to somebody else.
            pub fn preferred_username(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "preferred_username")
            }

            /// The full name.
            pub fn name(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "name")
            }

            /// The first name.
            pub fn given_name(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "given_name")
            }

            /// The last name.
            pub fn family_name(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "family_name")
            }

            /// The e-mail address, verified or not.
            pub fn email(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "email")
            }

            /// Whether the e-mail address was verified: `true` or `"true"`, and nothing else.
            pub fn is_email_verified(&self) -> bool {
                self.email().is_some()
                    && $crate::oidc::standard_claims::is_true(self.claims(), "email_verified")
            }

            /// The telephone number, verified or not.
            pub fn phone_number(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "phone_number")
            }

            /// Whether the telephone number was verified: `true` or `"true"`, and nothing else.
            pub fn is_phone_number_verified(&self) -> bool {
                self.phone_number().is_some()
                    && $crate::oidc::standard_claims::is_true(
                        self.claims(),
                        "phone_number_verified",
                    )
            }
        }
    };
}

pub(super) use getters;
