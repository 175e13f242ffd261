//! Claims about the user that ID tokens and userinfo responses share (OpenID Connect Core 1.0
//! section 5.1). Some providers use other JSON types than the standard.

use serde_json::{Map, Value};

/// Returns a claim that is a string; `None` if it has another type.
pub(super) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Returns whether a claim is `true`, or the string `"true"` of providers that write all claims as
/// strings.
pub(super) fn is_true(claims: &Map<String, Value>, name: &str) -> bool {
    match claims.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// Declares the getters of a type that has `claims()`.
macro_rules! getters {
    ($type:ident) => {
        /// Claims about the user. These getters omit a claim of another JSON type than the
        /// standard's, such as an array; [`claims`](Self::claims) has it unchanged.
        impl $type {
            /// Returns the user name (`preferred_username`). It can change and be reassigned to
            /// another user.
            pub fn preferred_username(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "preferred_username")
            }

            /// Returns the full name.
            pub fn name(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "name")
            }

            /// Returns the first name.
            pub fn given_name(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "given_name")
            }

            /// Returns the last name.
            pub fn family_name(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "family_name")
            }

            /// Returns the e-mail address, verified or not.
            pub fn email(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "email")
            }

            /// Returns whether the e-mail address was verified: `true` or `"true"`, and nothing
            /// else.
            pub fn is_email_verified(&self) -> bool {
                self.email().is_some()
                    && $crate::oidc::standard_claims::is_true(self.claims(), "email_verified")
            }

            /// Returns the telephone number, verified or not.
            pub fn phone_number(&self) -> Option<&str> {
                $crate::oidc::standard_claims::text(self.claims(), "phone_number")
            }

            /// Returns whether the telephone number was verified: `true` or `"true"`, and nothing
            /// else.
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
